#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api.hpp"
#include "muster/base/time.hpp"

/// PEON's words for what the API says, and the other way round. Pure.
namespace muster::faces::peon {

/// "valheim.friday": the game, and the server's name, which may hold dots itself.
struct Uid {
    std::string game;
    std::string name;
    [[nodiscard]] std::string text() const { return game + "." + name; }
};
[[nodiscard]] Result<Uid> parse_uid(std::string_view text);

/// A body of PEON's: an object, or nothing at all. `invalid_argument` when it is no JSON.
[[nodiscard]] Result<Json> parse_body(std::string_view text);

/// {"interval": "10m"} (days, hours, minutes or seconds) or {"epoch_time": "1700000000"}; nothing
/// when neither is there. `unprocessable`, with the field, when it is neither or in the past.
/// Nothing is later than a year.
[[nodiscard]] Result<std::optional<Timestamp>> time_in(const Json& body, Timestamp now);

/// {"eradicate": "True"}, or true.
[[nodiscard]] Result<bool> eradicate_in(const Json& body);

/// A POST to servers, as what the API deploys. `variables`: the names of the game's variables,
/// which PEON's env settings carry too. `unprocessable` names the field.
struct NewServer {
    std::string game_uid;
    Json body;  ///< of the API; settings as PEON sent them
};
[[nodiscard]] Result<NewServer> new_server(const Json& body);
/// Moves what the env settings say of the game's variables into `variables`.
[[nodiscard]] Result<void> split_settings(Json& deploy, const std::set<std::string>& variables);

/// {game_uid, servername, container_state, server_state, server_config, description, time}
[[nodiscard]] Json server_of(const Json& ours, std::optional<Timestamp> stops_at);
/// {game_uid, title, logo, source}
[[nodiscard]] Json plan_of(const Json& game);

/// {"error": "...", "field": "..."}
[[nodiscard]] http::Response answer_of(const Error& error);
/// What the API refused. Its 400 of a body that is JSON is PEON's 422.
[[nodiscard]] http::Response answer_of(const Reply& failed);

}  // namespace muster::faces::peon
