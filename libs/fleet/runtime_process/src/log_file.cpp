#include "log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace muster::runtime_process {

LogWriter::LogWriter(std::filesystem::path path, std::int64_t bytes_max)
    : path_(std::move(path)), bytes_max_(bytes_max) {
    fd_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat now{};
    if (fd_ && ::fstat(fd_.get(), &now) == 0) size_ = now.st_size;
}

void LogWriter::add(std::string_view bytes, bool is_error, Timestamp now) {
    std::string& partial = partial_[is_error ? 1 : 0];
    while (!bytes.empty()) {
        const auto newline = bytes.find('\n');
        const auto room = line_bytes_max - partial.size();
        const auto take = std::min({newline, room, bytes.size()});
        partial.append(bytes.substr(0, take));
        const bool ended = take == newline;
        bytes.remove_prefix(ended ? take + 1 : take);
        if (ended || partial.size() == line_bytes_max) {
            write(partial, is_error, now);
            partial.clear();
        }
    }
    flush();
}

void LogWriter::finish(Timestamp now) {
    for (const bool is_error : {false, true}) {
        std::string& partial = partial_[is_error ? 1 : 0];
        if (!partial.empty()) write(partial, is_error, now);
        partial.clear();
    }
    flush();
}

void LogWriter::write(std::string_view text, bool is_error, Timestamp now) {
    runtime::LogLine line;
    line.time = now;
    line.is_error = is_error;
    line.text = text;
    pending_ += encode(line) + "\n";
    constexpr std::size_t batch = 256 << 10;
    if (pending_.size() >= batch) flush();
}

void LogWriter::flush() {
    if (pending_.empty()) return;
    // A full disk loses lines rather than the server.
    const auto written = ::write(fd_.get(), pending_.data(), pending_.size());
    if (written > 0) size_ += written;
    pending_.clear();
    if (size_ < bytes_max_) return;
    ::rename(path_.c_str(), (path_.string() + ".1").c_str());
    fd_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    size_ = 0;
}

bool LineReader::open(const std::filesystem::path& path) {
    fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    return static_cast<bool>(fd_);
}

void LineReader::seek_tail(std::int64_t lines) {
    std::array<char, 64 << 10> block{};
    for (const auto& path : {path_, old()}) {
        if (!open(path)) continue;
        off_t end = ::lseek(fd_.get(), 0, SEEK_END);
        bool last = true;  // the newline at the very end begins no line
        while (end > 0) {
            const auto size = std::min<off_t>(end, static_cast<off_t>(block.size()));
            end -= size;
            const auto got = ::pread(fd_.get(), block.data(), static_cast<std::size_t>(size), end);
            for (ssize_t i = got - 1; i >= 0; --i) {
                if (block[static_cast<std::size_t>(i)] != '\n') continue;
                if (!last && --lines <= 0) {
                    ::lseek(fd_.get(), end + i + 1, SEEK_SET);
                    return;
                }
                if (last && lines <= 0) {
                    ::lseek(fd_.get(), end + i + 1, SEEK_SET);
                    return;
                }
                last = false;
            }
        }
        // All of this file, and of the older one what is missing.
        if (!last) --lines;
        if (lines <= 0) break;
    }
    if (fd_) ::lseek(fd_.get(), 0, SEEK_SET);
}

bool LineReader::read_more() {
    std::array<char, 64 << 10> block{};
    const auto got = ::read(fd_.get(), block.data(), block.size());
    if (got <= 0) return false;
    bytes_.erase(0, std::exchange(at_, 0));
    bytes_.append(block.data(), static_cast<std::size_t>(got));
    return true;
}

/// At the end of a file that is no longer the newest: opens the next.
bool LineReader::go_on() {
    struct stat here{};
    struct stat newest{};
    struct stat older{};
    if (::stat(path_.c_str(), &newest) != 0) return false;
    if (::fstat(fd_.get(), &here) != 0 || here.st_ino == newest.st_ino) return false;
    // It may have grown between the last read and its change of name.
    if (read_more()) return true;
    const bool is_old = ::stat(old().c_str(), &older) == 0 && older.st_ino == here.st_ino;
    return open(is_old ? path_ : old());
}

std::optional<std::string> LineReader::next() {
    for (;;) {
        const auto newline = bytes_.find('\n', at_);
        if (newline != std::string::npos) {
            std::string line = bytes_.substr(at_, newline - at_);
            at_ = newline + 1;
            return line;
        }
        if (bytes_.size() - at_ > line_bytes_max) bytes_.clear(), at_ = 0;
        if (!fd_ && !open(old()) && !open(path_)) return std::nullopt;
        if (!read_more() && !go_on()) return std::nullopt;
    }
}

}  // namespace muster::runtime_process
