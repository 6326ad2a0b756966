#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "muster/link/cluster_key.hpp"
#include "muster/link/link.hpp"

// Generated from proto/muster/world/v1/world.proto.
#include "muster/world/v1/world.pb.h"

/// The link's other service: sessions with world servers, over the same port and authority as those
/// with nodes. A world server is the `world:<id>` of its certificate; neither kind of certificate
/// opens the other's door. Threads, deadlines and errors are those of link.hpp.
namespace muster::link {

namespace world_wire = muster::world::v1;

/// What both ends speak. Another number in a hello is refused for good.
inline constexpr std::uint32_t world_protocol = 1;
inline constexpr std::string_view world_prefix = "world:";  ///< of a certificate's common name

/// One live session with a world server, as the coordinator holds it; see NodeSession.
class WorldSession {
  public:
    virtual ~WorldSession() = default;
    [[nodiscard]] virtual const std::string& world_server_id() const = 0;
    [[nodiscard]] virtual const std::string& address() const = 0;  ///< numeric, where it dials from
    virtual asio::awaitable<std::optional<world_wire::FromWorld>> receive() = 0;
    virtual Result<void> send(world_wire::ToWorld message) = 0;
    /// What waits is still sent, for at most 2 s; then the session ends with that error.
    virtual void close(Error why) = 0;
};

/// A coordinator's end for nodes and world servers, behind one port.
class FleetServer : public Server {
  public:
    struct WorldHandlers {
        /// As those of Server::Handlers, with a world server's id. A request for an enrolment has a
        /// join token or a key proof.
        std::function<asio::awaitable<Result<wire::EnrollReply>>(EnrolRequest)> enrol;
        std::function<asio::awaitable<Result<wire::EnrollReply>>(std::string id,
                                                                 std::string request_der)>
            renew;
        std::function<Result<void>(const std::string& id, const std::string& serial_hex)> admit;
        /// To who wants to prove that it holds a named key; empty: there are none.
        std::function<Result<world_wire::ChallengeReply>(const world_wire::ChallengeRequest&)>
            challenge;
        /// A newer session of the same world server ends the older one first, with `conflict`.
        std::function<asio::awaitable<void>(std::shared_ptr<WorldSession>)> session;
    };
    static Result<std::unique_ptr<FleetServer>> open(asio::any_io_executor executor,
                                                     Options options, Handlers nodes,
                                                     WorldHandlers worlds);
    /// As revoke() for a node.
    virtual void revoke_world_server(const std::string& id, std::string reason) = 0;
};

struct NamedKey {
    std::string name;
    ClusterKey key;
};

/// A world server's end, as Client is a node's.
class WorldClient {
  public:
    /// One enrolment by proving, without showing it, that the caller holds the key. Whose authority
    /// it is that the other end shows is only known by its proving the same in turn: until then
    /// nothing of the reply is given to the caller. `unauthenticated`, field "key_name": the
    /// coordinator has not this key, or is none.
    static asio::awaitable<Result<wire::EnrollReply>> enrol_with_key(
        asio::any_io_executor executor, std::string address, NamedKey key,
        wire::EnrollRequest request, std::chrono::milliseconds deadline);
    static asio::awaitable<Result<wire::EnrollReply>> enrol(asio::any_io_executor executor,
                                                            std::string address,
                                                            std::string authority_digest,
                                                            wire::EnrollRequest request,
                                                            std::chrono::milliseconds deadline);
    static Result<std::unique_ptr<WorldClient>> open(asio::any_io_executor executor,
                                                     Client::Options options);
    virtual ~WorldClient() = default;
    virtual asio::awaitable<Result<wire::EnrollReply>> renew(
        std::string request_der, std::chrono::milliseconds deadline) = 0;

    class Session {
      public:
        virtual ~Session() = default;
        virtual asio::awaitable<Result<world_wire::ToWorld>>
        receive() = 0;  ///< an error when it is over, with the reason
        virtual Result<void> send(world_wire::FromWorld message) = 0;
        virtual void close() = 0;  ///< what waits is still sent, for at most 2 s
    };
    virtual asio::awaitable<Result<std::unique_ptr<Session>>> session(
        std::chrono::milliseconds deadline) = 0;
};

}  // namespace muster::link
