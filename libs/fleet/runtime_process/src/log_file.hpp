#pragma once

#include <filesystem>
#include <functional>

#include "record.hpp"
#include "unique_fd.hpp"

namespace muster::runtime_process {

/// Lines into `path`; at `bytes_max` the file becomes `path`.1 and a new one begins. Used by one
/// process.
class LogWriter {
  public:
    LogWriter(std::filesystem::path path, std::int64_t bytes_max);
    /// Bytes of output as they come; a line is written when it is whole or `line_bytes_max` long.
    void add(std::string_view bytes, bool is_error, Timestamp now);
    /// Writes what has no newline yet.
    void finish(Timestamp now);

    static constexpr std::size_t line_bytes_max = 16 << 10;

  private:
    void write(std::string_view text, bool is_error, Timestamp now);
    void flush();

    std::filesystem::path path_;
    std::int64_t bytes_max_;
    std::int64_t size_ = 0;
    UniqueFd fd_;
    std::string partial_[2];
    std::string pending_;
};

/// Reads the lines of `path`.1 and `path`, and follows when the one becomes the other.
class LineReader {
  public:
    explicit LineReader(std::filesystem::path path) : path_(std::move(path)) {}
    /// Starts so that `lines` are left, or fewer when there are not so many. Otherwise it starts
    /// with the oldest.
    void seek_tail(std::int64_t lines);
    /// The next whole line; nullopt when there is none at the moment.
    [[nodiscard]] std::optional<std::string> next();

    static constexpr std::size_t line_bytes_max = 1 << 20;

  private:
    [[nodiscard]] std::filesystem::path old() const { return path_.string() + ".1"; }
    bool open(const std::filesystem::path& path);
    bool read_more();
    bool go_on();

    std::filesystem::path path_;
    UniqueFd fd_;
    std::string bytes_;
    std::size_t at_ = 0;
};

}  // namespace muster::runtime_process
