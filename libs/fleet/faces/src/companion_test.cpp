#include "companion.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "testing/turns.hpp"

namespace muster::faces {
namespace {

using coordinator::testing::run_until;

class Companions : public ::testing::Test {
  protected:
    Companions() : folder(std::filesystem::temp_directory_path() / ("muster-" + random_text(12))) {
        EXPECT_TRUE(make_folder(folder));
        options.folder = folder;
        options.pause_first = std::chrono::milliseconds(1);
        options.grace = std::chrono::milliseconds(50);
    }
    ~Companions() override {
        if (companion) {
            companion->stop();
            run_until(context, [this] { return !is_running; });
        }
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    void run(std::vector<std::string> command) {
        options.command = std::move(command);
        companion = std::make_unique<Companion>(context.get_executor(), options);
        companion->log = [this](coordinator::LogLevel, std::string_view text) {
            lines.emplace_back(text);
        };
        is_running = true;
        asio::co_spawn(context, companion->run(),
                       [this](std::exception_ptr) { is_running = false; });
    }
    [[nodiscard]] std::size_t count(const std::string& line) const {
        return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
    }
    void wait_for(const std::string& line, std::size_t times = 1) {
        run_until(context, [&] { return count(line) >= times; });
    }

    asio::io_context context;
    std::filesystem::path folder;
    CompanionOptions options;
    std::unique_ptr<Companion> companion;
    std::vector<std::string> lines;
    bool is_running = false;
};

TEST_F(Companions, StartAgainWhatEndsAndShowItsOutput) {
    ::setenv("MUSTER_TEST_SECRET", "sesame", 1);
    options.environment.emplace_back("MUSTER_URL", "http://here");
    run({"/bin/sh", "-c", "echo $MUSTER_URL$MUSTER_TEST_SECRET in $(pwd); echo bad >&2; exit 3"});
    wait_for("companion: ended with 3", 2);
    EXPECT_GE(count("companion: http://here in " + folder.string()), 2U);
    EXPECT_GE(count("companion: bad"), 2U);
}

TEST_F(Companions, SayWhyItCannotBeStarted) {
    run({folder.string() + "/nothing"});
    wait_for("companion: " + folder.string() + "/nothing in " + folder.string() +
             ": No such file or directory");
}

TEST_F(Companions, EndWithTheWholeGroup) {
    run({"/bin/sh", "-c", "trap '' TERM; sleep 1000 & echo child $!; while :; do wait; done"});
    pid_t child = 0;
    run_until(context, [&] {
        for (const auto& line : lines) {
            if (line.starts_with("companion: child ")) child = std::stoi(line.substr(17));
        }
        return child != 0;
    });
    companion->stop();
    run_until(context, [this] { return !is_running; });
    // It may be there for a moment until somebody has taken note of its end.
    run_until(context, [&] {
        const auto stat = read_file("/proc/" + std::to_string(child) + "/stat");
        return !stat || stat->find(") Z") != std::string::npos;
    });
}

TEST_F(Companions, RunAnNpmScript) {
    ASSERT_TRUE(write_file(folder / "package.json",
                           R"({"name":"x","version":"1.0.0","scripts":{"start":"echo up"}})"));
    run({"npm", "run", "start"});
    wait_for("companion: up");
}

}  // namespace
}  // namespace muster::faces
