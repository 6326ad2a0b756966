#include "muster/runtime/fake.hpp"

#include <gtest/gtest.h>

#include "muster/runtime/contract.hpp"

namespace muster::runtime {
namespace {

class FakeSubject final : public ContractSubject {
  public:
    FakeSubject() : runtime_(loop_.get_executor(), clock_) { runtime_.add_image(image()); }
    asio::io_context& loop() override { return loop_; }
    Runtime& runtime() override { return runtime_; }
    [[nodiscard]] std::string image() const override { return "muster-test/game:1"; }
    [[nodiscard]] bool is_real() const override { return false; }
    [[nodiscard]] std::uint16_t free_port() override { return ++port_; }

  private:
    asio::io_context loop_;
    SystemClock clock_;
    FakeRuntime runtime_;
    std::uint16_t port_ = 20'000;
};

INSTANTIATE_TEST_SUITE_P(Fake, RuntimeContract,
                         testing::Values(Maker{"fake",
                                               [] { return std::make_unique<FakeSubject>(); }}),
                         testing::PrintToStringParamName());

struct FakeRuntimeTest : testing::Test {
    FakeRuntimeTest() { runtime.add_image("game"); }
    std::string create(const std::string& name) {
        InstanceSpec spec;
        spec.name = name;
        spec.image = "game";
        return *await_result(loop, runtime.instances().create(spec));
    }
    Result<void> power(const std::string& id, Power what) {
        Instances::PowerRequest request;
        request.power = what;
        return await_result(loop, runtime.instances().power(id, request));
    }
    asio::io_context loop;
    ManualClock clock{Timestamp(std::chrono::seconds(1'000'000))};
    FakeRuntime runtime{loop.get_executor(), clock};
};

TEST_F(FakeRuntimeTest, FailsAsScriptedAndOnlySoOften) {
    const auto id = create("a");
    runtime.fail_next("start", Error{Errc::internal, "no space left", {}});
    EXPECT_EQ(power(id, Power::start).error().message, "no space left");
    EXPECT_TRUE(power(id, Power::start));
    EXPECT_EQ(runtime.starts("a"), 1);
    EXPECT_EQ(runtime.calls(), (std::vector<std::string>{"create a", "start a", "start a"}));
}

TEST_F(FakeRuntimeTest, AHeldCallWaitsAndOthersDoNot) {
    const auto id = create("a");
    ASSERT_TRUE(power(id, Power::start));
    runtime.hold("stop");
    auto stopped = std::make_shared<bool>(false);
    Instances::PowerRequest stop;
    stop.power = Power::stop;
    asio::co_spawn(loop, note_end(runtime.instances().power(id, stop), stopped), asio::detached);
    ASSERT_TRUE(power(id, Power::kill));
    EXPECT_EQ(await_result(loop, runtime.instances().inspect(id))->exit_code, 137);
    EXPECT_FALSE(*stopped);
    runtime.release("stop");
    loop.restart();
    loop.run();
    EXPECT_TRUE(*stopped);
}

TEST_F(FakeRuntimeTest, AnEngineThatGoesAwayEndsStreamsAndResumesFromATime) {
    const auto id = create("a");
    auto events = await_result(loop, runtime.streams().events(clock.now() + milliseconds(1)));
    runtime.set_available(false);
    EXPECT_EQ(await_result(loop, (*events)->next()).error().code, Errc::unavailable);
    EXPECT_EQ(power(id, Power::start).error().code, Errc::unavailable);
    clock.advance(milliseconds(5));
    runtime.set_available(true);
    ASSERT_TRUE(power(id, Power::start));
    runtime.exit("a", 3);
    events = await_result(loop, runtime.streams().events(clock.now()));
    EXPECT_EQ((*await_result(loop, (*events)->next()))->kind, "start");
    EXPECT_EQ((*await_result(loop, (*events)->next()))->exit_code, 3);
}

TEST_F(FakeRuntimeTest, PullsWhatTheRegistryOffers) {
    runtime.offer_image("other:1");
    auto pull = await_result(loop, runtime.artifacts().pull("other:1"));
    ASSERT_TRUE(pull);
    EXPECT_EQ((*await_result(loop, (*pull)->next()))->done_bytes, 50);
    EXPECT_EQ((*await_result(loop, (*pull)->next()))->done_bytes, 100);
    EXPECT_FALSE(*await_result(loop, (*pull)->next()));
    EXPECT_EQ(await_result(loop, runtime.artifacts().has_image("other:1")), true);
}

}  // namespace
}  // namespace muster::runtime
