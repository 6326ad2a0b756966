#include "muster/territory/state.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "choice.hpp"
#include "state_impl.hpp"

namespace muster::territory {

State::State(Config config, Instant now) : impl_(std::make_unique<Impl>()) {
    impl_->config = config;
    impl_->start = now;
    impl_->quiet_until = now;
    impl_->standing.lease = config.lease;
}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

void State::restore(Standing standing) {
    impl_->lease_kept = standing.lease;
    // Whoever was granted a longer lease by an earlier configuration may still count on it.
    standing.lease = std::max(standing.lease, impl_->config.lease);
    impl_->standing = std::move(standing);
    for (auto& [name, world] : impl_->worlds) {
        for (Region& region : world.regions) {
            region.lease_until = impl_->start + waited_for(impl_->standing.lease, impl_->config);
        }
    }
}

Result<void> State::restore(WorldRecord record) {
    std::vector<Rectangle> areas;
    for (const RegionRecord& one : record.regions) {
        areas.push_back(one.area);
    }
    if (!tiles(record.spec.bounds, areas)) {
        return fail(Errc::internal,
                    "the record of the world " + record.spec.name +
                        " cannot be used: its regions do not tile its bounds",
                    "regions");
    }
    World world{record.spec, record.removing, {}, impl_->start, false};
    for (RegionRecord& one : record.regions) {
        Region& region = world.regions.emplace_back();
        static_cast<RegionRecord&>(region) = std::move(one);
        region.changed_at = impl_->start;
        region.lease_until = impl_->start + waited_for(impl_->standing.lease, impl_->config);
    }
    sort_regions(world);
    std::string name = record.spec.name;
    impl_->worlds.insert_or_assign(std::move(name), std::move(world));
    return {};
}

const Config& State::config() const {
    return impl_->config;
}
const Standing& State::standing() const {
    return impl_->standing;
}

std::optional<WorldRecord> State::world(std::string_view name) const {
    const auto found = impl_->worlds.find(name);
    if (found == impl_->worlds.end()) {
        return std::nullopt;
    }
    WorldRecord record{found->second.spec, found->second.removing, {}};
    for (const Region& region : found->second.regions) {
        record.regions.push_back(record_of(region));
    }
    return record;
}

std::vector<Listed> State::list() const {
    std::vector<Listed> list;
    for (const auto& [name, world] : impl_->worlds) {
        for (const Region& region : world.regions) {
            Listed one{name,           region.id,      region.area,
                       region.epoch,   region.server,  region.keeper,
                       region.players, region.leaving, {}};
            if (!region.is_held()) {
                one.reason = world.removing ? "the world is being removed"
                                            : "no server that is in contact may take it";
            }
            list.push_back(std::move(one));
        }
    }
    return list;
}

std::vector<ListedServer> State::servers() const {
    tally(*impl_);
    std::vector<ListedServer> list;
    for (const auto& [id, server] : impl_->servers) {
        list.push_back({id, server.is_linked, impl_->is_draining(server), server.capacity,
                        server.players, static_cast<std::uint32_t>(load_of(server)), server.regions,
                        server.heard});
    }
    return list;
}

Server* State::Impl::holder_of(const Region& region) {
    const auto found = servers.find(region.server);
    return found != servers.end() && holds(found->second, region) ? &found->second : nullptr;
}

RegionRecord record_of(const Region& region) {
    return region;
}

void sort_regions(World& world) {
    std::ranges::sort(world.regions, {},
                      [](const Region& one) { return std::pair(one.area.top, one.area.left); });
}

milliseconds waited_for(milliseconds lease, const Config& config) {
    // The holder's clock may run slow and ours fast.
    const std::int64_t drift = std::min<std::int64_t>(config.drift_permille, 500);
    const std::int64_t longer =
        (lease.count() * (1'000 + drift) + (1'000 - drift) - 1) / (1'000 - drift);
    return milliseconds(longer) + config.slack;
}

}  // namespace muster::territory
