#pragma once

#include "store.hpp"

namespace muster::runtime_process {

/// Makes this process's root, in a mount namespace of its own, what the instance sees: the image
/// read-only, its data and its own folders writable, /proc and a small /dev of its own. Call it as
/// the first process of a new pid namespace, before privileges are dropped. `field` names the
/// mount that is wrong.
[[nodiscard]] Result<void> enter_root(const Store& store, const Record& record);

/// What lies on the host under an absolute path of the instance.
struct Place {
    UniqueFd base;     ///< the folder that is mounted there
    std::string path;  ///< relative to it
    bool writable = false;
};
[[nodiscard]] Result<Place> place_of(const Store& store, const Record& record,
                                     const std::string& inside);

/// Every folder that an instance writes for itself, besides its mounts.
[[nodiscard]] std::vector<std::string> own_folders(const Record& record);
/// Makes them, and gives them and the writable mounts to its user.
[[nodiscard]] Result<void> prepare_folders(const Store& store, const Record& record);

}  // namespace muster::runtime_process
