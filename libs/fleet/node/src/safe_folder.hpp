#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

namespace muster::node {

struct Owner {
    uid_t user = 0;
    gid_t group = 0;
};
/// "1000" or "1000:1000"; nullopt for names, which only the image knows.
[[nodiscard]] std::optional<Owner> owner_from(std::string_view user);

/// A folder in which untrusted programs write. Everything is done relative to its descriptor with
/// openat2(RESOLVE_BENEATH), so no path and no symbolic link leads out of it.
class SafeFolder {
  public:
    static Result<SafeFolder> open(const std::filesystem::path& path);
    SafeFolder(SafeFolder&& other) noexcept;
    SafeFolder& operator=(SafeFolder&&) = delete;
    ~SafeFolder();

    struct FileWrite {
        std::string path;
        std::string_view content;
        mode_t mode = 0644;
        bool keep_existing = false;
        std::optional<Owner> owner;
    };
    /// Makes the folders on the way (0755, same owner). What stands at the path is replaced whole;
    /// a symbolic link there is replaced, not followed. Error field: "files.<path>".
    [[nodiscard]] Result<void> write(const FileWrite& file) const;

  private:
    explicit SafeFolder(int folder) : folder_(folder) {}
    int folder_ = -1;
};

/// A name that may stand as one folder: [A-Za-z0-9][A-Za-z0-9._-]*, at most 128.
[[nodiscard]] bool is_folder_name(std::string_view name);

/// Removes a tree without following links out of it.
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& path);

}  // namespace muster::node
