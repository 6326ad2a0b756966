#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/settings/settings.hpp"

/// What the values of serving and of worlds must be beyond their type. The errors of the first
/// three are the end of a sentence that begins with the setting's name, and hold no secret.
namespace muster::settings {

/// Of a text, by the setting's name: origins, lists of ICE servers, a shared store.
[[nodiscard]] std::expected<void, std::string> check_words(std::string_view name,
                                                           std::string_view text);
/// Of a list: addresses, URLs of ICE servers, modes.
[[nodiscard]] std::expected<void, std::string> check_items(std::string_view name,
                                                           std::span<const std::string> items);
/// Of an address that is listened on: a name is resolved nowhere.
[[nodiscard]] std::expected<void, std::string> check_host(std::string_view name,
                                                          const std::string& host);
/// Settings of worlds that contradict each other.
[[nodiscard]] Result<void> check_world_together(const Settings& settings);

}  // namespace muster::settings
