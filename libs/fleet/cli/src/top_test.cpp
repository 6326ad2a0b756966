#include "top.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json statistics(int bytes_out, double cpu_seconds) {
    return {{"worlds",
             {{{"name", "ctf"},
               {"mode", "capture_the_flag"},
               {"people", 3},
               {"bots", 197},
               {"tick", 1234},
               {"ticks_late", 2},
               {"ticks_skipped", 0},
               {"asleep", false},
               {"stages", {{"tick", {{"p50_us", 812.0}, {"p99_us", 1503.0}, {"max_us", 2100.0}}}}}},
              {{"name", "ffa"}, {"mode", "free_for_all"}, {"asleep", true}}}},
            {"sessions", 3},
            {"sessions_max", 4096},
            {"bytes_out", bytes_out},
            {"snapshot_rate", 30},
            {"overload", "none"},
            {"process", {{"rss_bytes", 104857600}, {"cpu_seconds", cpu_seconds}}}};
}

TEST(Top, ShowsTicksPlayersAndWhatWasSentInTheSecond) {
    const std::string screen = render_top({statistics(0, 1.0), json::array(), 10},
                                          {statistics(4'096, 1.25), json::array(), 12});
    EXPECT_THAT(screen, HasSubstr("1.50 ms"));
    EXPECT_THAT(screen, HasSubstr("197"));
    EXPECT_THAT(screen, HasSubstr("out 2.0 KiB/s"));
    EXPECT_THAT(screen, HasSubstr("CPU 12.5 %"));
    EXPECT_THAT(screen, HasSubstr("asleep"));
    EXPECT_THAT(screen, Not(HasSubstr("OVERLOAD")));
}

TEST(Top, SaysWhenTheWorldServerIsOverloaded) {
    json loaded = statistics(0, 0);
    loaded["overload"] = "rate_lowered";
    EXPECT_THAT(render_top({loaded, json::array(), 0}, {loaded, json::array(), 1}),
                HasSubstr("OVERLOAD: rate_lowered"));
}

TEST(Top, ShowsServersWhereThereAreNoWorlds) {
    const json servers = {
        {{"name", "friday"}, {"state", "ready"}, {"cpu_percent", 3.25}, {"memory_bytes", 1048576}}};
    const std::string screen = render_top({}, {nullptr, servers, 1});
    EXPECT_THAT(screen, HasSubstr("no worlds"));
    EXPECT_THAT(screen, HasSubstr("friday"));
    EXPECT_THAT(screen, HasSubstr("3.2 %"));
}

TEST(Top, ARestartedServerHasNoNegativeRates) {
    EXPECT_THAT(
        render_top({statistics(9'000, 9), json::array(), 0}, {statistics(10, 0), json::array(), 1}),
        HasSubstr("out 0 B/s"));
}

}  // namespace
}  // namespace muster::cli
