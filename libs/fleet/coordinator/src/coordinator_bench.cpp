// The control plane under 1,000 connected nodes: a coordinator with its SQLite store in a process
// of its own, and here the nodes, each with a real enrolment, TLS and a gRPC session, and the
// people who ask over HTTP. What a node does with a command is simulated: it answers at once.
// Prints JSON lines.
//
//   coordinator_bench [--nodes N] [--containers N] [--commands N]
//
// Each node says its samples once a second, as real ones do, and somebody pages through the list of
// all containers for as long as commands are measured.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
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
#include "muster/link/link.hpp"

namespace {

using namespace muster;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace wire = link::wire;
using asio::awaitable;
using coordinator::bench::Child;
using coordinator::bench::give_up;
using coordinator::bench::resident_bytes;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* game = R"(
id = "benchgame"
name = "Bench game"
image = "muster/benchgame:1"
[[ports]]
name = "game"
number = 7777
protocol = "udp"
)";

struct Settings {
    std::size_t nodes = 1'000;
    std::size_t containers = 20;  ///< of each node
    std::size_t commands = 5'000;
};

// ---- the people

class Api {
  public:
    Api(asio::io_context& context, const Child& child)
        : client_(context.get_executor(), {http::Endpoint::Tcp{"127.0.0.1", child.http}}),
          token_(trim(read_file(child.folder / "admin.token").value_or(""))) {}

    awaitable<Json> call(std::string method, std::string target, std::string body) {
        http::ClientRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.headers.add("Authorization", "Bearer " + token_);
        if (!body.empty()) request.headers.add("Content-Type", "application/json");
        request.body = std::move(body);
        const auto response = co_await client_.send(std::move(request), 60s);
        if (!response) give_up("the API: " + response.error().message);
        if (response->status >= 300) give_up("the API: " + response->body);
        co_return Json::parse(response->body);
    }

  private:
    http::Client client_;
    std::string token_;
};

// ---- the nodes

struct Node {
    std::string id;
    std::string server;
    std::unique_ptr<link::Client> client;
    std::unique_ptr<link::Client::Session> session;
};

struct Bench {
    Settings settings;
    asio::io_context context{1};
    Child child;
    std::vector<std::unique_ptr<Node>> nodes;
    std::size_t joined = 0;
    std::size_t next = 0;
    bool measuring = false;
    std::vector<double> commands;
    std::vector<double> questions;
    std::vector<double> pages;
};

double since(Clock::time_point began) {
    return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

void send(Node& node, wire::FromNode message) {
    if (auto sent = node.session->send(std::move(message)); !sent) {
        give_up("a session broke: " + sent.error().message);
    }
}

void say_state(Node& node, const wire::Command& command, wire::ServerState state) {
    wire::FromNode message;
    auto& server = *message.mutable_server();
    server.set_server_id(command.server_id());
    server.set_generation(command.generation());
    server.set_state(state);
    server.set_instance_id("container-0");
    send(node, std::move(message));
}

void obey(Node& node, const wire::Command& command) {
    const bool stops = command.has_power() && command.power().kind() == wire::STOP;
    say_state(node, command, stops ? wire::STOPPED : wire::READY);
    wire::FromNode message;
    message.mutable_result()->set_operation_id(command.operation_id());
    message.mutable_result()->set_ok(true);
    send(node, std::move(message));
}

awaitable<void> listen(Node& node) {
    for (;;) {
        const auto message = co_await node.session->receive();
        if (!message) co_return;
        wire::FromNode answer;
        if (message->has_command()) {
            obey(node, message->command());
        } else if (message->has_ping()) {
            answer.mutable_pong()->set_id(message->ping().id());
            send(node, std::move(answer));
        } else if (message->has_query()) {
            answer.mutable_answer()->set_id(message->query().id());
            answer.mutable_answer()->set_ok(true);
            send(node, std::move(answer));
        }
    }
}

awaitable<void> sample(Bench& bench, Node& node) {
    asio::steady_timer timer(bench.context);
    timer.expires_after(std::chrono::milliseconds(random_below(1'000)));
    for (;;) {
        co_await timer.async_wait(asio::use_awaitable);
        wire::FromNode message;
        auto& samples = *message.mutable_samples();
        samples.mutable_node()->set_memory_bytes(1 << 30);
        samples.mutable_node()->set_cpu_percent(12.5);
        auto& server = *samples.add_servers();
        server.set_server_id(node.server);
        server.set_memory_bytes(300 << 20);
        server.set_cpu_percent(7.25);
        send(node, std::move(message));
        timer.expires_after(1s);
    }
}

wire::FromNode hello(const Settings& settings, std::size_t number) {
    wire::FromNode message;
    auto& says = *message.mutable_hello();
    says.set_name("node-" + std::to_string(number));
    says.set_version("bench");
    says.set_hostname(says.name());
    says.set_advertise("203.0.113.7");
    says.set_runtime("docker");
    says.set_runtime_version("20.10");
    says.set_memory_bytes(std::int64_t{64} << 30);
    says.set_cpus(16);
    says.set_port_first(20'000);
    says.set_port_last(static_cast<std::uint32_t>(20'000 + 10 * settings.containers));
    return message;
}

wire::FromNode inventory(const Settings& settings, std::size_t number) {
    wire::FromNode message;
    auto& all = *message.mutable_inventory();
    all.set_runtime_answers(true);
    for (std::size_t i = 0; i < settings.containers; ++i) {
        auto& container = *all.add_containers();
        container.set_id(random_text(64));
        container.set_name("game-" + std::to_string(number) + "-" + std::to_string(i));
        container.set_image("registry.example/games/valheim:1.2.3");
        container.set_phase("running");
        container.set_created_ms(1'780'000'000'000);
        container.set_started_ms(1'780'000'000'000);
        (*container.mutable_labels())["com.example.owner"] = "somebody";
        auto& port = *container.add_ports();
        port.set_inside(2456);
        port.set_outside(static_cast<std::uint32_t>(30'000 + i));
        port.set_protocol("udp");
    }
    return message;
}

awaitable<void> join(Bench& bench, Api& api, Node& node, std::size_t number) {
    const Json token =
        co_await api.call("POST", "/api/v1/join-tokens", R"({"expires_in_seconds":3600})");
    const auto text = token.at("token").get<std::string>();
    const auto parts = split_list(text, '-');
    const auto key = pki::new_private_key().value();
    const std::string address = "127.0.0.1:" + std::to_string(bench.child.grpc);
    wire::EnrollRequest request;
    request.set_join_token(text);
    request.set_signing_request_der(pki::signing_request(key).value());
    request.set_name("node-" + std::to_string(number));
    const auto reply = co_await link::Client::enrol(bench.context.get_executor(), address,
                                                    parts.at(1), std::move(request), 60s);
    if (!reply) give_up("enrolment: " + reply.error().message);
    node.id = reply->node_id();
    link::Client::Options options;
    options.address = address;
    options.authority_pem = reply->ca_pem();
    options.identity = pki::Identity{reply->certificate_pem(), key};
    node.client = link::Client::open(bench.context.get_executor(), std::move(options)).value();
    auto session = co_await node.client->session(60s);
    if (!session) give_up("session: " + session.error().message);
    node.session = std::move(*session);
    send(node, hello(bench.settings, number));
    send(node, inventory(bench.settings, number));
    while (true) {
        const auto message = co_await node.session->receive();
        if (!message) give_up("session: " + message.error().message);
        if (message->has_welcome()) break;  // the coordinator knows the node now
    }
    asio::co_spawn(bench.context, listen(node), asio::detached);
}

/// Follows an operation as a program would that must know at once.
awaitable<void> until_over(Api& api, std::string operation) {
    for (;;) {
        const Json now = co_await api.call("GET", "/api/v1/operations/" + operation, "");
        if (now.at("state") == "succeeded") co_return;
        if (now.at("state") != "queued" && now.at("state") != "running") give_up(now.dump());
    }
}

awaitable<void> join_some(Bench& bench) {
    Api api(bench.context, bench.child);
    while (bench.next < bench.settings.nodes) {
        const std::size_t number = bench.next++;
        Node& node = *bench.nodes.emplace_back(std::make_unique<Node>());
        co_await join(bench, api, node, number);
        Json wanted = {{"name", "bench-" + std::to_string(number)}, {"game", "benchgame"}};
        wanted["node_id"] = node.id;
        const Json made = co_await api.call("POST", "/api/v1/servers", wanted.dump());
        node.server = made.at("server").at("id");
        co_await until_over(api, made.at("operation").at("id"));
        asio::co_spawn(bench.context, sample(bench, node), asio::detached);
        ++bench.joined;
    }
}

// ---- what is measured

awaitable<void> command(Bench& bench) {
    Api api(bench.context, bench.child);
    for (std::size_t i = 0; i < bench.settings.commands; ++i) {
        Node& node = *bench.nodes[i % bench.nodes.size()];
        const char* verb = (i / bench.nodes.size()) % 2 == 0 ? "stop" : "start";
        const auto began = Clock::now();
        const Json made =
            co_await api.call("POST", "/api/v1/servers/" + node.server + "/" + verb, "{}");
        const Json& operation = made.contains("operation") ? made.at("operation") : made;
        co_await until_over(api, operation.at("id"));
        bench.commands.push_back(since(began));
    }
}

awaitable<void> ask(Bench& bench) {
    Api api(bench.context, bench.child);
    for (std::size_t i = 0; i < bench.settings.commands; ++i) {
        Node& node = *bench.nodes[i % bench.nodes.size()];
        const auto began = Clock::now();
        co_await api.call("GET", "/api/v1/images?node=" + node.id, "");
        bench.questions.push_back(since(began));
    }
}

awaitable<void> page(Bench& bench) {
    Api api(bench.context, bench.child);
    asio::steady_timer timer(bench.context);
    std::string cursor;
    while (bench.measuring) {
        const auto began = Clock::now();
        const Json answer = co_await api.call(
            "GET", "/api/v1/containers?limit=100" + (cursor.empty() ? "" : "&cursor=" + cursor),
            "");
        bench.pages.push_back(since(began));
        const auto next = answer.find("next");
        cursor = next != answer.end() && next->is_string() ? next->get<std::string>() : "";
        timer.expires_after(10ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

void say(const char* metric, std::vector<double>& values, const Settings& settings) {
    std::ranges::sort(values);
    const auto at = [&](double part) {
        return values.empty() ? 0
                              : values[static_cast<std::size_t>(
                                    part * static_cast<double>(values.size() - 1))];
    };
    utsname name{};
    uname(&name);
    const Json line = {
        {"bench", "fleet"},
        {"metric", metric},
        {"value", at(0.5)},
        {"unit", "ms"},
        {"n", values.size()},
        {"p50", at(0.5)},
        {"p99", at(0.99)},
        {"p999", at(0.999)},
        {"nodes", settings.nodes},
        {"containers", settings.nodes * settings.containers},
        {"machine", {{"cores", std::thread::hardware_concurrency()}, {"kernel", name.release}}}};
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

void say_memory(const char* metric, pid_t pid, const Settings& settings) {
    const Json line = {{"bench", "fleet"},
                       {"metric", metric},
                       {"value", static_cast<double>(resident_bytes(pid)) / (1 << 20)},
                       {"unit", "MiB"},
                       {"n", 1},
                       {"nodes", settings.nodes}};
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

void run_bench(Bench& bench) {
    say_memory("coordinator_rss_with_no_node", bench.child.pid, bench.settings);
    bench.nodes.reserve(bench.settings.nodes);
    std::vector<awaitable<void>> joining;
    for (int i = 0; i < 16; ++i) joining.push_back(join_some(bench));
    run_all(bench, std::move(joining));
    say_memory("coordinator_rss_with_all_nodes", bench.child.pid, bench.settings);

    bench.measuring = true;
    asio::co_spawn(bench.context, page(bench), asio::detached);
    std::vector<awaitable<void>> work;
    work.push_back(ask(bench));
    run_all(bench, std::move(work));
    work.clear();
    work.push_back(command(bench));
    run_all(bench, std::move(work));
    bench.measuring = false;
    say("question_to_node_and_back", bench.questions, bench.settings);
    say("command_until_succeeded", bench.commands, bench.settings);
    say("page_of_100_containers", bench.pages, bench.settings);
    say_memory("coordinator_rss_after", bench.child.pid, bench.settings);
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
        if (value == 0) give_up(std::string(name) + " needs a number above zero");
        if (name == "--nodes") {
            bench.settings.nodes = value;
        } else if (name == "--containers") {
            bench.settings.containers = value;
        } else if (name == "--commands") {
            bench.settings.commands = value;
        } else {
            give_up("usage: [--nodes N] [--containers N] [--commands N]");
        }
    }
    bench.child = coordinator::bench::start_coordinator(argv[0], game);
    run_bench(bench);
    coordinator::bench::stop(bench.child);
    std::fflush(stdout);
    _exit(0);  // what the nodes wait for needs no end
}
