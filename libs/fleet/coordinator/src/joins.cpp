#include "joins.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "places.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t name_bytes_max = 256;  // of 64 characters
constexpr std::size_t sdp_bytes_max = 64U << 10U;
constexpr std::size_t server_bytes_max = 64;
constexpr std::size_t pings_max = 1'000;
constexpr double ping_max = 60'000;
constexpr std::size_t last_max = 8;
constexpr int tries_max = 3;  // of servers, when the best one refuses

struct Wish {
    WorldJoin join;
    PlaceWish place;
};

/// What the player's program has measured: {server id: ms}.
void read_pings(Reader& reader, Wish& out) {
    const Json* given = reader.any("pings");
    const bool is_wanted = out.place.strategy == Strategy::lowest_ping;
    if (given == nullptr) {
        if (is_wanted) {
            reader.refuse("pings",
                          "with the strategy lowest_ping it is needed: the milliseconds "
                          "to each server, by its id");
        }
        return;
    }
    if (!is_wanted) reader.refuse("pings", "it counts with the strategy lowest_ping alone");
    if (!given->is_object() || given->size() > pings_max) {
        return reader.refuse("pings", "an object of at most " + std::to_string(pings_max) +
                                          " numbers, by the servers' ids");
    }
    for (const auto& [id, ms] : given->items()) {
        const bool is_good =
            ms.is_number() && ms.get<double>() >= 0 && ms.get<double>() <= ping_max;
        if (!is_good || id.size() > server_bytes_max) {
            return reader.refuse("pings." + id.substr(0, server_bytes_max),
                                 "milliseconds from 0 to 60000");
        }
        out.place.pings.emplace(id, ms.get<double>());
    }
}

Result<Wish> read_wish(Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    Wish out;
    out.join.world = out.place.world = call.request.path_parameters["world"];
    out.join.remote_address = call.request.remote_address;
    out.join.sdp = reader.required_text("sdp", sdp_bytes_max);
    out.join.name = reader.text("name", name_bytes_max).value_or("");
    out.join.team = reader.text("team", 16).value_or("");
    out.join.resume = reader.text("resume", ticket_bytes_max).value_or("");
    out.place.server = reader.text("server", server_bytes_max).value_or("");
    const auto strategy = reader.text("strategy", 16).value_or("least_load");
    if (!out.join.team.empty() && out.join.team != "red" && out.join.team != "blue") {
        reader.refuse("team", "`red`, `blue` or absent");
    }
    if (const auto known = strategy_from_name(strategy)) {
        out.place.strategy = *known;
    } else {
        reader.refuse("strategy", "it must be least_load, packed or lowest_ping");
    }
    read_pings(reader, out);
    out.place.last =
        reader.list("last", last_max, server_bytes_max).value_or(std::vector<std::string>());
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    return out;
}

http::Response full(const Lobby& lobby, const Error& error, const std::string& world,
                    const std::string& not_there) {
    auto out = refusal(error);
    Json body = Json::parse(out.body, nullptr, false);
    body["alternatives"] = alternatives_to(lobby, world, not_there);
    out.body = to_text(body);
    return out;
}

/// Waits for the gate's answer, which comes from another thread.
asio::awaitable<Result<WorldPlace>> join_local(Lobby& lobby, WorldJoin wish) {
    struct Handed {
        explicit Handed(asio::any_io_executor executor) : came(std::move(executor)) {}
        Signal came;
        Result<WorldPlace> place = fail(Errc::timeout, "the world did not answer in time");
        bool given_up = false;
    };
    const auto executor = lobby.house.executor;
    const auto handed = std::make_shared<Handed>(executor);
    const std::shared_ptr<WorldGate> gate = lobby.house.options.worlds;
    if (!gate) co_return fail(Errc::not_found, "there are no worlds in this process", "server");
    gate->join(std::move(wish), [executor, handed, gate](Result<WorldPlace> place) {
        asio::post(executor, [handed, gate, place = std::move(place)]() mutable {
            // Whoever does not hear of its place shall not keep it.
            if (handed->given_up && place) gate->leave(std::move(place->ticket));
            handed->place = std::move(place);
            handed->came.set();
        });
    });
    handed->given_up = !co_await handed->came.wait(WorldServers::join_deadline);
    if (handed->given_up) co_return fail(Errc::timeout, "the world did not answer in time");
    co_return std::move(handed->place);
}

/// `server` empty: this process.
asio::awaitable<Result<WorldPlace>> join_at(Lobby& lobby, const std::string& server,
                                            WorldJoin wish) {
    if (server.empty()) return join_local(lobby, std::move(wish));
    return lobby.servers.join(server, std::move(wish));
}

void leave_at(Lobby& lobby, const std::string& server, std::string secret) {
    if (!server.empty()) {
        lobby.servers.leave(server, std::move(secret));
    } else if (lobby.house.options.worlds) {
        lobby.house.options.worlds->leave(std::move(secret));
    }
}

/// As tickets and players name it, and back.
std::string shown_name(const std::string& server) {
    return server.empty() ? std::string(local_name) : server;
}
std::string server_in(const TicketClaims& ticket) {
    return ticket.server == local_name ? std::string() : ticket.server;
}

Result<std::string> ticket_for(const Lobby& lobby, const WorldPlace& place,
                               const std::string& world, const std::string& server) {
    auto fingerprint = fingerprint_in(place.sdp);
    if (!fingerprint) {
        return fail(Errc::internal, "the server's answer has no fingerprint of its certificate");
    }
    TicketClaims claims;
    claims.world = world;
    claims.server = shown_name(server);
    claims.player = place.player;
    claims.secret = place.ticket;
    claims.fingerprint = *std::move(fingerprint);
    return lobby.house.ticket_keys.sign(std::move(claims));
}

http::Response joined(Lobby& lobby, const WorldPlace& place, const std::string& world,
                      const std::string& server) {
    auto ticket = ticket_for(lobby, place, world, server);
    if (!ticket) {
        leave_at(lobby, server, place.ticket);
        return refusal(ticket.error());
    }
    return json_response(200, Json{{"sdp", place.sdp},
                                   {"ticket", *std::move(ticket)},
                                   {"player", place.player},
                                   {"world", world},
                                   {"server", shown_name(server)}});
}

/// Before anybody is asked: only who holds a ticket of ours, for this world, may come back.
Result<TicketClaims> shown_ticket(const Lobby& lobby, const std::string& text,
                                  const std::string& world, const std::string& field) {
    auto ticket = lobby.house.ticket_keys.read(text);
    if (!ticket) return fail(ticket.error().code, ticket.error().message, field);
    if (ticket->world != world) {
        return fail(Errc::permission_denied, "this ticket is for the world " + ticket->world,
                    field);
    }
    return ticket;
}

/// Whether who was asked just does not know of that ticket's player, or cannot say.
bool is_elsewhere(const Error& error) {
    return error.code == Errc::not_found || error.code == Errc::unavailable ||
           error.code == Errc::timeout ||
           (error.code == Errc::invalid_argument && error.field == "resume");
}

/// A player of a spread world may be with another of its servers than the one that gave the ticket:
/// it may have crossed, or its server have died and another gone on from copies. None: all of the
/// world is there, and nobody has it.
asio::awaitable<std::optional<http::Response>> resume_spread(Lobby& lobby, WorldJoin wish,
                                                             const TicketClaims& ticket) {
    wish.resume_only = true;
    auto asked = lobby.regions.holders(wish.world);
    const auto own = std::ranges::find(asked, ticket.server);
    if (own != asked.end()) std::rotate(asked.begin(), own, own + 1);
    bool is_sure = true;
    for (const std::string& server : asked) {
        auto place = co_await join_at(lobby, server, wish);
        if (place) co_return joined(lobby, *place, wish.world, server);
        if (!is_elsewhere(place.error())) co_return refusal(place.error());
        const bool is_on_its_way =
            place.error().code == Errc::unavailable || place.error().code == Errc::timeout;
        is_sure = is_sure && !is_on_its_way;
    }
    if (is_sure && lobby.regions.is_whole(wish.world)) co_return std::nullopt;
    co_return refusal(Error{Errc::unavailable,
                            "this player of the world " + wish.world +
                                " is with no server at this moment, and will be with one soon",
                            "resume"});
}

/// Who was there before goes where it was, when that is still here; it needs no place. None: it is
/// to come as a new one.
asio::awaitable<std::optional<http::Response>> resume(Lobby& lobby, WorldJoin wish,
                                                      TicketClaims ticket) {
    wish.resume = ticket.secret;
    if (lobby.regions.world(wish.world) != nullptr) {
        co_return co_await resume_spread(lobby, std::move(wish), ticket);
    }
    const std::string server = server_in(ticket);
    const bool is_here = server.empty() ? lobby.house.options.worlds != nullptr
                                        : lobby.servers.find(server) != nullptr;
    if (!is_here) co_return std::nullopt;
    const std::string world = wish.world;
    auto place = co_await join_at(lobby, server, std::move(wish));
    if (place) co_return joined(lobby, *place, world, server);
    if (place.error().code == Errc::unavailable) co_return std::nullopt;  // it went in this moment
    co_return refusal(place.error());
}

}  // namespace

asio::awaitable<http::Response> join(Lobby& lobby, Call& call) {
    auto wish = read_wish(call);
    if (!wish) co_return refusal(wish.error());
    const std::string world = wish->join.world;
    if (!wish->join.resume.empty()) {
        const auto ticket = shown_ticket(lobby, wish->join.resume, world, "resume");
        if (!ticket) co_return refusal(ticket.error());
        auto back = co_await resume(lobby, wish->join, *ticket);
        if (back) co_return *std::move(back);
        wish->join.resume.clear();
    }
    const auto places = places_for(lobby, wish->place);
    if (!places && places.error().code == Errc::exhausted) {
        const std::string there =
            wish->place.server == local_name ? std::string() : wish->place.server;
        co_return full(lobby, places.error(), world, there);
    }
    if (!places) co_return refusal(places.error());
    Error why;
    std::string last;
    for (std::size_t i = 0; i < std::min<std::size_t>(places->size(), tries_max); ++i) {
        last = (*places)[i].server_id;
        auto place = co_await join_at(lobby, last, wish->join);
        if (place) co_return joined(lobby, *place, world, last);
        why = std::move(place.error());
        // Somebody else may have a place; everything else is the wish's own fault or takes long.
        if (why.code != Errc::exhausted && why.code != Errc::unavailable) co_return refusal(why);
    }
    co_return full(lobby, why, world, last);
}

http::Response leave(Lobby& lobby, Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) return refusal(body.error());
    Reader reader(*body);
    const auto text = reader.required_text("ticket", ticket_bytes_max);
    if (auto done = reader.done(); !done) return refusal(done.error());
    const std::string& world = call.request.path_parameters["world"];
    const auto ticket = shown_ticket(lobby, text, world, "ticket");
    if (!ticket) return refusal(ticket.error());
    const std::string server = server_in(*ticket);
    leave_at(lobby, server, ticket->secret);
    // Who has crossed is with another of the world's servers; one that has it not ignores it.
    if (lobby.regions.world(world) == nullptr) return no_content();
    for (const std::string& holder : lobby.regions.holders(world)) {
        if (holder != server) leave_at(lobby, holder, ticket->secret);
    }
    return no_content();
}

}  // namespace muster::coordinator
