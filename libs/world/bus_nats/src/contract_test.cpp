#include "muster/bus/contract.hpp"

#include "muster/bus_nats/bus_nats.hpp"
#include "nats_server.hpp"

namespace muster::bus {
namespace {

class NatsMeeting final : public Meeting {
  public:
    std::unique_ptr<Bus> join() override {
        auto bus = bus_nats::connect({.servers = {server_.url()},
                                      .reconnect_wait = milliseconds(10),
                                      .reconnect_jitter = milliseconds(10)});
        EXPECT_TRUE(bus) << bus.error().message;
        return bus ? std::move(*bus) : nullptr;
    }
    void cut() override { server_.kill(); }
    void mend() override { server_.start(); }

  private:
    bus_nats::NatsServer server_;
};

INSTANTIATE_TEST_SUITE_P(Nats, BusContract,
                         testing::Values(Maker{"nats",
                                               [] { return std::make_unique<NatsMeeting>(); }}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace muster::bus
