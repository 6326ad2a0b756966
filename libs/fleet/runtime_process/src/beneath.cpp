#include "beneath.hpp"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <vector>

namespace muster::runtime_process {
namespace {

Result<UniqueFd> open2(int folder, const std::string& path, int flags, mode_t mode,
                       std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
    const std::string name = path.empty() ? "." : path;
    for (int i = 0; i < 100; ++i) {
        const long fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
        if (fd >= 0) return UniqueFd(static_cast<int>(fd));
        // The kernel could not rule out a race with a rename, and says so.
        if (errno != EAGAIN && errno != EINTR) break;
    }
    if (errno == ENOENT || errno == ENOTDIR) return refused("there is no " + path, Errc::not_found);
    if (errno == EXDEV || errno == ELOOP) {
        return fail(Errc::permission_denied, path + " leads out of the server's data", "path");
    }
    return refused("cannot open " + path);
}

constexpr int depth_max = 200;

Result<void> give_all(UniqueFd folder, uid_t uid, gid_t gid, int depth) {
    if (depth > depth_max) return fail(Errc::too_large, "the folders are nested too deeply");
    const int fd = folder.release();
    DIR* list = ::fdopendir(fd);
    if (list == nullptr) {
        ::close(fd);
        return refused("cannot list a folder");
    }
    Result<void> result;
    while (const dirent* entry = ::readdir(list)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat now{};
        if (::fstatat(::dirfd(list), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if ((now.st_uid != uid || now.st_gid != gid) &&
            ::fchownat(::dirfd(list), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
            result = refused("cannot give " + name + " to the server's user");
            break;
        }
        if (!S_ISDIR(now.st_mode)) continue;
        auto below = open_plain(::dirfd(list), name, O_RDONLY | O_DIRECTORY);
        if (below) result = give_all(std::move(*below), uid, gid, depth + 1);
        if (!result) break;
    }
    ::closedir(list);
    return result;
}

}  // namespace

Result<UniqueFd> open_beneath(int folder, const std::string& path, int flags, mode_t mode) {
    return open2(folder, path, flags, mode, RESOLVE_BENEATH);
}

Result<UniqueFd> open_plain(int folder, const std::string& path, int flags, mode_t mode) {
    return open2(folder, path, flags | O_NOFOLLOW, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

Result<UniqueFd> open_in_root(int root, const std::string& path, int flags) {
    return open2(root, path, flags, 0, RESOLVE_IN_ROOT);
}

Result<UniqueFd> make_beneath(int folder, const std::string& path, mode_t mode, uid_t uid,
                              gid_t gid) {
    auto here = open_plain(folder, "", O_RDONLY | O_DIRECTORY);
    std::size_t at = 0;
    while (here && at < path.size()) {
        const auto end = std::min(path.find('/', at), path.size());
        const std::string name = path.substr(at, end - at);
        at = end + 1;
        if (name.empty() || name == ".") continue;
        if (name == "..") {
            return fail(Errc::permission_denied, path + " leads out of the server's data", "path");
        }
        if (::mkdirat(here->get(), name.c_str(), mode) == 0) {
            if (::fchownat(here->get(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
                return refused("cannot give " + name + " to the server's user");
            }
        } else if (errno != EEXIST) {
            return refused("cannot make the folder " + name);
        }
        here = open_plain(here->get(), name, O_RDONLY | O_DIRECTORY);
    }
    return here;
}

Result<void> give_to(int folder, uid_t uid, gid_t gid) {
    auto again = open_plain(folder, "", O_RDONLY | O_DIRECTORY);
    if (!again) return std::unexpected(again.error());
    if (::fchown(again->get(), uid, gid) != 0) return refused("cannot give a folder to a user");
    return give_all(std::move(*again), uid, gid, 0);
}

}  // namespace muster::runtime_process
