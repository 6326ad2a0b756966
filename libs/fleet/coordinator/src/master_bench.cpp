// The coordinator as the master of 1,000 world servers: a coordinator with its SQLite store in a
// process of its own, and here the world servers, each with a real enrolment, mutual TLS and a gRPC
// session that says its load once a second, and the players' programs that ask for the list. What
// is simulated: the world servers' loads. Prints JSON lines.
//
//   master_bench [--servers N] [--seconds N]
//
// Both sides are on one machine, and the one that asks is one thread: `generator_busy` says how
// much of a core it took. When nginx is there (/usr/sbin/nginx, or as
// MUSTER_BENCH_NGINX says) it serves the same bytes as a file, by turns.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "bench_child.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "muster/http/client.hpp"
#include "muster/link/world_link.hpp"
#include "muster/pki/pki.hpp"

extern char** environ;

namespace {

using namespace muster;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace wire = link::wire;
namespace world_wire = link::world_wire;
using asio::awaitable;
using coordinator::bench::Child;
using coordinator::bench::give_up;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* list_path = "/api/v1/world-servers";
constexpr std::size_t rounds = 7;  // by turns with the peer
constexpr std::size_t questions_a_round = 300;
constexpr std::size_t connecting = 48;          // at once
constexpr std::size_t registration_every = 20;  // of the connects

struct WorldServer {
    std::string id;
    std::unique_ptr<link::WorldClient> client;
    std::unique_ptr<link::WorldClient::Session> session;
    std::uint32_t people = 0;
    bool is_resting = false;  ///< while it registers anew
};

struct Bench {
    std::size_t servers = 1'000;
    std::size_t seconds = 3;
    asio::io_context context{1};
    Child child;
    std::vector<std::unique_ptr<WorldServer>> worlds;
    std::size_t next = 0;
    // Of the connects.
    Clock::time_point until;
    std::size_t started = 0;
    std::size_t lists = 0;
    std::size_t registrations = 0;
    std::size_t refused = 0;
    std::vector<double> took;
};

double since(Clock::time_point began) {
    return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

double processor_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

http::Client client_of(Bench& bench, std::uint16_t port) {
    return {bench.context.get_executor(), {http::Endpoint::Tcp{"127.0.0.1", port}}};
}

awaitable<Json> call(http::Client& client, std::string token, std::string target,
                     std::string body) {
    http::ClientRequest request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers.add("Authorization", "Bearer " + token);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    const auto response = co_await client.send(std::move(request), 60s);
    if (!response) give_up("the API: " + response.error().message);
    if (response->status >= 300) give_up("the API: " + response->body);
    co_return Json::parse(response->body);
}

// ---- the world servers

world_wire::FromWorld hello(std::size_t number) {
    world_wire::FromWorld message;
    auto& says = *message.mutable_hello();
    says.set_protocol(link::world_protocol);
    says.set_version("bench");
    says.set_name("world-" + std::to_string(number));
    says.add_addresses("203.0.113.7");
    says.set_udp_port(7777);
    says.set_sessions_max(1'000);
    auto& world = *says.add_worlds();
    world.set_name("ctf");
    world.set_mode("capture_the_flag");
    world.set_map("classic");
    world.set_players_max(1'000);
    return message;
}

world_wire::FromWorld load(std::uint32_t people) {
    world_wire::FromWorld message;
    auto& says = *message.mutable_load();
    says.add_worlds()->set_people(people);
    says.set_sessions(people);
    says.set_cpu(0.25);
    return message;
}

/// False when it is not taken.
awaitable<bool> register_anew(WorldServer& world, std::size_t number) {
    auto session = co_await world.client->session(30s);
    if (!session) co_return false;
    world.session = std::move(*session);
    if (!world.session->send(hello(number))) co_return false;
    const auto answer = co_await world.session->receive();
    co_return answer && answer->has_welcome();
}

awaitable<void> enrol(Bench& bench, http::Client& people, std::string token, WorldServer& world,
                      std::size_t number) {
    const Json made = co_await call(people, std::move(token), "/api/v1/join-tokens",
                                    R"({"kind":"world_server"})");
    const auto text = made.at("token").get<std::string>();
    const auto key = pki::new_private_key().value();
    const std::string address = "127.0.0.1:" + std::to_string(bench.child.grpc);
    wire::EnrollRequest request;
    request.set_join_token(text);
    request.set_signing_request_der(pki::signing_request(key).value());
    request.set_name("world-" + std::to_string(number));
    const auto reply =
        co_await link::WorldClient::enrol(bench.context.get_executor(), address,
                                          split_list(text, '-').at(1), std::move(request), 60s);
    if (!reply) give_up("enrolment: " + reply.error().message);
    world.id = reply->node_id();
    link::Client::Options options;
    options.address = address;
    options.authority_pem = reply->ca_pem();
    options.identity = pki::Identity{reply->certificate_pem(), key};
    world.client =
        link::WorldClient::open(bench.context.get_executor(), std::move(options)).value();
    const bool is_in = co_await register_anew(world, number);
    if (!is_in) give_up("a world server was not taken");
}

awaitable<void> say_loads(Bench& bench, WorldServer& world) {
    asio::steady_timer timer(bench.context);
    timer.expires_after(std::chrono::milliseconds(random_below(1'000)));
    for (;;) {
        co_await timer.async_wait(asio::use_awaitable);
        // One in ten has another number of players than a second ago.
        if (random_below(10) == 0) world.people = random_below(1'000);
        if (!world.is_resting) static_cast<void>(world.session->send(load(world.people)));
        timer.expires_after(1s);
    }
}

awaitable<void> enrol_some(Bench& bench) {
    auto people = client_of(bench, bench.child.http);
    const std::string token(trim(read_file(bench.child.folder / "admin.token").value_or("")));
    while (bench.next < bench.servers) {
        const std::size_t number = bench.next++;
        WorldServer& world = *bench.worlds.emplace_back(std::make_unique<WorldServer>());
        co_await enrol(bench, people, token, world, number);
        asio::co_spawn(bench.context, say_loads(bench, world), asio::detached);
    }
}

// ---- the list

struct Asked {
    std::uint16_t port = 0;
    std::string target;
    std::vector<double> took;
    std::size_t bytes = 0;
    std::string body;
};

awaitable<void> ask(Bench& bench, Asked& asked, std::size_t count, std::string tag) {
    auto client = client_of(bench, asked.port);
    for (std::size_t i = 0; i < count; ++i) {
        http::ClientRequest request;
        request.target = asked.target;
        if (!tag.empty()) request.headers.add("If-None-Match", tag);
        const auto began = Clock::now();
        auto response = co_await client.send(std::move(request), 30s);
        asked.took.push_back(since(began));
        if (!response || response->status >= 400) give_up("the list was not given");
        asked.bytes = response->body.size();
        asked.body = std::move(response->body);
    }
}

// ---- the connects

awaitable<void> connect_some(Bench& bench) {
    while (Clock::now() < bench.until) {
        const std::size_t number = bench.started++;
        const auto began = Clock::now();
        bool is_in = false;
        if (number % registration_every == 0) {
            const std::size_t which = (number / registration_every) % bench.worlds.size();
            WorldServer& world = *bench.worlds[which];
            if (world.is_resting) continue;
            world.is_resting = true;
            world.session->close();
            is_in = co_await register_anew(world, which);
            world.is_resting = !is_in;
            bench.registrations += is_in ? 1 : 0;
        } else {
            auto client = client_of(bench, bench.child.http);
            http::ClientRequest request;
            request.target = std::string(list_path) + "?limit=20";
            const auto response = co_await client.send(std::move(request), 30s);
            is_in = response && response->status == 200;
            bench.lists += is_in ? 1 : 0;
        }
        bench.refused += is_in ? 0 : 1;
        if (Clock::now() <= bench.until) bench.took.push_back(since(began));
    }
}

// ---- the peer

struct Nginx {
    pid_t pid = 0;
    std::uint16_t port = 0;
};

std::uint16_t free_port(asio::io_context& context) {
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), std::uint16_t{0}});
    return acceptor.local_endpoint().port();
}

/// No pid: there is none on this machine.
Nginx start_nginx(Bench& bench, const std::string& body) {
    Nginx out;
    const char* named = std::getenv("MUSTER_BENCH_NGINX");
    const std::string program = named != nullptr ? named : "/usr/sbin/nginx";
    if (access(program.c_str(), X_OK) != 0) return out;
    out.port = free_port(bench.context);
    const auto folder = bench.child.folder / "nginx";
    const std::string text =
        "daemon off; master_process off; pid " + (folder / "pid").string() +
        "; error_log /dev/null; events { worker_connections 4096; } http { access_log off; "
        "client_body_temp_path " +
        (folder / "body").string() + "; proxy_temp_path " + (folder / "proxy").string() +
        "; fastcgi_temp_path " + (folder / "fastcgi").string() + "; uwsgi_temp_path " +
        (folder / "uwsgi").string() + "; scgi_temp_path " + (folder / "scgi").string() +
        "; keepalive_requests 1000000; sendfile on; server { listen 127.0.0.1:" +
        std::to_string(out.port) + "; root " + folder.string() +
        "; default_type application/json; } }";
    if (!make_folder(folder) || !write_file(folder / "list.json", body) ||
        !write_file(folder / "nginx.conf", text)) {
        give_up("cannot write nginx's configuration");
    }
    std::array<std::string, 3> words{program, "-c", (folder / "nginx.conf").string()};
    std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
    if (posix_spawn(&out.pid, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0)
        return {};
    std::this_thread::sleep_for(500ms);
    return out;
}

// ---- what is said

void say(const Bench& bench, const std::string& metric, std::vector<double> values, Json more) {
    std::ranges::sort(values);
    const auto at = [&](double part) {
        return values.empty() ? 0.0
                              : values[static_cast<std::size_t>(
                                    part * static_cast<double>(values.size() - 1))];
    };
    utsname name{};
    uname(&name);
    Json line = {
        {"bench", "master"},
        {"metric", metric},
        {"value", at(0.5)},
        {"unit", "ms"},
        {"n", values.size()},
        {"p50", at(0.5)},
        {"p99", at(0.99)},
        {"world_servers", bench.servers},
        {"machine", {{"cores", std::thread::hardware_concurrency()}, {"kernel", name.release}}}};
    line.update(more);
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

void run_all(Bench& bench, std::vector<awaitable<void>> work) {
    std::size_t running = work.size();
    for (auto& one : work) {
        asio::co_spawn(bench.context, std::move(one), [&running](std::exception_ptr problem) {
            if (problem) std::rethrow_exception(problem);
            --running;
        });
    }
    while (running > 0) bench.context.run_one();
}
void run_one(Bench& bench, awaitable<void> work) {
    std::vector<awaitable<void>> all;
    all.push_back(std::move(work));
    run_all(bench, std::move(all));
}

void measure_lists(Bench& bench) {
    Asked whole{bench.child.http, std::string(list_path) + "?limit=500", {}, 0, {}};
    Asked page{bench.child.http, std::string(list_path), {}, 0, {}};
    Asked peer{0, "/list.json", {}, 0, {}};
    run_one(bench, ask(bench, whole, 1, ""));
    const Nginx nginx = start_nginx(bench, whole.body);
    peer.port = nginx.port;
    whole.took.clear();
    for (std::size_t round = 0; round < rounds; ++round) {
        run_one(bench, ask(bench, whole, questions_a_round, ""));
        run_one(bench, ask(bench, page, questions_a_round, ""));
        if (nginx.pid != 0) run_one(bench, ask(bench, peer, questions_a_round, ""));
    }
    say(bench, "list_of_500", whole.took, {{"bytes", whole.bytes}});
    say(bench, "list_of_100", page.took, {{"bytes", page.bytes}});
    if (nginx.pid == 0) return;
    say(bench, "list_of_500_as_file", peer.took, {{"bytes", peer.bytes}, {"peer", "nginx"}});
    kill(nginx.pid, SIGKILL);
    waitpid(nginx.pid, nullptr, 0);
}

void measure_connects(Bench& bench) {
    const double busy = processor_seconds();
    const auto began = Clock::now();
    bench.until = began + std::chrono::seconds(bench.seconds);
    std::vector<awaitable<void>> work;
    for (std::size_t i = 0; i < connecting; ++i) work.push_back(connect_some(bench));
    run_all(bench, std::move(work));
    const double seconds = since(began) / 1'000;
    const double share = (processor_seconds() - busy) / seconds;
    say(bench, "connect_and_answer", bench.took,
        {{"accepted", bench.took.size()},
         {"seconds", bench.seconds},
         {"lists", bench.lists},
         {"registrations", bench.registrations},
         {"refused", bench.refused},
         {"generator_busy", share}});
}

}  // namespace

int main(int argc, char** argv) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (argc == 3 && std::string_view(argv[1]) == "--coordinator") {
        return coordinator::bench::run_coordinator(argv[2]);
    }
    Bench bench;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::size_t value = std::strtoull(argv[i + 1], nullptr, 10);
        if (value == 0 || (name != "--servers" && name != "--seconds")) {
            give_up("usage: [--servers N] [--seconds N]");
        }
        (name == "--servers" ? bench.servers : bench.seconds) = value;
    }
    bench.child = coordinator::bench::start_coordinator(argv[0], "");
    bench.worlds.reserve(bench.servers);
    std::vector<awaitable<void>> enrolling;
    for (int i = 0; i < 16; ++i) enrolling.push_back(enrol_some(bench));
    run_all(bench, std::move(enrolling));
    measure_lists(bench);
    measure_connects(bench);
    coordinator::bench::stop(bench.child);
    std::fflush(stdout);
    _exit(0);  // what the world servers wait for needs no end
}
