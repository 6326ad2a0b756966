#include "peon_words.hpp"

#include <algorithm>
#include <charconv>

#include "muster/base/text.hpp"
#include "muster/games/settings_files.hpp"

namespace muster::faces::peon {
namespace {

constexpr std::int64_t year_seconds = 366 * 86'400;

std::unexpected<Error> wrong(std::string field, std::string message) {
    return fail(Errc::unprocessable, std::move(message), std::move(field));
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> seconds_of_unit(char unit) {
    switch (unit) {
        case 'd':
            return 86'400;
        case 'h':
            return 3'600;
        case 'm':
            return 60;
        case 's':
            return 1;
        default:
            return std::nullopt;
    }
}

Result<Timestamp> interval_from(const Json& value, Timestamp now) {
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    const auto unit = text.size() < 2 ? std::nullopt : seconds_of_unit(text.back());
    const auto count =
        unit ? number_of(std::string_view(text).substr(0, text.size() - 1)) : std::nullopt;
    if (!count || *count < 1) {
        return wrong("interval", "it must be a number and d, h, m or s, as in 10m");
    }
    if (*count > year_seconds / *unit) return wrong("interval", "it must be within a year");
    return now + std::chrono::seconds(*count * *unit);
}

Result<Timestamp> epoch_from(const Json& value, Timestamp now) {
    std::optional<std::int64_t> seconds;
    if (value.is_string()) seconds = number_of(value.get<std::string>());
    // A large unsigned number would turn negative.
    if (value.is_number_unsigned() && value.get<std::uint64_t>() <= 9'999'999'999) {
        seconds = value.get<std::int64_t>();
    } else if (value.is_number_integer() && !value.is_number_unsigned()) {
        seconds = value.get<std::int64_t>();
    }
    if (!seconds || *seconds < 1'000'000'000 || *seconds > 9'999'999'999) {
        return wrong("epoch_time", "it must be seconds since 1970 in ten digits");
    }
    const Timestamp out{std::chrono::seconds(*seconds)};
    if (out <= now) return wrong("epoch_time", "it is in the past");
    if (out > now + std::chrono::seconds(year_seconds)) {
        return wrong("epoch_time", "it must be within a year");
    }
    return out;
}

/// Docker's words.
std::string container_state(const std::string& state) {
    if (state == "waiting" || state == "creating" || state == "installing") return "created";
    if (state == "stopped" || state == "crashed") return "exited";
    if (state == "paused" || state == "unknown" || state == "removing") return state;
    return "running";
}

/// The words of PEON's own containers.
std::string server_state(const std::string& state) {
    if (state == "waiting" || state == "creating") return "INITIALIZING";
    if (state == "installing" || state == "starting") return "INIT GAME SERVER";
    if (state == "ready") return "STARTED";
    if (state == "stopped" || state == "removing") return "OFFLINE";
    if (state == "crashed" || state == "unhealthy") return "ERROR";
    std::string out = state;
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return out;
}

Result<std::string> required_text(const Json& body, const char* name) {
    const auto found = body.find(name);
    if (found == body.end()) return wrong(name, "it is required");
    if (!found->is_string()) return wrong(name, "it must be a text");
    return found->get<std::string>();
}

http::Response error_answer(int status, const Error& error) {
    Json body{{"error", error.message}};
    if (!error.field.empty()) body["field"] = error.field;
    return json_answer(status, body);
}

}  // namespace

Result<Uid> parse_uid(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) {
        return fail(Errc::not_found,
                    "there is no such server; a uid is the game and the server's name with a dot "
                    "between them",
                    "server_uid");
    }
    return Uid{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

Result<Json> parse_body(std::string_view text) {
    if (trim(text).empty()) return Json::object();
    return parse_object(text);
}

Result<std::optional<Timestamp>> time_in(const Json& body, Timestamp now) {
    const auto interval = body.find("interval");
    const auto epoch = body.find("epoch_time");
    const bool has_interval = interval != body.end() && !interval->is_null();
    const bool has_epoch = epoch != body.end() && !epoch->is_null();
    if (has_interval && has_epoch) return wrong("interval", "give it or epoch_time, not both");
    if (!has_interval && !has_epoch) return std::optional<Timestamp>();
    auto out = has_interval ? interval_from(*interval, now) : epoch_from(*epoch, now);
    if (!out) return std::unexpected(out.error());
    return std::optional<Timestamp>(*out);
}

Result<bool> eradicate_in(const Json& body) {
    const auto found = body.find("eradicate");
    if (found == body.end() || found->is_null()) return false;
    if (found->is_boolean()) return found->get<bool>();
    const auto word = found->is_string() ? to_lower(found->get<std::string>()) : std::string();
    if (word == "true") return true;
    if (word == "false") return false;
    return wrong("eradicate", "it must be \"True\" or \"False\"");
}

Result<NewServer> new_server(const Json& body) {
    NewServer out;
    std::string missing;
    for (const char* name : {"game_uid", "servername", "description", "settings"}) {
        if (body.contains(name)) continue;
        missing += (missing.empty() ? "" : ", ") + std::string(name);
    }
    if (!missing.empty()) {
        return wrong(missing.substr(0, missing.find(',')), "these are required: " + missing);
    }
    auto game = required_text(body, "game_uid");
    if (!game) return std::unexpected(game.error());
    auto name = required_text(body, "servername");
    if (!name) return std::unexpected(name.error());
    auto description = required_text(body, "description");
    if (!description) return std::unexpected(description.error());
    if (trim(*name).empty()) return wrong("servername", "it must not be empty");
    auto settings = games::settings_from_json(body["settings"]);
    if (!settings) return wrong(settings.error().field, settings.error().message);
    bool start = true;
    if (const auto later = body.find("start_later"); later != body.end()) {
        if (!later->is_boolean()) return wrong("start_later", "it must be true or false");
        start = !later->get<bool>();
    }
    out.game_uid = *game;
    out.body = Json{{"game", *std::move(game)},
                    {"name", std::string(trim(*name))},
                    {"description", *std::move(description)},
                    {"start", start},
                    {"settings", games::to_json(*settings, false)}};
    return out;
}

Result<void> split_settings(Json& deploy, const std::set<std::string>& variables) {
    auto settings = games::settings_from_json(deploy["settings"]);
    if (!settings) return wrong(settings.error().field, settings.error().message);
    Json values = Json::object();
    std::vector<games::Setting> kept;
    for (auto& setting : *settings) {
        if (setting.type != games::SettingType::env) {
            kept.push_back(std::move(setting));
            continue;
        }
        for (auto at = setting.environment.begin(); at != setting.environment.end();) {
            if (!variables.contains(at->first)) {
                ++at;
                continue;
            }
            values[at->first] = at->second;
            at = setting.environment.erase(at);
        }
        if (!setting.environment.empty()) kept.push_back(std::move(setting));
    }
    deploy["variables"] = std::move(values);
    deploy["settings"] = games::to_json(kept, false);
    return {};
}

Json server_of(const Json& ours, std::optional<Timestamp> stops_at) {
    const auto state = text_of(ours, "state");
    Json config = Json::object();
    if (const auto found = ours.find("variables"); found != ours.end() && found->is_object()) {
        config = *found;
    }
    const auto address = text_of(ours, "address");
    if (const auto colon = address.rfind(':'); colon != std::string::npos) {
        config["ip"] = address.substr(0, colon);
        config["port"] = address.substr(colon + 1);
    }
    Json time = nullptr;
    if (stops_at) {
        time =
            std::chrono::duration_cast<std::chrono::seconds>(stops_at->time_since_epoch()).count();
    }
    return Json{{"game_uid", text_of(ours, "game")},
                {"servername", text_of(ours, "name")},
                {"container_state", container_state(state)},
                {"server_state", server_state(state)},
                {"server_config", std::move(config)},
                {"description", text_of(ours, "description")},
                {"time", std::move(time)}};
}

Json plan_of(const Json& game) {
    return Json{{"game_uid", text_of(game, "id")},
                {"title", text_of(game, "name")},
                {"logo", ""},
                {"source", text_of(game, "image")}};
}

http::Response answer_of(const Error& error) {
    const int status = error.code == Errc::unprocessable ? 422 : http_status(error.code);
    return error_answer(status, error);
}

http::Response answer_of(const Reply& failed) {
    auto error = failed.error();
    if (failed.status == 401) error = Error{Errc::unauthenticated, "Not authorized", "X-Api-Key"};
    auto response = error_answer(failed.status == 400 ? 422 : failed.status, error);
    if (!failed.retry_after.empty()) response.headers.set("Retry-After", failed.retry_after);
    return response;
}

}  // namespace muster::faces::peon
