#include "house.hpp"
#include "muster/base/encoding.hpp"
#include "recipe.hpp"
#include "sockets.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t arguments_max = 256;

Result<std::string> node_of(const brain::Server& server) {
    if (!server.node_id.empty()) return server.node_id;
    return fail(Errc::conflict, "the server waits for a node and has nothing to show yet");
}

asio::awaitable<Result<http::Answer>> logs(House& house, Call& call) {
    const auto server = visible_server(house, call, call.id());
    if (!server) co_return std::unexpected(server.error());
    auto node_id = node_of(**server);
    if (!node_id) co_return std::unexpected(node_id.error());
    co_return co_await answer_logs(house, call, *std::move(node_id), call.id());
}

asio::awaitable<Result<http::Answer>> stats(House& house, Call& call) {
    if (auto known = call.only({"seconds"}); !known) co_return std::unexpected(known.error());
    const auto seconds = history_seconds(call);
    if (!seconds) co_return std::unexpected(seconds.error());
    const auto server = visible_server(house, call, call.id());
    if (!server) co_return std::unexpected(server.error());
    auto node_id = node_of(**server);
    if (!node_id) co_return std::unexpected(node_id.error());
    wire::Query query;
    query.mutable_history()->set_server_id(call.id());
    query.mutable_history()->set_seconds(*seconds);
    auto answer = co_await house.links.ask(*std::move(node_id), std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    co_return http::Answer(json_response(200, history_json(*answer)));
}

std::string masked_line(const House& house, const brain::Server& server, const std::string& line) {
    const auto recipe = Recipe::parse(server.spec.details);
    if (!recipe) return "********";
    return mask_secrets(*recipe, house.catalogue.pinned(recipe->digest).get(), line);
}

asio::awaitable<Result<http::Answer>> type_line(House& house, Call& call) {
    const auto server = visible_server(house, call, call.id());
    if (!server) co_return std::unexpected(server.error());
    const auto body = parse_object(call.request.body);
    if (!body) co_return std::unexpected(body.error());
    Reader reader(*body);
    const auto line = reader.required_text("line", line_bytes_max);
    if (line.find_first_of("\r\n") != std::string::npos) {
        reader.refuse("line", "it must be one line");
    }
    if (auto done = reader.done(); !done) co_return std::unexpected(done.error());
    auto node_id = node_of(**server);
    if (!node_id) co_return std::unexpected(node_id.error());
    call.audit_detail = Json{{"line", masked_line(house, **server, line)}};
    wire::Query query;
    query.mutable_type_console()->set_server_id(call.id());
    query.mutable_type_console()->set_line(line);
    auto answer = co_await house.links.ask(*std::move(node_id), std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    co_return http::Answer(no_content());
}

/// Puts each line that is typed into the audit log, secrets masked. A line that never ends is noted
/// in parts.
std::function<void(const std::string&)> note_lines(House& house, std::string token_id,
                                                   std::string server_id) {
    auto line = std::make_shared<std::string>();
    return [&house, token_id = std::move(token_id), server_id = std::move(server_id),
            line](const std::string& bytes) {
        for (const char c : bytes) {
            const bool ends = c == '\n' || c == '\r';
            if (!ends) *line += c;
            if (line->empty() || (!ends && line->size() < line_bytes_max / 2)) continue;
            const auto* server = house.fleet.state().server(server_id);
            const auto shown = server == nullptr ? "" : masked_line(house, *server, *line);
            house.audit.note(token_id, "server.type", server_id, Json{{"line", to_utf8(shown)}});
            line->clear();
        }
    };
}

asio::awaitable<void> console(House& house, Principal who, http::Request request,
                              std::shared_ptr<http::WebSocket> socket) {
    const std::string id = request.path_parameters["id"];
    const auto* server = house.fleet.state().server(id);
    if (server == nullptr || !who.sees(id)) {
        socket->close(1008, "there is no such server");
        co_return;
    }
    auto node_id = node_of(*server);
    if (!node_id) {
        close_with(*socket, node_id.error());
        co_return;
    }
    Terminal terminal;
    terminal.socket = std::move(socket);
    terminal.may_type = permits(who.role, Access::operate);
    if (terminal.may_type) terminal.typed = note_lines(house, who.id, id);
    terminal.who = std::move(who);
    wire::OpenStream what;
    what.mutable_console()->set_server_id(id);
    co_await join(house, std::move(terminal), *std::move(node_id), std::move(what));
}

asio::awaitable<void> exec(House& house, Principal who, http::Request request,
                           std::shared_ptr<http::WebSocket> socket) {
    const std::string id = request.path_parameters["id"];
    const auto* server = house.fleet.state().server(id);
    if (server == nullptr || !who.sees(id)) {
        socket->close(1008, "there is no such server");
        co_return;
    }
    auto node_id = node_of(*server);
    if (!node_id) {
        close_with(*socket, node_id.error());
        co_return;
    }
    wire::OpenStream what;
    auto& spec = *what.mutable_exec();
    spec.set_container_id(id);
    Json command = Json::array();
    const auto [first, last] = request.query.equal_range("command");
    for (auto at = first; at != last; ++at) {
        spec.add_command(at->second);
        command.push_back(masked_line(house, *server, at->second));
    }
    if (command.empty() || command.size() > arguments_max) {
        socket->close(1008, "say which command to run: ?command=sh&command=-c&command=...");
        co_return;
    }
    spec.set_tty(request.query_one("tty").value_or("false") == "true");
    spec.set_user(request.query_one("user").value_or(""));
    spec.set_working_folder(request.query_one("working_folder").value_or(""));
    house.audit.note(who.id, "server.exec", id, Json{{"command", std::move(command)}});
    // What an admin runs is on record before it runs.
    if (auto settled = co_await house.ledger.settled(); !settled) {
        close_with(*socket, settled.error());
        co_return;
    }
    Terminal terminal;
    terminal.socket = std::move(socket);
    terminal.may_type = true;
    terminal.is_exec = true;
    terminal.who = std::move(who);
    co_await join(house, std::move(terminal), *std::move(node_id), std::move(what));
}

}  // namespace

void add_server_streams_api(Routes& routes, House& house) {
    const std::string one = "/api/v1/servers/{id}";
    routes.get_later(one + "/logs", Access::view,
                     [&house](Call& call) { return logs(house, call); });
    routes.get_later(one + "/stats", Access::view,
                     [&house](Call& call) { return stats(house, call); });
    routes.change_later("POST", one + "/console", Access::operate, "server.type",
                        [&house](Call& call) { return type_line(house, call); });
    routes.websocket(
        one + "/console", Access::view,
        [&house](Principal who, http::Request request, std::shared_ptr<http::WebSocket> socket) {
            return console(house, std::move(who), std::move(request), std::move(socket));
        });
    routes.websocket(
        one + "/exec", Access::admin,
        [&house](Principal who, http::Request request, std::shared_ptr<http::WebSocket> socket) {
            return exec(house, std::move(who), std::move(request), std::move(socket));
        });
}

}  // namespace muster::coordinator
