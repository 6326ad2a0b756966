#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "muster/host/routes.hpp"

/// What signalling says in JSON. Pure: nothing here knows HTTP.
namespace muster::host {

using Json = nlohmann::json;

/// {"sdp","name"?,"team"?,"resume"?}; `invalid_argument` names the field.
[[nodiscard]] Result<JoinRequest> read_join(std::string_view body);
/// {"ticket"}
[[nodiscard]] Result<std::string> read_leave(std::string_view body);
/// {"sdp":{"type":"offer","sdp"},"name"?,"team"?,"resume"?,"world"?}: a join. Or {"ice":...}:
/// nothing to do for a lite agent.
struct IceMessage {};
[[nodiscard]] Result<std::variant<JoinRequest, IceMessage>> read_socket_message(
    std::string_view text);

/// The RTCIceServer objects that a page is given at this time.
[[nodiscard]] Json ice_servers(const IceServers& servers,
                               std::chrono::system_clock::time_point now);
/// base64(HMAC-SHA1(secret, username)): coturn's use-auth-secret
/// (draft-uberti-behave-turn-rest-00).
[[nodiscard]] std::string turn_password(std::string_view secret, std::string_view username);
/// The candidates of an answer, as a browser trickles them.
[[nodiscard]] std::vector<Json> ice_messages(std::string_view answer_sdp);

/// What a list of worlds says of one.
[[nodiscard]] Json summary_of(const WorldStatistics& world);
[[nodiscard]] Json to_json(const WorldStatistics& world);
[[nodiscard]] Json to_json(const Statistics& statistics);
[[nodiscard]] Json to_json(const Witness& witness);

}  // namespace muster::host
