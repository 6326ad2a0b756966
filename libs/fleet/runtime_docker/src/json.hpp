#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

/// Reading the engine's JSON without exceptions: what is absent, null or of another type reads as
/// empty or zero, as the Engine itself leaves such fields out at will.
namespace muster::runtime_docker {

using Json = nlohmann::json;

[[nodiscard]] Result<Json> parse_json(std::string_view text);
/// The value at a path of keys; null when any of them is not there.
[[nodiscard]] const Json& at(const Json& object, std::initializer_list<std::string_view> path);
[[nodiscard]] std::string text_at(const Json& object, std::initializer_list<std::string_view> path);
/// Cut to what an int64 holds.
[[nodiscard]] std::int64_t number_at(const Json& object,
                                     std::initializer_list<std::string_view> path);
[[nodiscard]] bool flag_at(const Json& object, std::initializer_list<std::string_view> path);
[[nodiscard]] std::map<std::string, std::string> texts_at(
    const Json& object, std::initializer_list<std::string_view> path);
/// As one line for a request's body; bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string dump(const Json& json);

}  // namespace muster::runtime_docker
