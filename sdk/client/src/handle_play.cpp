// What a handle does with the player that it has.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>
#include <ctime>
#include <numbers>

#include "handle.hpp"
#include "muster/base/random.hpp"
#include "refusals.hpp"

namespace muster::sdk {
namespace {

using namespace std::chrono_literals;
namespace asio = http::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

// As the page does: sdk/typescript/src/net/connection.ts.
constexpr auto join_patience = 10s;
constexpr auto open_patience = 10s;  // from the answer to the first snapshot
constexpr auto back_patience = 5s;
constexpr auto kept_for = 30s;  // how long a world keeps a player whom nobody hears
constexpr auto quick_pause = 250ms;
constexpr std::uint32_t quick_tries = 8;
constexpr auto slowest_pause = 4'000ms;
constexpr auto slow_try = 2s;  // without an answer: the server has enough to do
constexpr auto goodbye_patience = 2s;

constexpr std::string_view lowest_ping = "lowest_ping";
constexpr auto turn_every = 10ms;
constexpr std::uint32_t beats_a_second = 30;
constexpr auto input_every = std::chrono::duration_cast<Instant>(1s) / beats_a_second;
constexpr std::size_t steps_a_message = 2;

// Of a ticket: it has ended, or its player is gone. A new player comes then.
bool is_unknown(const client::Refusal& why) {
    return why.status == 400 || why.status == 401 || why.status == 403;
}

// Before the next try to come back: ever longer with servers that have too much to do, and not the
// same for all who lost one.
std::chrono::milliseconds pause_of(std::uint32_t late) {
    const auto pause =
        std::min<std::chrono::milliseconds>(slowest_pause, quick_pause * (1 << std::min(late, 8U)));
    return pause / 2 +
           std::chrono::milliseconds(random_below(static_cast<std::uint32_t>(pause.count()) + 1));
}

std::uint16_t turns_of(float radians) {
    if (!std::isfinite(radians)) return 0;
    const double turns = static_cast<double>(radians) / (2 * std::numbers::pi);
    return static_cast<std::uint16_t>(
        static_cast<std::uint32_t>((turns - std::floor(turns)) * 65'536) & 0xffffU);
}

}  // namespace

std::int32_t Handle::join(Wish wish) {
    return post([this, wish = std::move(wish)]() mutable {
        if (is_in_) end(MUSTER_CLIENT_LEFT, "joins another world");
        is_in_ = true;
        spawn(enter(std::move(wish), ++epoch_));
    });
}

std::int32_t Handle::leave() {
    return post([this] {
        if (!is_in_) return;
        spawn(say_goodbye(wish_.world, ticket()));
        end(MUSTER_CLIENT_LEFT, "left");
    });
}

std::int32_t Handle::set_input(const muster_client_input& input) {
    const std::scoped_lock lock(mutex_);
    input_ = input;
    pressed_ |= input.buttons;
    return MUSTER_CLIENT_OK;
}

std::int32_t Handle::say(std::string text, bool team_only) {
    if (!playing_) return MUSTER_CLIENT_NOT_PLAYING;
    const replication::Address to{.scope = static_cast<std::uint8_t>(team_only ? 1 : 0)};
    return post([this, message = replication::write_say(text, to)] {
        if (play_) (void)play_->session().send_control(message, now());
    });
}

std::int32_t Handle::send_custom(std::uint8_t command, std::vector<std::byte> payload) {
    if (!playing_) return MUSTER_CLIENT_NOT_PLAYING;
    return post([this, message = replication::write_custom(command, payload)] {
        if (play_) (void)play_->session().send_control(message, now());
    });
}

http::asio::awaitable<void> Handle::pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(context_, time);
    (void)co_await timer.async_wait(quietly);
}

// ---- joining
// -------------------------------------------------------------------------------------

http::asio::awaitable<std::expected<std::string, client::Refusal>> Handle::first_world() {
    http::ClientRequest list;
    list.target = "/api/v1/worlds";
    const auto answer = co_await request(std::move(list), join_patience);
    if (!answer) co_return std::unexpected(answer.error());
    auto worlds = client::read_worlds(answer->body);
    if (!worlds.empty()) co_return std::move(worlds.front().name);
    client::Refusal none;
    none.status = 404;
    none.detail = "there is no world";
    co_return std::unexpected(std::move(none));
}

http::asio::awaitable<std::expected<client::Joined, client::Refusal>> Handle::ask(
    const Wish& wish, std::chrono::milliseconds patience) {
    http::ClientRequest join;
    join.method = "POST";
    join.target = client::world_path(wish.world, "join");
    join.headers.set("Content-Type", "application/json");
    join.body = client::write_join(wish.join);
    const auto answer = co_await request(std::move(join), patience);
    if (!answer) co_return std::unexpected(answer.error());
    co_return client::read_joined(answer->status, {}, answer->body);
}

// Once more where the server says when; anew when it knows the ticket no more.
http::asio::awaitable<std::expected<client::Joined, client::Refusal>> Handle::ask_until(
    Wish& wish, Epoch epoch) {
    const auto until = now() + join_patience;
    for (;;) {
        auto joined = co_await ask(wish, join_patience);
        if (joined || epoch != epoch_) co_return joined;
        const auto& why = joined.error();
        if (is_unknown(why) && !wish.join.resume.empty()) {
            wish.join.resume.clear();
            continue;
        }
        const bool comes_again = why.is_passing() && why.retry_after > 0ms;
        if (!comes_again || now() + why.retry_after >= until) co_return joined;
        co_await pause(why.retry_after);
        if (epoch != epoch_) co_return joined;
    }
}

http::asio::awaitable<void> Handle::enter(Wish wish, Epoch epoch) {
    if (wish.world.empty()) {
        auto world = co_await first_world();
        if (epoch != epoch_) co_return;
        if (!world) {
            end(code_of(world.error()), words_of(world.error()), world.error());
            co_return;
        }
        wish.world = std::move(*world);
    }
    if (wish.join.strategy == lowest_ping && pings_.empty()) {
        const auto list = co_await servers();
        if (list && epoch == epoch_) (void)co_await measure(*list);
        if (epoch != epoch_) co_return;
    }
    if (wish.join.strategy == lowest_ping) wish.join.pings = pings_;
    play_ = std::make_unique<Play>(context_, identity_, events_, counts_, [this] { return now(); });
    play_->on_welcome = [this] {
        keep_ticket(play_->session().ticket());
        playing_ = true;
    };
    wish.join.sdp = play_->session().offer();
    wish_ = wish;
    const auto joined = co_await ask_until(wish, epoch);
    if (epoch != epoch_) co_return;
    if (!joined) {
        end(code_of(joined.error()), words_of(joined.error()), joined.error());
        co_return;
    }
    const auto why_not = co_await distrust(*joined, wish_.world);
    if (epoch != epoch_) co_return;
    if (!why_not.empty()) {
        end(MUSTER_CLIENT_UNTRUSTED, why_not);
        co_return;
    }
    open_until_ = now() + open_patience;
    if (take(*joined)) spawn(beat(epoch));
}

// What is wrong with the ticket, or empty. A world server's own is not signed: it and its answer
// come from one place.
http::asio::awaitable<std::string> Handle::distrust(const client::Joined& joined,
                                                    std::string world) {
    const auto kid = client::key_of_ticket(joined.ticket);
    if (!kid && !has_own_keys_) co_return std::string{};
    if (kid && !has_own_keys_ && !keys_.contains(*kid)) {
        http::ClientRequest ask;
        ask.target = "/.well-known/muster-keys.json";
        const auto answer = co_await request(std::move(ask), join_patience);
        if (answer) keys_ = client::read_ticket_keys(answer->body);
    }
    const auto checked = client::check_ticket(joined.ticket, joined.sdp, world, keys_,
                                              static_cast<std::int64_t>(std::time(nullptr)));
    co_return checked ? std::string{} : checked.error().message;
}

bool Handle::take(const client::Joined& joined) {
    play_->server = joined.server;
    const auto started = play_->session().answered(joined.sdp, joined.ticket, now());
    if (!started) {
        end(MUSTER_CLIENT_PROTOCOL, started.error().message);
        return false;
    }
    keep_ticket(joined.ticket);
    return true;
}

void Handle::keep_ticket(const std::string& ticket) {
    const std::scoped_lock lock(mutex_);
    ticket_ = ticket;
}

// ---- playing
// -------------------------------------------------------------------------------------

http::asio::awaitable<void> Handle::beat(Epoch epoch) {
    asio::steady_timer timer(context_);
    input_at_ = now();
    while (epoch == epoch_ && play_) {
        const auto at = now();
        play_->session().handle_timeouts(at);
        act(at);
        look_after(at, epoch);
        publish();
        const Instant next = std::max(Instant{500}, std::min(Instant(turn_every), input_at_ - at));
        timer.expires_after(next);
        (void)co_await timer.async_wait(quietly);
    }
}

void Handle::act(Instant at) {
    if (at < input_at_) return;
    input_at_ += input_every;
    if (input_at_ <= at) input_at_ = at + input_every;  // it stood still: no burst
    if (!play_->session().is_playing()) return;
    std::array<replication::InputStep, steps_a_message> steps{};
    {
        const std::scoped_lock lock(mutex_);
        for (auto& step : steps) {
            step.aim = turns_of(input_.aim);
            step.buttons = static_cast<std::uint8_t>(input_.buttons | pressed_);
            step.slot = static_cast<std::uint8_t>(input_.slot);
            step.seen = static_cast<std::uint8_t>(input_.shown_ago);
            pressed_ = 0;
        }
    }
    (void)play_->session().act(steps, beats_a_second, at);
}

void Handle::look_after(Instant at, Epoch epoch) {
    auto& session = play_->session();
    if (play_->ending()) {
        const auto ending = *play_->ending();
        end(ending.code, ending.why);
    } else if (session.is_over()) {
        const bool was_there = play_->has_played();
        end(was_there ? MUSTER_CLIENT_LOST : MUSTER_CLIENT_UNREACHABLE, session.why_over());
    } else if (!play_->has_played() && at >= open_until_) {
        end(MUSTER_CLIENT_UNREACHABLE, "no snapshot within 10 s of the answer: no way by UDP?");
    } else if (session.lost_since() && at - *session.lost_since() > kept_for) {
        end(play_->is_stopping() ? MUSTER_CLIENT_STOPPED : MUSTER_CLIENT_LOST,
            "the connection was lost, and the server did not take one back for 30 s");
    } else if (session.wants_back() && !is_coming_back_) {
        is_coming_back_ = true;
        spawn(come_back(epoch));
    }
    if (!play_ || play_->session().lost_since()) playing_ = false;
}

// Until an answer came: its connection may fall again, and then this is begun anew.
http::asio::awaitable<void> Handle::come_back(Epoch epoch) {
    std::uint32_t slow_tries = 0;
    auto late = play_->session().strikes(now());
    if (!play_->session().is_sent()) co_await pause(pause_of(late));
    for (std::uint32_t tries = 1; epoch == epoch_ && play_->session().wants_back(); ++tries) {
        auto& session = play_->session();
        const auto asked_at = now();
        Wish wish = wish_;
        wish.join.sdp = session.come_back(now());
        wish.join.resume = session.ticket();
        if (!wish.join.resume.empty()) wish.join.server.clear();  // the ticket knows where
        const auto joined = co_await ask(wish, back_patience);
        if (epoch != epoch_) break;
        if (joined) {
            const auto why_not = co_await distrust(*joined, wish.world);
            if (epoch != epoch_) break;
            if (!why_not.empty()) {
                end(MUSTER_CLIENT_UNTRUSTED, why_not);
                break;
            }
            take(*joined);
            break;
        }
        session.not_back();
        const auto& why = joined.error();
        if (is_unknown(why) && !wish.join.resume.empty()) {
            session.forget_ticket();  // the server has let go of the player: a new one comes
            continue;
        }
        if (!why.is_passing()) {
            end(code_of(why), words_of(why), why);
            break;
        }
        if (why.status == 0 && now() - asked_at >= slow_try) ++slow_tries;
        late =
            session.strikes(now()) + slow_tries + (tries > quick_tries ? tries - quick_tries : 0);
        co_await pause(std::max(pause_of(late), why.retry_after));
    }
    if (epoch == epoch_) is_coming_back_ = false;
}

http::asio::awaitable<void> Handle::say_goodbye(std::string world, std::string ticket) {
    if (world.empty() || ticket.empty()) co_return;
    http::ClientRequest leave;
    leave.method = "POST";
    leave.target = client::world_path(world, "leave");
    leave.headers.set("Content-Type", "application/json");
    leave.body = client::write_leave(ticket);
    (void)co_await request(std::move(leave), goodbye_patience);
}

void Handle::publish() {
    const auto now_on = play_ ? play_->traffic() : Wires::Counts{};
    const std::scoped_lock lock(mutex_);
    statistics_.snapshots = counts_.snapshots;
    statistics_.snapshots_late = counts_.snapshots_late;
    statistics_.crossings = counts_.crossings;
    statistics_.returns = counts_.returns;
    statistics_.nonsense = counts_.nonsense;
    statistics_.bytes_in = traffic_.bytes_in + now_on.bytes_in;
    statistics_.bytes_out = traffic_.bytes_out + now_on.bytes_out;
    statistics_.datagrams_in = traffic_.datagrams_in + now_on.datagrams_in;
    statistics_.datagrams_out = traffic_.datagrams_out + now_on.datagrams_out;
}

void Handle::end(std::int32_t code, const std::string& message, const client::Refusal& refusal) {
    ++epoch_;
    is_in_ = false;
    is_coming_back_ = false;
    playing_ = false;
    if (play_) {
        play_->session().leave(now());
        traffic_.bytes_in += play_->traffic().bytes_in;
        traffic_.bytes_out += play_->traffic().bytes_out;
        traffic_.datagrams_in += play_->traffic().datagrams_in;
        traffic_.datagrams_out += play_->traffic().datagrams_out;
        play_.reset();
    }
    publish();
    events_.put(tell_disconnected(code, message, refusal));
    const std::scoped_lock lock(mutex_);
    ticket_.clear();
    if (code != MUSTER_CLIENT_LEFT) error_ = message;
}

}  // namespace muster::sdk
