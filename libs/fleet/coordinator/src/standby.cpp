#include "muster/coordinator/standby.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "authority.hpp"
#include "forward.hpp"
#include "muster/http/client.hpp"
#include "muster/http/server.hpp"
#include "muster/link/world_link.hpp"

namespace muster::coordinator {
namespace {

constexpr std::chrono::milliseconds grace{100};

/// "host:port" of a leader's record.
std::optional<Place> to_place(const std::string& address) {
    const auto endpoint = http::Endpoint::parse("http://" + address);
    if (!endpoint) return std::nullopt;
    const auto* tcp = std::get_if<http::Endpoint::Tcp>(&endpoint->at);
    if (tcp == nullptr) return std::nullopt;
    return Place{tcp->host, tcp->port};
}

}  // namespace

struct Standby::Impl {
    Impl(asio::any_io_executor on, Options given)
        : executor(std::move(on)), options(std::move(given)) {}

    asio::any_io_executor executor;
    Options options;
    std::optional<LeaderAddress> leader;
    std::unique_ptr<http::Server> absence;  ///< answers while nobody leads; on loopback alone
    std::unique_ptr<Forward> forward;
    std::unique_ptr<link::FleetServer> grpc;

    [[nodiscard]] Error refusal() const {
        return Error{Errc::unavailable,
                     leader ? "this coordinator stands by; the one at " + leader->grpc + " leads"
                            : "this coordinator stands by, and none leads at the moment",
                     {}};
    }
    [[nodiscard]] Result<void> open_absence(const Authority& authority, Timestamp now);
    [[nodiscard]] Result<void> open_forward();
    [[nodiscard]] Result<void> open_grpc(const Authority& authority, Timestamp now);
};

Result<void> Standby::Impl::open_absence(const Authority& authority, Timestamp now) {
    const auto answer = [this](http::Request) -> asio::awaitable<http::Answer> {
        Error error = refusal();
        if (leader) error.message = "the coordinator that leads does not answer; try again";
        auto response = http::problem(error);
        response.headers.set("Retry-After", "1");
        co_return response;
    };
    http::Router router;
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        router.add(method, "/", answer);
        router.add(method, "/{rest*}", answer);
    }
    http::Server::Options wanted;
    wanted.limits.connections_max = options.http_connections_max;
    wanted.limits.connections_per_address_max = options.http_connections_max;
    auto files = https_files(options, authority, now);
    if (!files) return std::unexpected(files.error());
    wanted.tls = *std::move(files);
    auto opened = http::Server::open(executor, std::move(wanted), std::move(router));
    if (!opened) return std::unexpected(opened.error());
    absence = *std::move(opened);
    return {};
}

Result<void> Standby::Impl::open_forward() {
    auto opened = Forward::open(
        executor, {.host = options.http_host,
                   .port = options.http_port,
                   .otherwise = {"127.0.0.1", absence->port()},
                   .connections_max = options.http_connections_max,
                   .connections_per_address_max = options.http_connections_per_address_max});
    if (!opened) return std::unexpected(opened.error());
    forward = *std::move(opened);
    return {};
}

Result<void> Standby::Impl::open_grpc(const Authority& authority, Timestamp now) {
    auto identity = authority.serve_as({options.grpc_host, host_part(options.advertise)}, now,
                                       Authority::link_days);
    if (!identity) return std::unexpected(identity.error());
    link::Server::Options wanted;
    wanted.host = options.grpc_host;
    wanted.port = options.grpc_port;
    wanted.identity = *std::move(identity);
    wanted.authority_pem = authority.certificate_pem();
    using Reply = asio::awaitable<Result<link::wire::EnrollReply>>;
    link::Server::Handlers nodes;
    nodes.enrol = [this](link::EnrolRequest) -> Reply { co_return std::unexpected(refusal()); };
    nodes.renew = [this](std::string, std::string) -> Reply {
        co_return std::unexpected(refusal());
    };
    nodes.admit = [this](const std::string&, const std::string&) -> Result<void> {
        return std::unexpected(refusal());
    };
    nodes.session = [](std::shared_ptr<link::NodeSession>) -> asio::awaitable<void> { co_return; };
    nodes.carrier = [](std::string, std::string,
                       std::shared_ptr<link::Carrier>) -> asio::awaitable<void> { co_return; };
    link::FleetServer::WorldHandlers worlds;
    worlds.enrol = nodes.enrol;
    worlds.renew = nodes.renew;
    worlds.admit = nodes.admit;
    worlds.challenge = [this](const link::world_wire::ChallengeRequest&)
        -> Result<link::world_wire::ChallengeReply> { return std::unexpected(refusal()); };
    worlds.session = [](std::shared_ptr<link::WorldSession>) -> asio::awaitable<void> {
        co_return;
    };
    auto opened =
        link::FleetServer::open(executor, std::move(wanted), std::move(nodes), std::move(worlds));
    if (!opened) return std::unexpected(opened.error());
    grpc = *std::move(opened);
    return {};
}

Standby::Standby(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Standby::~Standby() = default;

Result<std::string> Standby::authority_in(store::Store& store) {
    auto authority = Authority::find(store);
    if (!authority) return std::unexpected(authority.error());
    if (*authority) return (*authority)->to_record();
    return fail(Errc::unavailable,
                "no coordinator has led on this store yet, so that it has no authority");
}

Result<std::unique_ptr<Standby>> Standby::open(asio::any_io_executor executor, Options options,
                                               const std::string& authority_record,
                                               const Clock& clock) {
    auto authority = Authority::from_record(authority_record);
    if (!authority) return std::unexpected(authority.error());
    auto impl = std::make_unique<Impl>(std::move(executor), std::move(options));
    const auto now = clock.now();
    if (auto done = impl->open_absence(*authority, now); !done)
        return std::unexpected(done.error());
    if (auto done = impl->open_forward(); !done) return std::unexpected(done.error());
    if (auto done = impl->open_grpc(*authority, now); !done) return std::unexpected(done.error());
    return std::unique_ptr<Standby>(new Standby(std::move(impl)));
}

void Standby::follow(std::optional<LeaderAddress> leader) {
    if (leader == impl_->leader) return;
    impl_->forward->to(leader ? to_place(leader->http) : std::nullopt);
    impl_->leader = std::move(leader);
}

asio::awaitable<void> Standby::run() {
    asio::co_spawn(impl_->executor, impl_->absence->run(), asio::detached);
    return impl_->forward->run();
}

asio::awaitable<void> Standby::stop() {
    Impl* impl = impl_.get();
    co_await impl->forward->stop();
    co_await impl->absence->stop(grace);
    co_await impl->grpc->stop(grace);
}

std::uint16_t Standby::http_port() const {
    return impl_->forward->port();
}
std::uint16_t Standby::grpc_port() const {
    return impl_->grpc->port();
}

}  // namespace muster::coordinator
