#pragma once

#include <memory>
#include <string>
#include <vector>

#include "unique_fd.hpp"

/// Tar archives of folders that a server writes: nothing in them, and no link on disk, makes us
/// read or write outside of the folder.
namespace muster::runtime_process {

/// Packs what lies at a path, piece by piece. Blocks.
class Packer {
  public:
    /// `name` is what the archive calls it: the last part of the path.
    [[nodiscard]] static Result<std::unique_ptr<Packer>> open(UniqueFd base, std::string path,
                                                              std::string name);
    ~Packer();
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;

    /// The next bytes; empty at the end.
    [[nodiscard]] Result<std::string> next();

    struct Parts;

  private:
    explicit Packer(std::unique_ptr<Parts> parts);
    Result<void> step();
    std::unique_ptr<Parts> parts_;
};

struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};
/// Unpacks an archive into a folder: files, folders, and links as they are; special files are
/// refused, set-user-id is taken away. Blocks. `permission_denied` for what leads out, and
/// `invalid_argument` for what is no archive.
[[nodiscard]] Result<void> unpack(int archive, int folder, Owner owner);

}  // namespace muster::runtime_process
