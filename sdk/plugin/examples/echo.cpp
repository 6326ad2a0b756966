// Sends back what it is sent, to whom it came from, also to the coordinator: "20" gives 20 back.
// The smallest plugin that does something.
#include "muster/plugin.hpp"

namespace {

class Echo : public muster::Plugin {
  public:
    using Plugin::Plugin;

    void on_message(const muster::Message& message) override {
        if (message.from_coordinator) {
            host.report(message.command, message.payload);
            return;
        }
        host.send(message.player, message.command, message.payload);
    }
};

}  // namespace

MUSTER_PLUGIN(Echo, "echo", "1.0")
