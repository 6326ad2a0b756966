#include <boost/asio/ip/address.hpp>

#include "house.hpp"

namespace muster::coordinator {
namespace {

constexpr std::int64_t seconds_max = std::int64_t{10} * 366 * 86'400;

Result<http::Response> whoami(Call& call) {
    Json servers = nullptr;
    if (call.who.servers) servers = *call.who.servers;
    return json_response(200, Json{{"id", call.who.id},
                                   {"name", call.who.name},
                                   {"role", name_of(call.who.role)},
                                   {"servers", std::move(servers)}});
}

Result<http::Response> list_tokens(House& house, Call& call) {
    if (auto known = call.only({"limit", "cursor"}); !known) return std::unexpected(known.error());
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    // One more than is shown tells whether there is a next page.
    auto items = house.tokens.list(*cursor, *limit + 1);
    std::string next;
    if (items.size() > *limit) {
        items.pop_back();
        next = items.back()["id"].get<std::string>();
    }
    return list_response(Json(std::move(items)), next, 0);
}

Result<http::Response> make_token(House& house, Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    Tokens::Wanted wanted;
    wanted.name = reader.required_text("name", 128);
    const auto role = reader.required_text("role", 32);
    const auto servers = reader.list("servers", Tokens::servers_max, 128);
    if (const auto seconds = reader.integer("expires_in_seconds", 1, seconds_max)) {
        wanted.expires_in = std::chrono::seconds(*seconds);
    }
    if (const auto known = role_from_name(role)) {
        wanted.role = *known;
    } else if (!role.empty()) {
        reader.refuse("role", "it must be viewer, operator, admin or allocator");
    }
    if (servers) {
        wanted.servers = std::set<std::string>(servers->begin(), servers->end());
        if (wanted.role == Role::admin || wanted.role == Role::allocator) {
            reader.refuse("servers", "only a viewer or an operator can be limited to some servers");
        }
        for (const auto& id : *wanted.servers) {
            if (house.fleet.state().server(id) == nullptr) {
                reader.refuse("servers", "there is no server " + id);
            }
        }
    }
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    wanted.by = call.who.id;
    auto made = house.tokens.create(std::move(wanted));
    if (!made) return std::unexpected(made.error());
    call.shows_secret = true;
    call.audit_object = made->id;
    auto answer = *house.tokens.describe(made->id);
    call.audit_detail = Json{{"name", answer["name"]}, {"role", answer["role"]}};
    answer["token"] = made->token;
    auto response = json_response(201, answer);
    response.headers.set("Location", "/api/v1/tokens/" + made->id);
    return response;
}

Result<http::Response> delete_token(House& house, Call& call) {
    if (auto erased = house.tokens.erase(call.id()); !erased) {
        return std::unexpected(erased.error());
    }
    return no_content();
}

/// The host part of a Host header or of an address with a port, without brackets.
std::string host_of(std::string text) {
    if (!text.empty() && text.front() == '[') {
        const auto end = text.find(']');
        return end == std::string::npos ? std::string() : text.substr(1, end - 1);
    }
    const auto colon = text.find(':');
    // More than one colon without brackets is a bare IPv6 address.
    if (colon != std::string::npos && text.find(':', colon + 1) == std::string::npos) {
        text.resize(colon);
    }
    return text;
}

bool is_loopback(const std::string& host) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return host == "localhost" || (!error && address.is_loopback());
}

/// A host from a request goes into a line that a person pastes into a shell.
bool is_host(const std::string& host) {
    return !host.empty() && host.find_first_not_of(
                                "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_") == std::string::npos;
}

Result<http::Response> make_join_token(House& house, Call& call) {
    const auto body = parse_object(call.request.body, true);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const auto seconds = reader.integer("expires_in_seconds", 60, 30 * 86'400).value_or(3600);
    const auto name = reader.text("name", 128).value_or("");
    const auto kind = member_kind_from_name(reader.text("kind", 32).value_or("node"));
    if (!kind) reader.refuse("kind", "it must be node or world_server");
    if (auto done = reader.done(); !done) return std::unexpected(done.error());

    const auto [address, is_local] = dialled_address(house, call);
    auto made = house.enrolment.make_token(name, std::chrono::seconds(seconds), call.who.id, *kind);
    if (!made) return std::unexpected(made.error());
    call.shows_secret = true;
    call.audit_object = made->id;
    Json answer{
        {"id", made->id},
        {"kind", name_of(*kind)},
        {"token", made->token},
        {"expires_at", to_rfc3339(made->expires_at)},
        {"command", std::string("muster ") + (*kind == MemberKind::node ? "node" : "world") +
                        " --coordinator " + address + " --join-token " + made->token}};
    if (is_local) {
        answer["warning"] =
            "The address " + address +
            " leads here from this machine only. Set `advertise` to an address that "
            "the other machines reach, or open this page under it.";
    }
    return json_response(201, answer);
}

Result<http::Response> list_join_tokens(House& house, Call& call) {
    if (auto known = call.only({"limit", "cursor"}); !known) return std::unexpected(known.error());
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    Json items = Json::array();
    std::string last;
    std::string next;
    for (auto& token : house.enrolment.tokens()) {
        const auto id = token["id"].get<std::string>();
        if (id <= *cursor) continue;
        if (items.size() == *limit) {
            next = last;
            break;
        }
        items.push_back(std::move(token));
        last = id;
    }
    return list_response(std::move(items), next, 0);
}

Result<http::Response> delete_join_token(House& house, Call& call) {
    if (auto erased = house.enrolment.erase_token(call.id()); !erased) {
        return std::unexpected(erased.error());
    }
    return no_content();
}

}  // namespace

Dialled dialled_address(const House& house, const Call& call) {
    const std::string& advertise = house.options.advertise;
    auto host = host_of(advertise);
    auto port = std::to_string(house.grpc_port);
    if (!advertise.empty() && host != advertise && advertise.find("]:") == std::string::npos) {
        if (const auto colon = advertise.rfind(':'); colon != std::string::npos) {
            port = advertise.substr(colon + 1);
        }
    } else if (const auto end = advertise.find("]:"); end != std::string::npos) {
        port = advertise.substr(end + 2);
    }
    if (host.empty()) {
        host = host_of(std::string(call.request.headers.find("Host").value_or("")));
    }
    if (!is_host(host)) host = "127.0.0.1";
    const bool is_v6 = host.find(':') != std::string::npos;
    return {(is_v6 ? "[" + host + "]" : host) + ":" + port, is_loopback(host)};
}

void add_tokens_api(Routes& routes, House& house) {
    routes.get("/api/v1/whoami", Access::signed_in, [](Call& call) { return whoami(call); });
    routes.get("/api/v1/tokens", Access::admin,
               [&house](Call& call) { return list_tokens(house, call); });
    routes.change("POST", "/api/v1/tokens", Access::admin, "token.create",
                  [&house](Call& call) { return make_token(house, call); });
    routes.change("DELETE", "/api/v1/tokens/{id}", Access::admin, "token.delete",
                  [&house](Call& call) { return delete_token(house, call); });
    routes.get("/api/v1/join-tokens", Access::admin,
               [&house](Call& call) { return list_join_tokens(house, call); });
    routes.change("POST", "/api/v1/join-tokens", Access::admin, "join_token.create",
                  [&house](Call& call) { return make_join_token(house, call); });
    routes.change("DELETE", "/api/v1/join-tokens/{id}", Access::admin, "join_token.delete",
                  [&house](Call& call) { return delete_join_token(house, call); });
}

}  // namespace muster::coordinator
