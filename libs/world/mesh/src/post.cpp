#include "post.hpp"

#include <algorithm>
#include <utility>

#include "wire_limits.hpp"

namespace muster::mesh {
namespace {

constexpr std::size_t lines_max = 4;

bool is_blank(const Letter& letter) {
    const auto* talk = std::get_if<Talk>(&letter);
    return talk != nullptr && talk->bytes.empty();
}

bool is_talk(const Letter& letter) {
    return std::holds_alternative<Talk>(letter) && !is_blank(letter);
}

/// What nobody may lose: it is about who owns a player.
bool is_kept(const Letter& letter) {
    return std::holds_alternative<Crossing>(letter) || std::holds_alternative<Crossed>(letter);
}

}  // namespace

std::vector<Letter> Post::Line::take_back() {
    std::vector<Letter> out;
    out.reserve(queue.size());
    for (Letter& letter : queue) {
        if (!is_blank(letter)) out.push_back(std::move(letter));
    }
    queue.clear();
    waiting = waiting_bytes = 0;
    blanks = static_cast<std::size_t>(sent - acknowledged);
    return out;
}

void Post::Line::acknowledge(std::uint64_t number, Instant now) {
    // More than was sent is nobody's honest count.
    if (number <= acknowledged || number > sent) return;
    const std::uint64_t count = number - acknowledged;
    const std::size_t of_blanks = static_cast<std::size_t>(std::min<std::uint64_t>(count, blanks));
    blanks -= of_blanks;
    for (std::uint64_t i = of_blanks; i < count; ++i) {
        if (!is_blank(queue.front())) {
            --waiting;
            waiting_bytes -= bytes_at_most(queue.front());
        }
        queue.pop_front();
    }
    acknowledged = number;
    repeat_at = now + repeat_after;
}

/// What was sent leaves a blank behind; what was not, nothing.
bool Post::Line::drop_one() {
    auto found = std::ranges::find_if(queue, is_talk);
    if (found == queue.end()) {
        found = std::ranges::find_if(
            queue, [](const Letter& letter) { return !is_kept(letter) && !is_blank(letter); });
    }
    if (found == queue.end()) return false;
    --waiting;
    waiting_bytes -= bytes_at_most(*found);
    const std::uint64_t number =
        acknowledged + blanks + static_cast<std::uint64_t>(found - queue.begin()) + 1;
    if (number > sent) {
        queue.erase(found);
    } else {
        *found = Talk{};
    }
    return true;
}

/// Whoever is longest unheard of among those for whom nothing waits goes.
bool Post::make_place() {
    if (peers_.size() < peers_max) return true;
    auto oldest = peers_.end();
    for (auto it = peers_.begin(); it != peers_.end(); ++it) {
        if (it->second.line().waiting > 0) continue;
        if (oldest == peers_.end() || it->second.heard_at < oldest->second.heard_at) oldest = it;
    }
    if (oldest == peers_.end()) return false;
    peers_.erase(oldest);
    return true;
}

Post::Peer* Post::peer_of(std::string_view name) {
    if (const auto found = peers_.find(name); found != peers_.end()) return &found->second;
    if (!make_place()) return nullptr;
    Peer& peer = peers_[std::string(name)];
    peer.lines.push_back({.serial = ++lines_});
    return &peer;
}

Post::Place Post::last(std::string_view name) const {
    const auto found = peers_.find(name);
    if (found == peers_.end()) return {};
    const Line& line = found->second.line();
    return {line.serial, line.last_number()};
}

bool Post::has_come(std::string_view name, Place place) const {
    const auto found = peers_.find(name);
    if (found == peers_.end()) return false;
    return std::ranges::any_of(found->second.lines, [place](const Line& line) {
        return line.serial == place.line && line.acknowledged >= place.number;
    });
}

bool Post::send(std::string_view name, Letter&& letter) {
    if (is_blank(letter)) return true;
    Peer* peer = peer_of(name);
    if (peer == nullptr) return false;
    Line& line = peer->line();
    const std::size_t bytes = bytes_at_most(letter);
    while (line.waiting >= waiting_max || line.waiting_bytes + bytes > waiting_bytes_max) {
        peer->overflowed = true;
        if (!line.drop_one()) return false;
        ++dropped_;
    }
    line.queue.push_back(std::move(letter));
    ++line.waiting;
    line.waiting_bytes += bytes;
    return true;
}

Post::Heard Post::heard(std::string_view name, std::uint64_t life, Instant now) {
    Peer* peer = peer_of(name);
    if (peer == nullptr) return {.is_late = true};
    if (peer->line().life == 0) peer->line().life = life;
    if (peer->line().life == life) {
        peer->heard_at = now;
        return {};
    }
    if (now < peer->heard_at.value_or(now) + quiet_before_restart) return {.is_late = true};
    peer->heard_at = now;
    Heard out{.returned = peer->line().take_back()};
    const auto known =
        std::ranges::find_if(peer->lines, [life](const Line& line) { return line.life == life; });
    Line next{.serial = ++lines_, .life = life};
    if (known != peer->lines.end()) {
        next = std::move(*known);
        peer->lines.erase(known);
    }
    peer->lines.push_front(std::move(next));
    if (peer->lines.size() > lines_max) peer->lines.pop_back();
    return out;
}

std::vector<Letter> Post::take(std::string_view name, std::uint64_t life, Parcel&& parcel,
                               Instant now) {
    const auto found = peers_.find(name);
    if (found == peers_.end() || found->second.line().life != life) return {};
    Line& line = found->second.line();
    if (parcel.acknowledged_life == life_) line.acknowledge(parcel.acknowledged, now);
    if (parcel.to_life != life_) {
        // It does not know us: any parcel of ours tells it.
        line.acknowledge_at = now;
        return {};
    }
    if (parcel.letters.empty()) return {};
    const std::uint64_t last = parcel.first + parcel.letters.size() - 1;
    if (parcel.first > line.received + 1 || last <= line.received) {
        // Too early or known already: the other side had better know how far we are.
        line.acknowledge_at = now;
        return {};
    }
    std::vector<Letter> out;
    const auto skip = static_cast<std::size_t>(line.received + 1 - parcel.first);
    for (std::size_t i = skip; i < parcel.letters.size(); ++i) {
        if (!is_blank(parcel.letters[i])) out.push_back(std::move(parcel.letters[i]));
    }
    line.received = last;
    if (!line.acknowledge_at) line.acknowledge_at = now + acknowledge_after;
    return out;
}

Parcel Post::parcel_from(const Line& line, std::uint64_t first) const {
    Parcel parcel{.to_life = line.life,
                  .first = first,
                  .acknowledged = line.received,
                  .acknowledged_life = line.life,
                  .letters = {}};
    const std::uint64_t last = std::min(line.last_number(), line.acknowledged + window);
    std::size_t bytes = message_bytes_least;
    for (std::uint64_t number = first; number <= last; ++number) {
        const std::uint64_t place = number - line.acknowledged - 1;
        const Letter blank = Talk{};
        const Letter& letter =
            place < line.blanks ? blank : line.queue[static_cast<std::size_t>(place - line.blanks)];
        bytes += bytes_at_most(letter);
        if (!parcel.letters.empty() && bytes > parcel_bytes_max) break;
        if (parcel.letters.size() == letters_in_message_max) break;
        parcel.letters.push_back(letter);
    }
    return parcel;
}

void Post::flush_line(std::string_view name, Line& line, Instant now, const Publish& publish) {
    std::uint64_t next = line.sent + 1;
    // Blanks alone are not worth a word.
    if (line.waiting > 0 && line.sent > line.acknowledged && now >= line.repeat_at) {
        next = line.acknowledged + 1;
        line.repeat_at = now + repeat_after;
    }
    for (std::size_t i = 0; i < parcels_max && line.waiting > 0; ++i) {
        Parcel parcel = parcel_from(line, next);
        if (parcel.letters.empty()) break;
        const std::uint64_t last = next + parcel.letters.size() - 1;
        if (line.sent == line.acknowledged) line.repeat_at = now + repeat_after;
        repeated_ += std::min(last, line.sent) - std::min(next - 1, line.sent);
        line.sent = std::max(line.sent, last);
        next = last + 1;
        line.acknowledge_at.reset();
        publish(name, std::move(parcel));
    }
    if (line.acknowledge_at && now >= *line.acknowledge_at) {
        line.acknowledge_at.reset();
        publish(name, {.to_life = line.life,
                       .first = line.sent + 1,
                       .acknowledged = line.received,
                       .acknowledged_life = line.life,
                       .letters = {}});
    }
}

void Post::flush(Instant now, const Publish& publish) {
    for (auto& [name, peer] : peers_) {
        if (!peer.heard_at) peer.heard_at = now;
        Line& line = peer.line();
        if (line.life != 0) {
            flush_line(name, line, now, publish);
        } else if (line.waiting > 0 && (!peer.asked_at || now >= *peer.asked_at)) {
            // Letters are for one process and no other: which one is it?
            peer.asked_at = now + repeat_after;
            publish(name, {.first = 1});
        }
    }
}

std::vector<Letter> Post::forget(std::string_view name) {
    const auto found = peers_.find(name);
    if (found == peers_.end()) return {};
    found->second.overflowed = false;
    return found->second.line().take_back();
}

std::vector<std::string> Post::silent(Instant now, std::chrono::milliseconds time) const {
    std::vector<std::string> out;
    for (const auto& [name, peer] : peers_) {
        if (peer.line().waiting == 0 || now < peer.heard_at.value_or(now) + time) continue;
        out.push_back(name);
    }
    return out;
}

std::vector<std::string> Post::overflowed() {
    std::vector<std::string> out;
    for (auto& [name, peer] : peers_) {
        if (std::exchange(peer.overflowed, false)) out.push_back(name);
    }
    return out;
}

Post::Statistics Post::statistics() const {
    Statistics out{.peers = peers_.size(), .repeated = repeated_, .dropped = dropped_};
    for (const auto& [name, peer] : peers_) out.waiting += peer.line().waiting;
    return out;
}

}  // namespace muster::mesh
