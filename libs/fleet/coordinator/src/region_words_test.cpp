#include "region_words.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace muster::coordinator {
namespace {

using testing::HasSubstr;

world_wire::World good_world() {
    world_wire::World out;
    out.set_name("ffa");
    out.set_mode("ffa");
    out.set_map("4000x3000");
    out.set_players_max(300);
    auto& spread = *out.mutable_spread();
    spread.mutable_bounds()->set_right(4'000);
    spread.mutable_bounds()->set_bottom(3'000);
    spread.set_strip(700);
    spread.set_regions_min(4);
    spread.set_fingerprint("abc");
    return out;
}

TEST(SpreadHello, SaysWhatWorldItIs) {
    const auto read = read_spread(good_world());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->spec.bounds, (territory::Rectangle{0, 0, 4'000, 3'000}));
    EXPECT_EQ(read->spec.regions_min, 4U);
    EXPECT_EQ(read->spec.strip, 700);
    EXPECT_EQ(read->players_max, 300U);
}

TEST(SpreadHello, ThatIsWrongNamesItsField) {
    const std::vector<std::pair<std::string, std::function<void(world_wire::Spread&)>>> wrong{
        {"bounds", [](auto& spread) { spread.clear_bounds(); }},
        {"bounds", [](auto& spread) { spread.mutable_bounds()->set_right(1 << 30); }},
        {"strip", [](auto& spread) { spread.set_strip(0); }},
        {"regions_min", [](auto& spread) { spread.set_regions_min(0); }},
        {"regions_min", [](auto& spread) { spread.set_regions_min(257); }},
        {"fingerprint", [](auto& spread) { spread.clear_fingerprint(); }},
        {"fingerprint", [](auto& spread) { spread.set_fingerprint(std::string(65, 'x')); }},
    };
    for (const auto& [field, spoil] : wrong) {
        auto world = good_world();
        spoil(*world.mutable_spread());
        const auto read = read_spread(world);
        ASSERT_FALSE(read) << field;
        EXPECT_EQ(read.error().field, "worlds.spread." + field);
        EXPECT_EQ(read.error().code, Errc::invalid_argument);
    }
}

TEST(SpreadHello, OfAnotherWorldSaysInWhat) {
    const auto ours = read_spread(good_world()).value();
    const std::vector<std::pair<std::string, std::function<void(SpreadWorld&)>>> others{
        {"mode", [](auto& world) { world.mode = "tdm"; }},
        {"players_max", [](auto& world) { world.players_max = 301; }},
        {"spread.bounds", [](auto& world) { world.spec.bounds.right = 5'000; }},
        {"spread.strip", [](auto& world) { world.spec.strip = 701; }},
        {"spread.regions_min", [](auto& world) { world.spec.regions_min = 5; }},
        {"spread.fingerprint", [](auto& world) { world.fingerprint = "def"; }},
    };
    for (const auto& [field, change] : others) {
        auto theirs = ours;
        change(theirs);
        ASSERT_NE(theirs, ours);
        const auto error = difference(ours, theirs);
        EXPECT_EQ(error.code, Errc::conflict);
        EXPECT_EQ(error.field, "worlds." + field);
        EXPECT_THAT(error.message, HasSubstr("its " + field + " is "));
    }
}

TEST(LeaseQuestion, IsReadWithinItsLimits) {
    world_wire::LeaseQuestion good;
    good.set_request(3);
    good.add_holds()->set_region(1);
    good.mutable_holds(0)->set_epoch(2);
    good.add_loads()->set_region(1);
    good.mutable_loads(0)->set_players(1'000'000);
    good.mutable_loads(0)->set_cpu_permille(2'000);
    good.add_used(299);
    const auto read = read_question(good, 300);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->heard.holds, (std::vector<territory::Holding>{{1, 2}}));
    EXPECT_EQ(read->heard.loads[0].players, 300U);
    EXPECT_EQ(read->heard.loads[0].cpu_permille, 1'000U);
    EXPECT_EQ(read->used, std::vector<territory::PlayerId>{299});

    const std::vector<std::pair<std::string, std::function<void(world_wire::LeaseQuestion&)>>>
        wrong{
            {"request", [](auto& question) { question.clear_request(); }},
            {"holds", [](auto& question) { question.add_holds(); }},
            {"released",
             [](auto& question) {
                 for (int i = 0; i < 257; ++i) question.add_released()->set_region(1);
             }},
            {"loads",
             [](auto& question) {
                 for (int i = 0; i < 257; ++i) question.add_loads();
             }},
            {"used", [](auto& question) { question.add_used(300); }},
            {"spare",
             [](auto& question) {
                 for (int i = 0; i < 301; ++i) question.add_spare(1);
             }},
        };
    for (const auto& [field, spoil] : wrong) {
        auto question = good;
        spoil(question);
        EXPECT_EQ(read_question(question, 300).error().field, "lease_question." + field);
    }
}

TEST(LeaseAnswer, SaysAllThatTerritoryDecided) {
    territory::Answer answer;
    answer.server = "world-1";
    answer.life = 9;
    answer.request = 4;
    answer.number = 2;
    answer.lease = milliseconds(1'500);
    territory::Grant grant;
    grant.world = "ffa";
    grant.region = 3;
    grant.area = {-5, -6, 7, 8};
    grant.epoch = 11;
    grant.neighbours = {{2, {7, -6, 9, 8}, "world-2", 10}};
    grant.keeper = "world-2";
    grant.leave = true;
    grant.successor = "world-2";
    answer.grants = {grant};
    const auto said = to_wire(answer, {{5, 64}}).lease_answer();
    EXPECT_EQ(said.request(), 4U);
    EXPECT_EQ(said.number(), 2U);
    EXPECT_EQ(said.life(), 9U);
    EXPECT_EQ(said.lease_ms(), 1'500U);
    ASSERT_EQ(said.grants_size(), 1);
    EXPECT_EQ(said.grants(0).area().left(), -5);
    EXPECT_EQ(said.grants(0).neighbours(0).server(), "world-2");
    EXPECT_EQ(said.grants(0).neighbours(0).epoch(), 10U);
    EXPECT_TRUE(said.grants(0).leave());
    EXPECT_EQ(said.loans(0).first(), 5U);
    EXPECT_EQ(said.loans(0).count(), 64U);
}

TEST(Records, ComeBackAsTheyWere) {
    territory::Standing standing;
    standing.epoch = ~std::uint64_t{0} >> 1U;
    standing.region = 12;
    standing.version = 34;
    standing.lease = milliseconds(1'500);
    standing.draining = {"world-1", "world-2"};
    EXPECT_EQ(read_standing(Json::parse(record_of(standing).dump())).value(), standing);

    const auto facts = read_spread(good_world()).value();
    territory::WorldRecord record{facts.spec, true, {}};
    record.regions.push_back({5, facts.spec.bounds, 7, "world-1", ~std::uint64_t{0}, "world-2"});
    const auto kept = read_world("ffa", Json::parse(record_of(facts, record).dump()), standing);
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_EQ(kept->facts, facts);
    EXPECT_EQ(kept->record, record);
}

TEST(Records, ThatCannotBeOursAreRefusedByTheirMember) {
    const auto field = [](const char* json) {
        return read_standing(Json::parse(json)).error().field;
    };
    EXPECT_EQ(field("{}"), "epoch");
    EXPECT_EQ(field("[]"), "epoch");
    EXPECT_EQ(field(R"({"epoch":-1})"), "epoch");
    EXPECT_EQ(field(R"({"epoch":1.5})"), "epoch");
    EXPECT_EQ(field(R"({"epoch":1,"region":1,"version":1,"lease_ms":-1,"draining":[]})"),
              "lease_ms");
    EXPECT_EQ(field(R"({"epoch":1,"region":1,"version":1,"lease_ms":1,"draining":[""]})"),
              "draining");
}

}  // namespace
}  // namespace muster::coordinator
