#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

/// Whole units of a world, as the world's own map counts them. Widths and areas are 64 bits wide,
/// so that nothing overflows whatever the corners are.
namespace muster::territory {

struct Point {
    std::int32_t x = 0;
    std::int32_t y = 0;
    bool operator==(const Point&) const = default;
};

/// Left and top belong to it, right and bottom do not: rectangles that touch share no point.
struct Rectangle {
    std::int32_t left = 0;
    std::int32_t top = 0;
    std::int32_t right = 0;
    std::int32_t bottom = 0;
    bool operator==(const Rectangle&) const = default;

    [[nodiscard]] std::int64_t width() const { return std::int64_t{right} - left; }
    [[nodiscard]] std::int64_t height() const { return std::int64_t{bottom} - top; }
    [[nodiscard]] bool empty() const { return width() <= 0 || height() <= 0; }
    [[nodiscard]] std::uint64_t area() const {
        return empty() ? 0
                       : static_cast<std::uint64_t>(width()) * static_cast<std::uint64_t>(height());
    }
    [[nodiscard]] bool contains(Point point) const {
        return point.x >= left && point.x < right && point.y >= top && point.y < bottom;
    }
};

/// They share a point.
[[nodiscard]] bool overlap(const Rectangle& one, const Rectangle& other);
/// One grown by `distance` on all sides reaches the other, or touches it.
[[nodiscard]] bool near(const Rectangle& one, const Rectangle& other, std::int32_t distance);
/// Cut in the middle of the longer side; none when a half would be narrower than `side_min`.
[[nodiscard]] std::optional<std::pair<Rectangle, Rectangle>> halves(const Rectangle& whole,
                                                                    std::int64_t side_min);
/// Both together, when that is a rectangle and they do not overlap.
[[nodiscard]] std::optional<Rectangle> joined(const Rectangle& one, const Rectangle& other);
/// Every point of `whole` is in exactly one of the parts, and no part is empty or reaches beyond.
[[nodiscard]] bool tiles(const Rectangle& whole, std::span<const Rectangle> parts);

}  // namespace muster::territory
