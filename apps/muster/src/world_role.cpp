#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "muster/http/server.hpp"
#include "muster/uplink/uplink.hpp"
#include "share.hpp"
#include "worlds.hpp"

namespace muster {
namespace {

constexpr std::chrono::milliseconds http_grace{3'000};
constexpr std::chrono::milliseconds world_grace{1'000};

http::Response text_response(int status, std::string type, std::string body) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", std::move(type));
    response.headers.set("Cache-Control", "no-store");
    response.body = std::move(body);
    return response;
}

// What a world server of its own serves beside the worlds: its health and its figures. Inside
// `muster up` the coordinator does.
void add_health(http::Router& router, const host::WorldServer& worlds) {
    const auto health = [&worlds](http::Request) -> asio::awaitable<http::Answer> {
        const std::string reason = failing(worlds);
        nlohmann::json body{{"status", reason.empty() ? "ok" : "failing"}};
        if (!reason.empty()) body["reason"] = reason;
        co_return text_response(reason.empty() ? 200 : 503, "application/json", body.dump());
    };
    router.add("GET", "/healthz", health);
    router.add("GET", "/readyz", health);
    router.add("GET", "/metrics", [&worlds](http::Request) -> asio::awaitable<http::Answer> {
        co_return text_response(200, "text/plain; version=0.0.4; charset=utf-8",
                                host::metrics_text(worlds.statistics()));
    });
}

// The page at / is the fleet's, which nobody can sign in to here.
asio::awaitable<http::Answer> to_play(http::Request) {
    http::Response response = text_response(302, "text/plain", "The worlds are at /play.\n");
    response.headers.set("Location", "/play");
    co_return response;
}

// The worlds of a process; with an HTTP server of its own when no coordinator lends them one.
class WorldPart final : public Part {
  public:
    WorldPart(asio::any_io_executor executor, std::shared_ptr<host::WorldServer> worlds)
        : worlds_(std::move(worlds)), ended_(executor, asio::steady_timer::time_point::max()) {}

    Result<void> serve(http::Server::Options options, http::Router router) {
        auto opened =
            http::Server::open(ended_.get_executor(), std::move(options), std::move(router));
        if (!opened) return std::unexpected(opened.error());
        http_ = std::move(*opened);
        return {};
    }
    [[nodiscard]] std::uint16_t http_port() const { return http_->port(); }

    asio::awaitable<Result<void>> run() override {
        if (http_) {
            co_await http_->run();
        } else {
            co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return Result<void>();
    }
    asio::awaitable<void> stop() override {
        // The players are told first: their pages then know why they hear nothing more.
        worlds_->stop(world_grace);
        if (http_) co_await http_->stop(http_grace);
        ended_.cancel();
    }

  private:
    std::shared_ptr<host::WorldServer> worlds_;
    std::unique_ptr<http::Server> http_;
    asio::steady_timer ended_;
};

// The link to a coordinator, under whose list and page the worlds then are.
class UplinkPart final : public Part {
  public:
    UplinkPart(Role& role, uplink::Options options, std::shared_ptr<host::WorldServer> worlds)
        : worlds_(std::move(worlds)),
          uplink_(role.context.get_executor(), std::move(options), *worlds_, role.clock) {}

    asio::awaitable<Result<void>> run() override { return uplink_.run(); }
    asio::awaitable<void> stop() override { return uplink_.stop(); }

  private:
    std::shared_ptr<host::WorldServer> worlds_;
    uplink::Uplink uplink_;
};

bool has_coordinator(const settings::Settings& given) {
    return given.is_given("world.coordinator") || !given.text("world.join_token").empty();
}

uplink::Options uplink_options(const Role& role, std::uint16_t http_port, bool http_secure) {
    const settings::Settings& given = role.settings;
    uplink::Options options;
    options.folder = role.data_dir / "identity";
    for (const auto& address : given.addresses("world.coordinator")) {
        options.coordinators.push_back(settings::to_text(address));
    }
    options.join_token = given.text("world.join_token");
    options.key_name = given.text("cluster.key_name");
    options.key_folder = role.data_dir / "keys";
    options.name = given.text("world.name");
    options.version = role.version;
    options.location = given.text("world.location");
    options.addresses = given.list("udp.public");
    options.http_port = http_port;
    options.http_secure = http_secure;
    options.log = [log = role.log](host::LogLevel level, std::string_view text) {
        log.say(level == host::LogLevel::error     ? Level::error
                : level == host::LogLevel::warning ? Level::warning
                                                   : Level::info,
                text);
    };
    return options;
}

Result<http::Server::Options> http_options(const settings::Settings& given) {
    http::Server::Options options;
    options.host = given.address("http.address").host;
    options.port = given.address("http.address").port;
    options.limits.connections_max = static_cast<std::size_t>(given.number("http.connections_max"));
    options.limits.connections_per_address_max =
        static_cast<std::size_t>(given.number("http.connections_per_address_max"));
    http::TlsFiles files;
    for (const auto& [name, into] :
         {std::pair<const char*, std::string*>{"tls.certificate", &files.certificate_chain_pem},
          {"tls.key", &files.private_key_pem}}) {
        auto pem = read_setting_file(given, name);
        if (!pem) return std::unexpected(pem.error());
        *into = std::move(*pem);
    }
    if (!files.certificate_chain_pem.empty()) options.tls = std::move(files);
    return options;
}

}  // namespace

std::unique_ptr<Part> make_world_part(Role& role, std::shared_ptr<host::WorldServer> worlds) {
    return std::make_unique<WorldPart>(role.context.get_executor(), std::move(worlds));
}

Result<std::vector<std::unique_ptr<Part>>> make_world(Role& role, Ready& ready) {
    auto routes = route_options(role.settings);
    if (!routes) return std::unexpected(routes.error());
    routes->version = role.version;
    auto options = http_options(role.settings);
    if (!options) return std::unexpected(options.error());
    const auto web = web_folder(role.settings);
    if (!web) return std::unexpected(web.error());
    const bool secure = options->tls.has_value();
    auto opened = open_worlds(role, ready);
    if (!opened) return std::unexpected(opened.error());
    const std::shared_ptr<host::WorldServer> worlds = opened->server;
    http::Router router;
    host::add_routes(router, *worlds, std::move(*routes));
    add_health(router, *worlds);
    if (!web->empty()) {
        router.add("GET", "/", to_play);
        router.serve_files(web->string(), {.origin = role.settings.text("web.origin")});
    }
    auto part = std::make_unique<WorldPart>(role.context.get_executor(), worlds);
    if (auto served = part->serve(std::move(*options), std::move(router)); !served) {
        return std::unexpected(served.error());
    }
    ready["http"] = (secure ? "https://" : "http://") +
                    local_address(role.settings.address("http.address"), part->http_port());
    std::unique_ptr<Part> link;
    if (has_coordinator(role.settings)) {
        auto link_options = uplink_options(role, part->http_port(), secure);
        link_options.spread = std::move(opened->spread);
        link = std::make_unique<UplinkPart>(role, std::move(link_options), worlds);
    }
    std::vector<std::unique_ptr<Part>> parts;
    parts.push_back(std::move(part));
    if (link) parts.push_back(std::move(link));
    return parts;
}

}  // namespace muster
