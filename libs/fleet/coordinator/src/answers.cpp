#include <algorithm>
#include <charconv>

#include "house.hpp"
#include "race.hpp"
#include "views.hpp"

namespace muster::coordinator {

http::Response accepted(const House& house, const std::string& operation_id) {
    const auto* operation = house.fleet.state().operation(operation_id);
    Json body = operation == nullptr ? Json{{"id", operation_id}}
                                     : to_json(*operation, house.fleet.state(), house.tokens);
    auto response = json_response(202, body);
    response.headers.set("Location", "/api/v1/operations/" + operation_id);
    return response;
}

Result<const brain::Server*> visible_server(const House& house, const Call& call,
                                            const std::string& id) {
    const auto* server = house.fleet.state().server(id);
    // One that the caller may not see answers as one that is not there.
    if (server == nullptr || !call.who.sees(id)) {
        return fail(Errc::not_found, "there is no server " + id);
    }
    return server;
}

Result<std::string> chosen_node(const House& house, const std::string& named) {
    const auto& state = house.fleet.state();
    if (!named.empty()) {
        if (state.node(named) == nullptr) {
            return fail(Errc::not_found, "there is no node " + named, "node");
        }
        return named;
    }
    std::string only;
    std::size_t count = 0;
    state.each_node([&](const brain::Node& node) {
        if (node.state == brain::NodeState::revoked) return;
        only = node.id;
        ++count;
    });
    if (count == 0) return fail(Errc::unavailable, "there is no node yet", "node");
    if (count > 1) {
        return fail(Errc::invalid_argument, "there are several nodes: say which one", "node");
    }
    return only;
}

Result<void> whole_fleet(const Call& call) {
    if (!call.who.servers) return {};
    return fail(Errc::permission_denied, "this token is limited to some servers");
}

Result<std::uint32_t> history_seconds(const Call& call) {
    const auto text = call.request.query_one("seconds");
    if (!text) return 60U;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < 1 || value > 3600) {
        return fail(Errc::invalid_argument, "it must be a whole number from 1 to 3600", "seconds");
    }
    return value;
}

Json history_json(const wire::Answer& answer) {
    Json items = Json::array();
    for (const auto& sample : answer.history()) items.push_back(to_json(sample));
    return Json{{"items", std::move(items)}};
}

namespace {

Result<wire::Logs> logs_query(const Call& call) {
    if (auto known = call.only({"tail", "since", "follow"}); !known) {
        return std::unexpected(known.error());
    }
    wire::Logs out;
    out.set_tail(100);
    if (const auto tail = call.request.query_one("tail"); tail && *tail != "all") {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(tail->data(), tail->data() + tail->size(), value);
        if (error != std::errc{} || end != tail->data() + tail->size() || value < 0 ||
            value > 1'000'000) {
            return fail(Errc::invalid_argument,
                        "it must be a whole number from 0 to 1000000, or all", "tail");
        }
        out.set_tail(value);
    } else if (tail) {
        out.set_tail(-1);
    }
    if (const auto since = call.request.query_one("since"); since && !since->empty()) {
        const auto time = from_rfc3339(*since);
        if (!time) {
            return fail(Errc::invalid_argument, "it must be a time as in RFC 3339", "since");
        }
        out.set_since_ms(time->time_since_epoch().count());
        if (!call.request.query_one("tail")) out.set_tail(-1);
    }
    if (const auto follow = call.request.query_one("follow")) {
        if (*follow != "true" && *follow != "false" && !follow->empty()) {
            return fail(Errc::invalid_argument, "it must be true or false", "follow");
        }
        out.set_follow(*follow != "false");
    }
    return out;
}

using StreamPtr = std::shared_ptr<Carriers::Stream>;

asio::awaitable<Result<void>> pour(StreamPtr stream, http::BodyWriter& writer) {
    for (;;) {
        auto piece = co_await stream->read();
        if (!piece) co_return std::unexpected(piece.error());
        if (!*piece) co_return Result<void>{};
        std::string line = (*piece)->data();
        if (line.empty() || line.back() != '\n') line += '\n';
        if (auto written = co_await writer.write(std::move(line)); !written) co_return written;
    }
}

asio::awaitable<Result<void>> pour_while_open(House& house, StreamPtr stream, std::string token_id,
                                              http::BodyWriter& writer) {
    auto cut = std::make_shared<Signal>(house.executor);
    const auto live = house.live.add(token_id, [cut] { cut->set(); });
    Result<void> how = fail(Errc::cancelled, "nobody may or wants to read any more");
    co_await race(keep_result(pour(stream, writer), how), race(writer.closed(), cut->wait()));
    co_return how;
}

}  // namespace

asio::awaitable<Result<http::Answer>> answer_logs(House& house, Call& call, std::string node_id,
                                                  std::string container_id) {
    auto query = logs_query(call);
    if (!query) co_return std::unexpected(query.error());
    query->set_container_id(container_id);
    wire::OpenStream what;
    *what.mutable_logs() = *std::move(query);
    auto stream = co_await house.carriers.open(std::move(node_id), std::move(what));
    if (!stream) co_return std::unexpected(stream.error());
    http::StreamResponse response;
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Cache-Control", "no-store");
    response.body = [&house, open = *std::move(stream),
                     token_id = call.who.id](http::BodyWriter& writer) {
        return pour_while_open(house, open, token_id, writer);
    };
    co_return http::Answer(std::move(response));
}

}  // namespace muster::coordinator
