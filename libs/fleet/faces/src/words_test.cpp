#include <gmock/gmock.h>

#include "companion.hpp"
#include "control_words.hpp"
#include "docklord_words.hpp"
#include "muster/base/time.hpp"
#include "peon_words.hpp"

namespace muster::faces {
namespace {

TEST(ControlLines, ComeWholeHoweverTheBytesArrive) {
    control::Lines lines;
    ASSERT_TRUE(lines.add("one\r\ntw"));
    EXPECT_EQ(lines.next(), "one");
    EXPECT_FALSE(lines.next());
    ASSERT_TRUE(lines.add("o\n\nthree\n"));
    EXPECT_EQ(lines.next(), "two");
    EXPECT_EQ(lines.next(), "");
    EXPECT_EQ(lines.next(), "three");
    EXPECT_FALSE(lines.next());
    EXPECT_TRUE(lines.add(std::string(control::line_bytes_max, 'x') + "\n"));
    EXPECT_EQ(lines.next()->size(), control::line_bytes_max);
    EXPECT_FALSE(lines.add(std::string(control::line_bytes_max + 1, 'x')));
    EXPECT_FALSE(lines.next());
}

TEST(ControlWords, BecomeCallsOfTheApi) {
    const auto call = [](std::string_view line) {
        const auto message = control::parse(line);
        EXPECT_TRUE(message);
        return control::call_of(*message);
    };
    const auto list =
        call(R"({"id":1,"command":"servers.list","params":{"limit":5,"name":"a b"}})");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->method, "GET");
    EXPECT_EQ(list->target, "/api/v1/servers?limit=5&name=a%20b");
    const auto typed =
        call(R"({"command":"servers.console","params":{"id":"../x","line":"say hi"}})");
    ASSERT_TRUE(typed);
    EXPECT_EQ(typed->target, "/api/v1/servers/..%2Fx/console");
    EXPECT_EQ(typed->body, (Json{{"line", "say hi"}}));
    EXPECT_EQ(call(R"({"command":"servers.stop"})").error().field, "params.id");
    EXPECT_THAT(call(R"({"command":"servers.stpo"})").error().message,
                ::testing::HasSubstr("servers.stop"));
    EXPECT_EQ(control::parse("[]").error().code, Errc::invalid_argument);
    EXPECT_EQ(control::parse(R"({"command":"ping","parms":{}})").error().field, "parms");
    EXPECT_EQ(control::parse(R"({"command":"ping","id":{}})").error().field, "id");
}

TEST(PeonWords, ReadTimesAsPeonWritesThem) {
    const auto now = *from_rfc3339("2026-06-01T12:00:00.000Z");
    const auto at = [&](const Json& body) { return peon::time_in(body, now); };
    EXPECT_EQ(**at(Json{{"interval", "10m"}}), now + std::chrono::minutes(10));
    EXPECT_EQ(**at(Json{{"interval", "2d"}}), now + std::chrono::hours(48));
    EXPECT_EQ(**at(Json{{"epoch_time", "1800000000"}}),
              Timestamp(std::chrono::seconds(1'800'000'000)));
    EXPECT_EQ(**at(Json{{"epoch_time", 1'800'000'000}}),
              Timestamp(std::chrono::seconds(1'800'000'000)));
    EXPECT_FALSE(at(Json::object())->has_value());
    for (const char* bad : {"", "m", "-1m", "0s", "1w", "1.5h", "99999999999999999d", "400d"}) {
        EXPECT_EQ(at(Json{{"interval", bad}}).error().field, "interval") << bad;
    }
    for (const char* bad : {"", "123", "1700000000", "99999999999", "9999999999"}) {
        EXPECT_EQ(at(Json{{"epoch_time", bad}}).error().field, "epoch_time") << bad;
    }
    EXPECT_EQ(at(Json{{"interval", "1m"}, {"epoch_time", "1800000000"}}).error().code,
              Errc::unprocessable);
    EXPECT_TRUE(*peon::eradicate_in(Json{{"eradicate", "True"}}));
    EXPECT_FALSE(*peon::eradicate_in(Json{{"eradicate", false}}));
    EXPECT_EQ(peon::eradicate_in(Json{{"eradicate", "yes"}}).error().field, "eradicate");
}

TEST(PeonWords, TakeAUidApartAtItsFirstDot) {
    EXPECT_EQ(peon::parse_uid("valheim.my.server")->name, "my.server");
    EXPECT_EQ(peon::parse_uid("valheim.my.server")->game, "valheim");
    for (const char* bad : {"", ".", "a.", ".b", "ab"}) EXPECT_FALSE(peon::parse_uid(bad)) << bad;
}

TEST(DocklordWords, CutTextIntoLines) {
    EXPECT_EQ(docklord::lines_of("a\r\n\nb"), (Json{"a", "", "b"}));
    EXPECT_EQ(docklord::lines_of(""), Json::array());
}

TEST(Output, BecomesLinesThatALogCanHold) {
    OutputLines lines;
    std::vector<std::string> out;
    const auto take = [&](std::string line) { out.push_back(std::move(line)); };
    lines.add("a\x1b[31mb\tc\r\n\nhalf", take);
    lines.add(std::string(OutputLines::line_bytes_max, 'x') + "\xff", take);
    lines.finish(take);
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[0], "a[31mb c");
    EXPECT_EQ(out[1].size(), OutputLines::line_bytes_max);
    EXPECT_EQ(out[2], "xxxx\xef\xbf\xbd");
}

}  // namespace
}  // namespace muster::faces
