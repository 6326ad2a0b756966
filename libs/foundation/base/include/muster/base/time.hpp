#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// Wall time with millisecond resolution, as stored and sent: milliseconds since 1970, UTC.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using std::chrono::milliseconds;

/// RFC 3339 in UTC with milliseconds: 2026-11-25T08:30:00.000Z.
[[nodiscard]] std::string to_rfc3339(Timestamp time);
/// Reads RFC 3339 with `Z` or an offset and up to nine decimals (cut to milliseconds).
[[nodiscard]] std::optional<Timestamp> from_rfc3339(std::string_view text);

/// A clock that a test can move. Rooms above floor 1 take one instead of asking the system.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const override;
};

class ManualClock final : public Clock {
  public:
    explicit ManualClock(Timestamp start) : now_(start) {}
    [[nodiscard]] Timestamp now() const override { return now_; }
    void advance(milliseconds by) { now_ += by; }

  private:
    Timestamp now_;
};

}  // namespace muster
