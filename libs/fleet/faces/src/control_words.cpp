#include "control_words.hpp"

#include <array>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"
#include "muster/http/url.hpp"

namespace muster::faces::control {
namespace {

constexpr std::size_t text_bytes_max = 256;

enum class Rest { query, body, none };

/// A command and what of the API it is. {id} in the path is params.id; what else params holds goes
/// into the query or the body.
struct Row {
    std::string_view command;
    std::string_view method;
    std::string_view path;
    Rest rest = Rest::none;
};

constexpr std::array rows{
    Row{"whoami", "GET", "/api/v1/whoami", Rest::none},
    Row{"nodes.list", "GET", "/api/v1/nodes", Rest::query},
    Row{"nodes.get", "GET", "/api/v1/nodes/{id}", Rest::none},
    Row{"nodes.stats", "GET", "/api/v1/nodes/{id}/stats", Rest::query},
    Row{"games.list", "GET", "/api/v1/games", Rest::query},
    Row{"games.get", "GET", "/api/v1/games/{id}", Rest::none},
    Row{"servers.list", "GET", "/api/v1/servers", Rest::query},
    Row{"servers.get", "GET", "/api/v1/servers/{id}", Rest::none},
    Row{"servers.deploy", "POST", "/api/v1/servers", Rest::body},
    Row{"servers.change", "PATCH", "/api/v1/servers/{id}", Rest::body},
    Row{"servers.remove", "DELETE", "/api/v1/servers/{id}", Rest::query},
    Row{"servers.start", "POST", "/api/v1/servers/{id}/start", Rest::none},
    Row{"servers.stop", "POST", "/api/v1/servers/{id}/stop", Rest::none},
    Row{"servers.restart", "POST", "/api/v1/servers/{id}/restart", Rest::none},
    Row{"servers.kill", "POST", "/api/v1/servers/{id}/kill", Rest::none},
    Row{"servers.pause", "POST", "/api/v1/servers/{id}/pause", Rest::none},
    Row{"servers.unpause", "POST", "/api/v1/servers/{id}/unpause", Rest::none},
    Row{"servers.update", "POST", "/api/v1/servers/{id}/update", Rest::none},
    Row{"servers.console", "POST", "/api/v1/servers/{id}/console", Rest::body},
    Row{"servers.logs", "GET", "/api/v1/servers/{id}/logs", Rest::query},
    Row{"servers.stats", "GET", "/api/v1/servers/{id}/stats", Rest::query},
    Row{"containers.list", "GET", "/api/v1/containers", Rest::query},
    Row{"containers.get", "GET", "/api/v1/containers/{id}", Rest::query},
    Row{"containers.start", "POST", "/api/v1/containers/{id}/start", Rest::query},
    Row{"containers.stop", "POST", "/api/v1/containers/{id}/stop", Rest::query},
    Row{"containers.restart", "POST", "/api/v1/containers/{id}/restart", Rest::query},
    Row{"containers.kill", "POST", "/api/v1/containers/{id}/kill", Rest::query},
    Row{"containers.remove", "DELETE", "/api/v1/containers/{id}", Rest::query},
    Row{"containers.logs", "GET", "/api/v1/containers/{id}/logs", Rest::query},
    Row{"operations.list", "GET", "/api/v1/operations", Rest::query},
    Row{"operations.get", "GET", "/api/v1/operations/{id}", Rest::none},
    Row{"operations.cancel", "DELETE", "/api/v1/operations/{id}", Rest::none},
};

/// Not of the API.
constexpr std::array<std::string_view, 4> own{"watch", "unwatch", "ping", "help"};

Result<std::string> query_of(const Json& params) {
    std::string out;
    for (const auto& [name, value] : params.items()) {
        if (name == "id" || value.is_null()) continue;
        if (value.is_structured()) {
            return fail(Errc::invalid_argument, "it must be a text, a number or a boolean",
                        "params." + to_utf8(name.substr(0, 64)));
        }
        out += out.empty() ? "?" : "&";
        out += http::percent_encode(name) + "=";
        out += http::percent_encode(value.is_string() ? value.get<std::string>() : value.dump());
    }
    return out;
}

}  // namespace

Result<void> Lines::add(std::string_view bytes) {
    if (!is_broken_) rest_ += bytes;
    // Whole lines that came before one that is too long are still good.
    const auto last = rest_.rfind('\n');
    const auto open = last == std::string::npos ? rest_.size() : rest_.size() - last - 1;
    if (open > line_bytes_max) is_broken_ = true;
    for (std::size_t at = 0; !is_broken_ && last != std::string::npos && at <= last;) {
        const auto end = rest_.find('\n', at);
        if (end - at > line_bytes_max) is_broken_ = true;
        at = end + 1;
    }
    if (!is_broken_) return {};
    return fail(Errc::too_large, "a line has at most " + std::to_string(line_bytes_max) + " bytes");
}

std::optional<std::string> Lines::next() {
    if (is_broken_) return std::nullopt;
    const auto end = rest_.find('\n', searched_);
    if (end == std::string::npos) {
        searched_ = rest_.size();
        return std::nullopt;
    }
    std::string line = rest_.substr(0, end);
    rest_.erase(0, end + 1);
    searched_ = 0;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

Result<Message> parse(std::string_view line) {
    auto object = parse_object(line);
    if (!object) return std::unexpected(object.error());
    Message out;
    for (auto& [name, value] : object->items()) {
        if (name == "id") {
            if (!value.is_string() && !value.is_number() && !value.is_null()) {
                return fail(Errc::invalid_argument, "it must be a text or a number", "id");
            }
            if (value.is_string() && value.get_ref<const std::string&>().size() > text_bytes_max) {
                return fail(Errc::invalid_argument, "it has at most 256 bytes", "id");
            }
            out.id = value;
        } else if (name == "command" || name == "token") {
            if (!value.is_string()) {
                return fail(Errc::invalid_argument, "it must be a text", name);
            }
            (name == "token" ? out.token : out.command) = value.get<std::string>();
        } else if (name == "params") {
            if (!value.is_object()) {
                return fail(Errc::invalid_argument, "it must be an object", "params");
            }
            out.params = std::move(value);
        } else {
            const std::vector<std::string> known{"id", "command", "params", "token"};
            return fail(Errc::invalid_argument,
                        "there is no such member; " + suggestion(name, known),
                        to_utf8(name.substr(0, 64)));
        }
    }
    if (out.token.empty() && out.command.empty()) {
        return fail(Errc::invalid_argument,
                    "a line is a command, as in {\"id\":1,\"command\":\"servers.list\"}",
                    "command");
    }
    return out;
}

Result<Call> call_of(const Message& message) {
    for (const Row& row : rows) {
        if (row.command != message.command) continue;
        Call out;
        out.method = row.method;
        out.target = row.path;
        out.is_logs = row.path.ends_with("/logs");
        if (const auto hole = out.target.find("{id}"); hole != std::string::npos) {
            const auto id = text_of(message.params, "id");
            if (id.empty()) {
                return fail(Errc::invalid_argument, "it is required, and must be a text",
                            "params.id");
            }
            out.target.replace(hole, 4, http::percent_encode(id));
        } else if (message.params.contains("id") && row.rest != Rest::body) {
            return fail(Errc::invalid_argument, "this command takes none", "params.id");
        }
        if (row.rest == Rest::query) {
            auto query = query_of(message.params);
            if (!query) return std::unexpected(query.error());
            out.target += *query;
        } else if (row.rest == Rest::body) {
            out.body = message.params;
            if (row.path.find("{id}") != std::string_view::npos) out.body.erase("id");
        }
        return out;
    }
    return fail(Errc::not_found,
                "there is no such command; " + suggestion(message.command, commands()), "command");
}

std::vector<std::string> commands() {
    std::vector<std::string> out(own.begin(), own.end());
    for (const Row& row : rows) out.emplace_back(row.command);
    return out;
}

Json reply(const Json& id, int status, Json result) {
    return Json{{"type", "reply"},
                {"id", id},
                {"ok", true},
                {"status", status},
                {"result", std::move(result)}};
}

Json refusal(const Json& id, int status, const Error& error) {
    Json why{{"code", name_of(error.code)}, {"message", error.message}};
    if (!error.field.empty()) why["field"] = error.field;
    return Json{{"type", "reply"},
                {"id", id},
                {"ok", false},
                {"status", status},
                {"error", std::move(why)}};
}

}  // namespace muster::faces::control
