#include "muster/coordinator/coordinator.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <set>

#include "cluster_keys.hpp"
#include "house.hpp"
#include "muster/base/assert.hpp"
#include "muster/base/file.hpp"
#include "muster/http/server.hpp"
#include "muster/http/url.hpp"
#include "muster/link/link.hpp"
#include "observations.hpp"
#include "recipe.hpp"
#include "signal.hpp"
#include "views.hpp"
#include "world_scale.hpp"
#include "world_servers.hpp"
#include "worlds_api.hpp"

namespace muster::coordinator {
namespace {

brain::Config brain_config(const Options& options) {
    brain::Config out;
    out.placement =
        options.spread ? brain::PlacementPolicy::spread : brain::PlacementPolicy::packed;
    out.lease = options.lease;
    out.grace = options.grace;
    return out;
}

Guard::Limits guard_limits(const Options& options) {
    Guard::Limits out;
    out.requests_per_second = options.requests_per_second;
    out.requests_burst = options.requests_burst;
    out.wrong_tokens_per_minute = options.wrong_tokens_per_minute;
    return out;
}

}  // namespace

/// Members in the order in which they need each other: they go in the opposite one.
struct Coordinator::Impl {
    Impl(asio::any_io_executor on, Options given, store::Store& to, const Clock& with,
         Authority signed_by)
        : options(std::move(given)),
          executor(std::move(on)),
          store(to),
          clock(with),
          authority(std::move(signed_by)),
          writer(1),
          ledger(executor, writer.get_executor(), store, std::string(Audit::log)),
          audit(ledger, clock),
          tokens(ledger, clock),
          idempotency(ledger, clock),
          guard(tokens, clock, guard_limits(options)),
          inventory(clock),
          catalogue(ledger),
          fleet(ledger, catalogue, clock, brain_config(options)),
          enrolment(ledger, authority, clock),
          ticket_keys(ledger, clock, "muster-" + authority.digest_hex()),
          cluster_keys(ledger, authority, clock, options.data_dir / "keys"),
          links(executor, options, clock, enrolment, fleet, inventory, events),
          carriers(executor, links, options.stream_deadline),
          regions(ledger, options),
          world_servers(executor, options, clock, enrolment, regions),
          house{executor,  options,   clock, ledger,    audit, tokens,   live,       events,
                inventory, catalogue, fleet, enrolment, links, carriers, ticket_keys},
          scales(house, world_servers, regions),
          routes(router, guard, ledger, audit, idempotency),
          observations(clock),
          stopping(executor),
          stopped(executor) {}

    ~Impl() { writer.join(); }

    Options options;
    asio::any_io_executor executor;
    store::Store& store;
    const Clock& clock;
    Authority authority;
    asio::thread_pool writer;
    Ledger ledger;
    Audit audit;
    Tokens tokens;
    Idempotency idempotency;
    Guard guard;
    Live live;
    Events events;
    Inventory inventory;
    Catalogue catalogue;
    Fleet fleet;
    Enrolment enrolment;
    TicketKeys ticket_keys;
    ClusterKeys cluster_keys;
    NodeLinks links;
    Carriers carriers;
    Regions regions;
    WorldServers world_servers;
    House house;
    WorldScales scales;
    http::Router router;
    Routes routes;
    Observations observations;
    Signal stopping;
    Signal stopped;
    std::optional<std::string> admin_token;
    std::optional<Timestamp> https_ends;  ///< when our own certificate does
    std::unique_ptr<http::Server> http;
    std::unique_ptr<link::FleetServer> grpc;

    [[nodiscard]] Result<void> load();
    [[nodiscard]] Result<void> first_admin();
    void listen_to_changes();
    void changed(brain::Subject subject, const std::string& id, bool gone);
    void add_routes();
    [[nodiscard]] Result<void> open_http();
    [[nodiscard]] Result<void> open_grpc();
    void say(LogLevel level, std::string_view text) const {
        if (options.log) options.log(level, text);
    }
    asio::awaitable<void> tick();
    asio::awaitable<Result<wire::EnrollReply>> enrol(link::EnrolRequest request, MemberKind kind);
    [[nodiscard]] link::Server::Handlers node_handlers();
    [[nodiscard]] link::FleetServer::WorldHandlers world_handlers();
};

Result<void> Coordinator::Impl::load() {
    if (auto done = audit.load(store); !done) return done;
    if (auto done = tokens.load(store); !done) return done;
    if (auto done = ticket_keys.load(store); !done) return done;
    if (auto done = idempotency.load(store); !done) return done;
    if (auto done = catalogue.load(store); !done) return done;
    if (!options.games_folder.empty()) {
        if (auto done = catalogue.load_folder(options.games_folder); !done) return done;
    }
    if (auto done = enrolment.load(store); !done) return done;
    if (auto done = cluster_keys.load(store); !done) return done;
    if (auto done = fleet.load(store); !done) return done;
    if (auto done = regions.load(store); !done) return done;
    if (auto done = scales.load(store); !done) return done;
    std::set<std::string> used;
    fleet.state().each_server([&](const brain::Server& server) {
        if (const auto recipe = Recipe::parse(server.spec.details)) used.insert(recipe->digest);
        observations.found(server, fleet.state());
    });
    catalogue.keep_pinned(used);
    return {};
}

Result<void> Coordinator::Impl::first_admin() {
    if (tokens.has_admin()) return {};
    Tokens::Wanted wanted;
    wanted.name = "first admin";
    wanted.role = Role::admin;
    wanted.by = "coordinator";
    auto made = tokens.create(std::move(wanted));
    if (!made) return std::unexpected(made.error());
    // Should the process die before the token is in the store, the next start makes another one.
    if (auto written = write_file(options.data_dir / "admin.token", made->token + "\n", 0600);
        !written) {
        return written;
    }
    audit.note("coordinator", "token.create", made->id, Json{{"name", "first admin"}});
    admin_token = std::move(made->token);
    return {};
}

void Coordinator::Impl::listen_to_changes() {
    tokens.when_erased([this](const std::string& id) { live.cut(id); });
    fleet.on_send([this](const std::string& node_id, std::uint64_t session, wire::ToNode message) {
        links.send(node_id, session, std::move(message));
    });
    world_servers.drain_on_entry([this](const std::string& id) { return scales.is_leaving(id); });
    fleet.on_change([this](brain::Subject subject, const std::string& id, bool gone) {
        changed(subject, id, gone);
    });
}

void Coordinator::Impl::changed(brain::Subject subject, const std::string& id, bool gone) {
    const auto& state = fleet.state();
    if (subject == brain::Subject::node) {
        if (!events.wanted("node")) return;
        const auto* node = state.node(id);
        if (node == nullptr) return events.publish("node", true, Json{{"id", id}}, {});
        events.publish("node", gone, to_json(*node, state, inventory), {});
    } else if (subject == brain::Subject::operation) {
        if (!events.wanted("operation")) return;
        const auto* operation = state.operation(id);
        if (operation == nullptr) return events.publish("operation", true, Json{{"id", id}}, {});
        events.publish("operation", gone, to_json(*operation, state, tokens), operation->server_id);
    } else {
        const auto* server = state.server(id);
        observations.server_changed(id, server, state);
        if (server == nullptr) inventory.forget_server(id);
        if (!events.wanted("server")) return;
        if (server == nullptr) return events.publish("server", true, Json{{"id", id}}, id);
        events.publish("server", gone, to_json(*server, state, inventory, catalogue), id);
    }
}

void Coordinator::Impl::add_routes() {
    router.set_guard(
        [this](http::Request& request) -> asio::awaitable<std::optional<http::Response>> {
            co_return guard.check(request);
        });
    router.set_fault_sink([this](const http::Request& request, std::string_view what) {
        say(LogLevel::error, request.method + " " + request.route + ": " + std::string(what));
    });
    router.set_observer(
        [this](const http::Request& request, int status, std::chrono::microseconds took) {
            observations.request(request, status, took);
        });
    add_health_api(routes, house);
    add_metrics_api(routes, house, observations);
    add_servers_api(routes, house);
    add_server_streams_api(routes, house);
    add_nodes_api(routes, house);
    add_containers_api(routes, house);
    add_artifacts_api(routes, house);
    add_operations_api(routes, house);
    add_games_api(routes, house);
    add_tokens_api(routes, house);
    add_audit_api(routes, house);
    add_events_api(routes, house);
    add_worlds_api(routes, house, world_servers, regions);
    add_world_servers_api(routes, house, world_servers, regions);
    add_cluster_keys_api(routes, house, cluster_keys, world_servers);
    add_diagnostics_api(routes, house, world_servers, regions);
    add_world_scale_api(routes, house, scales);
    if (options.add_routes) {
        for (const auto& [method, pattern] : options.add_routes(router)) {
            guard.set(method, pattern, Access::anyone);
        }
    }
    if (!options.web_folder.empty()) {
        router.serve_files(options.web_folder.string(), {.origin = options.web_origin});
    }
}

Result<void> Coordinator::Impl::open_http() {
    http::Server::Options wanted;
    wanted.host = options.http_host;
    wanted.port = options.http_port;
    wanted.limits.connections_max = options.http_connections_max;
    wanted.limits.connections_per_address_max = options.http_connections_per_address_max;
    auto files = https_files(options, authority, clock.now());
    if (!files) return std::unexpected(files.error());
    wanted.tls = *std::move(files);
    if (options.own_https && options.http_certificate_pem.empty()) {
        https_ends = clock.now() + Authority::https_days;
    }
    auto opened = http::Server::open(executor, std::move(wanted), std::move(router));
    if (!opened) return std::unexpected(opened.error());
    http = *std::move(opened);
    return {};
}

asio::awaitable<Result<wire::EnrollReply>> Coordinator::Impl::enrol(link::EnrolRequest request,
                                                                    MemberKind kind) {
    const bool is_node = kind == MemberKind::node;
    const std::string key_name = is_node ? "" : request.message.key_proof().key_name();
    auto reply = key_name.empty() ? enrolment.enrol(request.message, kind)
                                  : cluster_keys.enrol(request, enrolment);
    if (!reply) {
        say(LogLevel::warning, std::string(is_node ? "a node at " : "a world server at ") +
                                   request.address + " was refused: " + reply.error().message);
        co_return reply;
    }
    Json detail{{"name", enrolment.name_of(reply->node_id())}, {"address", request.address}};
    if (!key_name.empty()) detail["key_name"] = key_name;
    audit.note("coordinator", is_node ? "node.enrol" : "world_server.enrol", reply->node_id(),
               std::move(detail));
    if (auto settled = co_await ledger.settled(); !settled) {
        co_return std::unexpected(settled.error());
    }
    co_return reply;
}

link::Server::Handlers Coordinator::Impl::node_handlers() {
    link::Server::Handlers out;
    out.enrol = [this](link::EnrolRequest request) {
        return enrol(std::move(request), MemberKind::node);
    };
    out.renew = [this](std::string node_id,
                       std::string request_der) -> asio::awaitable<Result<wire::EnrollReply>> {
        co_return enrolment.renew(node_id, request_der);
    };
    out.admit = [this](const std::string& node_id, const std::string&) {
        return enrolment.admit(node_id);
    };
    out.session = [this](std::shared_ptr<link::NodeSession> session) {
        return links.serve(std::move(session));
    };
    out.carrier = [this](std::string node_id, std::string stream_id,
                         std::shared_ptr<link::Carrier> carrier) {
        return carriers.arrived(std::move(node_id), std::move(stream_id), std::move(carrier));
    };
    return out;
}

link::FleetServer::WorldHandlers Coordinator::Impl::world_handlers() {
    link::FleetServer::WorldHandlers out;
    out.enrol = [this](link::EnrolRequest request) {
        return enrol(std::move(request), MemberKind::world_server);
    };
    out.renew = [this](std::string id,
                       std::string request_der) -> asio::awaitable<Result<wire::EnrollReply>> {
        co_return enrolment.renew(id, request_der, MemberKind::world_server);
    };
    out.admit = [this](const std::string& id, const std::string&) {
        return enrolment.admit(id, MemberKind::world_server);
    };
    out.challenge = [this](const link::world_wire::ChallengeRequest& request) {
        return cluster_keys.challenge(request);
    };
    out.session = [this](std::shared_ptr<link::WorldSession> session) {
        return world_servers.serve(std::move(session));
    };
    return out;
}

Result<void> Coordinator::Impl::open_grpc() {
    auto identity = authority.serve_as({options.grpc_host, host_part(options.advertise)},
                                       clock.now(), Authority::link_days);
    if (!identity) return std::unexpected(identity.error());
    link::Server::Options wanted;
    wanted.host = options.grpc_host;
    wanted.port = options.grpc_port;
    wanted.identity = *std::move(identity);
    wanted.authority_pem = authority.certificate_pem();
    auto opened =
        link::FleetServer::open(executor, std::move(wanted), node_handlers(), world_handlers());
    if (!opened) return std::unexpected(opened.error());
    grpc = *std::move(opened);
    house.grpc_port = grpc->port();
    house.revoke_link = [this](const std::string& node_id, std::string reason) {
        grpc->revoke(node_id, std::move(reason));
    };
    return {};
}

asio::awaitable<void> Coordinator::Impl::tick() {
    std::string failing;
    int ticks = 0;
    unsigned quarters = 0;
    while (!co_await stopping.wait(std::chrono::milliseconds(250))) {
        regions.time_passed();
        if (++quarters % 4 != 0) continue;
        static_cast<void>(fleet.tell(brain::Tick{}));
        live.cut_expired(tokens);
        world_servers.delist_silent();
        scales.time_passed();
        if (++ticks % 60 == 0) enrolment.forget_old();
        if (ticks % 3'600 == 0) ticket_keys.forget_old();
        if (ticks % 600 == 0) tokens.keep_uses();
        if (ticks % 86'400 == 0 && https_ends &&
            clock.now() > *https_ends - std::chrono::days(60)) {
            say(LogLevel::warning, "the certificate of the web server ends on " +
                                       to_rfc3339(*https_ends) +
                                       "; restart the coordinator to get a fresh one");
        }
        if (failing != ledger.failing()) {
            failing = ledger.failing();
            say(failing.empty() ? LogLevel::info : LogLevel::error,
                failing.empty() ? "the store takes changes again"
                                : "the store cannot be written: " + failing);
        }
    }
}

Coordinator::Coordinator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Coordinator::~Coordinator() = default;

Result<std::unique_ptr<Coordinator>> Coordinator::open(asio::any_io_executor executor,
                                                       Options options, store::Store& store,
                                                       const Clock& clock) {
    if (auto made = make_folder(options.data_dir, 0700); !made) {
        return std::unexpected(made.error());
    }
    auto authority = options.is_store_shared
                         ? Authority::open_shared(store, options.data_dir, clock.now())
                         : Authority::open(store, options.data_dir, clock.now());
    if (!authority) return std::unexpected(authority.error());
    auto impl = std::make_unique<Impl>(std::move(executor), std::move(options), store, clock,
                                       *std::move(authority));
    if (auto done = impl->load(); !done) return std::unexpected(done.error());
    impl->listen_to_changes();
    impl->add_routes();
    if (auto done = impl->open_grpc(); !done) return std::unexpected(done.error());
    if (auto done = impl->open_http(); !done) return std::unexpected(done.error());
    if (auto done = impl->first_admin(); !done) return std::unexpected(done.error());
    return std::unique_ptr<Coordinator>(new Coordinator(std::move(impl)));
}

asio::awaitable<void> Coordinator::run() {
    Impl* impl = impl_.get();
    asio::co_spawn(impl->executor, impl->http->run(), asio::detached);
    co_await impl->tick();
    co_await impl->stopped.wait();
}

asio::awaitable<void> Coordinator::stop(std::chrono::milliseconds grace) {
    Impl* impl = impl_.get();
    impl->stopping.set();
    co_await impl->http->stop(grace);
    impl->links.dismiss_all("the coordinator is stopping");
    impl->world_servers.dismiss_all("the coordinator is stopping");
    co_await impl->grpc->stop(grace);
    impl->tokens.keep_uses();
    static_cast<void>(co_await impl->ledger.settled());
    impl->stopped.set();
}

std::uint16_t Coordinator::http_port() const {
    return impl_->http->port();
}
std::uint16_t Coordinator::grpc_port() const {
    return impl_->grpc->port();
}

std::filesystem::path Coordinator::admin_token_file() const {
    return impl_->options.data_dir / "admin.token";
}

const std::optional<std::string>& Coordinator::new_admin_token() const {
    return impl_->admin_token;
}

asio::awaitable<http::Answer> Coordinator::call(http::Request request, std::string target) {
    request.vouched_for.clear();
    return impl_->http->call(std::move(request), std::move(target));
}

asio::awaitable<std::optional<http::Response>> Coordinator::talk(
    http::Request request, std::string target, std::shared_ptr<http::WebSocket> socket) {
    request.vouched_for.clear();
    return impl_->http->talk(std::move(request), std::move(target), std::move(socket));
}

asio::awaitable<http::Answer> Coordinator::call_on_node(std::string node_id, http::Request request,
                                                        std::string target) {
    MUSTER_ASSERT(target.starts_with("/api/v1/containers"));
    request.vouched_for = password_principal(node_id);
    target += target.find('?') == std::string::npos ? "?node=" : "&node=";
    target += http::percent_encode(node_id);
    return impl_->http->call(std::move(request), std::move(target));
}

asio::awaitable<std::optional<http::Response>> Coordinator::watch_node(
    std::string node_id, std::string kinds, http::Request request,
    std::shared_ptr<http::WebSocket> socket) {
    MUSTER_ASSERT(kinds == "container" || kinds == "operation");
    request.vouched_for = password_principal(node_id);
    return impl_->http->talk(
        std::move(request),
        "/api/v1/events?kinds=" + kinds + "&node=" + http::percent_encode(node_id),
        std::move(socket));
}

asio::awaitable<http::Answer> Coordinator::call_as(std::string token_id, http::Request request,
                                                   std::string target) {
    request.vouched_for = std::move(token_id);
    return impl_->http->call(std::move(request), std::move(target));
}

std::string Coordinator::node_password_hash(const std::string& node_id) const {
    if (!impl_->enrolment.admit(node_id)) return {};
    return impl_->enrolment.password_hash(node_id);
}

Result<std::string> Coordinator::make_join_token(std::string name) {
    auto made = impl_->enrolment.make_token(std::move(name), std::chrono::hours(1), "coordinator");
    if (!made) return std::unexpected(made.error());
    impl_->audit.note("coordinator", "join_token.create", made->id, Json::object());
    return made->token;
}

}  // namespace muster::coordinator
