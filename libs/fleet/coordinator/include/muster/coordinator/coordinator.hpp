#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/coordinator/world_gate.hpp"
#include "muster/http/server.hpp"

namespace muster::store {
class Store;
}

/// The control plane: REST, WebSocket and web pages for people and programs, the link for nodes.
/// docs/api.md is what it serves.
namespace muster::coordinator {

namespace asio = boost::asio;

enum class LogLevel { info, warning, error };

struct Options {
    std::filesystem::path data_dir;  ///< of the authority's keys, admin.token and backups
    /// Other coordinators work on the same store when this one does not: what all of them need, the
    /// authority, is kept there and not in data_dir.
    bool is_store_shared = false;

    std::string http_host = "127.0.0.1";
    std::uint16_t http_port = 8080;  ///< 0 asks the system
    /// PEM texts for HTTPS. `own_https` serves HTTPS with a certificate of our own authority.
    std::string http_certificate_pem;
    std::string http_private_key_pem;
    bool own_https = false;

    std::string grpc_host = "0.0.0.0";
    std::uint16_t grpc_port = 50051;
    /// Where nodes reach the gRPC port: "host" or "host:port". Empty: the host that a person's
    /// request for a join token named.
    std::string advertise;

    std::filesystem::path web_folder;  ///< static pages; empty: none
    std::string web_origin;            ///< Access-Control-Allow-Origin of their files; empty: none
    std::filesystem::path
        games_folder;  ///< definitions that come with Muster, read once; empty: none
    std::string version = "0.1.0";
    bool spread = true;  ///< placement: the emptiest node that fits, else the fullest

    double requests_per_second = 50;  ///< of one token
    double requests_burst = 200;
    double wrong_tokens_per_minute = 10;  ///< of one address
    std::size_t http_connections_max = 4096;
    std::size_t http_connections_per_address_max = 256;

    std::chrono::milliseconds query_deadline{10'000};   ///< for a node's answer
    std::chrono::milliseconds stream_deadline{10'000};  ///< for a node to open a stream
    std::chrono::milliseconds ping{5'000};
    std::chrono::milliseconds lease{15'000};  ///< a node unheard of for so long is unreachable; a
                                              ///< world server is delisted
    std::chrono::milliseconds grace{60'000};  ///< after the start, before any is
    /// Of a region of a world that several servers compute. So long its server goes on while the
    /// coordinator is away; one that is dead for certain loses it within two seconds, and one that
    /// cannot be reached after this and a little more. Who was not heard for `region_contact` gets
    /// no players and nothing new.
    std::chrono::milliseconds region_lease{10'000};
    std::chrono::milliseconds region_contact{700};

    /// Adds routes of others to the same server, such as the faces of other systems. Gives back
    /// what it added, as method and pattern ("GET" for a WebSocket): these are open to anyone, and
    /// must ask for credentials themselves or hand them on with Coordinator::call.
    std::function<std::vector<std::pair<std::string, std::string>>(http::Router&)> add_routes;

    /// The worlds of the same process; null: none. Those of world servers that dial in are listed
    /// and joined beside them.
    std::shared_ptr<WorldGate> worlds;
    /// Where players' programs find the keys with which tickets can be checked, as lists tell them;
    /// empty: /.well-known/muster-keys.json of this coordinator.
    std::string public_keys_url;
    /// The ICE servers that players' pages are given: a JSON array of RTCIceServer. Empty: none.
    std::function<std::string()> ice_servers;

    /// What others of the same process add to /metrics (Prometheus text), and why they are not well
    /// (empty: they are), which /healthz then says. Called on the executor.
    std::function<std::string()> more_metrics;
    std::function<std::string()> failing;

    /// Where it says what happens; never a secret. Empty: nowhere. Called on the executor.
    std::function<void(LogLevel, std::string_view)> log;
};

/// Lives on one executor, whose context runs on one thread; a pool of one thread of its own writes
/// the store.
class Coordinator {
  public:
    /// Reads the store, makes the authority and the first admin token when there are none, and
    /// binds both ports. Blocks for as long as that takes. `store` and `clock` must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<Coordinator>> open(asio::any_io_executor executor,
                                                                   Options options,
                                                                   store::Store& store,
                                                                   const Clock& clock);
    ~Coordinator();
    Coordinator(const Coordinator&) = delete;
    Coordinator& operator=(const Coordinator&) = delete;

    /// Serves until stop(). To be co_spawned by the owner.
    asio::awaitable<void> run();
    /// Ends sessions and requests within `grace`, and returns when everything is committed. Nothing
    /// that runs on a node is touched.
    asio::awaitable<void> stop(std::chrono::milliseconds grace);

    [[nodiscard]] std::uint16_t http_port() const;
    [[nodiscard]] std::uint16_t grpc_port() const;
    /// DATA_DIR/admin.token (0600): the first admin token, until somebody removes the file.
    [[nodiscard]] std::filesystem::path admin_token_file() const;
    /// The first admin token when this open() made it, for printing once.
    [[nodiscard]] const std::optional<std::string>& new_admin_token() const;
    /// A join token for a node of the same machine (`muster up`), good for an hour.
    [[nodiscard]] Result<std::string> make_join_token(std::string name);

    /// The API from within the process, with the same guard, limits, rules and audit as over a
    /// connection (http::Server::call). The request brings its own token, if any, and the address
    /// that it came from. Whoever calls waits for the answers before the coordinator goes.
    asio::awaitable<http::Answer> call(http::Request request, std::string target);
    asio::awaitable<std::optional<http::Response>> talk(http::Request request, std::string target,
                                                        std::shared_ptr<http::WebSocket> socket);
    /// For somebody who has shown a node's password: the containers of that node, and no more.
    /// `target` lies under /api/v1/containers and has no `node` in its query.
    asio::awaitable<http::Answer> call_on_node(std::string node_id, http::Request request,
                                               std::string target);
    /// The same for /api/v1/events: what happens on that node. `kinds`: "container", "operation".
    asio::awaitable<std::optional<http::Response>> watch_node(
        std::string node_id, std::string kinds, http::Request request,
        std::shared_ptr<http::WebSocket> socket);
    /// For the token with that id, which was shown earlier: what somebody asked to be done later.
    asio::awaitable<http::Answer> call_as(std::string token_id, http::Request request,
                                          std::string target);
    /// The hash (argon2id) of the node's password. Empty: no such node, or it has none.
    [[nodiscard]] std::string node_password_hash(const std::string& node_id) const;

  private:
    struct Impl;
    explicit Coordinator(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::coordinator
