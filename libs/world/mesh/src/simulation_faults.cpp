#include <algorithm>
#include <utility>

#include "simulation.hpp"

// What befalls servers, lines and the coordinator.
namespace muster::mesh::simulation {

void Fleet::kill(const std::string& name) {
    Server* const server = find(name);
    if (server == nullptr) return;
    ++killed;
    died_at_ = tick_;
    log.push_back(std::to_string(tick_) + " " + name + " is killed");
    tell(territory::ServerGone{name, server->session});
    // Now and then nobody is sure, and the lease must run out.
    if (random_.below(2) == 0) {
        send(60, false, [this, died = territory::ServerDied{name, server->life}] { tell(died); });
    }
    servers.erase(name);
    for (Page& page : pages) {
        if (page.standby == name) page.standby.clear();
        if (page.active != name) continue;
        page.active.clear();
        page.standby.clear();
        page.resume_at = tick_ + 60;
    }
    comes_back_[name] = tick_ + 300;
}

void Fleet::cut_off(const std::string& name) {
    cut.insert(name);
    log.push_back(std::to_string(tick_) + " " + name + " is cut off");
    if (Server* const server = find(name)) server->member.linked(false);
}

void Fleet::heal_cut(const std::string& name) {
    cut.erase(name);
    healed_ = tick_;
    log.push_back(std::to_string(tick_) + " " + name + " is back");
    if (Server* const server = find(name)) server->member.linked(back_at_ <= tick_);
}

void Fleet::restart_coordinator(std::uint32_t away_for) {
    back_at_ = tick_ + away_for;
    log.push_back(std::to_string(tick_) + " the coordinator is away");
    for (const auto& [name, server] : servers) server->member.linked(false);
}

void Fleet::heal() {
    faults = {};
    if (back_at_ > 0) come_back();
    for (const std::string& name : std::set(cut)) heal_cut(name);
    for (const auto& [what, when] : std::exchange(healed_at_, {})) {
        if (what.starts_with("drain ")) tell(territory::EndDrain{what.substr(6)});
    }
}

void Fleet::befall() {
    const auto someone = [this] {
        auto next = servers.begin();
        std::advance(next, random_.below(static_cast<std::uint32_t>(servers.size())));
        return next->first;
    };
    // One at a time: of two that die at once one may be the other's keeper. Who is cut off is as
    // good as dead.
    const auto happens = [&](unsigned& left, std::uint32_t calm) {
        if (tick_ <= calm_until_ || left == 0 || random_.below(200) > 0) return false;
        --left;
        calm_until_ = tick_ + calm;
        return true;
    };
    befall_hand_overs();
    if (servers.size() > 2 && happens(faults.crashes, 600)) kill(someone());
    if (servers.size() > 1 && happens(faults.drains, 300)) {
        const std::string who = someone();
        drain(who);
        healed_at_["drain " + who] = tick_ + 600;
    }
    if (happens(faults.restarts, 300)) restart_coordinator(20 + random_.below(160));
    if (happens(faults.partitions, 600)) {
        const std::string who = someone();
        cut_off(who);
        healed_at_["cut " + who] = tick_ + 60 + random_.below(240);
    }
    end_what_is_over();
}

// While a region changes hands most is under way.
void Fleet::befall_hand_overs() {
    if (faults.crashes == 0 || !cut.empty() || tick_ < std::max(died_at_, healed_) + 400 ||
        back_at_ > 0 || tick_ % 4 > 0) {
        return;
    }
    for (const territory::Listed& one : state_.list()) {
        if (!one.leaving || find(one.server) == nullptr || random_.below(20) > 0) continue;
        --faults.crashes;
        calm_until_ = tick_ + 600;
        return kill(random_.below(3) > 0 || find(one.keeper) == nullptr ? one.server : one.keeper);
    }
}

void Fleet::end_what_is_over() {
    if (back_at_ > 0 && back_at_ <= tick_) come_back();
    for (auto next = comes_back_.begin(); next != comes_back_.end();) {
        if (next->second > tick_) {
            ++next;
            continue;
        }
        start(next->first);
        next = comes_back_.erase(next);
    }
    for (auto next = healed_at_.begin(); next != healed_at_.end();) {
        if (next->second > tick_ || back_at_ > 0) {
            ++next;
            continue;
        }
        const std::string& what = next->first;
        if (what.starts_with("cut ")) {
            heal_cut(what.substr(4));
        }
        if (what.starts_with("drain ")) tell(territory::EndDrain{what.substr(6)});
        next = healed_at_.erase(next);
    }
}

}  // namespace muster::mesh::simulation
