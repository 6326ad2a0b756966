#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// How many single-byte insertions, deletions, replacements and swaps of neighbours turn one text
/// into the other (optimal string alignment distance). Time and memory grow with the product of
/// the lengths; meant for names.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word that a person most likely meant: the one at the smallest edit distance, letter
/// case aside, if that is at most a third of the longer word (but one edit always counts). The
/// first of several equals; nullopt when nothing is near or `word` is longer than 128 bytes.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string_view> known);
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> known);

/// "did you mean `port`?", or "known are: a, b, c" when nothing is near (at most twelve of them).
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);

/// Without spaces, tabs and line ends at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// The parts between the separators, each trimmed, empty ones left out: "a, b,,c" -> a b c.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator = ',');

/// Joins with ", " (or another separator).
[[nodiscard]] std::string join(std::span<const std::string> parts,
                               std::string_view separator = ", ");

/// ASCII letters in lower case; other bytes as they are.
[[nodiscard]] std::string to_lower(std::string_view text);

}  // namespace muster
