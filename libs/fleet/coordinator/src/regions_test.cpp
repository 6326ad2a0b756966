#include "regions.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "muster/store/fake.hpp"
#include "muster/territory/holdings.hpp"

namespace muster::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

SpreadWorld wide(std::uint32_t regions = 2) {
    SpreadWorld out;
    out.spec.name = "ffa";
    out.spec.bounds = {0, 0, 4'000, 3'000};
    out.spec.regions_min = regions;
    out.spec.strip = 700;
    out.mode = "ffa";
    out.map = "4000x3000";
    out.players_max = 300;
    out.fingerprint = "abc";
    return out;
}

/// A ledger over a disk, a clock in the test's hand, and all that was sent.
class RegionsTest : public testing::Test {
  protected:
    RegionsTest() {
        options_.region_lease = 1'500ms;
        open();
    }
    void open() {
        regions_.reset();
        ledger_.reset();
        store_ = std::make_unique<store::FakeStore>(disk_);
        ledger_ = std::make_unique<Ledger>(context_.get_executor(), context_.get_executor(),
                                           *store_, "audit", 1ms);
        regions_ = std::make_unique<Regions>(*ledger_, options_, [this] { return now_; });
        ASSERT_TRUE(regions_->load(*store_));
        regions_->on_send(
            [this](const std::string& server, std::uint64_t, world_wire::ToWorld message) {
                sent_.emplace_back(server, std::move(message));
            });
    }
    void settle() {
        context_.restart();
        context_.poll();
    }
    void come(const std::string& server, const SpreadWorld& world = wide()) {
        const auto came = regions_->came(server, ++session_, 77, world);
        ASSERT_TRUE(came) << came.error().message;
        sessions_[server] = session_;
        settle();
    }
    /// What it was granted by the answers to this question.
    std::map<std::uint64_t, std::uint64_t> ask(const std::string& server, bool wants_ids = false,
                                               std::vector<std::uint32_t> used = {}) {
        world_wire::LeaseQuestion question;
        question.set_request(++request_);
        question.set_wants_ids(wants_ids);
        for (const auto id : used) question.add_used(id);
        sent_.clear();
        const auto heard = regions_->heard(server, sessions_[server], question);
        EXPECT_TRUE(heard) << heard.error().message;
        settle();
        return granted(server);
    }
    /// By region, with the epoch.
    std::map<std::uint64_t, std::uint64_t> granted(const std::string& server) {
        std::map<std::uint64_t, std::uint64_t> out;
        for (const auto& [to, message] : sent_) {
            if (to != server || !message.has_lease_answer()) continue;
            out.clear();
            for (const auto& grant : message.lease_answer().grants()) {
                out[grant.region()] = grant.epoch();
            }
        }
        return out;
    }
    std::size_t answers() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            sent_, [](const auto& one) { return one.second.has_lease_answer(); }));
    }
    std::vector<std::pair<std::uint32_t, std::uint32_t>> loans() const {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> out;
        for (const auto& [to, message] : sent_) {
            for (const auto& loan : message.lease_answer().loans()) {
                out.emplace_back(loan.first(), loan.count());
            }
        }
        return out;
    }
    void pass(milliseconds time) {
        now_ += time;
        sent_.clear();
        regions_->time_passed();
        settle();
    }

    asio::io_context context_;
    Options options_;
    std::shared_ptr<store::FakeDisk> disk_ = std::make_shared<store::FakeDisk>();
    std::unique_ptr<store::FakeStore> store_;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<Regions> regions_;
    territory::Instant now_{1'000'000};
    std::uint64_t session_ = 0;
    std::uint64_t request_ = 0;
    std::map<std::string, std::uint64_t> sessions_;
    std::vector<std::pair<std::string, world_wire::ToWorld>> sent_;
};

TEST_F(RegionsTest, AreLeasedToTheFirstServerAndRenewed) {
    come("a");
    const auto first = ask("a");
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(sent_.back().second.lease_answer().lease_ms(), 1'500U);
    EXPECT_EQ(sent_.back().second.lease_answer().life(), 77U);
    now_ += 375ms;
    EXPECT_EQ(ask("a"), first);
    EXPECT_TRUE(regions_->is_whole("ffa"));
    EXPECT_EQ(regions_->open_servers("ffa").value(), std::vector<std::string>{"a"});
    EXPECT_EQ(regions_->regions_at("a").size(), 2U);
}

TEST_F(RegionsTest, GoToAnotherWhenTheirServerIsSilentForTheLeaseAndNotBefore) {
    come("a");
    const auto had = ask("a");
    come("b");
    EXPECT_TRUE(ask("b").empty());
    milliseconds waited{0};
    std::map<std::uint64_t, std::uint64_t> got;
    for (; got.empty() && waited < 5s; waited += 100ms) {
        pass(100ms);
        got = granted("b");
        if (got.empty()) got = ask("b");
        if (!got.empty()) break;
        EXPECT_EQ(regions_->is_whole("ffa"), waited + 100ms <= 700ms) << waited;
    }
    EXPECT_GE(waited + 100ms, 1'500ms);
    EXPECT_LE(waited, 1'700ms);
    ASSERT_EQ(got.size(), had.size());
    for (const auto& [region, epoch] : got) EXPECT_GT(epoch, had.at(region));
}

TEST_F(RegionsTest, OfAServerThatNobodyHearsAndHasNoLinkAreAnothersBeforeTheLeaseIsOver) {
    options_.region_lease = 60s;
    open();
    come("one");
    ask("one");
    come("two");
    ask("two");
    ASSERT_EQ(regions_->regions_at("one").size(), 2U);
    regions_->gone("one", sessions_["one"]);
    const auto hear = [this](std::vector<std::string> hears) {
        world_wire::LeaseQuestion question;
        question.set_request(++request_);
        for (auto& server : hears) question.add_hears(std::move(server));
        ASSERT_TRUE(regions_->heard("two", sessions_["two"], question));
    };
    // Its link alone says nothing, as long as it plays on for others to see.
    for (int i = 0; i < 40; ++i) {
        hear({"one"});
        pass(250ms);
    }
    EXPECT_EQ(regions_->regions_at("one").size(), 2U);
    hear({});
    pass(250ms);
    EXPECT_EQ(regions_->regions_at("two").size(), 2U);
}

TEST_F(RegionsTest, OfAServerThatNobodyHearsAndThatAsksNothingAreAnothersThoughItsLinkIsOpen) {
    options_.region_lease = 60s;
    open();
    come("one");
    ask("one");
    come("two");
    // Nobody speaks: this coordinator slept.
    pass(20s);
    EXPECT_EQ(regions_->regions_at("one").size(), 2U);
    ask("two");
    ask("one");
    const auto pass_with_two_asking = [this](milliseconds time) {
        for (milliseconds passed{0}; passed < time; passed += 250ms) {
            pass(250ms);
            ask("two");
        }
    };
    pass_with_two_asking(1'750ms);
    EXPECT_EQ(regions_->regions_at("one").size(), 2U);
    pass_with_two_asking(750ms);
    EXPECT_EQ(regions_->regions_at("two").size(), 2U);
    world_wire::LeaseQuestion question;
    question.set_request(++request_);
    EXPECT_FALSE(regions_->heard("one", sessions_["one"], question)) << "it must come anew";
}

TEST_F(RegionsTest, StayWithAServerWhoseLinkIsBackOrWhomNobodyCouldFollow) {
    options_.region_lease = 60s;
    open();
    come("one");
    ask("one");
    regions_->gone("one", sessions_["one"]);
    pass(10s);
    EXPECT_EQ(regions_->regions_at("one").size(), 2U) << "there is nobody else";
    come("one");
    come("two");
    ask("two");
    for (int i = 0; i < 40; ++i) {
        pass(250ms);
        ask("two");
        ask("one");
    }
    EXPECT_EQ(regions_->regions_at("one").size(), 2U);
}

TEST_F(RegionsTest, AreSaidToNobodyBeforeTheyAreDurable) {
    disk_->commit_error = Error{Errc::exhausted, "the disk is full", {}};
    ASSERT_TRUE(regions_->came("a", ++session_, 77, wide()));
    sessions_["a"] = session_;
    EXPECT_TRUE(ask("a").empty());
    EXPECT_EQ(answers(), 0U);
    EXPECT_THAT(ledger_->failing(), HasSubstr("disk is full"));
    EXPECT_TRUE(store_->load(Regions::world_kind)->empty());
    disk_->commit_error.reset();
    while (!ledger_->failing().empty()) {
        context_.restart();
        context_.run_one();
    }
    settle();
    EXPECT_EQ(granted("a").size(), 2U);
    EXPECT_EQ(store_->load(Regions::world_kind)->size(), 1U);

    // What was granted before is renewed, whatever becomes of the disk.
    disk_->commit_error = Error{Errc::exhausted, "the disk is full", {}};
    now_ += 300ms;
    EXPECT_EQ(ask("a").size(), 2U);
    ASSERT_TRUE(regions_->drain("a", true));
    settle();
    EXPECT_FALSE(ledger_->failing().empty());
    now_ += 300ms;
    EXPECT_EQ(ask("a").size(), 2U);
}

TEST_F(RegionsTest, GoOnAfterARestartOnTheSameStore) {
    come("a");
    const auto had = ask("a");
    ASSERT_TRUE(regions_->drain("a", true));
    settle();
    open();
    EXPECT_TRUE(regions_->is_draining("a"));
    ASSERT_TRUE(regions_->drain("a", false));
    ASSERT_NE(regions_->world("ffa"), nullptr);
    EXPECT_EQ(*regions_->world("ffa"), wide());
    come("b");
    EXPECT_TRUE(ask("b").empty()) << "the lease of before may still run";
    now_ += 1'500ms;
    come("a");
    EXPECT_EQ(ask("a"), had) << "the same process has them on";
    // It dies, and only what is greater than everything before is given.
    regions_->gone("a", sessions_["a"]);
    ask("b");
    now_ += 1'300ms;
    ask("b");
    pass(300ms);
    const auto got = granted("b");
    ASSERT_EQ(got.size(), had.size());
    for (const auto& [region, epoch] : got) EXPECT_GT(epoch, had.rbegin()->second);
}

TEST_F(RegionsTest, OfAnotherWorldOfThatNameAreRefusedUntilNobodyCanOwnAny) {
    come("a");
    ask("a");
    auto other = wide();
    other.fingerprint = "def";
    auto refused = regions_->came("b", ++session_, 78, other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_EQ(refused.error().field, "worlds.spread.fingerprint");
    EXPECT_THAT(refused.error().message, HasSubstr("abc"));
    other = wide(4);
    EXPECT_EQ(regions_->came("b", ++session_, 78, other).error().field,
              "worlds.spread.regions_min");
    regions_->gone("a", sessions_["a"]);
    EXPECT_FALSE(regions_->came("b", ++session_, 78, other)) << "its lease still runs";
    pass(1'700ms);
    come("b", other);
    EXPECT_EQ(ask("b").size(), 4U);
    EXPECT_EQ(regions_->world("ffa")->spec.regions_min, 4U);
    other.spec.strip = 3'000;
    other.spec.name = "narrow";
    refused = regions_->came("c", ++session_, 79, other);
    EXPECT_EQ(refused.error().field, "worlds.spread.regions_min");
    EXPECT_EQ(regions_->world("narrow"), nullptr);
}

TEST_F(RegionsTest, ComeWithIdsForPlayersThatAreNobodyElses) {
    come("a");
    come("b");
    ask("a", true);
    EXPECT_EQ(loans(), (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 64}}));
    ask("a", true);
    EXPECT_TRUE(loans().empty()) << "the first ones have not been reported";
    ask("b", true);
    EXPECT_EQ(loans(), (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{64, 59}}));
    open();
    come("a");
    ask("a", true, {0, 1});
    EXPECT_TRUE(loans().empty()) << "others may have reported nothing yet";
    pass(36s);
    ask("a", true, {0, 1});
    EXPECT_EQ(loans().front().first, 2U);
}

TEST_F(RegionsTest, DrainedAwayGoToOthersThatAsk) {
    come("a");
    ask("a");
    come("b");
    ask("b");
    ASSERT_TRUE(regions_->drain("a", true));
    EXPECT_EQ(regions_->drain("nobody", true).error().code, Errc::not_found);
    // The holder does as it is asked: releases what it is told to leave.
    territory::Holdings holdings(77);
    std::uint64_t rounds = 0;
    while (!regions_->regions_at("a").empty() && ++rounds < 100) {
        pass(100ms);
        ask("b");
        const auto request = holdings.ask(now_);
        world_wire::LeaseQuestion question;
        question.set_request(++request_);
        for (const auto& one : request.released) {
            question.add_released()->set_region(one.region);
            question.mutable_released()->rbegin()->set_epoch(one.epoch);
        }
        sent_.clear();
        ASSERT_TRUE(regions_->heard("a", sessions_["a"], question));
        settle();
        for (const auto& [to, message] : sent_) {
            if (to != "a") continue;
            territory::Answer answer;
            answer.life = 77;
            answer.request = request.number;
            answer.number = message.lease_answer().number();
            answer.lease = 1'500ms;
            for (const auto& grant : message.lease_answer().grants()) {
                territory::Grant one{
                    .world = "ffa", .region = grant.region(), .epoch = grant.epoch()};
                one.area = {grant.area().left(), grant.area().top(), grant.area().right(),
                            grant.area().bottom()};
                one.leave = grant.leave();
                answer.grants.push_back(one);
            }
            static_cast<void>(holdings.arrived(answer, now_));
        }
        std::vector<territory::RegionId> leaving;
        for (const auto& [region, held] : holdings.held()) {
            if (held.grant.leave) leaving.push_back(region);
        }
        for (const auto region : leaving) static_cast<void>(holdings.release(region));
    }
    EXPECT_TRUE(regions_->regions_at("a").empty());
    EXPECT_EQ(regions_->regions_at("b").size(), 2U);
    EXPECT_EQ(regions_->open_servers("ffa").value(), std::vector<std::string>{"b"});
}

TEST_F(RegionsTest, OfARecordThatCannotBeOursStopTheStart) {
    come("a");
    ask("a");
    const std::string good = store_->load(Regions::world_kind)->front().body;
    const auto with = [&](const std::string& member, const Json& value) {
        Json body = Json::parse(good);
        body[Json::json_pointer(member)] = value;
        disk_->records[{std::string(Regions::world_kind), "ffa"}] = body.dump();
        Regions other(*ledger_, options_, [this] { return now_; });
        const auto loaded = other.load(*store_);
        return loaded ? std::string() : loaded.error().message;
    };
    EXPECT_EQ(with("/strip", 700), "");
    EXPECT_THAT(with("/strip", 0), HasSubstr("`strip`"));
    EXPECT_THAT(with("/players_max", -1), HasSubstr("`players_max`"));
    EXPECT_THAT(with("/regions/0/epoch", 1'000'000), HasSubstr("`epoch`"));
    EXPECT_THAT(with("/regions/0/id", 0), HasSubstr("`id`"));
    EXPECT_THAT(with("/regions/0/area", Json::array({0, 0, 1})), HasSubstr("`area`"));
    EXPECT_THAT(with("/regions/0/area", Json::array({0, 0, 100, 100})), HasSubstr("tile"));
    EXPECT_THAT(with("/regions/1/id", Json::parse(good)["regions"][0]["id"]),
                HasSubstr("`regions`"));
    EXPECT_THAT(with("/regions", 7), HasSubstr("`regions`"));
}

}  // namespace
}  // namespace muster::coordinator
