#include "testing/region_holder.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "regions.hpp"

namespace muster::coordinator::testing {

RegionHolder::RegionHolder(asio::io_context& context, std::uint16_t port, std::uint64_t life)
    : world(context, port), context_(context), holdings_(life) {
    world.hello.set_life(life);
    auto& one = *world.hello.mutable_worlds(0);
    one.set_name("ffa");
    one.set_mode("ffa");
    one.set_map("4000x3000");
    one.set_players_max(300);
    auto& spread = *one.mutable_spread();
    spread.mutable_bounds()->set_right(4'000);
    spread.mutable_bounds()->set_bottom(3'000);
    spread.set_strip(700);
    spread.set_regions_min(2);
    spread.set_fingerprint("abc");
    world.hears_leases = [this](const world_wire::ToWorld& message) { hear(message); };
}

Result<void> RegionHolder::connect() {
    auto connected = world.connect();
    if (!connected || is_begun_) return connected;
    is_begun_ = true;
    asio::co_spawn(context_, keep_asking(this, alive_), asio::detached);
    return {};
}

asio::awaitable<void> RegionHolder::keep_asking(RegionHolder* self, std::weak_ptr<bool> alive) {
    asio::steady_timer timer(self->context_);
    while (!alive.expired()) {
        if (self->asks_ && self->world.has_session()) self->ask();
        timer.expires_after(std::chrono::milliseconds(100));
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void RegionHolder::ask() {
    const auto request = holdings_.ask(Regions::boot_time());
    asked_[request.number] = std::chrono::steady_clock::now();
    world_wire::FromWorld message;
    auto& question = *message.mutable_lease_question();
    question.set_request(request.number);
    for (const auto& one : request.holds) {
        question.add_holds()->set_region(one.region);
        question.mutable_holds()->rbegin()->set_epoch(one.epoch);
        question.add_loads()->set_region(one.region);
        question.mutable_loads()->rbegin()->set_players(players);
    }
    for (const auto& one : request.released) {
        question.add_released()->set_region(one.region);
        question.mutable_released()->rbegin()->set_epoch(one.epoch);
    }
    for (const auto id : ids) question.add_spare(id);
    question.set_wants_ids(ids.size() < 8);
    world.send(std::move(message));
}

void RegionHolder::hear(const world_wire::ToWorld& message) {
    const auto now = Regions::boot_time();
    if (message.has_withdraw()) {
        territory::Withdraw withdraw;
        withdraw.region = message.withdraw().region();
        withdraw.epoch = message.withdraw().epoch();
        withdraw.life = message.withdraw().life();
        holdings_.arrived(withdraw);
    } else {
        const auto& said = message.lease_answer();
        territory::Answer answer;
        answer.life = said.life();
        answer.request = said.request();
        answer.number = said.number();
        answer.lease = milliseconds(said.lease_ms());
        for (const auto& grant : said.grants()) {
            territory::Grant one;
            one.world = grant.world();
            one.region = grant.region();
            one.area = {grant.area().left(), grant.area().top(), grant.area().right(),
                        grant.area().bottom()};
            one.epoch = grant.epoch();
            one.leave = grant.leave();
            answer.grants.push_back(std::move(one));
        }
        if (!holdings_.arrived(answer, now).is_stale) renewed = asked_[said.request()];
        for (const auto& loan : said.loans()) {
            for (std::uint32_t i = 0; i < loan.count(); ++i) ids.insert(loan.first() + i);
        }
    }
    std::vector<territory::RegionId> leaving;
    for (const auto& [region, held] : holdings_.held()) {
        if (held.grant.leave) leaving.push_back(region);
    }
    for (const auto region : leaving) static_cast<void>(holdings_.release(region));
}

std::set<territory::RegionId> RegionHolder::owned() const {
    std::set<territory::RegionId> out;
    const auto now = Regions::boot_time();
    for (const auto& [region, held] : holdings_.held()) {
        if (holdings_.owns(region, now)) out.insert(region);
    }
    return out;
}

territory::Epoch RegionHolder::greatest_epoch() const {
    territory::Epoch out = 0;
    for (const auto& [region, held] : holdings_.held()) {
        out = std::max(out, held.grant.epoch);
    }
    return out;
}

}  // namespace muster::coordinator::testing
