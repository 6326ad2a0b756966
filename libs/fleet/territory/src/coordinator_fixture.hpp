#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/territory/territory.hpp"

namespace muster::territory {

/// A coordinator and servers that do what they are asked, over a network that loses nothing.
class Coordinator : public testing::Test {
  protected:
    using Said = decltype(Event::what);
    struct Server {
        std::uint64_t session = 0;
        std::uint64_t life = 0;
        std::uint64_t request = 0;
        bool is_alive = true;
        bool obeys = true;  ///< releases what it is asked to leave
        std::map<RegionId, Grant> has{};
    };

    const std::vector<Action>& tell(Said what) {
        actions = decide(*state, {now, std::move(what)});
        for (const Action& action : actions) {
            if (const auto* one = std::get_if<Answer>(&action)) {
                Server& server = servers.at(one->server);
                server.has.clear();
                for (const Grant& grant : one->grants) {
                    server.has[grant.region] = grant;
                }
            } else if (std::holds_alternative<Withdraw>(action)) {
                ++withdrawn;
            }
        }
        return actions;
    }
    template <typename T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const Action& action : actions) {
            if (const auto* one = std::get_if<T>(&action)) {
                found.push_back(*one);
            }
        }
        return found;
    }
    void declare(std::uint32_t regions = 1, std::string name = "plain") {
        tell(DeclareWorld{{std::move(name), {0, 0, 400, 200}, regions, 20}});
        ASSERT_TRUE(all<Reject>().empty());
    }
    void come(const std::string& id, std::uint32_t capacity = 100,
              std::set<std::string> worlds = {}, std::set<RegionId> regions = {},
              std::string host = {}) {
        Server& server = servers[id];
        server = {++sessions, ++lives, 0};
        tell(ServerCame{id,
                        server.session,
                        server.life,
                        capacity,
                        std::move(worlds),
                        std::move(regions),
                        {},
                        std::move(host)});
        hear(id);
    }
    void hear(const std::string& id) {
        Server& server = servers.at(id);
        ServerHeard heard{id, server.session, ++server.request, false, {}, {}, {}};
        for (const auto& [region, grant] : server.has) {
            heard.holds.push_back({region, grant.epoch});
            heard.loads.push_back({region, players[region], 0});
        }
        tell(std::move(heard));
        const std::map<RegionId, Grant> has = server.has;
        for (const auto& [region, grant] : has) {
            if (grant.leave && server.obeys) {
                server.has.erase(region);
                tell(RegionReleased{id, server.life, {region, grant.epoch}});
            }
        }
    }
    /// Everybody who lives asks four times a second.
    void pass(milliseconds time) {
        for (const Instant end = now + time; now < end;) {
            now += milliseconds(250);
            for (const auto& [id, server] : servers) {
                if (server.is_alive) {
                    hear(id);
                }
            }
            tell(TimePassed{});
        }
    }
    [[nodiscard]] std::size_t count(const std::string& id) const {
        return static_cast<std::size_t>(std::ranges::count(state->list(), id, &Listed::server));
    }
    [[nodiscard]] Listed at(std::size_t index) const { return state->list().at(index); }
    /// From what was durable; everybody has to come anew.
    void restart() {
        const Standing standing = state->standing();
        const auto record = state->world("plain").value();
        now += milliseconds(12'345'678);  // another clock
        state = std::make_unique<State>(config, now);
        state->restore(standing);
        ASSERT_TRUE(state->restore(record));
    }
    void come_back(const std::string& id) {
        Server& server = servers.at(id);
        server.session = ++sessions;
        tell(ServerCame{id, server.session, server.life, 100, {}, {}, {}});
        hear(id);
    }

    Config config{};
    Instant now{1'000};
    std::unique_ptr<State> state = std::make_unique<State>(config, now);
    std::vector<Action> actions;
    std::map<std::string, Server> servers;
    std::map<RegionId, std::uint32_t> players;
    std::size_t withdrawn = 0;
    std::uint64_t sessions = 0;
    std::uint64_t lives = 100;
};

}  // namespace muster::territory
