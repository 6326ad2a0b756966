// Twenty players join a real world server over HTTP and UDP, play, and compare what they decode
// with what it holds.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "muster/host/routes.hpp"
#include "muster/http/server.hpp"
#include "run.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;
namespace asio = http::asio;

class Served {
  public:
    Served() : world_(open_world()) {
        http::Router router;
        host::add_routes(router, *world_, {});
        server_ = http::Server::open(context_.get_executor(), {}, std::move(router)).value();
        asio::co_spawn(context_, server_->run(), asio::detached);
        thread_ = std::jthread([this] { context_.run(); });
    }
    ~Served() {
        asio::co_spawn(context_, server_->stop(0ms), [this](auto) { context_.stop(); });
        thread_.join();
        world_->stop(0ms);
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }

  private:
    static std::unique_ptr<host::WorldServer> open_world() {
        host::WorldOptions world;
        world.name = "arena";
        world.map = sim::classic_arena(1);
        world.rules.players_max = 100;
        world.bots.wanted = 20;
        host::Options options;
        options.worlds.push_back(std::move(world));
        options.udp_host = "127.0.0.1";
        options.udp_port = 0;
        options.public_addresses = {"127.0.0.1"};
        options.shards = 1;
        options.joins_per_address_per_second = 1'000;
        options.joins_per_second = 1'000;
        return host::WorldServer::open(std::move(options)).value();
    }
    std::unique_ptr<host::WorldServer> world_;
    asio::io_context context_{1};
    std::unique_ptr<http::Server> server_;
    std::jthread thread_;
};

Options quick(const Served& served) {
    Options options;
    options.url = served.url();
    options.clients = 20;
    options.seconds = 2;
    options.settle_seconds = 0.1;
    options.quiet = true;
    return options;
}

void expect_well(const Findings& findings, const Options& options) {
    const auto report = to_table(options, findings);
    EXPECT_GT(findings.all_playing_seconds, 0) << report;
    EXPECT_EQ(findings.measured.players, 20) << report;
    EXPECT_EQ(findings.joins.dropped, 0) << report;
    EXPECT_GT(findings.measured.input_to_ack.count(), 200) << report;
    EXPECT_GT(findings.measured.verdict.records, 20) << report;
    EXPECT_EQ(findings.measured.verdict.records_wrong, 0) << report;
    EXPECT_EQ(findings.measured.bad_messages, 0) << report;
    EXPECT_GT(findings.chats.deliveries(), 0) << report;
    EXPECT_EQ(findings.chats.lost() + findings.chats.out_of_order(), 0) << report;
}

TEST(EndToEnd, TwentyPlayersDecodeWhatTheServerHolds) {
    const Served served;
    const auto options = quick(served);
    const std::atomic<bool> stop = false;
    const auto findings = run(options, stop);
    ASSERT_TRUE(findings.has_value()) << findings.error().message;
    expect_well(*findings, options);
    EXPECT_GT(findings->measured.verdict.in_view, 50);
    EXPECT_EQ(findings->measured.verdict.in_view_unknown, 0);
}

TEST(EndToEnd, ThroughLossAndDelayTheyStillDo) {
    const Served served;
    auto options = quick(served);
    options.weather = {.loss = 0.05, .delay = 25ms, .jitter = 5ms};
    options.threads = 2;
    options.seconds = 1.2;
    const std::atomic<bool> stop = false;
    const auto findings = run(options, stop);
    ASSERT_TRUE(findings.has_value()) << findings.error().message;
    expect_well(*findings, options);
    EXPECT_GT(findings->relayed.lost, 0);
}

TEST(EndToEnd, AWorldThatIsNotThereIsAnError) {
    const Served served;
    auto options = quick(served);
    options.world = "atlantis";
    const std::atomic<bool> stop = false;
    const auto findings = run(options, stop);
    ASSERT_FALSE(findings.has_value());
    EXPECT_EQ(findings.error().code, Errc::not_found);
}

}  // namespace
}  // namespace muster::load
