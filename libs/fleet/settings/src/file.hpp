#pragma once

#include <map>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

namespace muster::settings {

struct FileValue {
    std::string text;
    std::size_t line = 0;
    bool is_table = false;
};

/// The keys of a TOML file by dotted name, as text with their line. Lists and tables of plain
/// values have an entry of their own too, with commas between ("a,b", "k=v,l=w").
[[nodiscard]] Result<std::map<std::string, FileValue>> read_file_values(
    std::string_view toml, const std::string& file_name);

}  // namespace muster::settings
