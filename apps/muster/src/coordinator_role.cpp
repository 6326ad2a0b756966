#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdio>

#include "candidate.hpp"
#include "coordinator_role.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/faces/faces.hpp"
#include "muster/store_sqlite/store_sqlite.hpp"
#include "share.hpp"
#include "worlds.hpp"

namespace muster {
namespace {

// Requests and sessions get so long to end when the process is asked to.
constexpr std::chrono::milliseconds stop_grace{3'000};

class CoordinatorPart final : public Part {
  public:
    CoordinatorPart(asio::any_io_executor executor, std::unique_ptr<store::Store> store,
                    std::unique_ptr<faces::Faces> faces,
                    std::unique_ptr<coordinator::Coordinator> coordinator)
        : executor_(std::move(executor)),
          store_(std::move(store)),
          faces_(std::move(faces)),
          coordinator_(std::move(coordinator)) {}

    asio::awaitable<Result<void>> run() override {
        asio::co_spawn(executor_, faces_->run(), asio::detached);
        co_await coordinator_->run();
        co_return Result<void>();
    }
    asio::awaitable<void> stop() override {
        co_await faces_->stop();
        co_await coordinator_->stop(stop_grace);
    }
    coordinator::Coordinator& coordinator() { return *coordinator_; }

  private:
    asio::any_io_executor executor_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<faces::Faces> faces_;
    std::unique_ptr<coordinator::Coordinator> coordinator_;
};

std::function<void(coordinator::LogLevel, std::string_view)> log_of(Role& role) {
    return [log = role.log](coordinator::LogLevel level, std::string_view text) {
        log.say(level == coordinator::LogLevel::error     ? Level::error
                : level == coordinator::LogLevel::warning ? Level::warning
                                                          : Level::info,
                text);
    };
}

faces::Options faces_from(Role& role) {
    const settings::Settings& given = role.settings;
    faces::Options options;
    options.data_dir = role.data_dir;
    options.version = role.version;
    options.wrong_passwords_per_minute =
        static_cast<double>(given.number("limits.wrong_tokens_per_minute"));
    options.log = log_of(role);
    if (given.boolean("control.enabled")) {
        faces::ControlOptions control;
        control.host = given.address("control.address").host;
        control.port = given.address("control.address").port;
        control.peer_host = given.address("control.peer").host;
        control.peer_port = given.address("control.peer").port;
        control.local_token = given.text("control.local_token");
        options.control = std::move(control);
    }
    if (!given.text("npm.folder").empty()) {
        faces::CompanionOptions companion;
        companion.folder = given.text("npm.folder");
        companion.command = {"npm", "run", given.text("npm.script")};
        options.companion = std::move(companion);
    }
    return options;
}

}  // namespace

Result<coordinator::Options> coordinator_options(Role& role) {
    const settings::Settings& given = role.settings;
    coordinator::Options options;
    options.data_dir = role.data_dir;
    options.http_host = given.address("http.address").host;
    options.http_port = given.address("http.address").port;
    options.grpc_host = given.address("grpc.address").host;
    options.grpc_port = given.address("grpc.address").port;
    options.own_https = given.boolean("tls.own");
    for (const auto& [name, into] :
         {std::pair<const char*, std::string*>{"tls.certificate", &options.http_certificate_pem},
          {"tls.key", &options.http_private_key_pem}}) {
        auto pem = read_setting_file(given, name);
        if (!pem) return std::unexpected(pem.error());
        *into = std::move(*pem);
    }
    options.advertise = given.text("public_address");
    options.public_keys_url = given.text("cluster.public_key_url");
    auto web = web_folder(given);
    if (!web) return std::unexpected(web.error());
    options.web_folder = std::move(*web);
    options.web_origin = given.text("web.origin");
    options.games_folder = given.text("games.folder").empty()
                               ? share_folder("games")
                               : std::filesystem::path(given.text("games.folder"));
    options.version = role.version;
    options.spread = given.text("placement") == "spread";
    options.requests_per_second = static_cast<double>(given.number("limits.requests_per_second"));
    options.requests_burst = static_cast<double>(given.number("limits.requests_burst"));
    options.wrong_tokens_per_minute =
        static_cast<double>(given.number("limits.wrong_tokens_per_minute"));
    options.http_connections_max = static_cast<std::size_t>(given.number("http.connections_max"));
    options.http_connections_per_address_max =
        static_cast<std::size_t>(given.number("http.connections_per_address_max"));
    options.ping = given.duration("link.ping");
    options.lease = given.duration("link.lease");
    options.grace = given.duration("link.grace");
    options.log = log_of(role);
    return options;
}

namespace {

// The worlds' routes beside those of the faces, and their say in health and metrics.
Result<void> wire_worlds(Role& role, coordinator::Options& options,
                         const std::shared_ptr<host::WorldServer>& worlds) {
    auto routes = route_options(role.settings);
    if (!routes) return std::unexpected(routes.error());
    routes->joins = false;
    options.worlds = make_gate(worlds);
    options.add_routes = [of_faces = std::move(options.add_routes), worlds,
                          routes = std::move(*routes)](http::Router& router) {
        auto added = of_faces(router);
        for (auto& route : host::add_routes(router, *worlds, routes))
            added.push_back(std::move(route));
        return added;
    };
    options.failing = [worlds] { return failing(*worlds); };
    options.more_metrics = [worlds] { return host::metrics_text(worlds->statistics()); };
    return {};
}

}  // namespace

Result<OpenedCoordinator> open_coordinator(Role& role, coordinator::Options options,
                                           std::unique_ptr<store::Store> store,
                                           const std::shared_ptr<host::WorldServer>& worlds) {
    const bool secure = options.own_https || !options.http_certificate_pem.empty();
    auto faces =
        std::make_unique<faces::Faces>(role.context.get_executor(), faces_from(role), role.clock);
    options.add_routes = [adding = faces.get()](http::Router& router) {
        return adding->add_routes(router);
    };
    auto routes = route_options(role.settings);
    if (!routes) return std::unexpected(routes.error());
    options.ice_servers = [ice = std::move(routes->ice)] { return host::ice_servers_text(ice); };
    if (worlds) {
        if (auto wired = wire_worlds(role, options, worlds); !wired) {
            return std::unexpected(wired.error());
        }
    }
    auto coordinator = coordinator::Coordinator::open(role.context.get_executor(),
                                                      std::move(options), *store, role.clock);
    if (!coordinator) return std::unexpected(coordinator.error());
    OpenedCoordinator out;
    out.http_port = (*coordinator)->http_port();
    out.grpc_port = (*coordinator)->grpc_port();
    const std::string http = local_address(role.settings.address("http.address"), out.http_port);
    if (auto opened = faces->open(**coordinator, (secure ? "https://" : "http://") + http);
        !opened) {
        return std::unexpected(opened.error());
    }
    out.control_port = faces->control_port();
    if (const auto& token = (*coordinator)->new_admin_token()) {
        std::printf(
            "The first admin token, shown this once and kept in %s:\n\n    %s\n\nOpen %s and sign "
            "in with it.\n\n",
            (*coordinator)->admin_token_file().c_str(), token->c_str(),
            ((secure ? "https://" : "http://") + http).c_str());
        std::fflush(stdout);
    }
    out.part = std::make_unique<CoordinatorPart>(role.context.get_executor(), std::move(store),
                                                 std::move(faces), std::move(*coordinator));
    return out;
}

void put_addresses(const Role& role, const coordinator::Options& options, std::uint16_t http_port,
                   std::uint16_t grpc_port, Ready& ready) {
    const bool given = !options.http_certificate_pem.empty();
    const bool secure = options.own_https || given;
    ready["http"] = (secure ? "https://" : "http://") +
                    local_address(role.settings.address("http.address"), http_port);
    if (secure && !given) {
        const auto file = options.is_store_shared ? "ca.pem" : "authority/ca.pem";
        ready["ca"] = (role.data_dir / file).string();
    }
    ready["grpc"] = local_address(role.settings.address("grpc.address"), grpc_port);
}

Result<std::unique_ptr<Part>> make_coordinator(Role& role, Ready& ready,
                                               std::shared_ptr<host::WorldServer> worlds) {
    if (!role.settings.text("store.url").empty()) return make_candidate(role, ready);
    auto options = coordinator_options(role);
    if (!options) return std::unexpected(options.error());
    auto store = store_sqlite::open_store(role.data_dir / "muster.db");
    if (!store) return std::unexpected(store.error());
    auto opened = open_coordinator(role, *options, std::move(*store), worlds);
    if (!opened) return std::unexpected(opened.error());
    put_addresses(role, *options, opened->http_port, opened->grpc_port, ready);
    if (opened->control_port != 0) {
        ready["control"] =
            local_address(role.settings.address("control.address"), opened->control_port);
    }
    return std::move(opened->part);
}

Result<std::string> join_token_of(Part& coordinator) {
    return dynamic_cast<CoordinatorPart&>(coordinator).coordinator().make_join_token("local");
}

}  // namespace muster
