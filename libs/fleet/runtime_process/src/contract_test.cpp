#include "muster/runtime/contract.hpp"

#include <sys/mount.h>

#include "test_subject.hpp"

namespace muster::runtime {
namespace {

class ProcessSubject final : public ContractSubject {
  public:
    ProcessSubject() {
        auto opened = runtime_process::open(loop_.get_executor(), place_.options());
        EXPECT_TRUE(opened) << opened.error().message;
        if (opened) runtime_ = std::move(*opened);
    }
    asio::io_context& loop() override { return loop_; }
    Runtime& runtime() override { return *runtime_; }
    [[nodiscard]] std::string image() const override { return "game"; }
    [[nodiscard]] bool has_artifacts() const override { return false; }
    [[nodiscard]] std::uint16_t free_port() override { return runtime_process::unused_port(); }

  private:
    runtime_process::TestPlace place_;
    asio::io_context loop_;
    std::unique_ptr<Runtime> runtime_;
};

INSTANTIATE_TEST_SUITE_P(Process, RuntimeContract,
                         testing::Values(Maker{"process",
                                               [] { return std::make_unique<ProcessSubject>(); }}),
                         testing::PrintToStringParamName());

/// The test program listens where it always does; here nobody else is. And files are in memory, for
/// the sake of time.
bool enter_own_place() {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    if (::mount("tmpfs", "/var/tmp", "tmpfs", 0, "mode=1777") != 0) return false;
    const runtime_process::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::string("lo").copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

}  // namespace
}  // namespace muster::runtime

int main(int count, char** words) {
    if (count > 1 && std::string(words[1]) == "process-shim") {
        return muster::runtime_process::shim_main(
            std::vector<std::string>(words + 2, words + count));
    }
    if (count > 2 && std::string(words[1]) == "test-node") {
        return muster::runtime_process::test_node(words[2]);
    }
    testing::InitGoogleTest(&count, words);
    if (!muster::runtime::enter_own_place()) {
        std::fputs("these tests need root, as the process runtime does\n", stderr);
        return 1;
    }
    return RUN_ALL_TESTS();
}
