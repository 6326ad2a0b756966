// Throws where its settings and messages tell it to.
#include "muster/plugin.hpp"

namespace {

class Throwing : public muster::Plugin {
  public:
    explicit Throwing(muster::Host given) : Plugin(given) {
        if (!host.setting("refuse").empty()) throw std::runtime_error("it was told to refuse");
    }
    void on_message(const muster::Message& message) override {
        if (message.command == 1) throw std::runtime_error("one\nthing");
        if (message.command == 2) throw 7;
    }
    void on_tick(std::uint32_t) override {
        if (!host.setting("tick").empty()) throw std::runtime_error("every tick");
    }
};

}  // namespace

MUSTER_PLUGIN(Throwing, "throwing", "1")
