#include "muster/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "muster/base/random.hpp"

namespace muster {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

std::unexpected<Error> failed(const std::filesystem::path& path, const char* what) {
    const int error = errno;
    const Errc code = error == ENOENT                     ? Errc::not_found
                      : error == EACCES || error == EPERM ? Errc::permission_denied
                                                          : Errc::internal;
    return fail(code, "cannot " + std::string(what) + " " + path.string() + ": " +
                          std::generic_category().message(error));
}

Result<void> write_all(int fd, std::string_view content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(path, "write");
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(fd) != 0) return failed(path, "sync");
    return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return failed(path, "open");
    std::string out;
    while (true) {
        const std::size_t before = out.size();
        out.resize(before + 65536);
        const ssize_t n = ::read(file.get(), out.data() + before, 65536);
        if (n < 0 && errno == EINTR) {
            out.resize(before);
            continue;
        }
        if (n < 0) return failed(path, "read");
        out.resize(before + static_cast<std::size_t>(n));
        if (out.size() > max_bytes) {
            return fail(Errc::too_large,
                        path.string() + " is longer than " + std::to_string(max_bytes) + " bytes");
        }
        if (n == 0) return out;
    }
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    const std::filesystem::path temporary = path.string() + "." + random_text(8) + ".tmp";
    {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
        if (file.get() < 0) return failed(temporary, "create");
        if (auto written = write_all(file.get(), content, temporary); !written) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        auto error = failed(path, "replace");
        ::unlink(temporary.c_str());
        return error;
    }
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed(folder, "sync");
    return {};
}

Result<void> make_folder(const std::filesystem::path& path, mode_t mode) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return {};
    if (path.has_parent_path() && path.parent_path() != path) {
        if (auto parent = make_folder(path.parent_path(), mode); !parent) return parent;
    }
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed(path, "make the folder");
    return {};
}

}  // namespace muster
