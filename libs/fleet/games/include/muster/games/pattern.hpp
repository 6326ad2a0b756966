#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

namespace muster::games {

inline constexpr std::size_t pattern_bytes_max = 1024;

/// A regular expression in RE2's syntax (Perl's without look-around and back-references). Matching
/// takes time linear in the text and little stack, so no definition and no console line can hang or
/// crash who uses it, which std::regex does not promise. Immutable; copies share; any thread.
class Pattern {
  public:
    /// invalid_argument with the reason when it is none, or longer than pattern_bytes_max.
    [[nodiscard]] static Result<Pattern> make(std::string_view expression);

    [[nodiscard]] bool found_in(std::string_view text) const;  ///< somewhere in it
    [[nodiscard]] bool matches(std::string_view text) const;   ///< all of it

  private:
    struct Compiled;
    explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const Compiled> compiled_;
};

}  // namespace muster::games
