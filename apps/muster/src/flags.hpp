#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/settings/settings.hpp"

namespace muster {

/// The words after a role's name, as settings::load takes them: "--flag value", "--flag=value", a
/// boolean "--flag". Which flags there are is the settings' to judge; a word that is no flag is an
/// error.
[[nodiscard]] Result<std::map<std::string, std::string>> read_flags(
    const std::vector<std::string>& words);

/// The help of a role, made from the table of settings.
[[nodiscard]] std::string help_of(settings::Role role, std::string_view name);

}  // namespace muster
