#include "runtime_choice.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "muster/base/file.hpp"

namespace muster {
namespace {

constexpr std::chrono::seconds patience{3};

bool answers(const runtime_docker::Options& docker) {
    boost::asio::io_context context;
    auto engine = runtime_docker::open(context.get_executor(), docker);
    if (!engine) return false;
    bool answered = false;
    boost::asio::co_spawn(context, (*engine)->facts(),
                          [&](std::exception_ptr error, Result<runtime::EngineFacts> facts) {
                              answered = !error && facts.has_value();
                              context.stop();
                          });
    context.run_for(patience);
    return answered;
}

}  // namespace

std::string choose_runtime(const runtime_docker::Options& docker,
                           const std::filesystem::path& data_dir) {
    const auto note = data_dir / "runtime";
    std::error_code none;
    if (!std::filesystem::is_empty(data_dir / "process/instances", none) && !none) return "process";
    if (read_file(note).value_or("") == "docker\n") return "docker";
    if (answers(docker)) {
        // Kept as well as can be; without it the question is asked again.
        if (make_folder(data_dir, 0700)) static_cast<void>(write_file(note, "docker\n"));
        return "docker";
    }
    // Without root only an engine can start servers; it may come up later.
    return ::geteuid() == 0 ? "process" : "docker";
}

}  // namespace muster
