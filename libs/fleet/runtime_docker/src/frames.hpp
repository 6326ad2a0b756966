#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/runtime/runtime.hpp"

/// Taking apart what the engine sends as streams. Pure: bytes in, values out, however they are cut.
namespace muster::runtime_docker {

struct Frame {
    bool is_error = false;
    std::string bytes;
    bool operator==(const Frame&) const = default;
};

/// The Engine's multiplexed stream: one byte of stream number (0 in, 1 out, 2 err), three zeros,
/// four bytes of big-endian length, the payload. A terminal's stream is raw and comes out as it is.
class FrameDecoder {
  public:
    static constexpr std::size_t payload_bytes_max = 4U << 20U;

    explicit FrameDecoder(bool raw) : raw_(raw) {}
    /// `internal` when the bytes are no such stream; nothing can be read after that.
    Result<std::vector<Frame>> feed(std::string_view bytes);
    /// Whether a frame is cut off when the stream ends here.
    [[nodiscard]] bool is_partial() const { return !input_.empty(); }

  private:
    bool raw_;
    std::string input_;
};

/// Lines of a log with the Engine's timestamps in front ("2026-11-30T09:29:12.752286992Z text").
class LogDecoder {
  public:
    static constexpr std::size_t line_bytes_max = 16U << 10U;

    /// `raw`: of a terminal, where lines do not come one a frame.
    explicit LogDecoder(bool raw) : frames_(raw), raw_(raw) {}
    Result<std::vector<runtime::LogLine>> feed(std::string_view bytes);
    /// What is left at the end without a newline.
    [[nodiscard]] std::optional<runtime::LogLine> rest();

  private:
    void split(std::vector<runtime::LogLine>& lines);

    FrameDecoder frames_;
    bool raw_;
    std::string half_;
};

/// JSON texts one a line, as the Engine streams events, statistics and progress.
class LineDecoder {
  public:
    static constexpr std::size_t line_bytes_max = 4U << 20U;

    /// Whole lines that are not empty. `too_large` when one is over the limit.
    Result<std::vector<std::string>> feed(std::string_view bytes);

  private:
    std::string half_;
};

}  // namespace muster::runtime_docker
