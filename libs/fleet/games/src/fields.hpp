#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

namespace muster::games {

/// The first thing that was wrong; what comes after it is not told.
class Problem {
  public:
    void say(std::string field, std::string message);
    [[nodiscard]] bool any() const { return error_.has_value(); }
    [[nodiscard]] const Error& error() const { return *error_; }

  private:
    std::optional<Error> error_;
};

struct Range {
    double min = 0;
    double max = 0;
};

/// Reads the keys of one JSON object. Each getter notes its key as known and says to `problem` what
/// is wrong with the value; close() then refuses keys that no getter asked for.
class Fields {
  public:
    Fields(const nlohmann::json& object, std::string path, Problem& problem);

    [[nodiscard]] std::string text(std::string_view key, std::size_t bytes_max,
                                   std::string fallback = {});
    [[nodiscard]] bool boolean(std::string_view key, bool fallback);
    [[nodiscard]] std::int64_t integer(std::string_view key, Range allowed, std::int64_t fallback);
    [[nodiscard]] std::optional<double> number(std::string_view key);
    [[nodiscard]] std::vector<std::string> texts(std::string_view key, std::size_t count_max,
                                                 std::size_t bytes_max);
    /// A text, number or boolean, as text.
    [[nodiscard]] std::optional<std::string> scalar(std::string_view key, std::size_t bytes_max);
    /// An array of objects, or nullptr.
    [[nodiscard]] const nlohmann::json* array(std::string_view key, std::size_t count_max);
    [[nodiscard]] const nlohmann::json* object(std::string_view key);
    /// The value as it is, or nullptr.
    [[nodiscard]] const nlohmann::json* any(std::string_view key);
    [[nodiscard]] bool has(std::string_view key) const;

    [[nodiscard]] std::string path(std::string_view key) const;
    void say(std::string_view key, std::string message);
    void close();

  private:
    const nlohmann::json& object_;
    std::string path_;
    Problem& problem_;
    std::vector<std::string> known_;
};

/// The JSON of a TOML document. Dates and numbers that are not finite have no place in it.
[[nodiscard]] Result<nlohmann::json> json_of_toml(std::string_view toml);

/// A text, number or boolean as text; nullopt for what is none.
[[nodiscard]] std::optional<std::string> scalar_text(const nlohmann::json& value);

/// [A-Za-z_][A-Za-z0-9_]*, at most 128 bytes: what can be the name of an environment variable.
[[nodiscard]] bool is_environment_name(std::string_view name);
/// A path that stays inside its folder: relative, no empty, "." or ".." part, no control character.
[[nodiscard]] bool is_inside_path(std::string_view path);

}  // namespace muster::games
