#include "docklord_words.hpp"

#include <charconv>

#include "muster/base/time.hpp"
#include "muster/http/url.hpp"

namespace muster::faces::docklord {
namespace {

constexpr std::size_t tail_max = 10'000;
// Seconds up to the year 9999, so that no conversion can overflow.
constexpr std::int64_t since_max = 253'402'300'799;

std::int64_t seconds_of(const Json& object, const char* name) {
    const auto time = from_rfc3339(text_of(object, name));
    if (!time) return 0;
    return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
}

template <typename T>
std::optional<T> number_of(const std::string& text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

http::Response error_answer(int status, const Error& error) {
    Json body{{"error", error.message}};
    if (!error.field.empty()) body["field"] = error.field;
    return json_answer(status, body);
}

}  // namespace

Json status_of(const Json& ours) {
    const auto exit_code = ours.find("exit_code");
    return Json{{"status", text_of(ours, "phase")},
                {"created", seconds_of(ours, "created_at")},
                {"started_at", seconds_of(ours, "started_at")},
                {"finished_at", seconds_of(ours, "finished_at")},
                {"exit_code", exit_code == ours.end() ? Json(0) : *exit_code}};
}

Json container_of(const Json& ours) {
    auto out = status_of(ours);
    out["container_id"] = text_of(ours, "id");
    out["name"] = text_of(ours, "name");
    out["image"] = text_of(ours, "image");
    return out;
}

Json lines_of(const std::string& text) {
    Json out = Json::array();
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        out.push_back(std::move(line));
        at = end + 1;
    }
    return out;
}

std::string LogsQuery::text() const {
    std::string out = "tail=" + std::to_string(tail);
    if (follow) out += "&follow=true";
    if (!since.empty()) out += "&since=" + http::percent_encode(since);
    return out;
}

Result<LogsQuery> logs_query(const http::Request& request) {
    LogsQuery out;
    if (const auto text = request.query_one("tail")) {
        const auto tail = number_of<std::size_t>(*text);
        if (!tail || *tail > tail_max) {
            return fail(Errc::invalid_argument, "it must be a whole number from 0 to 10000",
                        "tail");
        }
        out.tail = *tail;
    }
    if (const auto text = request.query_one("follow")) {
        if (*text != "true" && *text != "false") {
            return fail(Errc::invalid_argument, "it must be true or false", "follow");
        }
        out.follow = *text == "true";
    }
    if (const auto text = request.query_one("since"); text && !text->empty()) {
        const auto since = number_of<std::int64_t>(*text);
        if (!since || *since < 0 || *since > since_max) {
            return fail(Errc::invalid_argument, "it must be a time in seconds since 1970", "since");
        }
        out.since = to_rfc3339(Timestamp(std::chrono::seconds(*since)));
    }
    return out;
}

http::Response answer_of(const Error& error) {
    auto response = error_answer(http_status(error.code), error);
    if (error.code == Errc::unauthenticated) {
        response.headers.set("WWW-Authenticate", "Basic realm=\"muster node\"");
    }
    if (error.code == Errc::rate_limited) response.headers.set("Retry-After", "60");
    return response;
}

http::Response answer_of(const Reply& failed) {
    auto response = error_answer(failed.status, failed.error());
    if (!failed.retry_after.empty()) response.headers.set("Retry-After", failed.retry_after);
    return response;
}

}  // namespace muster::faces::docklord
