#include "values.hpp"

#include <gtest/gtest.h>

namespace muster::settings {
namespace {

TEST(Values, ReadDurations) {
    EXPECT_EQ(to_duration("500ms"), 500);
    EXPECT_EQ(to_duration("10s"), 10'000);
    EXPECT_EQ(to_duration("10"), 10'000);
    EXPECT_EQ(to_duration(" 5 m "), 300'000);
    EXPECT_EQ(to_duration("2h"), 7'200'000);
    EXPECT_EQ(to_duration("1d"), 86'400'000);
    for (const auto* bad :
         {"", "s", "1.5s", "-1s", "1w", "99999999999999999999", "9223372036854775807d"})
        EXPECT_EQ(to_duration(bad), std::nullopt) << bad;
}

TEST(Values, ReadSizes) {
    EXPECT_EQ(to_bytes("0"), 0);
    EXPECT_EQ(to_bytes("512"), 512);
    EXPECT_EQ(to_bytes("4 MiB"), 4 << 20);
    EXPECT_EQ(to_bytes("4m"), 4 << 20);
    EXPECT_EQ(to_bytes("2GB"), 2'000'000'000);
    for (const auto* bad : {"", "x", "4 XB", "1.5 GiB", "-1", "9999999999 TiB"})
        EXPECT_EQ(to_bytes(bad), std::nullopt) << bad;
}

TEST(Values, ReadAddressesAndFillInWhatIsLeftOut) {
    const Address usual{.host = "127.0.0.1", .port = 8080};
    const auto read = [&](std::string_view text) { return to_address(text, usual); };
    EXPECT_EQ(read("0.0.0.0:90"), (Address{.host = "0.0.0.0", .port = 90}));
    EXPECT_EQ(read(":0"), (Address{.host = "127.0.0.1", .port = 0}));
    EXPECT_EQ(read("90"), (Address{.host = "127.0.0.1", .port = 90}));
    EXPECT_EQ(read("example.org"), (Address{.host = "example.org", .port = 8080}));
    EXPECT_EQ(read("[::1]:90"), (Address{.host = "::1", .port = 90}));
    EXPECT_EQ(read("[::]"), (Address{.host = "::", .port = 8080}));
    EXPECT_EQ(read("http://localhost:50051/"), (Address{.host = "localhost", .port = 50051}));
    for (const auto* bad : {"a:b", "a:", "::1", "a b:1", "[::1", "[::1]90", "a:65536", "a:-1",
                            "[]:1", "http://", "a/b:1"})
        EXPECT_EQ(read(bad), std::nullopt) << bad;
}

TEST(Values, WriteAddressesThatReadAsTheSame) {
    for (const auto& address : {Address{.host = "::1", .port = 1}, Address{.host = "h", .port = 2}})
        EXPECT_EQ(to_address(to_text(address), {}), address);
}

TEST(Values, ReadPortRanges) {
    EXPECT_EQ(to_port_range("20000-29999"), (PortRange{.first = 20000, .last = 29999}));
    EXPECT_EQ(to_port_range("5-5"), (PortRange{.first = 5, .last = 5}));
    for (const auto* bad : {"", "5", "5-", "-5", "6-5", "0-5", "1-65536", "a-b"})
        EXPECT_EQ(to_port_range(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace muster::settings
