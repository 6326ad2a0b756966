#include "testing/stand.hpp"

#include <boost/asio/detached.hpp>
#include <cstdlib>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "muster/store_sqlite/store_sqlite.hpp"
#include "openapi.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator::testing {
namespace {

constexpr const char* test_game = R"(
id = "testgame"
name = "Test game"
image = "muster/testgame:1"
command = ["--name", "{{SERVER_NAME}}", "--port", "{{port.game}}"]

[ready]
pattern = "ready"

[stop]
command = "quit"

[[ports]]
name = "game"
number = 7777
protocol = "udp"

[[variables]]
name = "SERVER_NAME"
label = "Name"
default = "friday"

[[variables]]
name = "PASSWORD"
label = "Password"
required = true
secret = true
length_min = 5

[[volumes]]
name = "data"
target = "/data"
)";

asio::awaitable<bool> stop(Coordinator* coordinator) {
    co_await coordinator->stop(std::chrono::seconds(2));
    co_return true;
}

}  // namespace

const Contract& Stand::described() {
    static const Contract once(Json::parse(openapi_json));
    return once;
}

Stand::Stand() : contract(described()) {
    folder = std::filesystem::temp_directory_path() / ("muster-coordinator-" + random_text(12));
    EXPECT_TRUE(make_folder(folder / "games"));
    EXPECT_TRUE(write_file(folder / "games" / "testgame.toml", test_game));
    options.data_dir = folder / "data";
    options.games_folder = folder / "games";
    options.http_port = 0;
    options.grpc_host = "127.0.0.1";
    options.grpc_port = 0;
    options.requests_per_second = 10'000;
    options.requests_burst = 10'000;
}

Stand::~Stand() {
    close();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

void Stand::open() {
    ASSERT_TRUE(make_folder(options.data_dir));
    if (fake_disk) {
        store = std::make_unique<store::FakeStore>(fake_disk);
    } else {
        auto opened = store_sqlite::open_store(options.data_dir / "muster.db");
        ASSERT_TRUE(opened) << opened.error().message;
        store = *std::move(opened);
    }
    auto made = Coordinator::open(context.get_executor(), options, *store, clock);
    ASSERT_TRUE(made) << made.error().message << " " << made.error().field;
    coordinator = *std::move(made);
    if (token.empty()) {
        auto text = read_file(coordinator->admin_token_file());
        ASSERT_TRUE(text);
        token = std::string(trim(*text));
    }
    is_running_ = true;
    asio::co_spawn(context, coordinator->run(), [this](std::exception_ptr problem) {
        is_running_ = false;
        if (problem) std::rethrow_exception(problem);
    });
}

void Stand::close() {
    if (!coordinator) return;
    finish(context, stop(coordinator.get()));
    run_until(context, [this] { return !is_running_; });
    coordinator.reset();
    store.reset();
    // Whatever is still queued belongs to what is gone now.
    context.restart();
    context.poll();
}

int Stand::status_over_https(const std::string& authority_pem) {
    auto endpoint = http::Endpoint::parse(
        "https://127.0.0.1:" + std::to_string(coordinator->http_port()), authority_pem);
    if (!endpoint) {
        ADD_FAILURE() << endpoint.error().message;
        return -1;
    }
    http::Client client(context.get_executor(), *std::move(endpoint));
    http::ClientRequest request;
    request.target = "/api/v1/whoami";
    request.headers.set("Authorization", "Bearer " + token);
    const auto response = finish(context, client.send(std::move(request), patience));
    return response ? response->status : 0;
}

Reply Stand::raw(const std::string& method, const std::string& target, const std::string& body,
                 http::Fields headers) {
    http::Endpoint endpoint;
    endpoint.at = http::Endpoint::Tcp{"127.0.0.1", coordinator->http_port()};
    http::Client client(context.get_executor(), std::move(endpoint));
    http::ClientRequest request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.body = body;
    auto response = finish(context, client.send(std::move(request), patience));
    Reply out;
    if (!response) {
        ADD_FAILURE() << method << " " << target << ": " << response.error().message;
        return out;
    }
    out.status = response->status;
    out.headers = response->headers;
    out.text = response->body;
    out.body = Json::parse(out.text, nullptr, false);
    if (out.body.is_discarded()) out.body = nullptr;
    const auto wrong =
        contract.check(method, target.substr(0, target.find('?')), out.status,
                       std::string(out.headers.find("Content-Type").value_or("")), out.text);
    EXPECT_FALSE(wrong) << *wrong;
    return out;
}

Reply Stand::call(const std::string& method, const std::string& target, const Json& body,
                  http::Fields headers) {
    headers.set("Authorization", "Bearer " + token);
    if (!body.is_null()) headers.set("Content-Type", "application/json");
    return raw(method, target, body.is_null() ? std::string() : body.dump(), std::move(headers));
}

Reply Stand::as(const std::string& other, const std::string& method, const std::string& target,
                const Json& body) {
    const auto own = std::exchange(token, other);
    auto out = call(method, target, body);
    token = own;
    return out;
}

std::string Stand::new_token(const std::string& role, const Json& servers) {
    Json body{{"name", role}, {"role", role}};
    if (!servers.is_null()) body["servers"] = servers;
    const auto made = post("/api/v1/tokens", body);
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body.value("token", "");
}

std::unique_ptr<http::WebSocketClient> Stand::websocket(const std::string& target,
                                                        const std::string& other) {
    http::Endpoint endpoint;
    endpoint.at = http::Endpoint::Tcp{"127.0.0.1", coordinator->http_port()};
    http::Fields headers;
    headers.set("Authorization", "Bearer " + (other.empty() ? token : other));
    auto socket =
        finish(context, http::WebSocketClient::connect(context.get_executor(), std::move(endpoint),
                                                       target, std::move(headers), patience));
    if (!socket) {
        ADD_FAILURE() << target << ": " << socket.error().message;
        return nullptr;
    }
    return *std::move(socket);
}

std::string Stand::receive(http::WebSocketClient& socket) {
    auto message = finish(context, socket.receive());
    if (message) return *message;
    ADD_FAILURE() << message.error().message;
    return {};
}

std::string Stand::receive_end(http::WebSocketClient& socket) {
    for (;;) {
        const auto message = finish(context, socket.receive());
        if (!message) return message.error().message;
    }
}

Json Stand::receive_event(http::WebSocketClient& socket, const std::string& type,
                          const std::string& id) {
    for (;;) {
        const auto message = finish(context, socket.receive());
        if (!message) {
            ADD_FAILURE() << "the socket ended: " << message.error().message;
            return nullptr;
        }
        auto event = Json::parse(*message, nullptr, false);
        if (event.value("type", "") != type) continue;
        if (event["object"].value("id", "") == id) return event;
    }
}

std::unique_ptr<ScriptedNode> Stand::join(const std::string& name) {
    const auto made = post("/api/v1/join-tokens", Json{{"name", name}});
    EXPECT_EQ(made.status, 201) << made.text;
    auto node = std::make_unique<ScriptedNode>(context, coordinator->grpc_port());
    const auto enrolled = node->enrol(made.body.value("token", ""));
    EXPECT_TRUE(enrolled) << enrolled.error().message;
    const auto connected = node->connect();
    EXPECT_TRUE(connected) << connected.error().message;
    return node;
}

Json Stand::wait_for(const std::string& target, const std::string& member, const Json& value) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto reply = get(target);
        if (reply.body.is_object() && reply.body.value(member, Json()) == value) return reply.body;
        if (std::chrono::steady_clock::now() > until) {
            ADD_FAILURE() << target << " does not become " << value << ": " << reply.text;
            return reply.body;
        }
    }
}

std::string Stand::deploy_ready(ScriptedNode& node, const std::string& name) {
    const auto made =
        post("/api/v1/servers", Json{{"name", name},
                                     {"game", "testgame"},
                                     {"variables", {{"PASSWORD", "sesame-" + name}}}});
    EXPECT_EQ(made.status, 202) << made.text;
    if (made.status != 202) return {};
    const std::string id = made.body["server"]["id"];
    const auto command = node.next_command();
    EXPECT_EQ(command.server_id(), id);
    node.observe(id, command.generation(), wire::READY);
    node.finish(command.operation_id());
    wait_for("/api/v1/servers/" + id, "state", "ready");
    return id;
}

}  // namespace muster::coordinator::testing
