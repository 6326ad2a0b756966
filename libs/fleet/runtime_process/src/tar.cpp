#include "tar.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "beneath.hpp"

namespace muster::runtime_process {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::size_t depth_max = 200;
constexpr std::size_t entries_max = 5'000'000;

struct FreeEntry {
    void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, FreeEntry>;
struct FreeReader {
    void operator()(archive* reader) const { ::archive_read_free(reader); }
};
struct FreeWriter {
    void operator()(archive* writer) const { ::archive_write_free(writer); }
};

la_ssize_t take_bytes(archive*, void* into, const void* bytes, std::size_t size) {
    static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

std::string why(archive* from) {
    const char* text = ::archive_error_string(from);
    return text == nullptr ? "unknown reason" : text;
}

}  // namespace

struct Packer::Parts {
    struct Folder {
        UniqueFd fd;
        std::vector<std::string> names;  ///< still to be packed, the next at the back
        std::string prefix;              ///< in the archive
    };
    std::unique_ptr<archive, FreeWriter> writer{::archive_write_new()};
    std::string bytes;
    std::vector<Folder> open;
    UniqueFd base;
    std::string path;
    std::string name;
    UniqueFd file;  ///< the one under way
    std::int64_t file_left = 0;
    bool begun = false;
    bool closed = false;

    Result<void> add(UniqueFd fd, const std::string& called, const struct stat& now);
    Result<void> add_link(int folder, const std::string& link, const std::string& called,
                          const struct stat& now);
    Result<void> write_header(archive_entry* entry);
    Result<void> copy();
};

Packer::Packer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Packer::~Packer() = default;

Result<std::unique_ptr<Packer>> Packer::open(UniqueFd base, std::string path, std::string name) {
    auto parts = std::make_unique<Parts>();
    auto there = open_beneath(base.get(), path, O_RDONLY | O_NONBLOCK);
    if (!there) return std::unexpected(there.error());
    parts->base = std::move(*there);
    parts->name = std::move(name);
    auto* writer = parts->writer.get();
    ::archive_write_set_format_pax_restricted(writer);
    ::archive_write_set_bytes_per_block(writer, 0);
    if (::archive_write_open(writer, &parts->bytes, nullptr, take_bytes, nullptr) != ARCHIVE_OK) {
        return fail(Errc::internal, "cannot begin an archive: " + why(writer));
    }
    return std::unique_ptr<Packer>(new Packer(std::move(parts)));
}

Result<void> Packer::Parts::write_header(archive_entry* entry) {
    if (::archive_write_header(writer.get(), entry) != ARCHIVE_OK) {
        return fail(Errc::internal, "cannot pack " + std::string(::archive_entry_pathname(entry)) +
                                        ": " + why(writer.get()));
    }
    return {};
}

/// A file or folder that is open; what is neither is left out.
Result<void> Packer::Parts::add(UniqueFd fd, const std::string& called, const struct stat& now) {
    if (!S_ISREG(now.st_mode) && !S_ISDIR(now.st_mode)) return {};
    const Entry entry(::archive_entry_new());
    ::archive_entry_copy_stat(entry.get(), &now);
    ::archive_entry_set_pathname(entry.get(), called.c_str());
    if (auto written = write_header(entry.get()); !written) return written;
    if (S_ISREG(now.st_mode)) {
        file = std::move(fd);
        file_left = now.st_size;
        return {};
    }
    if (open.size() >= depth_max) return fail(Errc::too_large, "the folders are nested too deeply");
    Folder folder;
    folder.prefix = called + "/";
    DIR* list = ::fdopendir(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    if (list == nullptr) return refused("cannot list " + called);
    while (const dirent* one = ::readdir(list)) {
        const std::string found = one->d_name;
        if (found != "." && found != "..") folder.names.push_back(found);
    }
    ::closedir(list);
    std::ranges::sort(folder.names, std::greater{});
    folder.fd = std::move(fd);
    open.push_back(std::move(folder));
    return {};
}

Result<void> Packer::Parts::add_link(int folder, const std::string& link, const std::string& called,
                                     const struct stat& now) {
    std::array<char, 4096> target{};
    const auto size = ::readlinkat(folder, link.c_str(), target.data(), target.size() - 1);
    if (size < 0) return {};
    const Entry entry(::archive_entry_new());
    ::archive_entry_copy_stat(entry.get(), &now);
    ::archive_entry_set_pathname(entry.get(), called.c_str());
    ::archive_entry_set_symlink(entry.get(), target.data());
    ::archive_entry_set_size(entry.get(), 0);
    return write_header(entry.get());
}

/// A piece of the file under way. One that shrank meanwhile is filled up, as its header promised.
Result<void> Packer::Parts::copy() {
    std::array<char, piece_bytes> piece{};
    const auto want = std::min<std::int64_t>(file_left, piece_bytes);
    auto got = ::read(file.get(), piece.data(), static_cast<std::size_t>(want));
    if (got < 0) return refused("cannot read a file");
    if (got == 0) got = want;
    if (::archive_write_data(writer.get(), piece.data(), static_cast<std::size_t>(got)) < 0) {
        return fail(Errc::internal, "cannot pack a file: " + why(writer.get()));
    }
    file_left -= got;
    return {};
}

Result<void> Packer::step() {
    auto& parts = *parts_;
    if (!parts.begun) {
        parts.begun = true;
        struct stat now{};
        if (::fstat(parts.base.get(), &now) != 0) return refused("cannot look at " + parts.name);
        return parts.add(std::move(parts.base), parts.name, now);
    }
    if (parts.file) {
        if (parts.file_left > 0) return parts.copy();
        parts.file.reset();
        return {};
    }
    if (parts.open.empty()) {
        parts.closed = true;
        if (::archive_write_close(parts.writer.get()) != ARCHIVE_OK) {
            return fail(Errc::internal, "cannot end the archive: " + why(parts.writer.get()));
        }
        return {};
    }
    auto& folder = parts.open.back();
    if (folder.names.empty()) {
        parts.open.pop_back();
        return {};
    }
    const std::string name = std::move(folder.names.back());
    folder.names.pop_back();
    struct stat now{};
    if (::fstatat(folder.fd.get(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return {};
    const std::string called = folder.prefix + name;
    if (S_ISLNK(now.st_mode)) return parts.add_link(folder.fd.get(), name, called, now);
    if (!S_ISREG(now.st_mode) && !S_ISDIR(now.st_mode)) return {};
    auto fd = open_plain(folder.fd.get(), name, O_RDONLY | O_NONBLOCK);
    // It may have been removed or replaced since; a server that runs does such things.
    if (!fd || ::fstat(fd->get(), &now) != 0) return {};
    return parts.add(std::move(*fd), called, now);
}

Result<std::string> Packer::next() {
    auto& parts = *parts_;
    while (!parts.closed && parts.bytes.size() < piece_bytes) {
        if (auto done = step(); !done) return std::unexpected(done.error());
    }
    return std::exchange(parts.bytes, {});
}

namespace {

/// Where an entry goes: its folder, open, and its own name.
struct Spot {
    UniqueFd folder;
    std::string name;
};

Result<std::string> plain_path(const char* raw) {
    std::string path = raw == nullptr ? "" : raw;
    while (path.starts_with('/')) path.erase(0, 1);
    while (path.ends_with('/')) path.pop_back();
    if (path.size() > 4'000) return fail(Errc::too_large, "a path in the archive is too long");
    if (static_cast<std::size_t>(std::ranges::count(path, '/')) > depth_max) {
        return fail(Errc::too_large, "the folders are nested too deeply");
    }
    return path;
}

Result<Spot> spot_of(int folder, const std::string& path, Owner owner) {
    const auto slash = path.rfind('/');
    const std::string above = slash == std::string::npos ? "" : path.substr(0, slash);
    Spot spot;
    spot.name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (spot.name == ".." || spot.name.empty()) {
        return fail(Errc::permission_denied, path + " leads out of the folder", "path");
    }
    auto fd = make_beneath(folder, above, 0755, owner.uid, owner.gid);
    if (!fd) return std::unexpected(fd.error());
    spot.folder = std::move(*fd);
    return spot;
}

Result<void> write_file_entry(archive* reader, const Spot& spot, mode_t mode, Owner owner) {
    auto file = open_plain(spot.folder.get(), spot.name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file) return std::unexpected(file.error());
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t at = 0;
    for (;;) {
        const int got = ::archive_read_data_block(reader, &bytes, &size, &at);
        if (got == ARCHIVE_EOF) break;
        if (got != ARCHIVE_OK) {
            return fail(Errc::invalid_argument, "the archive is damaged: " + why(reader));
        }
        const auto* piece = static_cast<const char*>(bytes);
        while (size > 0) {
            const auto written = ::pwrite(file->get(), piece, size, at);
            if (written <= 0) return refused("cannot write " + spot.name);
            piece += written;
            at += written;
            size -= static_cast<std::size_t>(written);
        }
    }
    if (::fchown(file->get(), owner.uid, owner.gid) != 0 || ::fchmod(file->get(), mode) != 0) {
        return refused("cannot give " + spot.name + " to the server's user");
    }
    return {};
}

Result<void> unpack_entry(archive* reader, archive_entry* entry, int folder, Owner owner) {
    auto path = plain_path(::archive_entry_pathname(entry));
    if (!path) return std::unexpected(path.error());
    if (path->empty() || *path == ".") return {};
    const auto type = ::archive_entry_filetype(entry);
    const auto mode = static_cast<mode_t>(::archive_entry_perm(entry) & 0777);
    if (type == AE_IFDIR) {
        auto made = make_beneath(folder, *path, 0755, owner.uid, owner.gid);
        if (!made) return std::unexpected(made.error());
        if (::fchmod(made->get(), mode | 0700) != 0) return refused("cannot set up " + *path);
        return {};
    }
    auto spot = spot_of(folder, *path, owner);
    if (!spot) return std::unexpected(spot.error());
    // What stands there gives way; a folder does not.
    if (::unlinkat(spot->folder.get(), spot->name.c_str(), 0) != 0 && errno != ENOENT) {
        return refused("cannot replace " + *path, Errc::conflict);
    }
    if (const char* to = ::archive_entry_hardlink(entry)) {
        auto source_path = plain_path(to);
        if (!source_path) return std::unexpected(source_path.error());
        auto source = spot_of(folder, *source_path, owner);
        if (!source) return std::unexpected(source.error());
        if (::linkat(source->folder.get(), source->name.c_str(), spot->folder.get(),
                     spot->name.c_str(), 0) != 0) {
            return refused("cannot link " + *path, Errc::invalid_argument);
        }
        return {};
    }
    if (type == AE_IFLNK) {
        // Wherever it points: only the server itself follows it, where it has its own root.
        const char* to = ::archive_entry_symlink(entry);
        if (to == nullptr || ::symlinkat(to, spot->folder.get(), spot->name.c_str()) != 0) {
            return refused("cannot link " + *path, Errc::invalid_argument);
        }
        static_cast<void>(::fchownat(spot->folder.get(), spot->name.c_str(), owner.uid, owner.gid,
                                     AT_SYMLINK_NOFOLLOW));
        return {};
    }
    if (type != AE_IFREG) {
        return fail(Errc::permission_denied, *path + " is a device or a pipe", "path");
    }
    return write_file_entry(reader, *spot, mode, owner);
}

}  // namespace

Result<void> unpack(int archive_fd, int folder, Owner owner) {
    const std::unique_ptr<archive, FreeReader> reader(::archive_read_new());
    ::archive_read_support_format_tar(reader.get());
    ::archive_read_support_filter_gzip(reader.get());
    ::archive_read_support_filter_zstd(reader.get());
    if (::archive_read_open_fd(reader.get(), archive_fd, piece_bytes) != ARCHIVE_OK) {
        return fail(Errc::invalid_argument, "this is no tar archive: " + why(reader.get()));
    }
    archive_entry* entry = nullptr;
    for (std::size_t count = 0;; ++count) {
        const int got = ::archive_read_next_header(reader.get(), &entry);
        if (got == ARCHIVE_EOF) return {};
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN) {
            return fail(Errc::invalid_argument, "this is no tar archive: " + why(reader.get()));
        }
        if (count >= entries_max) return fail(Errc::too_large, "the archive has too many files");
        if (auto done = unpack_entry(reader.get(), entry, folder, owner); !done) return done;
    }
}

}  // namespace muster::runtime_process
