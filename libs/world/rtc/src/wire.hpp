#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace muster::rtc {

/// Numbers in network byte order, wherever they lie.
template <std::unsigned_integral Number>
[[nodiscard]] Number load(const std::byte* at) {
    Number number;
    std::memcpy(&number, at, sizeof number);
    if constexpr (std::endian::native == std::endian::little) number = std::byteswap(number);
    return number;
}

template <std::unsigned_integral Number>
void store(std::byte* at, Number number) {
    if constexpr (std::endian::native == std::endian::little) number = std::byteswap(number);
    std::memcpy(at, &number, sizeof number);
}

}  // namespace muster::rtc
