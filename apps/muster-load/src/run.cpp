#include "run.hpp"

#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "crew.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Phase = Conductor::Phase;

constexpr auto look_every = 5ms;

Result<http::Response> get(const http::Endpoint& endpoint, const std::string& target) {
    http::asio::io_context context(1);
    http::Client client(context.get_executor(), endpoint);
    Result<http::Response> answer = fail(Errc::unavailable, "no answer");
    http::ClientRequest request;
    request.target = target;
    http::asio::co_spawn(context, client.send(std::move(request), 5s),
                         [&](const std::exception_ptr& error, Result<http::Response> response) {
                             if (!error) answer = std::move(response);
                             context.stop();
                         });
    context.run();
    return answer;
}

Result<std::string> find_world(const http::Endpoint& endpoint, const std::string& wanted) {
    const auto response = get(endpoint, "/api/v1/worlds");
    if (!response) return std::unexpected(response.error());
    const auto body = nlohmann::json::parse(response->body, nullptr, false);
    if (response->status != 200 || !body.is_object() || !body.contains("worlds") ||
        !body["worlds"].is_array()) {
        return fail(Errc::unavailable, "the server has no worlds (" +
                                           std::to_string(response->status) +
                                           " for /api/v1/worlds)");
    }
    std::string names;
    for (const auto& world : body["worlds"]) {
        auto name = world.is_object() ? world.value("name", std::string{}) : std::string{};
        if (wanted.empty() || name == wanted) return name;
        names += " " + name;
    }
    return fail(Errc::not_found, "there is no world '" + wanted + "'; there are:" + names, "world");
}

void allow_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Turns the phases on the main thread while the crews play.
class Course {
  public:
    Course(const Options& options, Conductor& conductor, const std::atomic<bool>& stop)
        : options_(options), conductor_(conductor), stop_(stop) {}

    void run(Findings& findings) {
        join(findings);
        if (!stop_) hold(Phase::settling, std::chrono::duration<double>(options_.settle_seconds));
        if (!stop_) hold(Phase::measuring, std::chrono::duration<double>(options_.seconds));
        findings.interrupted = stop_;
        conductor_.phase = Phase::ending;
        if (!options_.quiet) std::fputs("\r\x1b[K", stderr);
    }

  private:
    void join(Findings& findings) {
        const std::chrono::duration<double> patience(options_.join_patience);
        while (!stop_ && Clock::now() - start_ < patience) {
            if (conductor_.playing.load() >= options_.clients) {
                const std::chrono::duration<double> took = Clock::now() - start_;
                findings.all_playing_seconds = took.count();
                return;
            }
            if (conductor_.gave_up.load() >= options_.clients) return;
            step("joining");
        }
    }
    void hold(Phase phase, std::chrono::duration<double> length) {
        conductor_.phase = phase;
        const auto until = Clock::now() + length;
        while (!stop_ && Clock::now() < until) {
            step(phase == Phase::measuring ? "measuring" : "settling");
        }
    }
    void step(const char* what) {
        std::this_thread::sleep_for(look_every);
        if (options_.quiet || Clock::now() < told_at_ + 200ms) return;
        told_at_ = Clock::now();
        const std::chrono::duration<double> since = told_at_ - start_;
        std::fprintf(stderr, "\r\x1b[K%s: %u of %u players, %.0f s", what,
                     conductor_.playing.load(), options_.clients, since.count());
    }

    const Options& options_;
    Conductor& conductor_;
    const std::atomic<bool>& stop_;
    Clock::time_point start_ = Clock::now();
    Clock::time_point told_at_{};
};

}  // namespace

Result<Findings> run(const Options& options, const std::atomic<bool>& stop) {
    std::string ca_pem;
    if (!options.ca_file.empty()) {
        auto pem = read_file(options.ca_file);
        if (!pem) return fail(Errc::invalid_argument, "--ca cannot be read", "ca");
        ca_pem = std::move(*pem);
    }
    const auto endpoint = http::Endpoint::parse(options.url, ca_pem);
    if (!endpoint) return std::unexpected(endpoint.error());
    const auto world = find_world(*endpoint, options.world);
    if (!world) return std::unexpected(world.error());
    const auto identity = rtc::Identity::make();
    if (!identity) return std::unexpected(identity.error());
    allow_descriptors();

    Findings findings;
    findings.world = *world;
    Conductor conductor;
    const auto run_name = random_text(6);
    std::vector<std::unique_ptr<Crew>> crews;
    std::uint32_t first = 0;
    for (std::uint32_t i = 0; i < options.threads; ++i) {
        const auto count = (options.clients - first) / (options.threads - i);
        crews.push_back(std::make_unique<Crew>(
            Crew::Task{options, *identity, *endpoint, *world, run_name, first, count}, conductor));
        first += count;
    }
    std::vector<std::jthread> threads;
    Course course(options, conductor, stop);
    for (auto& crew : crews) threads.emplace_back([&crew] { crew->run(); });
    course.run(findings);
    threads.clear();
    for (const auto& crew : crews) {
        findings.joins.merge(crew->joins());
        findings.measured.merge(crew->measured());
        findings.chats.merge(crew->chats());
        findings.relayed.passed += crew->relayed().passed;
        findings.relayed.lost += crew->relayed().lost;
        findings.relayed.overflowed += crew->relayed().overflowed;
    }
    return findings;
}

}  // namespace muster::load
