#include "files.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "wire.hpp"

namespace muster::http {
namespace {

constexpr std::size_t whole_bytes_max = 1U << 20U;  // bigger files are sent piece by piece
constexpr std::size_t piece_bytes = 128U << 10U;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

struct File {
    Descriptor descriptor;
    std::size_t size;
    std::string etag;
    std::int64_t modified;
};

// The kernel resolves the path and refuses whatever leaves the folder: "..", absolute names and
// symbolic links alike.
std::optional<File> open_beneath(int folder, const std::string& path) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    if (fd < 0) return std::nullopt;
    Descriptor descriptor(static_cast<int>(fd));
    struct stat facts{};
    if (::fstat(descriptor.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
    std::array<char, 64> tag{};
    std::snprintf(tag.data(), tag.size(), "\"%llx-%llx%08lx\"",
                  static_cast<unsigned long long>(facts.st_size),
                  static_cast<unsigned long long>(facts.st_mtim.tv_sec), facts.st_mtim.tv_nsec);
    return File{std::move(descriptor), static_cast<std::size_t>(facts.st_size), tag.data(),
                facts.st_mtim.tv_sec};
}

struct Found {
    std::string path;  // within the folder
    File file;
    bool gzip = false;         // the file is the compressed one
    bool has_variant = false;  // there are both
};

bool takes_gzip(const Request& request) {
    return std::ranges::any_of(request.headers.list("Accept-Encoding"), [](std::string_view item) {
        const std::size_t end = item.find(';');
        const std::string_view name = item.substr(0, item.find_first_of("; "));
        const bool refused =
            end != std::string_view::npos &&
            (item.ends_with("q=0") || item.find("q=0.0") != std::string_view::npos);
        return (same_name(name, "gzip") || name == "*") && !refused;
    });
}

std::optional<Found> find_file(int folder, std::string path, const Request& request) {
    auto plain = open_beneath(folder, path);
    if (!plain) return std::nullopt;
    auto compressed = open_beneath(folder, path + ".gz");
    const bool has_variant = compressed.has_value();
    if (has_variant && takes_gzip(request)) {
        return Found{std::move(path), std::move(*compressed), true, true};
    }
    return Found{std::move(path), std::move(*plain), false, has_variant};
}

// Names with a dot in front are not for the world (.git, .env), nor are steps around.
bool is_servable(std::string_view path) {
    return path.starts_with('/') && path.find("/.") == std::string_view::npos &&
           path.find("//") == std::string_view::npos;
}

bool is_page(std::string_view path) {
    const std::string_view last = path.substr(path.rfind('/') + 1);
    return last.find('.') == std::string_view::npos && path != "/api" && !path.starts_with("/api/");
}

// index-DXk3a8_1.js: a bundler's name that changes with the content.
bool is_hashed(std::string_view path) {
    if (!path.starts_with("assets/")) return false;
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.find('.');
    const std::size_t dash = name.find('-');
    return dot != std::string_view::npos && dash != std::string_view::npos && dash + 9 <= dot;
}

bool is_known_to(const Request& request, std::string_view etag) {
    return std::ranges::any_of(request.headers.list("If-None-Match"), [etag](std::string_view one) {
        if (one.starts_with("W/")) one.remove_prefix(2);
        return one == "*" || one == etag;
    });
}

Fields fields_of(const Found& found, const Router::FileOptions& options) {
    Fields out;
    out.add("Content-Type", std::string(content_type_of(found.path)));
    out.add("ETag", found.file.etag);
    out.add("Last-Modified", http_date(found.file.modified));
    out.add("Cache-Control",
            is_hashed(found.path) ? "public, max-age=31536000, immutable" : "no-cache");
    if (found.has_variant) out.add("Vary", "Accept-Encoding");
    if (!options.origin.empty()) {
        out.add("Access-Control-Allow-Origin", options.origin);
        out.add("Cross-Origin-Resource-Policy", "cross-origin");
    }
    if (found.gzip) out.add("Content-Encoding", "gzip");
    out.add("Content-Security-Policy",
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            "connect-src 'self' ws: wss:; frame-ancestors 'none'");
    out.add("Referrer-Policy", "no-referrer");
    return out;
}

Result<std::string> read_piece(int fd, std::size_t bytes) {
    std::string out(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
        const ssize_t count = ::read(fd, out.data() + got, bytes - got);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        got += static_cast<std::size_t>(count);
    }
    if (got < bytes) return fail(Errc::internal, "a file became shorter while it was sent");
    return out;
}

asio::awaitable<Result<void>> send_pieces(std::shared_ptr<const File> file, BodyWriter* writer) {
    for (std::size_t left = file->size; left > 0;) {
        const std::size_t bytes = std::min(left, piece_bytes);
        auto piece = read_piece(file->descriptor.get(), bytes);
        if (!piece) co_return std::unexpected(piece.error());
        auto written = co_await writer->write(std::move(*piece));
        if (!written) co_return written;
        left -= bytes;
    }
    co_return Result<void>{};
}

}  // namespace

std::optional<Answer> answer_from_files(const std::string& folder,
                                        const Router::FileOptions& options,
                                        const Request& request) {
    if (!is_servable(request.path)) return std::nullopt;
    const Descriptor root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (root.get() < 0) return std::nullopt;
    std::string path = request.path.substr(1);
    if (path.empty() || path.ends_with('/')) path += "index.html";
    auto found = find_file(root.get(), path, request);
    if (!found && is_page(request.path)) {
        found = find_file(root.get(), path + "/index.html", request);
        if (!found) found = find_file(root.get(), "index.html", request);
    }
    if (!found) return std::nullopt;

    Fields fields = fields_of(*found, options);
    if (is_known_to(request, found->file.etag)) return Response{304, std::move(fields), {}};
    const std::size_t size = found->file.size;
    if (size <= whole_bytes_max) {
        auto body = read_piece(found->file.descriptor.get(), size);
        if (!body) return problem(body.error());
        return Response{200, std::move(fields), std::move(*body)};
    }
    fields.add("Content-Length", std::to_string(size));
    auto file = std::make_shared<const File>(std::move(found->file));
    // No coroutine itself: it hands everything to one as parameters.
    return StreamResponse{200, std::move(fields),
                          [file](BodyWriter& writer) { return send_pieces(file, &writer); }};
}

std::string_view content_type_of(std::string_view path) {
    struct Type {
        std::string_view extension;
        std::string_view type;
    };
    static constexpr std::array types{
        Type{".html", "text/html; charset=utf-8"},
        Type{".js", "text/javascript; charset=utf-8"},
        Type{".mjs", "text/javascript; charset=utf-8"},
        Type{".css", "text/css; charset=utf-8"},
        Type{".json", "application/json"},
        Type{".map", "application/json"},
        Type{".webmanifest", "application/manifest+json"},
        Type{".svg", "image/svg+xml"},
        Type{".png", "image/png"},
        Type{".jpg", "image/jpeg"},
        Type{".jpeg", "image/jpeg"},
        Type{".gif", "image/gif"},
        Type{".webp", "image/webp"},
        Type{".ico", "image/x-icon"},
        Type{".woff2", "font/woff2"},
        Type{".woff", "font/woff"},
        Type{".ttf", "font/ttf"},
        Type{".wasm", "application/wasm"},
        Type{".mp3", "audio/mpeg"},
        Type{".ogg", "audio/ogg"},
        Type{".wav", "audio/wav"},
        Type{".txt", "text/plain; charset=utf-8"},
        Type{".md", "text/plain; charset=utf-8"},
        Type{".toml", "text/plain; charset=utf-8"},
        Type{".pdf", "application/pdf"},
        Type{".gz", "application/gzip"},
        Type{".zip", "application/zip"},
    };
    for (const Type& one : types) {
        if (path.ends_with(one.extension)) return one.type;
    }
    return "application/octet-stream";
}

}  // namespace muster::http
