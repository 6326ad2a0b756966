#include "places.hpp"

#include <algorithm>
#include <ranges>

namespace muster::coordinator {
namespace {

constexpr std::size_t alternatives_max = 8;

/// Everywhere that the world is played, also where it is full.
std::vector<Candidate> candidates_for(const Lobby& lobby, const std::string& world) {
    std::vector<Candidate> out;
    for (const WorldFacts& facts : lobby.local()) {
        if (facts.name != world) continue;
        Candidate one;
        one.people = facts.people;
        one.players_max = facts.players_max;
        out.push_back(std::move(one));
    }
    // Of a spread world: only servers that own a part of it now.
    const auto open = lobby.regions.world(world) == nullptr
                          ? std::vector<std::string>()
                          : lobby.regions.open_servers(world).value_or(std::vector<std::string>());
    for (const auto* listed : lobby.servers.list()) {
        const WorldListing& listing = listed->listing;
        const ListedWorld* found = listing.draining ? nullptr : listing.world(world);
        if (found == nullptr) continue;
        if (listing.spread && std::ranges::find(open, listing.id) == open.end()) continue;
        Candidate one;
        one.server_id = listing.id;
        one.people = found->facts.people;
        one.players_max = found->facts.players_max;
        one.load = listing.load();
        one.has_room = listing.sessions < listing.sessions_max;
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

Json alternatives_to(const Lobby& lobby, const std::string& world, const std::string& not_there) {
    Json out = Json::array();
    const auto add = [&](const std::string& name) {
        for (const Candidate& one : ranked(candidates_for(lobby, name), Strategy::least_load)) {
            if (out.size() >= alternatives_max) return;
            if (name == world && one.server_id == not_there) continue;
            out.push_back(
                Json{{"world", name},
                     {"server", one.server_id.empty() ? std::string(local_name) : one.server_id},
                     {"people", one.people},
                     {"players_max", one.players_max}});
        }
    };
    add(world);
    for (const auto& [name, facts] : worlds_of(lobby)) {
        if (name != world) add(name);
    }
    return out;
}

Result<std::vector<Candidate>> places_for(const Lobby& lobby, const PlaceWish& wish) {
    auto all = candidates_for(lobby, wish.world);
    const bool is_spread = lobby.regions.world(wish.world) != nullptr;
    if (all.empty() && is_spread) {
        const auto open = lobby.regions.open_servers(wish.world);
        return open ? fail(Errc::unavailable,
                           "the servers of the world " + wish.world + " are just coming back")
                    : std::unexpected(open.error());
    }
    if (all.empty()) return std::unexpected(no_such_world(wish.world));
    if (!wish.server.empty()) {
        const std::string id = wish.server == local_name ? std::string() : wish.server;
        std::erase_if(all, [&id](const Candidate& one) { return one.server_id != id; });
        if (all.empty()) {
            return fail(Errc::not_found,
                        "the world " + wish.world + " is not open on a server " + wish.server,
                        "server");
        }
    }
    for (Candidate& one : all) {
        const auto known =
            wish.pings.find(one.server_id.empty() ? std::string(local_name) : one.server_id);
        if (known != wish.pings.end()) one.ping_ms = known->second;
    }
    auto out = ranked(std::move(all), wish.strategy);
    for (const std::string& id : wish.last | std::views::reverse) {
        const auto found =
            std::ranges::find(out, id == local_name ? std::string() : id, &Candidate::server_id);
        if (found != out.end()) std::rotate(out.begin(), found, found + 1);
    }
    if (out.empty()) {
        return fail(Errc::exhausted, "the world " + wish.world + " is full" +
                                         (wish.server.empty() ? std::string(" everywhere")
                                                              : " on the server " + wish.server));
    }
    return out;
}

}  // namespace muster::coordinator
