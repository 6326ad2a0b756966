#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#include "muster/sctp/association.hpp"

namespace muster::sctp {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? polynomial : 0);
        table[i] = value;
    }
    return table;
}

[[maybe_unused]] std::uint32_t by_table(std::span<const std::byte> bytes, std::uint32_t state) {
    static constexpr auto table = make_table();
    for (const std::byte byte : bytes) {
        state = table[(state ^ std::to_integer<std::uint32_t>(byte)) & 255] ^ state >> 8;
    }
    return state;
}

std::uint64_t load(const std::byte* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::span<const std::byte> bytes,
                                                               std::uint32_t before) {
    std::uint64_t state = before;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, load(at));
    auto narrow = static_cast<std::uint32_t>(state);
    for (; left > 0; ++at, --left)
        narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
    return narrow;
}
#elif defined(__ARM_FEATURE_CRC32)
std::uint32_t by_instruction(std::span<const std::byte> bytes, std::uint32_t state) {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) state = __crc32cd(state, load(at));
    for (; left > 0; ++at, --left) state = __crc32cb(state, std::to_integer<std::uint8_t>(*at));
    return state;
}
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    return ~(has_instruction ? by_instruction(bytes, ~before) : by_table(bytes, ~before));
#elif defined(__ARM_FEATURE_CRC32)
    return ~by_instruction(bytes, ~before);
#else
    return ~by_table(bytes, ~before);
#endif
}

}  // namespace muster::sctp
