#pragma once

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <filesystem>

#include "muster/runtime/test_await.hpp"
#include "muster/runtime_process/process.hpp"
#include "unique_fd.hpp"

namespace muster::runtime_process {

/// A state folder and an image of the test program, on a disk of this machine; removed at the end.
class TestPlace {
  public:
    TestPlace() {
        char name[] = "/var/tmp/muster-process-XXXXXX";
        folder = mkdtemp(name);
        std::filesystem::create_directories(folder / "images/game");
        std::filesystem::copy_file(MUSTER_TEST_GAME, folder / "images/game/game");
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
        write("images/game/muster-image.json", R"({"entrypoint": ["/game"]})");
    }
    ~TestPlace() { std::filesystem::remove_all(folder); }
    TestPlace(const TestPlace&) = delete;
    TestPlace& operator=(const TestPlace&) = delete;

    void write(const std::string& name, const std::string& content) const {
        const UniqueFd fd(
            ::open((folder / name).c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644));
        if (::write(fd.get(), content.data(), content.size()) < 0) throw std::runtime_error(name);
    }
    [[nodiscard]] Options options() const { return options_in(folder); }
    [[nodiscard]] static Options options_in(const std::filesystem::path& folder) {
        Options options;
        options.state_dir = folder / "state";
        options.images_dir = folder / "images";
        options.shim_command = {"/proc/self/exe", "process-shim"};
        return options;
    }

    std::filesystem::path folder;
};

/// A process that is a node: starts the instance "ticks" in this place, says so on its standard
/// output, and stays until it is killed.
int test_node(const std::string& folder);

inline std::uint16_t unused_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0) {
        throw std::runtime_error("no port");
    }
    return ntohs(at.sin_port);
}

}  // namespace muster::runtime_process
