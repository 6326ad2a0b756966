#include "ledger.hpp"

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>

#include "audit.hpp"
#include "muster/store/fake.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator {
namespace {

using testing::finish;

class Ledgers : public ::testing::Test {
  protected:
    ~Ledgers() override { pool.join(); }

    store::FakeStore store;
    boost::asio::io_context context;
    boost::asio::thread_pool pool{1};
    Ledger ledger{context.get_executor(), pool.get_executor(), store, "audit",
                  std::chrono::milliseconds(1)};
    ManualClock clock{testing::noon()};
    Audit audit{ledger, clock};

    Audit::Verdict verdict() {
        auto result = finish(context, audit.verify());
        EXPECT_TRUE(result) << result.error().message;
        return result.value_or(Audit::Verdict{});
    }
};

TEST_F(Ledgers, CommitOneTurnInOneTransactionWithTheLastWordOfEachRecord) {
    ledger.put("server", "a", "1");
    ledger.put("server", "b", "1");
    ledger.put("server", "a", "2");
    EXPECT_EQ(store.disk().commits, 0U);
    ASSERT_TRUE(finish(context, ledger.settled()));
    EXPECT_EQ(store.disk().commits, 1U);
    const auto records = store.load("server");
    ASSERT_EQ(records->size(), 2U);
    EXPECT_EQ(records->front().body, "2");
    EXPECT_EQ(ledger.depth(), 0U);
}

TEST_F(Ledgers, DoWhatWasPromisedOnlyAfterTheCommitAndInOrder) {
    std::vector<std::string> done;
    ledger.put("server", "a", "1");
    ledger.after_commit(
        [&] { done.push_back("first after " + std::to_string(store.disk().commits)); });
    ledger.after_commit([&] { done.push_back("second"); });
    EXPECT_TRUE(done.empty());
    ASSERT_TRUE(finish(context, ledger.settled()));
    testing::run_until(context, [&] { return done.size() == 2; });
    EXPECT_EQ(done, (std::vector<std::string>{"first after 1", "second"}));
    ledger.after_commit([&] { done.push_back("at once"); });
    EXPECT_EQ(done.back(), "at once");
}

TEST_F(Ledgers, TellThoseWhoWaitWhenTheStoreFailsAndBringTheChangeInLater) {
    store.disk().commit_error = Error{Errc::internal, "the disk is full", {}};
    bool sent = false;
    ledger.put("server", "a", "1");
    ledger.after_commit([&] { sent = true; });
    const auto settled = finish(context, ledger.settled());
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().code, Errc::unavailable);
    EXPECT_EQ(ledger.failing(), "the disk is full");
    EXPECT_FALSE(sent);
    // The writer's thread is between two attempts or in one; only it reads the field from here on.
    boost::asio::post(pool, [&] { store.disk().commit_error.reset(); });
    testing::run_until(context, [&] { return sent; });
    EXPECT_EQ(ledger.failing(), "");
    EXPECT_EQ(store.load("server")->size(), 1U);
}

TEST_F(Ledgers, KeepAnAuditChainThatVerifies) {
    EXPECT_TRUE(verdict().valid);
    for (int i = 0; i < 1010; ++i) audit.note("tok-a", "server.start", "srv-1", Json::object());
    const auto all = verdict();
    EXPECT_TRUE(all.valid);
    EXPECT_EQ(all.entries, 1010) << "more than one page";
    auto page = finish(context, audit.read(1008, 10));
    ASSERT_EQ(page.count, 2U);
    EXPECT_EQ((*page.items)[1]["sequence"], 1010);
}

TEST_F(Ledgers, FindTheFirstAuditEntryThatWasChangedOrIsMissing) {
    for (int i = 0; i < 5; ++i) audit.note("tok-a", "server.start", "srv-1", Json::object());
    ASSERT_TRUE(verdict().valid);
    auto& log = store.disk().logs["audit"];
    const auto intact = log;
    Json body = Json::parse(log[2].body);
    body["by"] = "tok-b";
    log[2].body = body.dump();
    EXPECT_EQ(verdict().first_bad, 3);
    log = intact;
    log.erase(log.begin() + 1);
    EXPECT_EQ(verdict().first_bad, 2);
    log = intact;
    log.pop_back();
    const auto cut = verdict();
    EXPECT_FALSE(cut.valid);
    EXPECT_EQ(cut.first_bad, 5);
}

TEST_F(Ledgers, ContinueTheAuditChainAfterARestart) {
    audit.note("tok-a", "server.start", "srv-1", Json::object());
    ASSERT_TRUE(finish(context, ledger.settled()));
    Audit again{ledger, clock};
    ASSERT_TRUE(again.load(store));
    EXPECT_EQ(again.last_sequence(), 1);
    again.note("tok-a", "server.stop", "srv-1", Json::object());
    const auto result = finish(context, again.verify());
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->valid);
    EXPECT_EQ(result->entries, 2);
}

}  // namespace
}  // namespace muster::coordinator
