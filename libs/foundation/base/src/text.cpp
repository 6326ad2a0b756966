#include "muster/base/text.hpp"

#include <algorithm>

namespace muster {
namespace {

constexpr std::size_t word_bytes_max = 128;
constexpr std::size_t words_listed_max = 12;

template <typename Text>
std::optional<std::string> nearest_of(std::string_view word, std::span<const Text> known) {
    if (word.size() > word_bytes_max) return std::nullopt;
    const std::string wanted = to_lower(word);
    std::optional<std::string> best;
    std::size_t best_distance = 0;
    for (const auto& candidate : known) {
        if (candidate.size() > word_bytes_max) continue;
        const std::size_t allowed =
            std::max<std::size_t>(1, std::max(wanted.size(), candidate.size()) / 3);
        const std::size_t distance = edit_distance(wanted, to_lower(candidate));
        if (distance > allowed || (best && distance >= best_distance)) continue;
        best = std::string(candidate);
        best_distance = distance;
    }
    return best;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the classic table: a swap of neighbours looks two rows back.
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> before(width);
    std::vector<std::size_t> above(width);
    std::vector<std::size_t> row(width);
    for (std::size_t j = 0; j < width; ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> known) {
    return nearest_of(word, known);
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
    return nearest_of(word, known);
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
    if (const auto near = nearest(word, known)) return "did you mean `" + *near + "`?";
    if (known.empty()) return "none is known here";
    const auto listed = known.first(std::min(known.size(), words_listed_max));
    return "known are: " + join(listed) + (listed.size() < known.size() ? ", ..." : "");
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::vector<std::string> split_list(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const auto end = text.find(separator);
        if (const auto part = trim(text.substr(0, end)); !part.empty()) parts.emplace_back(part);
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string joined;
    for (const auto& part : parts) {
        if (&part != parts.data()) joined += separator;
        joined += part;
    }
    return joined;
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

}  // namespace muster
