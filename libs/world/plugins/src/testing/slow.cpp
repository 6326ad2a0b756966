// Says so in each tick; the tests' clock goes on when it does.
#include "muster/plugin.hpp"

namespace {

class Slow : public muster::Plugin {
  public:
    using Plugin::Plugin;
    void on_tick(std::uint32_t) override {
        host.metric("slow", 1);
        host.info("takes its time");
    }
};

}  // namespace

MUSTER_PLUGIN(Slow, "slow", "1")
