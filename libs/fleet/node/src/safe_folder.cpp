#include "safe_folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "muster/base/random.hpp"

namespace muster::node {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }

  private:
    int fd_;
};

Descriptor open_beneath(int folder, const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return Descriptor(
        static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

std::unexpected<Error> wrong(const std::string& path, std::string why) {
    return fail(Errc::invalid_argument, "the file " + path + " " + std::move(why), "files." + path);
}

std::unexpected<Error> failed(const std::string& path) {
    const int error = errno;
    if (error == EXDEV || error == ELOOP) return wrong(path, "would lie outside its volume");
    const Errc code = error == ENOTDIR || error == EISDIR ? Errc::conflict : Errc::unavailable;
    return fail(code, "the file " + path + " cannot be written: " + std::strerror(error),
                "files." + path);
}

Result<std::vector<std::string>> parts_of(const std::string& path) {
    if (path.empty() || path.size() > 1024 || path.find('\0') != std::string::npos) {
        return wrong(path.substr(0, 64), "has no usable path");
    }
    if (path.front() == '/') return wrong(path, "must be given relative to its volume");
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        std::string part = path.substr(begin, end - begin);
        begin = end + 1;
        if (part == "..") return wrong(path, "would lie outside its volume");
        if (part.empty() || part == ".") continue;
        parts.push_back(std::move(part));
    }
    if (parts.empty() || path.back() == '/') return wrong(path, "names a folder, not a file");
    return parts;
}

void give_to(int fd, const std::optional<Owner>& owner) {
    // Without the right to do so the files stay ours, which is what a node without root can do.
    if (owner) (void)(::fchown(fd, owner->user, owner->group) == 0);
}

Result<Descriptor> make_way(int folder, const std::vector<std::string>& parts,
                            const SafeFolder::FileWrite& file) {
    Descriptor here = open_beneath(folder, ".", O_RDONLY | O_DIRECTORY);
    std::string way;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        way += (i > 0 ? "/" : "") + parts[i];
        const bool made = ::mkdirat(here.get(), parts[i].c_str(), 0755) == 0;
        if (!made && errno != EEXIST) return failed(file.path);
        // From the top again: a link on the way may point elsewhere inside, but not out.
        Descriptor next = open_beneath(folder, way, O_RDONLY | O_DIRECTORY);
        if (!next.ok()) return failed(file.path);
        if (made) give_to(next.get(), file.owner);
        here = std::move(next);
    }
    if (!here.ok()) return failed(file.path);
    return here;
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

std::optional<Owner> owner_from(std::string_view user) {
    const auto number = [](std::string_view text) -> std::optional<unsigned> {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        return value;
    };
    const std::size_t colon = user.find(':');
    const auto id = number(user.substr(0, colon));
    if (!id) return std::nullopt;
    if (colon == std::string_view::npos) return Owner{*id, *id};
    const auto group = number(user.substr(colon + 1));
    if (!group) return std::nullopt;
    return Owner{*id, *group};
}

Result<SafeFolder> SafeFolder::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return fail(Errc::unavailable, "cannot open the folder " + path.filename().string() + ": " +
                                           std::strerror(errno));
    }
    return SafeFolder(fd);
}

SafeFolder::SafeFolder(SafeFolder&& other) noexcept : folder_(std::exchange(other.folder_, -1)) {}

SafeFolder::~SafeFolder() {
    if (folder_ >= 0) ::close(folder_);
}

Result<void> SafeFolder::write(const FileWrite& file) const {
    const auto parts = parts_of(file.path);
    if (!parts) return std::unexpected(parts.error());
    const auto where = make_way(folder_, *parts, file);
    if (!where) return std::unexpected(where.error());
    const std::string& name = parts->back();
    struct stat there{};
    const bool exists = ::fstatat(where->get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && S_ISDIR(there.st_mode)) return wrong(file.path, "is a folder already");
    if (exists && file.keep_existing) return {};
    const std::string temporary = ".muster-" + random_text(8);
    Descriptor fd(::openat(where->get(), temporary.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.ok()) return failed(file.path);
    const mode_t mode = file.mode & 0777U;
    give_to(fd.get(), file.owner);
    const bool written = write_all(fd.get(), file.content) && ::fchmod(fd.get(), mode) == 0 &&
                         ::fsync(fd.get()) == 0;
    if (!written || ::renameat(where->get(), temporary.c_str(), where->get(), name.c_str()) != 0) {
        const auto error = failed(file.path);
        ::unlinkat(where->get(), temporary.c_str(), 0);
        return error;
    }
    return {};
}

bool is_folder_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    if (name.empty() || name.size() > 128 || !letter(name.front())) return false;
    return std::ranges::all_of(
        name, [&](char c) { return letter(c) || c == '.' || c == '_' || c == '-'; });
}

Result<void> remove_tree(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) {
        return fail(Errc::unavailable,
                    "cannot remove " + path.filename().string() + ": " + error.message());
    }
    return {};
}

}  // namespace muster::node
