#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "muster/base/error.hpp"
#include "muster/pki/pki.hpp"

// Generated from proto/muster/node/v1/node.proto; light enough to include where messages are built
// and read.
#include "muster/node/v1/node.pb.h"

/// The one home of gRPC: sessions between a coordinator and its nodes as awaitable messages on the
/// owner's executor. gRPC's own threads never show: everything here is called, and calls back, on
/// that executor, which must run one handler at a time (an io_context with one thread, or a strand)
/// and outlive every server and client.
///
/// A dead peer is noticed within keepalive + keepalive_timeout, by pings in both directions.
/// Awaitables may be cancelled by Asio's means; nothing that was received is lost by it.
namespace muster::link {

namespace asio = boost::asio;
namespace wire = muster::node::v1;

/// The name that nodes look for in the coordinator's certificate (a DNS name of its subject), in
/// place of the address they dial: what vouches for the coordinator is its authority, whose digest
/// the join token carries, and its address may change or be unknown to itself.
inline constexpr std::string_view coordinator_name = "muster-coordinator";
inline constexpr std::size_t data_max = 64U << 10U;  ///< bytes of a piece; longer ones are split

/// One bulk stream, either end. Ends regularly only when the writer said so with a piece that has
/// `end`, or by `finish`; a stream that breaks off is an error to who reads. Dropping the carrier
/// before an end was written or read breaks the stream off; else what was written is still sent,
/// for at most 30 s. Destroy it on the executor.
class Carrier {
  public:
    virtual ~Carrier() = default;
    virtual asio::awaitable<Result<std::optional<wire::Piece>>>
    read() = 0;  ///< nullopt: the regular end
    /// Waits for flow control: at most one earlier piece is still on its way when it returns. A
    /// piece with `end` is the last.
    virtual asio::awaitable<Result<void>> write(wire::Piece piece) = 0;
    /// After the last write, unless that had `end`. An error is what the reader gets.
    virtual void finish(Result<void> how) = 0;
};

/// One live session with a node, as the coordinator holds it.
class NodeSession {
  public:
    virtual ~NodeSession() = default;
    [[nodiscard]] virtual const std::string& node_id() const = 0;  ///< from its certificate
    [[nodiscard]] virtual const std::string& address() const = 0;  ///< numeric, where it dials from
    /// The next message; nullopt when the session is over.
    virtual asio::awaitable<std::optional<wire::FromNode>> receive() = 0;
    /// Queues; `exhausted` when queue_max (or 32 MiB) wait: the session is then closed, the node
    /// comes back and resynchronises. Keeps the order. `too_large` leaves the session as it is.
    virtual Result<void> send(wire::ToNode message) = 0;
    /// Nothing is received or accepted any more; what waits is still sent, for at most 2 s.
    virtual void close(std::string reason) = 0;
    static constexpr std::size_t queue_max = 4096;
};

struct EnrolRequest {
    wire::EnrollRequest message;
    std::string address;
};

/// The coordinator's end.
class Server {
  public:
    struct Handlers {
        std::function<asio::awaitable<Result<wire::EnrollReply>>(EnrolRequest)> enrol;
        std::function<asio::awaitable<Result<wire::EnrollReply>>(std::string node_id,
                                                                 std::string request_der)>
            renew;
        /// Asked before a session, a renewal or a carrier of that node: is this certificate
        /// (serial) still good? Who revokes also calls Server::revoke.
        std::function<Result<void>(const std::string& node_id, const std::string& serial_hex)>
            admit;
        /// Runs for as long as the session lives; when it returns the session is closed. A newer
        /// session of the same node ends the older one first.
        std::function<asio::awaitable<void>(std::shared_ptr<NodeSession>)> session;
        /// A stream that the coordinator asked for; `stream_id` is from its first piece. The
        /// carrier may be handed on: the stream lives as long as it does.
        std::function<asio::awaitable<void>(std::string node_id, std::string stream_id,
                                            std::shared_ptr<Carrier>)>
            carrier;
    };
    struct Options {
        std::string host = "0.0.0.0";
        std::uint16_t port = 0;
        pki::Identity identity;     ///< certificate (with coordinator_name) and key
        std::string authority_pem;  ///< that signed it and the nodes'; sent along in the handshake
        std::size_t sessions_max = 20'000;
        std::size_t message_bytes_max = 16U << 20U;
        std::chrono::milliseconds keepalive{10'000};          ///< between pings
        std::chrono::milliseconds keepalive_timeout{10'000};  ///< for a ping's answer
    };
    static Result<std::unique_ptr<Server>> open(asio::any_io_executor executor, Options options,
                                                Handlers handlers);
    virtual ~Server() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Ends the node's session and carriers now, with permission_denied; `admit` must refuse it
    /// from now on.
    virtual void revoke(const std::string& node_id, std::string reason) = 0;
    /// Closes the sessions, lets carriers end for at most `grace`, then cuts what is left. Without
    /// it the destructor cuts everything at once.
    virtual asio::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
};

/// The node's end: one channel to one coordinator. Connects when it is first used and reconnects by
/// itself when it is used again, at most once a second. The destructor cuts what is under way.
/// Errors: `unauthenticated` and `permission_denied` are for good, `unavailable` is worth another
/// try (a certificate that TLS refuses, such as an expired one, also looks like that: ask
/// pki::verify before).
class Client {
  public:
    struct Options {
        std::string address;        ///< host:port
        std::string authority_pem;  ///< trusted; for the first enrolment see `enrol`
        std::optional<pki::Identity> identity;
        std::size_t message_bytes_max = 16U << 20U;
        std::chrono::milliseconds keepalive{10'000};          ///< between pings
        std::chrono::milliseconds keepalive_timeout{10'000};  ///< for a ping's answer
    };
    /// One enrolment over TLS that trusts exactly the authority whose SHA-256 (hex) is
    /// `authority_digest`, as the join token says: the digest is checked against the chain that the
    /// server shows before anything is sent.
    static asio::awaitable<Result<wire::EnrollReply>> enrol(asio::any_io_executor executor,
                                                            std::string address,
                                                            std::string authority_digest,
                                                            wire::EnrollRequest request,
                                                            std::chrono::milliseconds deadline);

    static Result<std::unique_ptr<Client>> open(asio::any_io_executor executor, Options options);
    virtual ~Client() = default;
    virtual asio::awaitable<Result<wire::EnrollReply>> renew(
        std::string request_der, std::chrono::milliseconds deadline) = 0;

    class Session {
      public:
        virtual ~Session() = default;
        virtual asio::awaitable<Result<wire::ToNode>>
        receive() = 0;  ///< an error when it is over, with the reason
        virtual Result<void> send(wire::FromNode message) = 0;  ///< as NodeSession::send
        virtual void close() = 0;  ///< what waits is still sent, for at most 2 s
    };
    /// When the coordinator let us in.
    virtual asio::awaitable<Result<std::unique_ptr<Session>>> session(
        std::chrono::milliseconds deadline) = 0;
    /// Does not wait for the coordinator: a refusal shows at the first read.
    virtual asio::awaitable<Result<std::unique_ptr<Carrier>>> carry(std::string stream_id) = 0;
};

}  // namespace muster::link
