#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

#include "connection.hpp"
#include "muster/store_postgres/store_postgres.hpp"
#include "postgres_server.hpp"

namespace muster::store_postgres {
namespace {

using std::chrono::steady_clock;

std::vector<store::Record> records_of(store::Store& store, std::string_view kind) {
    auto loaded = store.load(kind);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(loaded).value_or(std::vector<store::Record>{});
}

class Outage : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = open_store({.url = server_.url(database_),
                                  .connect_timeout = milliseconds(1'000),
                                  .answer_timeout = milliseconds(1'000),
                                  .retry_first = milliseconds(10),
                                  .retry_max = milliseconds(50)});
        ASSERT_TRUE(opened);
        store_ = *std::move(opened);
        ASSERT_TRUE(store_->lead("here").value_or(false));
    }

    /// The n-th commit: two records and a line of the log.
    static Result<void> commit(PostgresStore& store, std::int64_t number) {
        const auto text = std::to_string(number);
        const std::vector<store::Change> changes{
            {.record = {"server", text, text + std::string(3'000, '.')}, .erase = false},
            {.record = {"node", "latest", text}, .erase = false}};
        const std::vector<store::Entry> lines{{number, text}};
        return store.commit(changes, "audit", lines);
    }
    /// Tries until it succeeds; what fails on the way must be `unavailable`, without the password.
    static void insist(const std::function<Result<void>()>& action) {
        const auto end = steady_clock::now() + std::chrono::seconds(60);
        for (;;) {
            const auto done = action();
            if (done) return;
            ASSERT_EQ(done.error().code, Errc::unavailable) << done.error().message;
            ASSERT_FALSE(done.error().message.contains("hunter2")) << done.error().message;
            ASSERT_LT(steady_clock::now(), end) << done.error().message;
            std::this_thread::yield();
        }
    }
    /// The commits 1 to n, each of them whole.
    static void expect_whole(PostgresStore& store, std::int64_t count) {
        const auto log = store.read_log("audit", 0, 1'000'000);
        ASSERT_TRUE(log) << log.error().message;
        ASSERT_EQ(log->size(), static_cast<std::size_t>(count));
        EXPECT_EQ(records_of(store, "server").size(), log->size());
        EXPECT_EQ(records_of(store, "node").at(0).body, std::to_string(count));
    }

    PostgresServer server_;
    std::string database_ = server_.new_database();
    std::unique_ptr<PostgresStore> store_;
};

TEST_F(Outage, CommitsAreUnavailableWhileTheServerIsDeadAndGoOnWhenItIsBack) {
    ASSERT_TRUE(commit(*store_, 1));
    server_.kill();
    for (int round = 0; round < 3; ++round) {
        const auto refused = commit(*store_, 2);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::unavailable) << refused.error().message;
        EXPECT_EQ(store_->hold().error().code, Errc::unavailable);
    }
    server_.start();
    insist([&] { return commit(*store_, 2); });
    expect_whole(*store_, 2);
    EXPECT_EQ(store_->leader().value_or(std::nullopt), (Leader{1, "here", true}));
}

TEST_F(Outage, EveryAcknowledgedCommitIsThereOnceAfterKillNineOfTheServer) {
    std::atomic<std::int64_t> done = 0;
    std::atomic<bool> enough = false;
    std::thread writer([&] {
        for (std::int64_t next = 1; !enough; ++next) {
            insist([&] { return commit(*store_, next); });
            done = next;
        }
    });
    for (int round = 0; round < 5; ++round) {
        const auto before = done.load();
        while (done.load() < before + 20) std::this_thread::yield();
        server_.kill();
        server_.start();
    }
    enough = true;
    writer.join();
    expect_whole(*store_, done.load());
}

TEST_F(Outage, AServerThatHangsIsGivenUpAndGoesOnWhenItWakes) {
    ASSERT_TRUE(commit(*store_, 1));
    server_.pause();
    const auto lost = commit(*store_, 2);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Errc::unavailable) << lost.error().message;
    EXPECT_TRUE(lost.error().message.contains("does not answer")) << lost.error().message;
    server_.resume();
    insist([&] { return commit(*store_, 2); });
    expect_whole(*store_, 2);
}

TEST_F(Outage, ACommitWhoseAnswerWasLostIsInTheStoreOnceWhenItIsTriedAgain) {
    ASSERT_TRUE(commit(*store_, 1));
    auto beside =
        Connection::open(server_.url(database_), "it", milliseconds(5'000), milliseconds(60'000));
    ASSERT_TRUE(beside);
    for (const char* sql :
         {"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
          " 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END'",
          "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON muster.head DEFERRABLE INITIALLY DEFERRED"
          " FOR EACH ROW EXECUTE FUNCTION slow()"}) {
        const auto done = beside->run(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    const auto lost = commit(*store_, 2);  // its COMMIT takes longer than the store waits
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Errc::unavailable) << lost.error().message;
    ASSERT_TRUE(beside->run("DROP TRIGGER slow ON muster.head"));  // once that transaction is over
    const auto landed = beside->run("SELECT count(*) FROM muster.entry");
    ASSERT_TRUE(landed);
    ASSERT_EQ(landed->number(0, 0), 2);

    insist([&] { return commit(*store_, 2); });
    ASSERT_TRUE(commit(*store_, 3));
    expect_whole(*store_, 3);
}

TEST_F(Outage, KillNineOfAWriterLeavesWholeCommitsAndLetsAnotherLead) {
    store_.reset();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const auto url = server_.url(database_);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto store = open_store({.url = url});
        if (!store || !(*store)->lead("child").value_or(false)) ::_exit(3);
        for (std::int64_t next = 1;; ++next) {
            if (!commit(**store, next) || ::write(ends[1], &next, sizeof next) != sizeof next) {
                ::_exit(4);
            }
        }
    }
    ::close(ends[1]);
    std::int64_t told = 0, number = 0;
    while (told < 50 && ::read(ends[0], &number, sizeof number) == sizeof number) told = number;
    ::kill(child, SIGKILL);
    while (::read(ends[0], &number, sizeof number) == sizeof number) told = number;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    ASSERT_GE(told, 50);

    const auto next = *open_store({.url = url, .retry_max = milliseconds(100)});
    insist([&]() -> Result<void> {
        const auto leads = next->lead("next");
        if (!leads) return std::unexpected(leads.error());
        return *leads ? Result<void>() : fail(Errc::unavailable, "not yet");
    });
    const auto log = next->read_log("audit", 0, 1'000'000);
    ASSERT_TRUE(log);
    const auto kept = static_cast<std::int64_t>(log->size());
    EXPECT_GE(kept, told);
    EXPECT_LE(kept, told + 1);
    expect_whole(*next, kept);
}

}  // namespace
}  // namespace muster::store_postgres
