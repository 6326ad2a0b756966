#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api.hpp"

/// Docklord's words for what the API says. Pure.
namespace muster::faces::docklord {

/// {container_id, name, image, status, created, started_at, finished_at, exit_code}; times are unix
/// seconds, 0 when they are not yet. Docklord had the name as container_id, which two containers of
/// a day could share; here it is the id, and either is taken in a path.
[[nodiscard]] Json container_of(const Json& ours);
/// {status, created, started_at, finished_at, exit_code}
[[nodiscard]] Json status_of(const Json& ours);
/// The lines of a text, without their ends.
[[nodiscard]] Json lines_of(const std::string& text);

/// What a request for logs asks for, as the API's query without its "?".
struct LogsQuery {
    std::size_t tail = 100;  ///< at most 10'000
    bool follow = false;     ///< waits until there are `tail` lines, for a while
    std::string since;       ///< RFC 3339, or empty
    [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<LogsQuery> logs_query(const http::Request& request);

/// Docklord had two shapes of errors; this is the one that it documents, with the field beside it.
[[nodiscard]] http::Response answer_of(const Error& error);
[[nodiscard]] http::Response answer_of(const Reply& failed);

}  // namespace muster::faces::docklord
