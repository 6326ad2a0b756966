// Answers whoever says a word with far more than anybody takes.
#include "muster/plugin.hpp"

namespace {

class Flooding : public muster::Plugin {
  public:
    using Plugin::Plugin;
    void on_message(const muster::Message& message) override {
        const std::string payload(MUSTER_PAYLOAD_MAX, 'x');
        unsigned sent = 0;
        for (int i = 0; i < 3'000; ++i) sent += host.send(message.player, 1, payload) ? 1 : 0;
        host.metric("sent", sent);
    }
};

}  // namespace

MUSTER_PLUGIN(Flooding, "flooding", "1")
