#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::coordinator {

using Json = nlohmann::json;

/// Deeper bodies than this are refused before they are parsed.
inline constexpr std::size_t json_depth_max = 32;

/// A JSON object from outside. The error says where it goes wrong; `allow_empty` reads an empty
/// body as {}.
[[nodiscard]] Result<Json> parse_object(std::string_view text, bool allow_empty = false);

/// Text of our own making: anything that is no UTF-8 in it is replaced rather than thrown over.
[[nodiscard]] std::string to_text(const Json& value);

/// What a store holds was written by us; a record that cannot be read is a fault that names it.
[[nodiscard]] Result<Json> parse_record(std::string_view kind, std::string_view id,
                                        std::string_view body);

/// RFC 7396. `target` is changed in place.
void merge_patch(Json& target, const Json& patch);

/// Reads named members of an object, remembers the first mistake (with its dotted path as the
/// field) and, at done(), refuses members that nobody asked for and names the nearest known one.
class Reader {
  public:
    /// Borrows `object` until done().
    explicit Reader(const Json& object, std::string prefix = {});

    std::optional<std::string> text(std::string_view name, std::size_t length_max);
    std::string required_text(std::string_view name, std::size_t length_max);
    std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
    std::optional<double> real(std::string_view name, double min, double max);
    std::optional<bool> boolean(std::string_view name);
    /// An object of texts; numbers and booleans are taken as their text, so that a form and a
    /// script may both speak. null values are refused here.
    std::optional<std::map<std::string, std::string>> texts(std::string_view name,
                                                            std::size_t count_max,
                                                            std::size_t length_max);
    std::optional<std::vector<std::string>> list(std::string_view name, std::size_t count_max,
                                                 std::size_t length_max);
    /// The member itself, or null when it is absent or null.
    const Json* any(std::string_view name);
    void refuse(std::string_view name, std::string message);
    [[nodiscard]] Result<void> done() const;
    [[nodiscard]] bool failed() const { return error_.has_value(); }

  private:
    const Json* member(std::string_view name);
    [[nodiscard]] std::string path(std::string_view name) const;

    const Json& object_;
    std::string prefix_;
    std::vector<std::string> known_;
    std::optional<Error> error_;
};

/// null when there is no time.
[[nodiscard]] Json time_or_null(const std::optional<Timestamp>& time);

}  // namespace muster::coordinator
