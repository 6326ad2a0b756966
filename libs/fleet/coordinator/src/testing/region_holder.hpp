#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <set>
#include <string>

#include "muster/territory/holdings.hpp"
#include "testing/scripted_world.hpp"

namespace muster::coordinator::testing {

/// A scripted server of a spread world that keeps its leases as it must: asks while the context
/// runs, and lets go of what it is asked to.
class RegionHolder {
  public:
    RegionHolder(asio::io_context& context, std::uint16_t port, std::uint64_t life);

    /// Says hello, and from then on asks every 100 ms, in every session.
    Result<void> connect();
    /// Neither asks nor closes: what a process that hangs does.
    void hang() { asks_ = false; }
    void go_on() { asks_ = true; }
    [[nodiscard]] std::set<territory::RegionId> owned() const;
    [[nodiscard]] territory::Epoch greatest_epoch() const;

    ScriptedWorld world;
    /// When it asked what was last answered.
    std::chrono::steady_clock::time_point renewed{};
    std::uint32_t players = 0;  ///< in each region, as it says
    std::set<std::uint32_t> ids;

  private:
    static asio::awaitable<void> keep_asking(RegionHolder* self, std::weak_ptr<bool> alive);
    void ask();
    void hear(const world_wire::ToWorld& message);

    asio::io_context& context_;
    territory::Holdings holdings_;
    std::map<std::uint64_t, std::chrono::steady_clock::time_point> asked_;
    bool asks_ = true;
    bool is_begun_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::coordinator::testing
