#include "worlds.hpp"

namespace muster {
namespace {

class Gate final : public coordinator::WorldGate {
  public:
    explicit Gate(std::shared_ptr<host::WorldServer> worlds) : worlds_(std::move(worlds)) {}

    std::vector<coordinator::WorldFacts> worlds() const override {
        std::vector<coordinator::WorldFacts> out;
        for (const host::WorldStatistics& world : worlds_->statistics().worlds) {
            out.push_back({.name = world.world,
                           .mode = world.mode,
                           .map = world.map,
                           .people = world.people,
                           .bots = world.bots,
                           .players_max = world.players_max,
                           .asleep = world.asleep});
        }
        return out;
    }
    void join(coordinator::WorldJoin wish,
              std::function<void(Result<coordinator::WorldPlace>)> then) override {
        host::JoinRequest request;
        request.world = std::move(wish.world);
        request.sdp = std::move(wish.sdp);
        request.name = std::move(wish.name);
        request.resume = std::move(wish.resume);
        request.remote_address = std::move(wish.remote_address);
        if (wish.team == "red") request.team = sim::Team::red;
        if (wish.team == "blue") request.team = sim::Team::blue;
        worlds_->join(std::move(request), [then = std::move(then)](Result<host::Joined> joined) {
            if (!joined) return then(std::unexpected(joined.error()));
            then(coordinator::WorldPlace{std::move(joined->sdp), std::move(joined->ticket),
                                         joined->player});
        });
    }
    void leave(std::string ticket) override { worlds_->leave(std::move(ticket)); }

  private:
    std::shared_ptr<host::WorldServer> worlds_;
};

}  // namespace

std::shared_ptr<coordinator::WorldGate> make_gate(std::shared_ptr<host::WorldServer> worlds) {
    return std::make_shared<Gate>(std::move(worlds));
}

}  // namespace muster
