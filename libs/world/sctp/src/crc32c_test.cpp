#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "muster/sctp/association.hpp"

namespace muster::sctp {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Crc32c, IsTheOneOfTheStandard) {
    EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);
    EXPECT_EQ(crc32c(std::array<std::byte, 32>{}), 0x8A9136AAu);  // RFC 3720, B.4
    EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, GoesOnWhereItWas) {
    constexpr std::string_view text = "one polynomial, many pieces";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const auto first = crc32c(bytes_of(text.substr(0, cut)));
        EXPECT_EQ(crc32c(bytes_of(text.substr(cut)), first), crc32c(bytes_of(text)));
    }
}

}  // namespace
}  // namespace muster::sctp
