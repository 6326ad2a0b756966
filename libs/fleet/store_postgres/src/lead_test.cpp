#include <gtest/gtest.h>

#include <future>

#include "connection.hpp"
#include "muster/store_postgres/store_postgres.hpp"
#include "postgres_server.hpp"

namespace muster::store_postgres {
namespace {

std::vector<store::Record> records_of(store::Store& store, std::string_view kind) {
    auto loaded = store.load(kind);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(loaded).value_or(std::vector<store::Record>{});
}

class Lead : public testing::Test {
  protected:
    static void SetUpTestSuite() { server_ = new PostgresServer; }
    static void TearDownTestSuite() { delete server_; }
    void SetUp() override { url_ = server_->url(server_->new_database()); }

    [[nodiscard]] std::unique_ptr<PostgresStore> open() const {
        auto store = open_store({.url = url_});
        EXPECT_TRUE(store) << store.error().message;
        return *std::move(store);
    }
    /// Ends every other session on this database, as an operator or a failing network would.
    void cut() const {
        auto beside = Connection::open(url_, "it", milliseconds(5'000), milliseconds(5'000));
        ASSERT_TRUE(beside);
        const auto done = beside->run(
            "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
            "datname = current_database() AND pid <> pg_backend_pid()");
        ASSERT_TRUE(done) << done.error().message;
    }
    static Result<void> put(PostgresStore& store, const std::string& body) {
        const std::vector<store::Change> changes{{.record = {"node", "n", body}, .erase = false}};
        return store.commit(changes, "", {});
    }
    static std::string read(PostgresStore& store) {
        const auto records = records_of(store, "node");
        return records.empty() ? "" : records[0].body;
    }

    static PostgresServer* server_;
    std::string url_;
};
PostgresServer* Lead::server_ = nullptr;

TEST_F(Lead, OneLeadsAndTheOthersReadAndSeeWhoItIs) {
    const auto first = open(), second = open();
    EXPECT_EQ(second->leader().value_or(Leader{}), std::nullopt);
    EXPECT_TRUE(first->lead("first:1").value_or(false));
    EXPECT_TRUE(first->lead("first:1").value_or(false)) << "it leads already";
    EXPECT_FALSE(second->lead("second:2").value_or(true));
    EXPECT_EQ(second->leader().value_or(std::nullopt), (Leader{1, "first:1", true}));
    EXPECT_EQ(first->epoch(), 1);
    EXPECT_EQ(second->epoch(), 0);
    EXPECT_TRUE(first->be_at("first:3"));
    EXPECT_FALSE(second->be_at("second:4"));
    EXPECT_EQ(second->leader().value_or(std::nullopt), (Leader{1, "first:3", true}));
    ASSERT_TRUE(put(*first, "one"));
    EXPECT_EQ(read(*second), "one");
    const auto refused = put(*second, "two");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_EQ(read(*first), "one");
}

TEST_F(Lead, WhoResignsOrEndsLetsTheNextLeadAtOnceWithTheNextEpoch) {
    auto first = open();
    const auto second = open();
    ASSERT_TRUE(first->lead("first").value_or(false));
    first->resign();
    EXPECT_FALSE(put(*first, "one"));
    EXPECT_EQ(second->leader().value_or(std::nullopt), (Leader{1, "first", false}));
    ASSERT_TRUE(second->lead("second").value_or(false));
    EXPECT_EQ(first->leader().value_or(std::nullopt), (Leader{2, "second", true}));
    second->resign();
    ASSERT_TRUE(first->lead("first").value_or(false));
    first.reset();
    EXPECT_TRUE(second->lead("second").value_or(false));
    EXPECT_EQ(second->leader().value_or(std::nullopt), (Leader{4, "second", true}));
}

TEST_F(Lead, ALeadIsKeptOverALostConnectionWhenNobodyTookIt) {
    const auto store = open();
    ASSERT_TRUE(store->lead("here").value_or(false));
    ASSERT_TRUE(put(*store, "one"));
    cut();
    EXPECT_TRUE(store->hold());
    EXPECT_TRUE(put(*store, "two"));
    cut();
    EXPECT_TRUE(put(*store, "three"));
    EXPECT_EQ(store->leader().value_or(std::nullopt), (Leader{1, "here", true}));
    EXPECT_EQ(read(*store), "three");
}

TEST_F(Lead, WhoseConnectionBrokeNeverWritesAgainOnceAnotherHasLed) {
    const auto old = open(), fresh = open();
    ASSERT_TRUE(old->lead("old").value_or(false));
    ASSERT_TRUE(put(*old, "one"));
    cut();
    ASSERT_TRUE(fresh->lead("fresh").value_or(false));
    ASSERT_TRUE(put(*fresh, "two"));
    fresh->resign();  // even with nobody in its way
    for (int round = 0; round < 3; ++round) {
        for (const auto& tried : {put(*old, "stale"), old->hold()}) {
            ASSERT_FALSE(tried);
            EXPECT_EQ(tried.error().code, Errc::conflict) << tried.error().message;
        }
    }
    EXPECT_EQ(read(*old), "two");
    EXPECT_TRUE(old->lead("old again").value_or(false));
    EXPECT_TRUE(put(*old, "three"));
}

TEST_F(Lead, ASessionThatKeptItsLockIsFencedByTheEpochAlone) {
    const auto store = open();
    ASSERT_TRUE(store->lead("here").value_or(false));
    auto beside = Connection::open(url_, "it", milliseconds(5'000), milliseconds(5'000));
    ASSERT_TRUE(beside);
    ASSERT_TRUE(beside->run("UPDATE muster.head SET epoch = epoch + 1"));
    const auto refused = put(*store, "stale");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_EQ(read(*store), "");
}

TEST_F(Lead, ManyThatStartAtOnceMakeOneSetOfTablesAndOneLeader) {
    std::vector<std::unique_ptr<PostgresStore>> stores;
    for (int index = 0; index < 8; ++index) stores.push_back(open());
    std::vector<std::future<Result<bool>>> tries;
    for (const auto& store : stores) {
        tries.push_back(
            std::async(std::launch::async, [&store] { return store->lead("one of many"); }));
    }
    int leaders = 0;
    for (auto& tried : tries) {
        const auto leads = tried.get();
        ASSERT_TRUE(leads) << leads.error().message;
        leaders += *leads ? 1 : 0;
    }
    EXPECT_EQ(leaders, 1);
    EXPECT_EQ(stores[0]->leader().value_or(std::nullopt), (Leader{1, "one of many", true}));
}

TEST_F(Lead, RefusesTheTablesOfANewerVersionAndOfAnotherProgram) {
    auto beside = Connection::open(url_, "it", milliseconds(5'000), milliseconds(5'000));
    ASSERT_TRUE(beside);
    ASSERT_TRUE(beside->run("CREATE SCHEMA muster"));
    ASSERT_TRUE(beside->run("CREATE TABLE muster.theirs (x int)"));
    const auto foreign = open()->load("node");
    ASSERT_FALSE(foreign);
    EXPECT_TRUE(foreign.error().message.contains("another program")) << foreign.error().message;
    ASSERT_TRUE(beside->run("DROP TABLE muster.theirs"));
    ASSERT_TRUE(open()->load("node"));
    ASSERT_TRUE(beside->run("UPDATE muster.head SET version = 900"));
    const auto newer = open()->load("node");
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, Errc::unsupported);
    EXPECT_TRUE(newer.error().message.contains("newer version (schema 900"));
}

}  // namespace
}  // namespace muster::store_postgres
