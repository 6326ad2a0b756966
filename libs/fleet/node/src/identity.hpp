#pragma once

#include <filesystem>
#include <string>

#include "muster/base/error.hpp"

namespace muster::node {

/// Docklord's way in: a password made here and kept 0600; only its argon2id hash leaves the node.
struct NodePassword {
    std::string password;
    std::string hash;
};
/// In the folder of the node's membership.
[[nodiscard]] Result<NodePassword> load_or_make_password(const std::filesystem::path& folder);

}  // namespace muster::node
