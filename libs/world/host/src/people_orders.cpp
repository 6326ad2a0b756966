#include <string>
#include <utility>

#include "control_messages.hpp"
#include "game_generated.h"
#include "people.hpp"

/// What those who run a world do with its people.
namespace muster::host {
namespace {

SharedBytes share(replication::Bytes bytes) {
    return std::make_shared<const replication::Bytes>(std::move(bytes));
}

}  // namespace

void People::announce(std::string_view text) {
    auto message = share(write_announcement(text));
    if (others_ != nullptr) {
        others_->said(std::move(message), audience::All{});
    } else {
        pass_on(audience::All{}, message, {});
    }
}

PersonFacts People::facts_of(sim::PlayerId player) const {
    return {.id = player,
            .name = std::string(world_.name_of(player)),
            .team = world_.players()[player].team,
            .is_away = seats_[player].state != Seat::State::live};
}

std::vector<PersonFacts> People::facts() const {
    std::vector<PersonFacts> out;
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        if (seats_[i].state != Seat::State::empty)
            out.push_back(facts_of(static_cast<sim::PlayerId>(i)));
    }
    return out;
}

Result<PersonFacts> People::kick(const Kick& kick) {
    std::vector<PersonFacts> meant;
    for (PersonFacts& one : facts()) {
        if (kick.player != sim::no_player && one.id != kick.player) continue;
        if (!kick.name.empty() && one.name != kick.name) continue;
        meant.push_back(std::move(one));
    }
    if (meant.empty()) return fail(Errc::not_found, "there is no such player", "player");
    if (meant.size() > 1) {
        return fail(
            Errc::conflict,
            std::to_string(meant.size()) + " players are called " + kick.name + ": say which by id",
            "player");
    }
    remove(meant.front().id,
           share(replication::write_notice(static_cast<std::uint8_t>(protocol::NoticeKind::kicked),
                                           kick.reason, shared_.snapshot_rate.load())));
    return std::move(meant.front());
}

}  // namespace muster::host
