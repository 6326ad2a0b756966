#include "muster/territory/geometry.hpp"

namespace muster::territory {

bool overlap(const Rectangle& one, const Rectangle& other) {
    return one.left < other.right && other.left < one.right && one.top < other.bottom &&
           other.top < one.bottom && !one.empty() && !other.empty();
}

bool near(const Rectangle& one, const Rectangle& other, std::int32_t distance) {
    const std::int64_t by = distance;
    return one.left - by <= other.right && other.left <= one.right + by &&
           one.top - by <= other.bottom && other.top <= one.bottom + by;
}

std::optional<std::pair<Rectangle, Rectangle>> halves(const Rectangle& whole,
                                                      std::int64_t side_min) {
    Rectangle first = whole;
    Rectangle second = whole;
    const std::int64_t half =
        (whole.width() >= whole.height() ? whole.width() : whole.height()) / 2;
    if (half < side_min || half < 1) {
        return std::nullopt;
    }
    if (whole.width() >= whole.height()) {
        first.right = static_cast<std::int32_t>(whole.left + half);
        second.left = first.right;
    } else {
        first.bottom = static_cast<std::int32_t>(whole.top + half);
        second.top = first.bottom;
    }
    return std::pair(first, second);
}

std::optional<Rectangle> joined(const Rectangle& one, const Rectangle& other) {
    if (one.top == other.top && one.bottom == other.bottom) {
        if (one.right == other.left) {
            return Rectangle{one.left, one.top, other.right, one.bottom};
        }
        if (other.right == one.left) {
            return Rectangle{other.left, one.top, one.right, one.bottom};
        }
    }
    if (one.left == other.left && one.right == other.right) {
        if (one.bottom == other.top) {
            return Rectangle{one.left, one.top, one.right, other.bottom};
        }
        if (other.bottom == one.top) {
            return Rectangle{one.left, other.top, one.right, one.bottom};
        }
    }
    return std::nullopt;
}

bool tiles(const Rectangle& whole, std::span<const Rectangle> parts) {
    std::uint64_t area = 0;
    for (std::size_t index = 0; index < parts.size(); ++index) {
        const Rectangle& part = parts[index];
        if (part.empty() || part.left < whole.left || part.top < whole.top ||
            part.right > whole.right || part.bottom > whole.bottom) {
            return false;
        }
        for (std::size_t before = 0; before < index; ++before) {
            if (overlap(part, parts[before])) {
                return false;
            }
        }
        area += part.area();
    }
    return !whole.empty() && area == whole.area();
}

}  // namespace muster::territory
