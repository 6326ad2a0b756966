#include "report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace muster::load {
namespace {

Findings of_everybody() {
    Findings findings;
    findings.joins.playing = 64;
    findings.all_playing_seconds = 1;
    return findings;
}

bool is_ok(const Options& options, const Findings& findings) {
    return nlohmann::json::parse(to_json(options, findings)).at("ok").get<bool>();
}

TEST(Report, AllIsWellWhenEverybodyPlaysToTheEnd) {
    EXPECT_TRUE(is_ok({}, of_everybody()));
    EXPECT_EQ(to_table({}, of_everybody()).find("NOT ALL"), std::string::npos);
}

TEST(Report, WhoCouldNotJoinIsNotWellAndTheServersWordsSayWhy) {
    auto findings = of_everybody();
    findings.all_playing_seconds = 0;
    findings.joins.last_refusal = "429 too many sessions from this address";
    EXPECT_FALSE(is_ok({}, findings));
    const auto table = to_table({}, findings);
    EXPECT_NE(table.find("NOT ALL OF THEM PLAYED"), std::string::npos) << table;
    EXPECT_NE(table.find("429 too many sessions from this address"), std::string::npos) << table;
    const auto told = nlohmann::json::parse(to_json({}, findings));
    EXPECT_EQ(told["joins"]["last_refusal"], "429 too many sessions from this address");
    findings.interrupted = true;
    EXPECT_TRUE(is_ok({}, findings));
}

TEST(Report, WhoIsDroppedIsNotWell) {
    auto findings = of_everybody();
    findings.joins.dropped = 1;
    EXPECT_FALSE(is_ok({}, findings));
}

TEST(Report, OfAStormItCannotBeSaidWhoShouldPlay) {
    auto findings = of_everybody();
    findings.all_playing_seconds = 0;
    findings.joins.dropped = 3;
    Options options;
    options.pattern = Pattern::storm;
    EXPECT_TRUE(is_ok(options, findings));
}

TEST(Report, CrossingsAreToldWhereThereAreAnyAndWhatGoesWrongThereIsNotWell) {
    EXPECT_EQ(to_table({}, of_everybody()).find("crossings"), std::string::npos);
    auto findings = of_everybody();
    auto& crossings = findings.measured.crossings;
    findings.measured.seconds = 10;
    crossings.count = 40;
    crossings.unconnected = 2;
    crossings.falls["silence"] = 3;
    for (std::uint64_t i = 0; i < 40; ++i) crossings.gap.add(33'000);
    crossings.back.add(2'000'000);
    findings.measured.identities = {0x101, 0x201, 0x301};
    const auto table = to_table({}, findings);
    EXPECT_NE(table.find("40 (4.0 a second); 2 without a second connection"), std::string::npos)
        << table;
    EXPECT_NE(table.find("3 x silence"), std::string::npos) << table;
    const auto told = nlohmann::json::parse(to_json({}, findings))["crossings"];
    EXPECT_EQ(told["total"], 40);
    EXPECT_EQ(told["lost"], 3);
    EXPECT_EQ(told["resumes"], 1);
    EXPECT_NEAR(told["gap_ms"]["p99"].get<double>(), 33, 1);
    EXPECT_TRUE(is_ok({}, findings));

    auto doubled = findings;
    doubled.measured.identities.push_back(0x201);
    EXPECT_EQ(doubled.players_doubled(), 1);
    EXPECT_FALSE(is_ok({}, doubled));
    auto mirrored = findings;
    mirrored.measured.crossings.doubles = 1;
    EXPECT_FALSE(is_ok({}, mirrored));
    auto another = findings;
    another.measured.crossings.strangers = 1;
    EXPECT_FALSE(is_ok({}, another));
    auto twice = findings;
    ChatCheck::Ear ear;
    for (int i = 0; i < 2; ++i) twice.chats.heard(ear, 1);
    EXPECT_FALSE(is_ok({}, twice));
}

TEST(Joins, KeepNoMoreReasonsThanTheirLimit) {
    Joins joins;
    for (std::size_t i = 0; i < reasons_max + 5; ++i) joins.count(std::to_string(i));
    EXPECT_EQ(joins.reasons.size(), reasons_max + 1);
    EXPECT_EQ(joins.reasons["others"], 5);
}

}  // namespace
}  // namespace muster::load
