#include "muster/bus/in_process.hpp"

#include "muster/bus/contract.hpp"
#include "muster/bus/testing.hpp"

namespace muster::bus {
namespace {

class HubMeeting final : public Meeting {
  public:
    std::unique_ptr<Bus> join() override { return std::make_unique<InProcessBus>(hub_, "party"); }
    void cut() override { faults_.disconnect("party"); }
    void mend() override { faults_.connect("party"); }

  private:
    std::shared_ptr<Hub> hub_ = make_hub();
    Faults faults_{hub_};
};

INSTANTIATE_TEST_SUITE_P(InProcess, BusContract,
                         testing::Values(Maker{"in_process",
                                               [] { return std::make_unique<HubMeeting>(); }}),
                         testing::PrintToStringParamName());

TEST(InProcessBus, HubsDoNotHearEachOther) {
    InProcessBus here(make_hub()), there(make_hub());
    Recorder recorder;
    const auto own = there.subscribe("a", recorder.receiver());
    ASSERT_TRUE(own);
    ASSERT_TRUE(here.publish("a", bytes_of("elsewhere")));
    ASSERT_TRUE(there.publish("a", bytes_of("here")));
    EXPECT_EQ(recorder.wait_for(1).at(0).second, "here");
}

}  // namespace
}  // namespace muster::bus
