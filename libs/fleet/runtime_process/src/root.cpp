#include "root.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <set>

#include "beneath.hpp"

namespace muster::runtime_process {
namespace {

Result<void> attach(const std::string& type, const fs::path& at, unsigned long flags,
                    const std::string& options) {
    if (::mount(type.c_str(), at.c_str(), type.c_str(), flags, options.c_str()) != 0) {
        return refused("cannot mount " + type + " at " + at.string());
    }
    return {};
}

/// A detached copy of the mount of an open folder or file.
Result<UniqueFd> copy_mount(int fd, bool recursive, std::uint64_t attributes) {
    const unsigned flags = OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH) |
                           static_cast<unsigned>(O_CLOEXEC) |
                           (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
    UniqueFd tree(static_cast<int>(::syscall(SYS_open_tree, fd, "", flags)));
    if (!tree) return refused("cannot copy a mount");
    struct mount_attr attr{};
    attr.attr_set = attributes;
    attr.propagation = MS_PRIVATE;
    const unsigned set = static_cast<unsigned>(AT_EMPTY_PATH) |
                         (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
    if (::syscall(SYS_mount_setattr, tree.get(), "", set, &attr, sizeof attr) != 0) {
        return refused("cannot protect a mount");
    }
    return tree;
}

Result<void> move_to(int tree, int target) {
    if (::syscall(SYS_move_mount, tree, "", target, "",
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
        return refused("cannot move a mount");
    }
    return {};
}

constexpr std::uint64_t data_attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint64_t image_attributes = data_attributes | MOUNT_ATTR_RDONLY;

/// Puts a copy of what is open at `source` onto `target` in the new root.
Result<void> show(int source, int root, const std::string& target, bool recursive,
                  std::uint64_t attributes) {
    auto tree = copy_mount(source, recursive, attributes);
    if (!tree) return std::unexpected(tree.error());
    auto at = open_in_root(root, target, O_PATH);
    if (!at) return std::unexpected(at.error());
    return move_to(tree->get(), at->get());
}

/// What of the host's root is not shown: what gets its own, and what is nobody's business.
bool is_hidden(const Record& record, const std::string& name) {
    static const std::set<std::string> always{"proc", "dev", "sys", "tmp", "muster-image.json"};
    static const std::set<std::string> of_host{"run",   "boot",       "root", "mnt",
                                               "media", "lost+found", "data"};
    return always.contains(name) || (record.is_host() && of_host.contains(name));
}

/// The new root is a small folder in memory, with each entry of the image's top mounted read-only
/// into it. So an image needs no empty folders to mount at.
Result<void> show_image(const Record& record, const fs::path& root, int root_fd) {
    UniqueFd image(::open(record.image_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!image) return refused("cannot open the image " + record.image_folder);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(record.image_folder, error)) {
        const std::string name = entry.path().filename();
        if (is_hidden(record, name)) continue;
        if (entry.is_symlink(error)) {
            fs::copy_symlink(entry.path(), root / name, error);
            continue;
        }
        auto source = open_plain(image.get(), name, O_PATH);
        if (!source) return std::unexpected(source.error());
        if (entry.is_directory(error)) {
            fs::create_directory(root / name, error);
        } else if (entry.is_regular_file(error)) {
            UniqueFd file(::open((root / name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        } else {
            continue;
        }
        auto shown = show(source->get(), root_fd, name, record.is_host(), image_attributes);
        if (!shown) return shown;
    }
    if (error) return fail(Errc::internal, "cannot show the image: " + error.message(), "image");
    return {};
}

Result<void> make_devices(const Record& record, const fs::path& root, int root_fd) {
    std::error_code error;
    fs::create_directory(root / "dev", error);
    auto made = attach("tmpfs", root / "dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k");
    if (!made) return made;
    for (const std::string name : {"null", "zero", "full", "random", "urandom", "tty"}) {
        UniqueFd file(::open((root / "dev" / name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        UniqueFd source(::open(("/dev/" + name).c_str(), O_PATH | O_CLOEXEC));
        if (!source) continue;
        auto shown = show(source.get(), root_fd, "dev/" + name, false, MOUNT_ATTR_NOSUID);
        if (!shown) return shown;
    }
    for (const auto& [name, target] :
         {std::pair{"fd", "/proc/self/fd"}, std::pair{"stdin", "/proc/self/fd/0"},
          std::pair{"stdout", "/proc/self/fd/1"}, std::pair{"stderr", "/proc/self/fd/2"},
          std::pair{"ptmx", "pts/ptmx"}}) {
        fs::create_symlink(target, root / "dev" / name, error);
    }
    fs::create_directory(root / "dev/pts", error);
    made = attach("devpts", root / "dev/pts", MS_NOSUID | MS_NOEXEC,
                  "newinstance,ptmxmode=0666,mode=0620");
    if (!made) return made;
    fs::create_directory(root / "dev/shm", error);
    // Counts into the memory limit of whoever writes there.
    return attach("tmpfs", root / "dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "mode=1777,size=64m,uid=" + std::to_string(record.uid));
}

/// Mounts one folder of the host; makes the place for it where the instance has a place to make.
Result<void> show_folder(int root_fd, int source, const std::string& target, bool read_only) {
    const std::string inside = target.substr(1);
    auto at = open_in_root(root_fd, inside, O_PATH | O_DIRECTORY);
    if (!at && at.error().code == Errc::not_found) {
        auto made = make_beneath(root_fd, inside, 0755, 0, 0);
        if (!made) {
            return fail(Errc::invalid_argument, "the image has no folder " + target +
                                                    ", and is read-only: " + made.error().message);
        }
    }
    return show(source, root_fd, inside, false, read_only ? image_attributes : data_attributes);
}

bool is_shorter(const runtime::Mount& a, const runtime::Mount& b) {
    return a.target.size() < b.target.size();
}

struct Opened {
    runtime::Mount mount;
    UniqueFd source;
};

/// All of the host's folders are opened before anything is hidden.
Result<std::vector<Opened>> open_sources(const Store& store, const Record& record) {
    std::vector<runtime::Mount> wanted;
    for (const auto& folder : own_folders(record)) {
        wanted.push_back({store.own_folder(record.id, folder), folder, false});
    }
    wanted.insert(wanted.end(), record.spec.mounts.begin(), record.spec.mounts.end());
    std::ranges::sort(wanted, is_shorter);
    std::vector<Opened> all;
    for (auto& mount : wanted) {
        UniqueFd fd(::open(mount.source.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) {
            auto error = refused("cannot mount " + mount.source, Errc::invalid_argument);
            error.error().field = "mounts";
            return error;
        }
        all.push_back({std::move(mount), std::move(fd)});
    }
    return all;
}

Result<void> change_root(const fs::path& root) {
    if (::chdir(root.c_str()) != 0) return refused("cannot enter the new root");
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return refused("cannot change the root");
    if (::umount2(".", MNT_DETACH) != 0) return refused("cannot leave the old root");
    if (::chdir("/") != 0) return refused("cannot enter the root");
    if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
                nullptr) != 0) {
        return refused("cannot protect the root");
    }
    return {};
}

}  // namespace

std::vector<std::string> own_folders(const Record& record) {
    std::vector<std::string> all{"/tmp"};
    for (const auto& folder : record.image.writable) {
        if (std::ranges::count(all, folder) == 0) all.push_back(folder);
    }
    std::erase_if(all, [&](const std::string& folder) {
        return std::ranges::count(record.spec.mounts, folder, &runtime::Mount::target) != 0;
    });
    return all;
}

Result<void> prepare_folders(const Store& store, const Record& record) {
    std::error_code error;
    const auto files = store.folder(record.id) / "files";
    fs::create_directory(files, error);
    for (const auto& folder : own_folders(record)) {
        const auto path = store.own_folder(record.id, folder);
        fs::create_directory(path, error);
        if (::chown(path.c_str(), record.uid, record.gid) != 0) {
            return refused("cannot give " + folder + " to the server's user");
        }
    }
    for (const auto& mount : record.spec.mounts) {
        if (mount.read_only) continue;
        UniqueFd fd(::open(mount.source.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) {
            auto wrong = refused("cannot mount " + mount.source, Errc::invalid_argument);
            wrong.error().field = "mounts";
            return wrong;
        }
        if (auto given = give_to(fd.get(), record.uid, record.gid); !given) return given;
    }
    return {};
}

Result<void> enter_root(const Store& store, const Record& record) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return refused("cannot make the mounts private");
    }
    auto sources = open_sources(store, record);
    if (!sources) return std::unexpected(sources.error());
    const auto root = store.folder(record.id) / "root";
    std::error_code error;
    fs::create_directory(root, error);
    auto done = attach("tmpfs", root, MS_NOSUID | MS_NODEV, "mode=755,size=1m");
    if (!done) return done;
    UniqueFd root_fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root_fd) return refused("cannot open the new root");

    if (done = show_image(record, root, root_fd.get()); !done) return done;
    if (done = make_devices(record, root, root_fd.get()); !done) return done;
    if (record.is_host()) {
        fs::create_directory(root / "run", error);
        done = attach("tmpfs", root / "run", MS_NOSUID | MS_NODEV, "mode=755,size=64k");
        if (!done) return done;
    }
    fs::create_directory(root / "proc", error);
    done = attach("proc", root / "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=2");
    if (!done) return done;
    for (const auto& [mount, source] : *sources) {
        done = show_folder(root_fd.get(), source.get(), mount.target, mount.read_only);
        if (!done) {
            done.error().message = mount.target + ": " + done.error().message;
            done.error().field = "mounts";
            return done;
        }
    }
    return change_root(root);
}

Result<Place> place_of(const Store& store, const Record& record, const std::string& inside) {
    const auto normal = fs::path(inside).lexically_normal().string();
    if (!normal.starts_with('/')) {
        return fail(Errc::invalid_argument, "the path " + inside + " is not absolute", "path");
    }
    std::vector<runtime::Mount> all{{record.image_folder, "/", true}};
    for (const auto& folder : own_folders(record)) {
        all.push_back({store.own_folder(record.id, folder), folder, false});
    }
    all.insert(all.end(), record.spec.mounts.begin(), record.spec.mounts.end());
    const runtime::Mount* best = nullptr;
    for (const auto& mount : all) {
        const bool below =
            mount.target == "/" || normal == mount.target || normal.starts_with(mount.target + "/");
        if (below && (best == nullptr || mount.target.size() >= best->target.size())) best = &mount;
    }
    if (best->target == "/" && record.is_host()) {
        return fail(Errc::permission_denied, inside + " is the host's, not the server's", "path");
    }
    Place place;
    place.base = UniqueFd(::open(best->source.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!place.base) return refused("cannot open the folder of " + inside, Errc::not_found);
    place.path = normal.substr(best->target == "/" ? 1 : best->target.size());
    while (place.path.starts_with('/')) place.path.erase(0, 1);
    while (place.path.ends_with('/')) place.path.pop_back();
    place.writable = !best->read_only;
    return place;
}

}  // namespace muster::runtime_process
