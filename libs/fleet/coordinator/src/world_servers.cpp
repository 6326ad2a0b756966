#include "world_servers.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t secret_bytes_max = 256;
constexpr std::size_t sdp_bytes_max = 64U << 10U;

Result<WorldPlace> place_of(const world_wire::JoinAnswer& answer) {
    if (!answer.error_code().empty()) {
        return fail(from_name(answer.error_code()), to_utf8(answer.error_message()),
                    to_utf8(answer.error_field()));
    }
    const bool is_good = !answer.sdp().empty() && answer.sdp().size() <= sdp_bytes_max &&
                         !answer.ticket().empty() && answer.ticket().size() <= secret_bytes_max;
    if (!is_good) return fail(Errc::internal, "the world server gave an answer that is none");
    return WorldPlace{to_utf8(answer.sdp()), to_utf8(answer.ticket()), answer.player()};
}

}  // namespace

Json to_json(const WorldServers::Listed& listed) {
    Json out = to_json(listed.listing);
    const auto started = listed.since - std::chrono::seconds(listed.listing.uptime_s);
    out["regions"] = Json::array();
    out["since"] = to_rfc3339(listed.since);
    out["seen"] = to_rfc3339(listed.seen);
    out["started_at"] = to_rfc3339(started);
    out["uptime_s"] =
        std::chrono::duration_cast<std::chrono::seconds>(listed.seen - started).count();
    return out;
}

WorldServers::WorldServers(asio::any_io_executor executor, const Options& options,
                           const Clock& clock, Enrolment& enrolment, Regions& regions)
    : executor_(std::move(executor)),
      options_(options),
      clock_(clock),
      enrolment_(enrolment),
      regions_(regions),
      // Less than a thousand changes a second, so that it grows over restarts, too.
      list_version_(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(clock.now().time_since_epoch())
              .count())) {
    regions_.on_send(
        [this](const std::string& id, std::uint64_t session, world_wire::ToWorld message) {
            tell(id, session, std::move(message));
        });
    regions_.on_change([this] { ++list_version_; });
}

asio::awaitable<void> WorldServers::serve(std::shared_ptr<link::WorldSession> link) {
    auto session = std::make_shared<Session>(executor_);
    session->link = std::move(link);
    if (!co_await greet(session)) {
        session->over.set();
        co_return;
    }
    while (auto message = co_await session->link->receive()) {
        if (session->over.is_set()) break;
        if (!received(session, *message)) break;
    }
    end(session, "went away");
}

asio::awaitable<bool> WorldServers::greet(SessionPtr session) {
    asio::co_spawn(
        executor_,
        [](SessionPtr watched) -> asio::awaitable<void> {
            if (!co_await watched->over.wait(hello_deadline) && !watched->is_greeted) {
                watched->link->close(Error{Errc::timeout, "no hello came", {}});
            }
        }(session),
        asio::detached);
    const auto first = co_await session->link->receive();
    const std::string id = session->link->world_server_id();
    if (!first || !first->has_hello()) {
        refuse(session, Error{Errc::invalid_argument, "the first message is a hello", "hello"},
               false);
        co_return false;
    }
    if (const auto admitted = enrolment_.admit(id, MemberKind::world_server); !admitted) {
        refuse(session, admitted.error(), true);
        co_return false;
    }
    auto listing = read_hello(first->hello(), id, session->link->address());
    if (!listing) {
        say(LogLevel::warning, "world server " + id + " was refused: " + listing.error().message);
        refuse(session, listing.error(), listing.error().code == Errc::conflict);
        co_return false;
    }
    const auto old = sessions_.find(id);
    if (old == sessions_.end() && sessions_.size() >= servers_max) {
        refuse(session,
               Error{Errc::exhausted,
                     "there are " + std::to_string(servers_max) + " world servers already",
                     {}},
               false);
        co_return false;
    }
    // The same came anew before we saw its old session end: the new one counts.
    if (old != sessions_.end()) end(SessionPtr(old->second), "came back");
    if (auto settled = settle(session, *listing); !settled) {
        say(LogLevel::warning, "world server " + id + " was refused: " + settled.error().message);
        refuse(session, settled.error(), false);
        co_return false;
    }
    enter(session, *std::move(listing));
    co_return true;
}

Result<void> WorldServers::settle(const SessionPtr& session, const WorldListing& listing) {
    session->number = next_session_++;
    if (listing.spread) {
        return regions_.came(listing.id, session->number, listing.life, *listing.spread,
                             session->link->address());
    }
    for (const ListedWorld& one : listing.worlds) {
        if (regions_.world(one.facts.name) == nullptr) continue;
        return fail(Errc::conflict,
                    "the world " + one.facts.name +
                        " is spread over several servers here, and this one would play one of its "
                        "own under that name; give it --spread as well, or other modes",
                    "worlds.name");
    }
    return {};
}

void WorldServers::refuse(const SessionPtr& session, const Error& why, bool for_good) {
    world_wire::ToWorld message;
    message.mutable_goodbye()->set_reason(why.message);
    message.mutable_goodbye()->set_for_good(for_good);
    static_cast<void>(session->link->send(std::move(message)));
    session->link->close(why);
}

void WorldServers::enter(const SessionPtr& session, WorldListing listing) {
    const std::string id = listing.id;
    session->is_greeted = true;
    // Who made the join token knows best what it is to be called.
    if (auto name = enrolment_.name_of(id); !name.empty()) listing.name = std::move(name);
    session->listed.listing = std::move(listing);
    session->listed.since = session->listed.seen = clock_.now();
    session->heard = std::chrono::steady_clock::now();
    sessions_[id] = session;
    world_wire::ToWorld message;
    message.mutable_welcome()->set_world_server_id(id);
    message.mutable_welcome()->set_coordinator_version(options_.version);
    message.mutable_welcome()->set_load_seconds(load_seconds);
    static_cast<void>(session->link->send(std::move(message)));
    // Whoever drains it may have said so before it came, or before we started.
    if (regions_.is_draining(id) || (is_drained_ && is_drained_(id))) {
        static_cast<void>(drain(id, true));
    }
    changed(session);
    say(LogLevel::info, "world server " + id + " (" + session->listed.listing.name +
                            ") is registered, from " + session->link->address());
}

bool WorldServers::received(const SessionPtr& session, const world_wire::FromWorld& message) {
    session->heard = std::chrono::steady_clock::now();
    session->listed.seen = clock_.now();
    switch (message.message_case()) {
        case world_wire::FromWorld::kLoad:
            if (auto taken = take_load(session->listed.listing, message.load()); !taken) {
                refuse(session, taken.error(), false);
                return false;
            }
            changed(session);
            return true;
        case world_wire::FromWorld::kJoinAnswer:
            answered(session, message.join_answer());
            return true;
        case world_wire::FromWorld::kLeaseQuestion:
            if (auto heard = regions_.heard(session->listed.listing.id, session->number,
                                            message.lease_question());
                !heard) {
                refuse(session, heard.error(), false);
                return false;
            }
            return true;
        case world_wire::FromWorld::kHello:
            refuse(session, Error{Errc::invalid_argument, "a hello comes once", "hello"}, false);
            return false;
        case world_wire::FromWorld::MESSAGE_NOT_SET:
            return true;  // of a newer version
    }
    return true;
}

void WorldServers::answered(const SessionPtr& session, const world_wire::JoinAnswer& answer) {
    auto place = place_of(answer);
    const auto found = session->waiting.find(answer.request_id());
    if (found == session->waiting.end()) {
        // Whoever does not hear of its place shall not keep it.
        if (place) leave(session->listed.listing.id, std::move(place->ticket));
        return;
    }
    if (place) counted(session, found->second->world);
    found->second->place = std::move(place);
    found->second->answered.set();
    session->waiting.erase(found);
}

// Until its next load says so itself: many may join within the second.
void WorldServers::counted(const SessionPtr& session, const std::string& world) {
    WorldListing& listing = session->listed.listing;
    ++listing.sessions;
    for (ListedWorld& one : listing.worlds) {
        if (one.facts.name == world) ++one.facts.people;
    }
    changed(session);
}

void WorldServers::changed(const SessionPtr& session) {
    std::string shown = to_text(to_json(session->listed.listing));
    if (shown == session->shown) return;
    session->shown = std::move(shown);
    session->listed.text = to_text(to_json(session->listed));
    ++list_version_;
}

void WorldServers::end(const SessionPtr& session, const std::string& how) {
    if (session->over.is_set()) return;
    session->over.set();
    for (auto& [number, waiting] : session->waiting) waiting->answered.set();
    session->waiting.clear();
    const std::string id = session->listed.listing.id;
    const auto found = sessions_.find(id);
    if (found != sessions_.end() && found->second == session) {
        sessions_.erase(found);
        ++list_version_;
    }
    regions_.gone(id, session->number);
    say(LogLevel::info, "world server " + id + " " + how);
}

void WorldServers::tell(const std::string& id, std::uint64_t session, world_wire::ToWorld message) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second->number != session) return;
    static_cast<void>(found->second->link->send(std::move(message)));
}

asio::awaitable<Result<WorldPlace>> WorldServers::join(std::string id, WorldJoin wish) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        co_return fail(Errc::unavailable, "the world server " + id + " is not here now", "server");
    }
    const SessionPtr session = found->second;
    if (session->waiting.size() >= joins_max) {
        co_return fail(Errc::rate_limited, "too many join that world server at once; try again");
    }
    const auto number = next_request_++;
    const auto waiting = std::make_shared<Waiting>(executor_);
    waiting->world = wish.world;
    session->waiting.emplace(number, waiting);
    world_wire::ToWorld message;
    world_wire::JoinOffer& offer = *message.mutable_join_offer();
    offer.set_request_id(number);
    offer.set_world(std::move(wish.world));
    offer.set_sdp(std::move(wish.sdp));
    offer.set_name(std::move(wish.name));
    offer.set_team(std::move(wish.team));
    offer.set_resume(std::move(wish.resume));
    offer.set_resume_only(wish.resume_only);
    offer.set_remote_address(std::move(wish.remote_address));
    offer.set_deadline_ms(static_cast<std::uint32_t>(join_deadline.count()));
    static_cast<void>(session->link->send(std::move(message)));
    const bool in_time = co_await waiting->answered.wait(join_deadline);
    session->waiting.erase(number);
    if (!in_time) co_return fail(Errc::timeout, "the world server did not answer in time");
    co_return std::move(waiting->place);
}

void WorldServers::leave(const std::string& id, std::string ticket) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;  // it removes who is not heard of
    world_wire::ToWorld message;
    message.mutable_leave()->set_ticket(std::move(ticket));
    static_cast<void>(found->second->link->send(std::move(message)));
}

Result<void> WorldServers::drain(const std::string& id, bool draining) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return fail(Errc::not_found, "there is no world server " + id);
    if (found->second->listed.listing.spread || regions_.is_draining(id)) {
        if (auto told = regions_.drain(id, draining); !told) return told;
    }
    world_wire::ToWorld message;
    message.mutable_drain()->set_draining(draining);
    if (auto sent = found->second->link->send(std::move(message)); !sent) return sent;
    found->second->listed.listing.draining = draining;
    changed(found->second);
    return {};
}

void WorldServers::dismiss(const std::string& id, const Error& why, bool for_good) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;
    const SessionPtr session = found->second;
    refuse(session, why, for_good);
    end(session, "was dismissed: " + why.message);
}

void WorldServers::dismiss_all(const std::string& reason) {
    while (!sessions_.empty()) {
        dismiss(std::string(sessions_.begin()->first), Error{Errc::unavailable, reason, {}}, false);
    }
}

void WorldServers::delist_silent() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::string> silent;
    for (const auto& [id, session] : sessions_) {
        if (now - session->heard > options_.lease) silent.push_back(id);
    }
    for (const std::string& id : silent) {
        dismiss(id, Error{Errc::timeout, "it was silent for longer than its lease", {}}, false);
    }
}

std::vector<const WorldServers::Listed*> WorldServers::list() const {
    std::vector<const Listed*> out;
    for (const auto& [id, session] : sessions_) out.push_back(&session->listed);
    return out;
}

const WorldServers::Listed* WorldServers::find(const std::string& id) const {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : &found->second->listed;
}

}  // namespace muster::coordinator
