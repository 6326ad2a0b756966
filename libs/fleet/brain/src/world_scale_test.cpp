// Goal: a world gets as many servers as were asked for, and nobody who plays is thrown out by it.
// Method: a world of servers that boot, join, crash and lose their links, and of people who come
// and go, from seeds; what the decision is told is a second old, and joins take up to five.
#include "muster/brain/world_scale.hpp"

#include <gmock/gmock.h>

#include "chance.hpp"
#include "fleet_fixture.hpp"

namespace muster::brain {
namespace {

using std::chrono::seconds;

struct TrueServer {
    std::string member{};
    ServerState state = ServerState::waiting;
    std::uint32_t people = 0;
    std::uint32_t regions = 0;
    bool has_link = false;
    bool drains = false;
    std::vector<Timestamp> arriving{};  ///< people whose join was accepted
    int work = 3;                       ///< seconds until its next state
};

class World {
  public:
    explicit World(std::uint64_t seed, bool spread) : chance_(seed), is_spread_(spread) {
        scale.world = "ffa";
    }

    void second(bool faults) {
        now_ += seconds(1);
        const SeenServers seen = look();
        for (auto& [id, server] : servers_) {
            live(server, faults, is_leaving(id));
        }
        hand_over();
        // Who has joined is known at once: the coordinator itself lets it in.
        for (ScaledServer& one : scale.servers) {
            one.member_id = servers_.contains(one.server_id) ? servers_[one.server_id].member : "";
        }
        for (const ScaleAction& action : decide(scale, seen, now_)) {
            std::visit([this](const auto& what) { perform(what); }, action);
        }
        if (scale.servers.size() > most) {
            most = scale.servers.size();
        }
    }

    [[nodiscard]] bool is_settled() const {
        return scale.servers.size() == scale.count && servers_.size() == scale.count &&
               std::ranges::all_of(scale.servers, [&](const ScaledServer& one) {
                   return !one.leaving && one.revision == scale.revision &&
                          servers_.at(one.server_id).has_link && !servers_.at(one.server_id).drains;
               });
    }
    [[nodiscard]] std::uint32_t people() const {
        std::uint32_t all = 0;
        for (const auto& [id, server] : servers_) {
            all += server.people;
        }
        return all;
    }
    [[nodiscard]] std::size_t open() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            servers_, [](const auto& one) { return one.second.has_link && !one.second.drains; }));
    }
    void everybody_leaves() {
        for (auto& [id, server] : servers_) {
            server.people = 0;
            server.arriving.clear();
        }
        nobody_comes = true;
    }

    WorldScale scale;
    bool nobody_comes = false;
    std::uint32_t thrown_out = 0;
    std::uint32_t removed = 0;
    std::uint32_t created = 0;
    std::size_t most = 0;

  private:
    SeenServers look() {
        SeenServers out;
        for (const ScaledServer& one : scale.servers) {
            const auto found = servers_.find(one.server_id);
            if (found == servers_.end()) {
                continue;
            }
            const TrueServer& server = found->second;
            out[one.server_id] = {.exists = true,
                                  .state = server.state,
                                  .listed = server.has_link,
                                  .draining = server.drains,
                                  .people = server.people,
                                  .regions = server.regions};
        }
        return out;
    }

    [[nodiscard]] bool is_leaving(const std::string& id) const {
        return std::ranges::any_of(scale.servers, [&](const ScaledServer& one) {
            return one.server_id == id && one.leaving;
        });
    }

    void live(TrueServer& server, bool faults, bool leaving) {
        if (--server.work <= 0 && server.state == ServerState::waiting) {
            server.state = ServerState::ready;
            server.member = server.member.empty() ? "member" : server.member;
            server.has_link = true;
        }
        if (server.state == ServerState::crashed && server.work <= 0) {
            server.state = ServerState::ready;
            server.has_link = true;
            server.drains = leaving;
        }
        if (server.state != ServerState::ready) {
            return;
        }
        if (!server.has_link && chance_.one_in(5)) {
            server.has_link = true;
            server.drains = leaving;
        }
        const auto came =
            std::ranges::count_if(server.arriving, [&](Timestamp when) { return when <= now_; });
        server.people += static_cast<std::uint32_t>(came);
        std::erase_if(server.arriving, [&](Timestamp when) { return when <= now_; });
        if (server.has_link && !server.drains && !nobody_comes && chance_.one_in(3)) {
            server.arriving.push_back(now_ + seconds(chance_.below(6)));
        }
        if (server.people > 0 && chance_.one_in(6)) {
            --server.people;
        }
        if (!faults) {
            return;
        }
        if (chance_.one_in(60)) {
            server.has_link = false;
        }
        if (chance_.one_in(120)) {  // who played there is gone, and not by us
            server = TrueServer{.member = server.member, .state = ServerState::crashed, .work = 4};
        }
    }

    /// As regions and their players do when a server is drained and another is open.
    void hand_over() {
        if (!is_spread_) {
            return;
        }
        TrueServer* open = nullptr;
        for (auto& [id, server] : servers_) {
            if (server.has_link && !server.drains) {
                open = &server;
            }
        }
        if (open == nullptr) {
            return;
        }
        open->regions = std::max(open->regions, 1U);
        for (auto& [id, server] : servers_) {
            if (server.drains && server.regions > 0 && chance_.one_in(2)) {
                --server.regions;
                ++open->regions;
                open->people += std::exchange(server.people, 0);
            }
        }
    }

    void perform(const CreateScaled&) {
        const std::string id = "srv-" + std::to_string(scale.next_number++);
        scale.servers.push_back({.server_id = id, .revision = scale.revision});
        servers_[id];
        ++created;
    }
    void perform(const DrainScaled& action) { servers_.at(action.server_id).drains = true; }
    void perform(const UndrainScaled& action) { servers_.at(action.server_id).drains = false; }
    void perform(const RemoveScaled& action) {
        const TrueServer& server = servers_.at(action.server_id);
        thrown_out += server.people + static_cast<std::uint32_t>(server.arriving.size());
        servers_.erase(action.server_id);
        ++removed;
    }
    void perform(const ForgetScaled&) {}

    Chance chance_;
    bool is_spread_;
    Timestamp now_{seconds(1'000'000)};
    std::map<std::string, TrueServer> servers_;
};

TEST(WorldScales, NobodyIsThrownOutWhateverIsAskedForAndWhateverFails) {
    std::uint32_t removed = 0;
    std::uint32_t created = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Chance chance(seed * 7'919);
        World world(seed, seed % 2 == 0);
        for (int step = 0; step < 600; ++step) {
            if (chance.one_in(40)) {
                world.scale.count = static_cast<std::uint32_t>(chance.below(6));
            }
            if (chance.one_in(120)) {
                ++world.scale.revision;
            }
            world.second(true);
            ASSERT_EQ(world.thrown_out, 0U) << "seed " << seed << ", second " << step;
            ASSERT_LE(world.scale.servers.size(), 30U) << "seed " << seed;
        }
        world.scale.count = 1 + static_cast<std::uint32_t>(chance.below(5));
        world.nobody_comes = true;
        for (int step = 0; step < 900 && !world.is_settled(); ++step) {
            world.second(false);
        }
        ASSERT_TRUE(world.is_settled()) << "seed " << seed;
        ASSERT_EQ(world.thrown_out, 0U) << "seed " << seed;
        removed += world.removed;
        created += world.created;
    }
    EXPECT_GT(removed, 100U);
    EXPECT_GT(created, 100U);
}

/// Seconds until `holds`, 600 at most.
template <typename Holds>
int until(World& world, Holds holds) {
    int took = 0;
    for (; took < 600 && !holds(); ++took) {
        world.second(false);
    }
    return took;
}

TEST(WorldScales, FewerServersOfASpreadWorldTakeTheirPeopleOver) {
    World world(3, true);
    world.scale.count = 3;
    ASSERT_LT(until(world, [&] { return world.is_settled() && world.people() > 10; }), 600);
    world.scale.count = 1;
    EXPECT_LT(until(world, [&] { return world.is_settled(); }), 60);
    EXPECT_EQ(world.thrown_out, 0U);
    EXPECT_GT(world.people(), 0U);
}

TEST(WorldScales, AWorldThatIsToGoWaitsForItsPeopleUnlessForced) {
    for (const bool force : {false, true}) {
        World world(5, true);
        world.scale.count = 2;
        ASSERT_LT(until(world, [&] { return world.is_settled() && world.people() > 10; }), 600);
        world.scale.count = 0;
        world.scale.force = force;
        for (int step = 0; step < 5; ++step) {
            world.second(false);
        }
        EXPECT_EQ(world.removed, force ? 2U : 0U);
        world.everybody_leaves();
        EXPECT_LT(until(world, [&] { return world.is_settled(); }), 30);
        EXPECT_EQ(world.thrown_out > 0, force);
    }
}

TEST(WorldScales, ARollingReplacementKeepsAsManyOpenAndGoesOneByOne) {
    World world(8, true);
    world.scale.count = 3;
    ASSERT_LT(until(world, [&] { return world.is_settled() && world.people() > 5; }), 600);
    ++world.scale.revision;
    world.most = 0;
    std::size_t fewest = 9;
    EXPECT_LT(until(world,
                    [&] {
                        fewest = std::min(fewest, world.open());
                        return world.is_settled();
                    }),
              300);
    EXPECT_EQ(fewest, 3U);
    EXPECT_EQ(world.most, 4U);
    EXPECT_EQ(world.removed, 3U);
    EXPECT_EQ(world.thrown_out, 0U);
}

TEST(WorldScales, TheEmptiestOfTheOpenOnesLeavesAndOneOfUnknownPeopleLast) {
    WorldScale scale{.count = 2};
    SeenServers seen;
    for (const std::string id : {"full", "away", "quiet"}) {
        scale.servers.push_back({.server_id = id, .member_id = "of " + id, .revision = 1});
        seen[id] = {.exists = true, .state = ServerState::ready, .listed = id != "away"};
    }
    seen["full"].people = 9;
    seen["quiet"].people = 2;
    const auto actions = decide(scale, seen, Timestamp{});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<DrainScaled>(actions.front()).server_id, "quiet");
}

TEST(WorldScales, AServerThatIsTakenBackPlaysOn) {
    WorldScale scale{.count = 1};
    scale.servers.push_back({.server_id = "a", .member_id = "m", .revision = 1, .leaving = true});
    const SeenServers seen{{"a",
                            {.exists = true,
                             .state = ServerState::ready,
                             .listed = true,
                             .draining = true,
                             .people = 4}}};
    const auto actions = decide(scale, seen, Timestamp{});
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<UndrainScaled>(actions.front()).server_id, "a");
    EXPECT_FALSE(scale.servers.front().leaving);
}

TEST(WorldScales, AServerWhoseTokenRanOutIsMadeAnew) {
    WorldScale scale{.count = 1};
    scale.servers.push_back({.server_id = "a", .revision = 1});
    const SeenServers seen{
        {"a", {.exists = true, .state = ServerState::crashed, .token_expired = true}}};
    const auto actions = decide(scale, seen, Timestamp{});
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<CreateScaled>(actions[0]));
    EXPECT_EQ(std::get<RemoveScaled>(actions[1]).server_id, "a");
}

class PlaceOfScaled : public Fleet {};

TEST_F(PlaceOfScaled, IsTheNodeWithTheFewestServersOfThatWorldThatHasRoom) {
    connect("a", facts(4 * gib));
    connect("b", facts(4 * gib));
    connect("tiny", facts(gib));
    ServerSpec spec;
    spec.memory_bytes = 2 * gib;
    std::vector<ScaledServer> mine;
    std::set<std::string> used;
    for (const std::string id : {"w1", "w2"}) {
        spec.node_id = node_for(state, spec, mine, {});
        used.insert(spec.node_id);
        deploy(id, spec);
        mine.push_back({.server_id = id});
    }
    EXPECT_EQ(used, (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(node_for(state, spec, mine, {"b"}), "b");
    EXPECT_EQ(node_for(state, spec, mine, {"tiny"}), "");
    spec.required_labels = {{"zone", "moon"}};
    EXPECT_EQ(node_for(state, spec, mine, {}), "");
}

}  // namespace
}  // namespace muster::brain
