#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api.hpp"

/// The lines of the control socket (docs/control-socket.md). Pure.
namespace muster::faces::control {

inline constexpr std::size_t line_bytes_max = 64U << 10U;

/// Takes bytes as they come and gives lines, without "\n" or "\r\n". One that is longer than
/// line_bytes_max is an error (`too_large`), after which nothing more can be read.
class Lines {
  public:
    [[nodiscard]] Result<void> add(std::string_view bytes);
    [[nodiscard]] std::optional<std::string> next();

  private:
    std::string rest_;
    std::size_t searched_ = 0;
    bool is_broken_ = false;
};

/// One line from the other side.
struct Message {
    Json id = nullptr;  ///< as it was given: a text or a number
    std::string token;  ///< of a line that signs in
    std::string command;
    Json params = Json::object();
};
/// `invalid_argument` says what is wrong, and names the field.
[[nodiscard]] Result<Message> parse(std::string_view line);

/// What a command asks of the API.
struct Call {
    std::string method;
    std::string target;
    Json body = nullptr;
    bool is_logs = false;  ///< the answer is text, not JSON
};
/// `not_found` names the nearest command there is. `watch`, `unwatch`, `ping` and `help` are not of
/// the API and not known here.
[[nodiscard]] Result<Call> call_of(const Message& message);
/// All commands, in the order of the documentation.
[[nodiscard]] std::vector<std::string> commands();

/// {"type": "reply", "id", "ok": true, "status", "result"}
[[nodiscard]] Json reply(const Json& id, int status, Json result);
/// {"type": "reply", "id", "ok": false, "status", "error": {"code", "message", "field"}}
[[nodiscard]] Json refusal(const Json& id, int status, const Error& error);

}  // namespace muster::faces::control
