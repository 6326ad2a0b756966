#include "newsroom.hpp"

#include <algorithm>
#include <memory>

namespace muster::host {
namespace {

using Kind = sim::Event::Kind;

bool is_chatter(Kind kind) {
    return kind == Kind::killed || kind == Kind::joined || kind == Kind::left;
}

}  // namespace

bool Newsroom::may_chatter() {
    if (chatter_left_ == 0) return false;
    --chatter_left_;
    return true;
}

void Newsroom::gather(const sim::World& world) {
    if (world.tick() - counted_at_ >= chatter_every) {
        const sim::Tick more = (world.tick() - counted_at_) / chatter_every;
        chatter_left_ = std::min(chatter_max, chatter_left_ + std::min(more, chatter_max));
        counted_at_ = world.tick();
    }
    for (replication::News& news : replication::news_of(world)) {
        const sim::PlayerId player = news.event.player;
        if (news.event.kind == Kind::joined && !world.players()[player].bot) {
            unseen_.insert_or_assign(player, std::move(news));
            continue;
        }
        if (news.event.kind == Kind::left && unseen_.erase(player) > 0) continue;
        if (!is_chatter(news.event.kind) || may_chatter()) {
            for_all_.push_back(std::move(news));
        } else if (news.event.kind == Kind::killed) {
            personal_.push_back(std::move(news));
        }
    }
}

void Newsroom::opened(sim::PlayerId player) {
    const auto unseen = unseen_.find(player);
    if (unseen == unseen_.end()) return;
    if (may_chatter()) for_all_.push_back(std::move(unseen->second));
    unseen_.erase(unseen);
}

Newsroom::Issue Newsroom::publish(const sim::World& world) {
    Issue issue;
    if (world.tick() % issue_every != 0) return issue;
    if (!for_all_.empty()) issue.for_all = replication::write_news(for_all_);
    for (const replication::News& news : personal_) {
        const auto bytes =
            std::make_shared<const replication::Bytes>(replication::write_news({&news, 1}));
        for (const sim::PlayerId player : {news.event.player, news.event.other}) {
            if (player >= world.players().size()) continue;
            const sim::Player& concerned = world.players()[player];
            if (concerned.present && !concerned.bot) issue.personal.emplace_back(player, bytes);
        }
    }
    std::ranges::sort(issue.personal, {}, [](const auto& one) { return one.first; });
    for_all_.clear();
    personal_.clear();
    return issue;
}

}  // namespace muster::host
