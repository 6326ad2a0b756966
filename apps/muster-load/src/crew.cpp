#include "crew.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "muster/base/assert.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;
using Phase = Conductor::Phase;
using State = Seat::State;

constexpr auto sweep_every = 10ms;
constexpr auto poll_every = 1ms;
constexpr auto chat_every = 2s;  ///< a line as old as this has come to everybody
constexpr auto call_patience = 15s;
constexpr auto request_patience = 10s;
constexpr auto retry_after = 1s;
constexpr auto kept_for = 30s;       ///< how long the world keeps a player whom nobody hears
constexpr auto back_patience = 5s;   ///< request_patience of a player that comes back
constexpr auto quick_pause = 250ms;  ///< between its first tries
constexpr auto slowest_pause = 4s;
constexpr auto slow_try = 2s;  ///< without an answer: the server has enough to do
constexpr std::uint32_t quick_tries = 8;
constexpr auto lost_at_the_end = 5s;
constexpr auto storm_stay = 2s;
constexpr auto storm_pause = 100ms;
constexpr auto farewell = 50ms;
constexpr std::size_t datagrams_under_way_max = 262'144;
constexpr std::size_t examined_at_once = 16;
constexpr int events_max = 256;

double thread_cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::expected<client::Joined, client::Refusal> read(const Result<http::Response>& response) {
    if (!response) {
        client::Refusal nobody;
        nobody.detail = response.error().message;
        return std::unexpected(std::move(nobody));
    }
    return client::read_joined(response->status,
                               response->headers.find("Retry-After").value_or(std::string_view{}),
                               response->body);
}

Watch::Options watch_options(const Options& options, const std::string& world) {
    Watch::Options out;
    out.world = world;
    const auto& weather = options.weather;
    out.settle = 250ms + weather.delay + weather.jitter;
    // A lost snapshot makes what was in it older by one round of refreshing; by two, seldom.
    if (weather.loss > 0) out.age_max *= 3;
    return out;
}

}  // namespace

Crew::Crew(Task task, Conductor& conductor)
    : task_(std::move(task)),
      conductor_(conductor),
      dice_(task_.options.seed + task_.first),
      chats_(task_.run),
      shared_{task_.options, task_.identity, joins_, measured_, chats_, false, false, {}},
      relay_(task_.options.weather, task_.options.seed + task_.first, datagrams_under_way_max),
      datagram_(2'048),
      start_(std::chrono::steady_clock::now()),
      period_(Instant(1s) / task_.options.rate) {
    shared_.is_spread = task_.options.pattern == Pattern::walk;
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    MUSTER_ASSERT(epoll_ >= 0);
    for (std::uint32_t i = 0; i < task_.count; ++i) {
        auto seat = std::make_unique<Seat>(i, [this](Seat& from, std::size_t wire, auto bytes) {
            if (!task_.options.weather.is_calm()) {
                relay_.put(from.flow(wire), Relay::Way::up, bytes, now());
            } else {
                put_on_wire(from.wire(wire), bytes);
            }
        });
        seat->on_socket = [this](Seat& opened, std::size_t wire) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = opened.flow(wire);
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, opened.wire(wire).descriptor(), &event);
        };
        seats_.push_back(std::move(seat));
    }
}

Crew::~Crew() {
    seats_.clear();
    ::close(epoll_);
}

Instant Crew::now() const {
    return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now() - start_);
}

void Crew::run() {
    client_ = std::make_unique<http::Client>(context_.get_executor(), task_.endpoint);
    watch_ = std::make_unique<Watch>(watch_options(task_.options, task_.world), measured_);
    if (task_.options.witness) {
        http::asio::co_spawn(context_,
                             watch_->ask(
                                 context_, *client_, [this] { return now(); }, shared_.measuring),
                             http::asio::detached);
    }
    while (phase_ != Phase::ending) {
        const auto at = now();
        const auto phase = conductor_.phase.load();
        if (phase != phase_) enter(phase);
        if (at - polled_at_ >= poll_every) {
            polled_at_ = at;
            context_.poll();
        }
        relay_due(at);
        play_due(at);
        if (at - swept_at_ >= sweep_every) sweep(at);
        wait(now());
    }
    finish();
}

void Crew::enter(Phase phase) {
    phase_ = phase;
    if (phase == Phase::measuring) {
        measured_ = Measured{};
        measuring_since_ = now();
        cpu_before_ = thread_cpu_seconds();
        shared_.measuring = true;
    } else if (phase == Phase::ending) {
        shared_.measuring = false;
        const std::chrono::duration<double> seconds = now() - measuring_since_;
        measured_.seconds = seconds.count();
        measured_.cpu_seconds = thread_cpu_seconds() - cpu_before_;
        measured_.cpu_share_max = measured_.cpu_seconds / std::max(1e-9, measured_.seconds);
    }
}

void Crew::finish() {
    const auto at = now();
    // The newest line may still be under way; the one before it is `chat_every` old.
    const auto said = conductor_.chat_number.load();
    const auto settled = said > 0 ? said - 1 : 0;
    for (auto& seat : seats_) {
        if (!seat->player) continue;
        Player& player = *seat->player;
        if (player.is_playing()) {
            ++measured_.players;
            measured_.identities.push_back(std::uint32_t{player.id()} << 8U | player.generation());
        } else if (player.lost_since() && at - *player.lost_since() > lost_at_the_end) {
            ++joins_.dropped;
            joins_.count("lost, and not back at the end");
        }
        player.end_hearing(settled, measuring_since_);
        player.leave(at);
    }
    const auto until = now() + farewell + 2 * task_.options.weather.delay;
    while (now() < until) {
        relay_due(now());
        wait(now());
    }
    client_.reset();
}

void Crew::wait(Instant now) {
    const auto count = static_cast<Instant::rep>(seats_.size());
    auto next = period_ * static_cast<Instant::rep>(beat_) / count;
    if (const auto due = relay_.deadline()) next = std::min(next, *due);
    next = std::min(next, now + Instant(poll_every));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    std::array<epoll_event, events_max> events;
    const int ready = ::epoll_wait(epoll_, events.data(), events_max,
                                   static_cast<int>(std::clamp<long>(left, 0, 1)));
    for (int i = 0; i < ready; ++i) {
        const auto packed = events[static_cast<std::size_t>(i)].data.u64;
        const auto flow = Seat::Flow::of(packed);
        Seat& seat = *seats_[flow.seat];
        if (seat.flow(flow.wire) == packed) read_from(seat, flow.wire);
    }
}

void Crew::read_from(Seat& seat, std::size_t wire) {
    const int descriptor = seat.wire(wire).descriptor();
    const auto size = ::recv(descriptor, datagram_.data(), datagram_.size(), 0);
    if (size <= 0) return;  // a port that nobody listens on, told by ICMP, is as good as silence
    const std::span bytes(datagram_.data(), static_cast<std::size_t>(size));
    ++measured_.datagrams_down;
    measured_.bytes_down += bytes.size();
    if (!task_.options.weather.is_calm()) {
        relay_.put(seat.flow(wire), Relay::Way::down, bytes, now());
    } else if (seat.player) {
        seat.player->receive(wire, bytes, now());
    }
}

void Crew::put_on_wire(const Wire& wire, std::span<const std::byte> datagram) {
    if (!wire.send(datagram)) {
        ++measured_.socket_drops;
        return;
    }
    ++measured_.datagrams_up;
    measured_.bytes_up += datagram.size();
}

void Crew::relay_due(Instant at) {
    relay_.take(at, [&](std::uint64_t packed, Relay::Way way, std::span<std::byte> bytes) {
        const auto flow = Seat::Flow::of(packed);
        Seat& seat = *seats_[flow.seat];
        if (seat.flow(flow.wire) != packed) return;
        if (way == Relay::Way::up) {
            put_on_wire(seat.wire(flow.wire), bytes);
        } else if (seat.player) {
            seat.player->receive(flow.wire, bytes, at);
        }
    });
}

// The seats' turns are spread evenly over a period, so that no burst is the generator's own.
void Crew::play_due(Instant at) {
    const auto count = static_cast<Instant::rep>(seats_.size());
    for (Instant::rep turn = 0; turn < count; ++turn) {
        const auto due = period_ * static_cast<Instant::rep>(beat_) / count;
        if (due > at) return;
        Seat& seat = *seats_[beat_++ % seats_.size()];
        if (seat.state == State::playing) seat.player->play(due, at);
    }
}

void Crew::sweep(Instant at) {
    swept_at_ = at;
    std::vector<const Player*> players;
    players.reserve(seats_.size());
    std::uint32_t playing = 0;
    for (auto& seat : seats_) {
        if (seat->player && seat->state != State::asking) seat->player->handle_timeouts(at);
        look_after(*seat, at);
        const bool plays = seat->player && seat->player->is_playing();
        playing += plays ? 1 : 0;
        players.push_back(plays ? seat->player.get() : nullptr);
    }
    conductor_.playing.fetch_add(playing - told_playing_);
    told_playing_ = playing;
    if (shared_.measuring) watch_->examine(players, examined_at_once + seats_.size() / 16, at);
    start_joins(at);
    chat(at);
}

void Crew::look_after(Seat& seat, Instant at) {
    if (seat.state == State::playing && seat.player->is_over()) {
        drop(seat, seat.player->why_over(), at);
    } else if (seat.state == State::playing && seat.player->lost_since()) {
        bring_back(seat, at);
    } else if (seat.state == State::playing && !seat.player->is_playing() && at > seat.until) {
        ++joins_.failed;
        joins_.count("no snapshot within 15 s of the answer");
        end(seat, true, at);
    } else if (seat.state == State::playing && task_.options.pattern == Pattern::storm &&
               seat.player->is_playing() && at - seat.player->playing_since() > storm_stay) {
        seat.player->end_hearing(0, Instant{0});
        seat.player->leave(at);
        seat.state = State::leaving;
        seat.until = at + farewell + 2 * task_.options.weather.delay;
    } else if (seat.state == State::leaving && at > seat.until) {
        end(seat, true, at);
        seat.until = at + storm_pause;
    }
}

void Crew::drop(Seat& seat, const std::string& why, Instant at) {
    ++joins_.dropped;
    joins_.count(why);
    end(seat, task_.options.pattern == Pattern::storm, at);
}

void Crew::bring_back(Seat& seat, Instant at) {
    if (at - *seat.player->lost_since() > kept_for) return drop(seat, "lost for 30 s", at);
    if (!seat.player->wants_back() || at < seat.back_at) return;
    if (seat.tries == 0 && seat.back_at.count() == 0 && !seat.player->is_sent()) {
        seat.back_at = at + pause_of(seat, at);
        return;
    }
    if (joining_ >= task_.options.joins_at_once) return;
    ++seat.tries;
    seat.asked_at = at;
    seat.player->come_back(at);
    ask(seat.index());
}

// As the page. Servers that have too much to do are tried ever less often from the start, others
// after some quick refusals: somebody is about to take the place of one that died. And all who lost
// the same server do not come back at once.
Instant Crew::pause_of(const Seat& seat, Instant at) {
    const auto tries = seat.tries > quick_tries ? seat.tries - quick_tries : 0U;
    const auto late = seat.player->strikes(at) + seat.slow_tries + tries;
    const auto pause = std::min<Instant>(slowest_pause, quick_pause * (1 << std::min(late, 8U)));
    return std::chrono::duration_cast<Instant>(pause * dice_.between(0.5, 1.5));
}

void Crew::end(Seat& seat, bool again, Instant at) {
    seat.player.reset();
    seat.close_all();
    seat.tries = seat.slow_tries = 0;
    seat.back_at = Instant{0};
    ++seat.generation;
    seat.state = again ? State::waiting : State::gone;
    seat.until = at + retry_after;
    if (!again) conductor_.gave_up.fetch_add(1);
}

void Crew::start_joins(Instant at) {
    for (std::size_t looked = 0; looked < seats_.size() && joining_ < task_.options.joins_at_once;
         ++looked) {
        const auto index = next_to_join_++ % seats_.size();
        Seat& seat = *seats_[index];
        if (seat.state != State::waiting || at < seat.until) continue;
        const auto seed = task_.options.seed * 1'000'003 + task_.first + index +
                          std::uint64_t{seat.generation} * 16'777'259;
        seat.player = std::make_unique<Player>(shared_, seat, seed, at);
        ++joins_.asked;
        ask(index);
    }
}

void Crew::ask(std::size_t index) {
    seats_[index]->state = State::asking;
    ++joining_;
    http::asio::co_spawn(context_, join(index), http::asio::detached);
}

http::asio::awaitable<void> Crew::join(std::size_t index) {
    Seat& seat = *seats_[index];
    http::ClientRequest request;
    request.method = "POST";
    request.target = client::world_path(task_.world, "join");
    request.headers.set("Content-Type", "application/json");
    const bool is_back = seat.player->lost_since().has_value();
    client::JoinWish wish;
    wish.sdp = seat.player->offer();
    wish.name = "load-" + std::to_string(task_.first + index);
    if (is_back) wish.resume = seat.player->ticket();
    request.body = client::write_join(wish);
    const auto patience = is_back ? back_patience : request_patience;
    const auto response = co_await client_->send(std::move(request), patience);
    --joining_;
    const auto at = now();
    const auto joined = read(response);
    if (is_back) {
        answer_back(seat, joined, at);
        co_return;
    }
    const auto error = answer(seat, joined, at);
    if (error.empty()) co_return;
    joins_.count(error);
    end(seat, true, at);
}

std::string Crew::answer(Seat& seat, const Answer& joined, Instant at) {
    if (!joined) {
        const auto& why = joined.error();
        if (why.status == 0) {
            ++joins_.failed;
            return why.detail;
        }
        const bool is_later = why.status == 429 || why.status == 503;
        ++(is_later ? joins_.put_off : joins_.failed);
        joins_.last_refusal = why.text();
        return joins_.last_refusal;
    }
    seat.state = State::playing;
    seat.until = at + call_patience;
    const auto started = seat.player->answered(joined->sdp, joined->ticket, at);
    if (started) return {};
    ++joins_.failed;
    return started.error().message;
}

void Crew::answer_back(Seat& seat, const Answer& joined, Instant at) {
    seat.state = State::playing;
    if (joined) {
        seat.tries = seat.slow_tries = 0;
        seat.back_at = Instant{0};
        const auto started = seat.player->answered(joined->sdp, joined->ticket, at);
        if (!started) drop(seat, started.error().message, at);
        return;
    }
    const auto& why = joined.error();
    if (why.status != 0) joins_.last_refusal = why.text();
    if (!why.is_passing()) return drop(seat, "not back: " + joins_.last_refusal, at);
    ++joins_.put_off;
    seat.player->not_back();
    if (why.status == 0 && at - seat.asked_at >= slow_try) ++seat.slow_tries;
    const auto pause = pause_of(seat, at);
    seat.back_at = at + std::max(pause, Instant(why.retry_after));
}

void Crew::chat(Instant at) {
    if (task_.first != 0 || phase_ != Phase::measuring || at - chatted_at_ < chat_every) return;
    const auto herald = std::ranges::find_if(seats_, [](const auto& seat) {
        return seat->state == State::playing && seat->player->is_playing();
    });
    if (herald == seats_.end()) return;
    chatted_at_ = at;
    (*herald)->player->say(chats_.line(conductor_.chat_number.fetch_add(1) + 1), at);
}

}  // namespace muster::load
