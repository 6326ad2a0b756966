#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::cli {

/// Columns of text under a heading; widths count characters, not bytes.
class Table {
  public:
    explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::string> heading_;
    std::vector<std::vector<std::string>> rows_;
};

[[nodiscard]] std::string bytes_in_words(std::int64_t bytes);        ///< "1.5 GiB"
[[nodiscard]] std::string duration_in_words(milliseconds duration);  ///< "1 h 56 min"
[[nodiscard]] std::string age_in_words(const nlohmann::json& time,
                                       Timestamp now);  ///< of RFC 3339, or "-"
/// A progress bar of 20 places: "[#####     ] 25 %"; a word alone when the fraction is not known.
[[nodiscard]] std::string bar(const nlohmann::json& fraction);
/// "2G", "512 MiB", "1073741824" -> bytes. Binary units.
[[nodiscard]] Result<std::int64_t> bytes_from_words(std::string_view text);
/// "90", "90s", "5m", "2h", "7d" -> seconds.
[[nodiscard]] Result<std::int64_t> seconds_from_words(std::string_view text);
/// A value as text for a table; "-" for what is not there.
[[nodiscard]] std::string cell(const nlohmann::json& object, std::string_view key);
/// "NAME=value" words into an object; the error's field is `field`.
[[nodiscard]] Result<nlohmann::json> assignments(const std::vector<std::string>& words,
                                                 std::string_view field);
/// Whose token it was: `by_name`, or the id once that token is deleted.
[[nodiscard]] std::string who_in_words(const nlohmann::json& object);
/// {"a":"b"} -> "a=b, c=d"
[[nodiscard]] std::string pairs_in_words(const nlohmann::json& object);
/// "2456/udp -> 30001, ..."
[[nodiscard]] std::string ports_in_words(const nlohmann::json& ports);

}  // namespace muster::cli
