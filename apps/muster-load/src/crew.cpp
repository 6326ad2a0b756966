#include "crew.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

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

// A refusal in the server's words: "429 too many sessions from this address".
std::string refusal(int status, const nlohmann::json& problem) {
    const auto word = [&](const char* key) {
        const auto found = problem.is_object() ? problem.find(key) : problem.end();
        return found != problem.end() && found->is_string() ? found->get<std::string>()
                                                            : std::string{};
    };
    std::string text = std::to_string(status);
    if (const auto detail = word("detail"); !detail.empty()) text += " " + detail;
    const auto field = word("field");
    if (!field.empty() && !text.contains(field)) text += "; " + field;
    return text;
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
      chats_(task_.run),
      shared_{task_.options, task_.identity, joins_, measured_, chats_, false, {}},
      relay_(task_.options.weather, task_.options.seed + task_.first, datagrams_under_way_max),
      datagram_(2'048),
      start_(std::chrono::steady_clock::now()),
      period_(Instant(1s) / task_.options.rate) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    MUSTER_ASSERT(epoll_ >= 0);
    for (std::uint32_t i = 0; i < task_.count; ++i) {
        auto seat = std::make_unique<Seat>(i, [this](Seat& from, auto bytes) {
            if (!task_.options.weather.is_calm()) {
                relay_.put(from.flow(), Relay::Way::up, bytes, now());
            } else {
                put_on_wire(from, bytes);
            }
        });
        seat->on_socket = [this](Seat& opened) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = opened.flow();
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, opened.descriptor(), &event);
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
        if (seat->player->is_playing()) ++measured_.players;
        const bool from_first = seat->player->playing_since() < measuring_since_;
        chats_.ended(seat->player->ear(), seat->player->is_playing() ? settled : 0, from_first);
        seat->player->leave(at);
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
        const auto flow = events[static_cast<std::size_t>(i)].data.u64;
        Seat& seat = *seats_[flow & 0xffff'ffffU];
        if (seat.flow() == flow) read_from(seat);
    }
}

void Crew::read_from(Seat& seat) {
    const auto size = ::recv(seat.descriptor(), datagram_.data(), datagram_.size(), 0);
    if (size <= 0) return;  // a port that nobody listens on, told by ICMP, is as good as silence
    const std::span bytes(datagram_.data(), static_cast<std::size_t>(size));
    ++measured_.datagrams_down;
    measured_.bytes_down += bytes.size();
    if (!task_.options.weather.is_calm()) {
        relay_.put(seat.flow(), Relay::Way::down, bytes, now());
    } else if (seat.player) {
        seat.player->receive(bytes, now());
    }
}

void Crew::put_on_wire(const Seat& seat, std::span<const std::byte> datagram) {
    if (!seat.send(datagram)) {
        ++measured_.socket_drops;
        return;
    }
    ++measured_.datagrams_up;
    measured_.bytes_up += datagram.size();
}

void Crew::relay_due(Instant at) {
    relay_.take(at, [&](std::uint64_t flow, Relay::Way way, std::span<std::byte> bytes) {
        Seat& seat = *seats_[flow & 0xffff'ffffU];
        if (seat.flow() != flow) return;
        if (way == Relay::Way::up) {
            put_on_wire(seat, bytes);
        } else if (seat.player) {
            seat.player->receive(bytes, at);
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
        ++joins_.dropped;
        joins_.count(seat.player->why_over());
        end(seat, task_.options.pattern == Pattern::storm, at);
    } else if (seat.state == State::playing && !seat.player->is_playing() && at > seat.until) {
        ++joins_.failed;
        joins_.count("no snapshot within 15 s of the answer");
        end(seat, true, at);
    } else if (seat.state == State::playing && task_.options.pattern == Pattern::storm &&
               seat.player->is_playing() && at - seat.player->playing_since() > storm_stay) {
        chats_.ended(seat.player->ear(), 0, false);
        seat.player->leave(at);
        seat.state = State::leaving;
        seat.until = at + farewell + 2 * task_.options.weather.delay;
    } else if (seat.state == State::leaving && at > seat.until) {
        end(seat, true, at);
        seat.until = at + storm_pause;
    }
}

void Crew::end(Seat& seat, bool again, Instant at) {
    seat.player.reset();
    seat.close();
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
        seat.state = State::asking;
        ++joining_;
        ++joins_.asked;
        http::asio::co_spawn(context_, join(index), http::asio::detached);
    }
}

http::asio::awaitable<void> Crew::join(std::size_t index) {
    Seat& seat = *seats_[index];
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/api/v1/worlds/" + task_.world + "/join";
    request.headers.set("Content-Type", "application/json");
    request.body = nlohmann::json{{"sdp", seat.player->offer()},
                                  {"name", "load-" + std::to_string(task_.first + index)}}
                       .dump();
    const auto response = co_await client_->send(std::move(request), request_patience);
    --joining_;
    const auto at = now();
    const auto error = answer(seat, response, at);
    if (error.empty()) co_return;
    joins_.count(error);
    end(seat, true, at);
}

std::string Crew::answer(Seat& seat, const Result<http::Response>& response, Instant at) {
    if (!response) {
        ++joins_.failed;
        return response.error().message;
    }
    const auto body = nlohmann::json::parse(response->body, nullptr, false);
    const bool is_answer = response->status / 100 == 2 && body.is_object() &&
                           body.contains("sdp") && body["sdp"].is_string();
    if (!is_answer) {
        const bool is_later = response->status == 429 || response->status == 503;
        ++(is_later ? joins_.put_off : joins_.failed);
        joins_.last_refusal = refusal(response->status, body);
        return joins_.last_refusal;
    }
    seat.state = State::playing;
    seat.until = at + call_patience;
    const auto started = seat.player->answered(body["sdp"].get<std::string>(), at);
    if (started) return {};
    ++joins_.failed;
    return started.error().message;
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
