#pragma once

#include <map>
#include <string>
#include <string_view>

/// The least of tar (POSIX ustar) that tests of archives need: regular files with short names.
namespace muster::runtime {

[[nodiscard]] std::string write_tar(const std::map<std::string, std::string>& files);
/// Name -> content of the regular files; what cannot be read ends it.
[[nodiscard]] std::map<std::string, std::string> read_tar(std::string_view bytes);

}  // namespace muster::runtime
