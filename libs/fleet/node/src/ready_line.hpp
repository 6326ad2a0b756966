#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

namespace re2 {
class RE2;
}

namespace muster::node {

/// The line as a person sees it: without ANSI colours and other escape sequences (ECMA-48), and
/// without control characters.
[[nodiscard]] std::string plain_line(std::string_view line);

/// Looks for a game's ready pattern in console lines. RE2: time is linear in the line, whatever the
/// pattern and whatever a hostile game prints.
class ReadyLine {
  public:
    static constexpr std::int64_t memory_max = 2 << 20;
    /// Error field: "ready.pattern".
    static Result<ReadyLine> make(const std::string& pattern);
    ReadyLine(ReadyLine&&) noexcept;
    ReadyLine& operator=(ReadyLine&&) noexcept;
    ~ReadyLine();
    [[nodiscard]] bool matches(std::string_view line) const;

  private:
    explicit ReadyLine(std::unique_ptr<re2::RE2> pattern);
    std::unique_ptr<re2::RE2> pattern_;
};

}  // namespace muster::node
