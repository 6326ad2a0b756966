#include "promises.hpp"

#include <algorithm>

namespace muster::territory {

namespace {

bool share_a_point(const Grant& one, const Grant& other) {
    return one.world == other.world && overlap(one.area, other.area);
}

bool is_inside(const Rectangle& inner, const Rectangle& outer) {
    return inner.left >= outer.left && inner.top >= outer.top && inner.right <= outer.right &&
           inner.bottom <= outer.bottom;
}

std::string name_of(const Grant& grant) {
    return "region " + std::to_string(grant.region) + " of " + grant.world + " with epoch " +
           std::to_string(grant.epoch);
}

}  // namespace

void Promises::check_owner(const Owner& one, const std::vector<Owner>& all,
                           const std::vector<Grant>& gained) {
    for (const Grant& grant : gained) {
        for (const Granted& earlier : granted_) {
            const bool is_same = earlier.grant.region == grant.region &&
                                 earlier.grant.epoch == grant.epoch && earlier.server == one.server;
            if (!is_same && share_a_point(earlier.grant, grant) &&
                earlier.grant.epoch >= grant.epoch) {
                complain(one.server + " was granted " + name_of(grant) + " after " +
                         earlier.server + " was granted " + name_of(earlier.grant));
            }
        }
        std::erase_if(granted_, [&](const Granted& earlier) {
            return earlier.grant.world == grant.world && is_inside(earlier.grant.area, grant.area);
        });
        granted_.push_back({one.server, grant});
    }
    for (const auto& [region, held] : one.holdings->held()) {
        if (!one.holdings->owns(region, one.now)) {
            continue;
        }
        for (const Granted& other : granted_) {
            if (share_a_point(other.grant, held.grant) && other.grant.epoch > held.grant.epoch) {
                complain(one.server + " owns " + name_of(held.grant) + " though " + other.server +
                         " was granted " + name_of(other.grant));
            }
        }
        for (const Owner& other : all) {
            if (other.holdings == one.holdings) {
                continue;
            }
            for (const auto& [its_region, its] : other.holdings->held()) {
                if (other.holdings->owns(its_region, other.now) &&
                    share_a_point(its.grant, held.grant)) {
                    complain(one.server + " owns " + name_of(held.grant) + " while " +
                             other.server + " owns " + name_of(its.grant));
                }
            }
        }
    }
}

void Promises::check_record(const WorldRecord* before, const WorldRecord& after,
                            const Standing& standing) {
    std::vector<Rectangle> areas;
    for (const RegionRecord& region : after.regions) {
        areas.push_back(region.area);
        if (region.epoch > standing.epoch || region.id > standing.region) {
            complain("a region is beyond what was counted");
        }
        if (before == nullptr) {
            continue;
        }
        for (const RegionRecord& old : before->regions) {
            if (overlap(old.area, region.area) &&
                (old.id == region.id ? region.epoch < old.epoch : region.epoch <= old.epoch)) {
                complain("the epoch of region " + std::to_string(region.id) + " does not grow");
            }
            if (old.id == region.id && old.epoch < region.epoch &&
                standing.draining.contains(region.server)) {
                complain(region.server + " is being drained and was granted region " +
                         std::to_string(region.id));
            }
        }
    }
    if (!tiles(after.spec.bounds, areas) || after.regions.size() < after.spec.regions_min) {
        complain("the regions of " + after.spec.name + " do not tile it");
    }
}

void Promises::check_durable(const Answer& answer, const std::map<std::string, WorldRecord>& disk) {
    for (const Grant& grant : answer.grants) {
        const auto world = disk.find(grant.world);
        const bool is_durable =
            world != disk.end() &&
            std::ranges::any_of(world->second.regions, [&](const RegionRecord& region) {
                return region.id == grant.region && region.epoch == grant.epoch &&
                       region.server == answer.server && region.life == answer.life &&
                       region.keeper == grant.keeper && region.area == grant.area;
            });
        if (!is_durable) {
            complain(answer.server + " is granted " + name_of(grant) + ", which is not durable");
        }
    }
}

}  // namespace muster::territory
