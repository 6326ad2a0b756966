#include "muster/http/message.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace muster::http {
namespace {

TEST(Fields, NamesAreFoundWithoutRegardToCase) {
    Fields fields;
    fields.add("Content-Type", "text/plain");
    fields.add("X-A", "1");
    fields.add("x-a", "2");
    EXPECT_EQ(fields.find("content-TYPE"), "text/plain");
    EXPECT_EQ(fields.find("X-a"), "1");
    EXPECT_EQ(fields.find("X"), std::nullopt);
    EXPECT_EQ(fields.all().size(), 3U);
}

TEST(Fields, SettingReplacesEveryLineOfThatName) {
    Fields fields;
    fields.add("X-A", "1");
    fields.add("x-a", "2");
    fields.add("B", "3");
    fields.set("X-a", "4");
    EXPECT_EQ(fields.find("x-a"), "4");
    EXPECT_EQ(fields.all().size(), 2U);
    fields.remove("b");
    EXPECT_EQ(fields.find("B"), std::nullopt);
}

TEST(Fields, AListFieldIsReadOverAllItsLines) {
    Fields fields;
    fields.add("Accept-Encoding", "gzip , br,");
    fields.add("accept-encoding", "\tdeflate");
    EXPECT_THAT(fields.list("Accept-Encoding"), testing::ElementsAre("gzip", "br", "deflate"));
    EXPECT_TRUE(fields.list("none").empty());
}

TEST(Request, TheFirstValueOfAQueryNameIsGiven) {
    Request request;
    request.query = {{"a", "1"}, {"a", "2"}};
    EXPECT_EQ(request.query_one("a"), "1");
    EXPECT_EQ(request.query_one("b"), std::nullopt);
}

TEST(Problem, SaysStatusCodeDetailAndField) {
    const Response response = problem(Error{Errc::invalid_argument, "no such \"port\"", "ports.x"});
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.headers.find("content-type"), "application/problem+json");
    const auto body = nlohmann::json::parse(response.body);
    const nlohmann::json expected{
        {"type", "about:blank"},      {"title", "Bad Request"},       {"status", 400},
        {"code", "invalid_argument"}, {"detail", "no such \"port\""}, {"field", "ports.x"}};
    EXPECT_EQ(body, expected);
}

TEST(Problem, StandsForAnyBytesInTheMessage) {
    const Response response = problem(405, Error{Errc::unsupported, "a \xff b", {}});
    const auto body = nlohmann::json::parse(response.body);
    EXPECT_EQ(body["detail"], "a \xEF\xBF\xBD b");
    EXPECT_EQ(body["title"], "Method Not Allowed");
    EXPECT_FALSE(body.contains("field"));
}

TEST(Problem, EveryErrorCodeHasAReasonPhrase) {
    for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
        EXPECT_NE(reason_of(http_status(static_cast<Errc>(i))), "Unknown") << i;
    }
}

}  // namespace
}  // namespace muster::http
