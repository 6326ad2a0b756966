#include "world_scale.hpp"

#include <algorithm>

#include "deploy.hpp"
#include "muster/base/random.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

constexpr const char* by_us = "coordinator";

const brain::ScaledServer* server_of(const ScaledWorld& world, const std::string& server_id) {
    const auto found =
        std::ranges::find(world.scale.servers, server_id, &brain::ScaledServer::server_id);
    return found == world.scale.servers.end() ? nullptr : &*found;
}

}  // namespace

Result<void> WorldScales::load(store::Store& store) {
    auto records = store.load(kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        auto body = parse_record(kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        auto world = read_scaled_world(record.id, *body);
        if (!world) return std::unexpected(world.error());
        Kept& kept = worlds_[record.id];
        static_cast<ScaledWorld&>(kept) = *std::move(world);
        kept.saved = record.body;
    }
    return {};
}

Result<void> WorldScales::want(const std::string& world, ScaleWish wish, const Dialled& dialled,
                               const std::string& by) {
    for (const std::string& node : wish.made_from.nodes) {
        if (house_.fleet.state().node(node) == nullptr) {
            return fail(Errc::not_found, "there is no node " + node, "template.nodes");
        }
    }
    const auto found = worlds_.find(world);
    const bool is_new = found == worlds_.end();
    if (is_new && worlds_.size() >= worlds_max) {
        return fail(Errc::exhausted,
                    "there are " + std::to_string(worlds_max) + " scaled worlds already");
    }
    if (wish.made_from.coordinator.empty()) wish.made_from.coordinator = dialled.address;
    if (!is_new && !found->second.scale.servers.empty()) {
        const auto name = spread_difference(found->second.made_from, wish.made_from);
        if (!name.empty()) {
            return fail(
                Errc::conflict,
                "all servers of a spread world are alike in this; scale " + world + " to 0 first",
                "template.variables." + name);
        }
    }
    Kept& kept = worlds_[world];
    kept.scale.world = world;
    if (!is_new && kept.made_from != wish.made_from) ++kept.scale.revision;
    kept.made_from = std::move(wish.made_from);
    kept.scale.count = wish.count.value_or(kept.scale.count);
    kept.scale.force = wish.force;
    kept.by = by;
    step(kept);
    return {};
}

Result<void> WorldScales::renew(const std::string& world, const std::optional<std::string>& image,
                                const std::string& by) {
    const auto found = worlds_.find(world);
    if (found == worlds_.end()) {
        return fail(Errc::not_found,
                    "there is no scale of the world " + world + ": it was never asked for");
    }
    if (image) found->second.made_from.image = *image;
    ++found->second.scale.revision;
    found->second.scale.force = false;
    found->second.by = by;
    step(found->second);
    return {};
}

Result<void> WorldScales::forget(const std::string& world) {
    const auto found = worlds_.find(world);
    if (found == worlds_.end()) {
        return fail(Errc::not_found,
                    "there is no scale of the world " + world + ": it was never asked for");
    }
    if (found->second.scale.count > 0 || !found->second.scale.servers.empty()) {
        return fail(Errc::conflict, "the world " + world + " has servers; scale it to 0 first");
    }
    house_.ledger.erase(std::string(kind), world);
    worlds_.erase(found);
    return {};
}

const ScaledWorld* WorldScales::find(const std::string& world) const {
    const auto found = worlds_.find(world);
    return found == worlds_.end() ? nullptr : &found->second;
}

bool WorldScales::is_leaving(const std::string& member_id) const {
    return std::ranges::any_of(worlds_, [&](const auto& world) {
        return std::ranges::any_of(world.second.scale.servers, [&](const auto& one) {
            return one.leaving && one.member_id == member_id;
        });
    });
}

void WorldScales::time_passed() {
    for (auto& [name, world] : worlds_) step(world);
}

void WorldScales::step(Kept& world) {
    note_members(world);
    world.problem.clear();
    for (const auto& action : brain::decide(world.scale, look(world), house_.clock.now())) {
        std::visit([&](const auto& what) { perform(world, what); }, action);
    }
    // Who comes later is seen off as ever.
    if (world.scale.force && is_settled(world)) world.scale.force = false;
    save(world);
}

void WorldScales::save(Kept& world) {
    std::string record = to_text(record_of(world));
    if (record == world.saved) return;
    world.saved = record;
    house_.ledger.put(std::string(kind), world.scale.world, std::move(record));
}

/// Who came with the token that a server was made with is that server; the token is good for nobody
/// else, so it need not be kept.
void WorldScales::note_members(Kept& world) {
    for (auto& one : world.scale.servers) {
        if (!one.member_id.empty()) continue;
        one.member_id = house_.enrolment.user_of_token(one.token_id).value_or("");
        if (!one.member_id.empty()) wipe_token(one);
    }
}

void WorldScales::wipe_token(const brain::ScaledServer& one) {
    const auto* server = house_.fleet.state().server(one.server_id);
    if (server == nullptr) return;
    const Json patch{{"variables", {{"MUSTER_WORLD_JOIN_TOKEN", nullptr}}}};
    auto changed = read_change(patch, *server, house_.catalogue);
    if (!changed) return;
    // What runs has it in its environment and needs no other: nothing is to be made anew.
    static_cast<void>(house_.fleet.tell(brain::ChangeServer{one.server_id, changed->spec, false}));
}

brain::SeenServers WorldScales::look(const ScaledWorld& world) const {
    const auto& state = house_.fleet.state();
    brain::SeenServers out;
    for (const auto& one : world.scale.servers) {
        brain::SeenScaled& seen = out[one.server_id];
        const auto* server = state.server(one.server_id);
        if (server == nullptr) continue;
        seen.exists = true;
        seen.state = state.shown_state(*server);
        if (one.member_id.empty()) {
            seen.token_expired = !house_.enrolment.user_of_token(one.token_id);
            continue;
        }
        seen.regions = static_cast<std::uint32_t>(regions_.regions_at(one.member_id).size());
        const auto* listed = world_servers_.find(one.member_id);
        if (listed == nullptr) continue;
        seen.listed = true;
        seen.draining = listed->listing.draining;
        std::uint32_t people = 0;
        for (const auto& played : listed->listing.worlds) people += played.facts.people;
        seen.people = std::max(people, listed->listing.sessions);
    }
    return out;
}

// ---- performing

Result<brain::ScaledServer> WorldScales::create(Kept& world) {
    brain::ScaledServer one;
    one.server_id = new_id("srv");
    one.revision = world.scale.revision;
    const std::string name = world.scale.world + "-" + std::to_string(world.scale.next_number++);
    auto token = house_.enrolment.make_token(name, token_valid, by_us, MemberKind::world_server);
    if (!token) return std::unexpected(token.error());
    one.token_id = token->id;
    const auto undo = [&](const Error& why) {
        static_cast<void>(house_.enrolment.erase_token(one.token_id));
        return std::unexpected(why);
    };
    const Json body = deploy_body(world.scale.world, world.made_from, name, token->token);
    auto wanted = read_deploy(body, house_.catalogue, one.server_id);
    if (!wanted) return undo(wanted.error());
    wanted->spec.node_id = brain::node_for(house_.fleet.state(), wanted->spec, world.scale.servers,
                                           world.made_from.nodes);
    // It waits there for room; elsewhere it must not go.
    if (wanted->spec.node_id.empty() && !world.made_from.nodes.empty()) {
        wanted->spec.node_id = world.made_from.nodes.front();
    }
    auto told = deploy_server(house_, *std::move(wanted), one.server_id, new_id("op"), world.by);
    if (!told) return undo(told.error());
    house_.audit.note(by_us, "server.deploy", one.server_id,
                      Json{{"name", name}, {"game", world_game}, {"world", world.scale.world}});
    return one;
}

void WorldScales::perform(Kept& world, const brain::CreateScaled&) {
    auto made = create(world);
    if (made) {
        world.scale.servers.push_back(*std::move(made));
    } else {
        world.problem = made.error().message;
    }
}

void WorldScales::perform(Kept& world, const brain::DrainScaled& action) {
    const auto* one = server_of(world, action.server_id);
    if (one != nullptr) static_cast<void>(world_servers_.drain(one->member_id, true));
}

void WorldScales::perform(Kept& world, const brain::UndrainScaled& action) {
    const auto* one = server_of(world, action.server_id);
    if (one != nullptr) static_cast<void>(world_servers_.drain(one->member_id, false));
}

void WorldScales::perform(Kept& world, const brain::RemoveScaled& action) {
    const auto* one = server_of(world, action.server_id);
    const auto now = house_.clock.now();
    const auto [asked, is_first] = removals_.try_emplace(action.server_id, now);
    if (one == nullptr || (!is_first && now - asked->second < remove_again)) return;
    asked->second = now;
    // Before it is gone nobody may join with it.
    if (one->member_id.empty()) static_cast<void>(house_.enrolment.erase_token(one->token_id));
    brain::RemoveServer event;
    event.operation_id = new_id("op");
    event.server_id = action.server_id;
    event.with_data = true;
    event.by = world.by;
    if (auto told = house_.fleet.tell(event); !told) {
        world.problem = told.error().message;
        return;
    }
    house_.audit.note(by_us, "server.remove", action.server_id,
                      Json{{"world", world.scale.world}, {"with_data", true}});
}

void WorldScales::perform(Kept&, const brain::ForgetScaled& action) {
    removals_.erase(action.server.server_id);
    static_cast<void>(house_.enrolment.erase_token(action.server.token_id));
    const std::string& member = action.server.member_id;
    if (member.empty()) return;
    house_.enrolment.revoke(member);
    world_servers_.dismiss(member, Error{Errc::permission_denied, "it was removed", {}}, true);
    // Nothing is remembered of what will not come back.
    if (regions_.is_draining(member)) static_cast<void>(regions_.drain(member, false));
}

// ---- showing

bool WorldScales::is_settled(const ScaledWorld& world) const {
    return world.scale.servers.size() == world.scale.count &&
           std::ranges::all_of(world.scale.servers, [&](const auto& one) {
               return !one.leaving && one.revision == world.scale.revision &&
                      world_servers_.find(one.member_id) != nullptr;
           });
}

Json WorldScales::server_json(const ScaledWorld& world, const brain::ScaledServer& one) const {
    const auto& state = house_.fleet.state();
    const auto all = look(world);
    const brain::SeenScaled& seen = all.at(one.server_id);
    const auto* server = state.server(one.server_id);
    Json out{{"server_id", one.server_id},
             {"world_server_id", one.member_id.empty() ? Json(nullptr) : Json(one.member_id)},
             {"name", server == nullptr ? std::string() : server->spec.name},
             {"node_id", nullptr},
             {"state", brain::name_of(seen.state)},
             {"reason", server == nullptr ? std::string() : state.shown_reason(*server)},
             {"listed", seen.listed},
             {"draining", seen.draining},
             {"leaving", one.leaving},
             {"outdated", one.revision != world.scale.revision},
             {"people", seen.listed ? Json(seen.people) : Json(nullptr)},
             {"regions", seen.regions},
             {"operation", nullptr}};
    if (server != nullptr && !server->node_id.empty()) out["node_id"] = server->node_id;
    if (const auto* current = state.current_operation(one.server_id)) {
        out["operation"] = to_json(*current, state, house_.tokens);
    }
    return out;
}

Json WorldScales::describe(const ScaledWorld& world) const {
    Json servers = Json::array();
    for (const auto& one : world.scale.servers) servers.push_back(server_json(world, one));
    const auto game = house_.catalogue.find(std::string(world_game)).game;
    const auto found = worlds_.find(world.scale.world);
    return Json{{"world", world.scale.world},
                {"count", world.scale.count},
                {"force", world.scale.force},
                {"settled", is_settled(world)},
                {"problem", found == worlds_.end() ? std::string() : found->second.problem},
                {"template", to_json(world.made_from, game.get())},
                {"servers", std::move(servers)}};
}

}  // namespace muster::coordinator
