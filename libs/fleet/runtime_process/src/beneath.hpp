#pragma once

#include <fcntl.h>

#include <string>

#include "unique_fd.hpp"

/// Opening files below a folder whose content somebody else writes: no symbolic link, no ".." and
/// no mount of /proc leads out (openat2, Linux 5.6).
namespace muster::runtime_process {

/// `path` is relative; empty or "." is the folder itself. Links in it may be followed as long as
/// they stay beneath. `not_found`, or `permission_denied` when it leads out.
[[nodiscard]] Result<UniqueFd> open_beneath(int folder, const std::string& path, int flags,
                                            mode_t mode = 0);
/// As above, but no link at all is followed.
[[nodiscard]] Result<UniqueFd> open_plain(int folder, const std::string& path, int flags,
                                          mode_t mode = 0);
/// Opens the folder, making what is missing of it, without following links.
[[nodiscard]] Result<UniqueFd> make_beneath(int folder, const std::string& path, mode_t mode,
                                            uid_t uid, gid_t gid);
/// Links are resolved as they would be for a process whose root this folder is.
[[nodiscard]] Result<UniqueFd> open_in_root(int root, const std::string& path, int flags);

/// Gives all that lies below the folder to this user. Links themselves change, not their targets.
[[nodiscard]] Result<void> give_to(int folder, uid_t uid, gid_t gid);

}  // namespace muster::runtime_process
