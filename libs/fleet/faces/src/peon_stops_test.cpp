#include "peon_stops.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "muster/base/random.hpp"
#include "testing/turns.hpp"

namespace muster::faces {
namespace {

namespace turns = coordinator::testing;

class Stops : public ::testing::Test {
  protected:
    ~Stops() override {
        pool.join();
        std::filesystem::remove(file);
    }
    asio::io_context context;
    asio::thread_pool pool{1};
    ManualClock clock{turns::noon()};
    std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("muster-stops-" + random_text(12));
};

TEST_F(Stops, OutliveWhoPromisedThemAndComeLateRatherThanNever) {
    {
        PeonStops before(context.get_executor(), pool, clock, file);
        ASSERT_TRUE(before.load());
        const PeonStops::Stop soon{clock.now() + std::chrono::hours(1), "tok-1"};
        const PeonStops::Stop later{clock.now() + std::chrono::hours(9), "tok-2"};
        ASSERT_TRUE(turns::finish(context, before.set("srv-1", soon)));
        ASSERT_TRUE(turns::finish(context, before.set("srv-2", later)));
    }
    clock.advance(std::chrono::hours(2));
    PeonStops after(context.get_executor(), pool, clock, file);
    ASSERT_TRUE(after.load());
    EXPECT_EQ(after.count(), 2U);
    std::vector<std::string> done;
    bool has_ended = false;
    const auto act = [&](std::string server_id,
                         std::string token_id) -> asio::awaitable<PeonStops::Done> {
        done.push_back(server_id + " " + token_id);
        co_return PeonStops::Done::yes;
    };
    asio::co_spawn(context, after.run(act), [&](std::exception_ptr) { has_ended = true; });
    turns::run_until(context, [&] { return after.count() == 1 && !done.empty(); });
    EXPECT_EQ(done, (std::vector<std::string>{"srv-1 tok-1"}));
    EXPECT_FALSE(after.of("srv-1"));
    EXPECT_TRUE(after.of("srv-2"));
    after.stop();
    turns::run_until(context, [&] { return has_ended; });
}

TEST_F(Stops, AreTriedAgainLaterAndReplacedByNewOnes) {
    PeonStops stops(context.get_executor(), pool, clock, file);
    const PeonStops::Stop now{clock.now(), "tok-1"};
    ASSERT_TRUE(turns::finish(context, stops.set("srv-1", now)));
    int tries = 0;
    bool has_ended = false;
    const auto act = [&](std::string, std::string) -> asio::awaitable<PeonStops::Done> {
        ++tries;
        co_return PeonStops::Done::later;
    };
    asio::co_spawn(context, stops.run(act), [&](std::exception_ptr) { has_ended = true; });
    turns::run_until(context, [&] { return tries == 1; });
    EXPECT_EQ(stops.of("srv-1"), clock.now() + PeonStops::retry);
    const PeonStops::Stop other{clock.now() + std::chrono::hours(1), "tok-2"};
    ASSERT_TRUE(turns::finish(context, stops.set("srv-1", other)));
    EXPECT_EQ(stops.count(), 1U);
    EXPECT_EQ(stops.of("srv-1"), other.at);
    stops.stop();
    turns::run_until(context, [&] { return has_ended; });
}

}  // namespace
}  // namespace muster::faces
