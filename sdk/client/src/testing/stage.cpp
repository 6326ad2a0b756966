#include "stage.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <stdexcept>

#include "muster/host/routes.hpp"

namespace muster::sdk::testing {
namespace {

using namespace std::chrono_literals;
namespace asio = http::asio;

class Echo final : public host::Extension {
  public:
    Result<void> open(host::ExtensionHost& host) override {
        host_ = &host;
        return {};
    }
    void close() override {}
    void on_join(sim::PlayerId, bool) override {}
    void on_leave(sim::PlayerId) override {}
    void on_message(const host::ExtensionMessage& message) override {
        (void)host_->send(message.from, message.command, message.payload);
    }
    void on_events(std::span<const sim::Event>) override {}
    void on_tick() override {}
    std::vector<host::PluginStatistics> statistics() const override { return {}; }

  private:
    host::ExtensionHost* host_ = nullptr;
};

}  // namespace

Served::Served(http::Router router, std::uint16_t port) {
    http::Server::Options options;
    options.port = port;
    server_ = http::Server::open(context_.get_executor(), options, std::move(router)).value();
    asio::co_spawn(context_, server_->run(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

Served::~Served() {
    asio::co_spawn(context_, server_->stop(0ms), [this](auto) { context_.stop(); });
    thread_.join();
}

Arena::Arena(std::function<void(host::Options&)> change) {
    host::WorldOptions world;
    world.name = "arena";
    world.map = sim::classic_arena(1);
    world.rules.players_max = 50;
    world.bots.wanted = 10;
    world.extension = std::make_shared<Echo>();
    host::Options options;
    options.worlds.push_back(std::move(world));
    options.udp_host = "127.0.0.1";
    options.udp_port = 0;
    options.public_addresses = {"127.0.0.1"};
    options.shards = 1;
    options.joins_per_address_per_second = options.joins_per_second = 1'000;
    if (change) change(options);
    server_ = host::WorldServer::open(std::move(options)).value();
    http::Router router;
    host::add_routes(router, *server_, {});
    served_ = std::make_unique<Served>(std::move(router));
}

Arena::~Arena() {
    served_.reset();
    server_->stop(0ms);
}

Game::Game(const std::string& url, const std::string& ticket_keys) {
    muster_client_options options = MUSTER_CLIENT_OPTIONS_INIT;
    options.url = url.c_str();
    options.ticket_keys = ticket_keys.empty() ? nullptr : ticket_keys.c_str();
    char message[256] = "";
    client = muster_client_open(&options, nullptr, message, sizeof message);
    if (client == nullptr) throw std::runtime_error(message);
}

Game::~Game() {
    muster_client_close(client);
}

void Game::join(const char* name, const char* world, const char* resume, const char* strategy) {
    muster_client_join_options wish = MUSTER_CLIENT_JOIN_OPTIONS_INIT;
    wish.name = name;
    wish.world = world;
    wish.resume = resume;
    wish.strategy = strategy;
    if (muster_client_join(client, &wish) != MUSTER_CLIENT_OK) throw std::runtime_error("join");
}

bool Game::until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        if (on_turn) on_turn();
        if (const auto* event = muster_client_poll(client, 20)) take(*event);
    }
    return true;
}

void Game::take(const muster_client_event& event) {
    const auto& of = event.of;
    switch (event.kind) {
        case MUSTER_CLIENT_EVENT_WELCOME:
            welcomes.push_back({of.welcome->why, of.welcome->player, of.welcome->generation,
                                of.welcome->world, of.welcome->name, of.welcome->left,
                                of.welcome->top, of.welcome->width, of.welcome->height});
            break;
        case MUSTER_CLIENT_EVENT_SNAPSHOT:
            ++snapshots;
            tick = of.snapshot->tick;
            acknowledged = of.snapshot->acknowledged;
            sent = of.snapshot->sent;
            if (of.snapshot->own != nullptr) own = *of.snapshot->own;
            entities.assign(of.snapshot->entities,
                            of.snapshot->entities + of.snapshot->entity_count);
            break;
        case MUSTER_CLIENT_EVENT_PEOPLE:
            for (std::uint32_t i = 0; i < of.people->count; ++i)
                people.emplace_back(of.people->people[i].name);
            break;
        case MUSTER_CLIENT_EVENT_CHAT:
            chats.push_back(std::string(of.chat->name) + ": " + of.chat->text);
            break;
        case MUSTER_CLIENT_EVENT_CUSTOM:
            customs.push_back(
                std::to_string(of.custom->command) + " " +
                std::string(static_cast<const char*>(of.custom->payload), of.custom->payload_size));
            break;
        case MUSTER_CLIENT_EVENT_MOVED:
            ++moves;
            break;
        case MUSTER_CLIENT_EVENT_LOST:
            losses.emplace_back(of.failed->message);
            break;
        case MUSTER_CLIENT_EVENT_DISCONNECTED:
            code = of.disconnected->code;
            why = of.disconnected->message;
            for (std::uint32_t i = 0; i < of.disconnected->alternative_count; ++i)
                alternatives.emplace_back(of.disconnected->alternatives[i].server);
            break;
        default:
            if (on_event) on_event(event);
            break;
    }
}

}  // namespace muster::sdk::testing
