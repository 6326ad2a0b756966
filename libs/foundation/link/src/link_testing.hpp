#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <list>
#include <map>

#include "muster/link/link.hpp"

/// A coordinator and nodes over loopback, on one io_context, for the tests of this room.
namespace muster::link::testing {

using namespace std::chrono_literals;
inline constexpr std::chrono::milliseconds patience{60'000};

inline asio::awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

class Bed {
  public:
    Bed() {
        authority =
            pki::new_authority("Muster test authority", now(), std::chrono::days{10}).value();
        handlers.enrol = [this](EnrolRequest asked) { return enrol(this, std::move(asked)); };
        handlers.renew = [this](std::string node_id, std::string der) {
            return renew(this, std::move(node_id), std::move(der));
        };
        handlers.admit = [this](const std::string& node_id, const std::string&) -> Result<void> {
            if (!refused.contains(node_id)) return {};
            return fail(Errc::permission_denied, "node " + node_id + " was revoked");
        };
        handlers.session = [](std::shared_ptr<NodeSession> session) {
            return echo(std::move(session));
        };
        handlers.carrier = [](std::string, std::string, std::shared_ptr<Carrier> carrier) {
            return echo_pieces(std::move(carrier));
        };
        options.host = "127.0.0.1";
        options.authority_pem = authority.certificate_pem;
        options.identity =
            identity(pki::Subject{"test", {std::string(coordinator_name)}, {}}, pki::Usage::server);
    }

    static Timestamp now() { return SystemClock{}.now(); }

    pki::Identity identity(const pki::Subject& subject, pki::Usage usage,
                           std::chrono::minutes valid = 60min, Timestamp when = now()) const {
        pki::Identity out;
        static const std::string key = pki::new_private_key().value();
        out.private_key_pem = key;
        out.certificate_pem =
            pki::issue(authority, out.private_key_pem, subject, usage, when, valid).value();
        return out;
    }
    pki::Identity node_identity(const std::string& id) const {
        return identity(pki::Subject{"node:" + id, {}, {}}, pki::Usage::client);
    }
    void open() {
        auto opened = Server::open(context.get_executor(), options, handlers);
        ASSERT_TRUE(opened) << opened.error().message;
        server = std::move(*opened);
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }
    Client::Options client_options(std::optional<pki::Identity> who) const {
        Client::Options out;
        out.address = address();
        out.authority_pem = authority.certificate_pem;
        out.identity = std::move(who);
        out.keepalive = options.keepalive;
        out.keepalive_timeout = options.keepalive_timeout;
        return out;
    }
    std::unique_ptr<Client> client(const std::string& node_id) {
        return Client::open(context.get_executor(), client_options(node_identity(node_id))).value();
    }
    asio::awaitable<std::unique_ptr<Client::Session>> session(Client& client) {
        auto opened = co_await client.session(patience);
        if (!opened) throw std::runtime_error(opened.error().message);
        co_return std::move(*opened);
    }

    /// Runs the io_context until the coroutine is over.
    void run(asio::awaitable<void> body) {
        bool over = false;
        asio::co_spawn(context, std::move(body), [&over](std::exception_ptr failed) {
            over = true;
            if (failed) std::rethrow_exception(failed);
        });
        context.restart();
        const auto until = std::chrono::steady_clock::now() + patience;
        while (!over && std::chrono::steady_clock::now() < until) context.run_one_for(1s);
        ASSERT_TRUE(over) << "nothing came for a minute";
    }

    /// Answers each pong with a ping of the same id.
    static asio::awaitable<void> echo(std::shared_ptr<NodeSession> session) {
        while (auto message = co_await session->receive()) {
            wire::ToNode answer;
            answer.mutable_ping()->set_id(message->pong().id());
            if (!session->send(std::move(answer))) break;
        }
    }
    static asio::awaitable<void> echo_pieces(std::shared_ptr<Carrier> carrier) {
        for (;;) {
            auto piece = co_await carrier->read();
            if (!piece || !*piece) {
                carrier->finish(piece ? Result<void>{} : std::unexpected(piece.error()));
                co_return;
            }
            wire::Piece answer;
            answer.set_data((*piece)->data());
            if (!co_await carrier->write(std::move(answer))) co_return;
        }
    }
    static asio::awaitable<Result<wire::EnrollReply>> enrol(Bed* bed, EnrolRequest asked) {
        ++bed->enrolments;
        bed->enrol_address = asked.address;
        if (asked.message.join_token() != "good") {
            co_return fail(Errc::conflict, "the join token was used before", "join_token");
        }
        co_return bed->reply_for("nod-1", asked.message.signing_request_der());
    }
    static asio::awaitable<Result<wire::EnrollReply>> renew(Bed* bed, std::string node_id,
                                                            std::string der) {
        co_return bed->reply_for(node_id, der);
    }
    Result<wire::EnrollReply> reply_for(const std::string& node_id, const std::string& der) const {
        auto certificate =
            pki::issue_for_request(authority, der, pki::Subject{"node:" + node_id, {}, {}},
                                   pki::Usage::client, now(), 60min);
        if (!certificate) return std::unexpected(certificate.error());
        wire::EnrollReply reply;
        reply.set_node_id(node_id);
        reply.set_certificate_pem(std::move(*certificate));
        reply.set_ca_pem(authority.certificate_pem);
        return reply;
    }

    asio::io_context context;
    pki::Identity authority;
    Server::Options options;
    Server::Handlers handlers;
    std::unique_ptr<Server> server;
    std::map<std::string, bool> refused;
    int enrolments = 0;
    std::string enrol_address;
};

inline wire::FromNode pong(std::uint64_t id) {
    wire::FromNode out;
    out.mutable_pong()->set_id(id);
    return out;
}
inline wire::ToNode ping(std::uint64_t id) {
    wire::ToNode out;
    out.mutable_ping()->set_id(id);
    return out;
}

/// Forwards TCP to a port until told to freeze; then it holds the connections and says nothing,
/// like a host that lost its power or its cable.
class Proxy {
  public:
    Proxy(asio::io_context& context, std::uint16_t target)
        : target_(target),
          acceptor_(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        asio::co_spawn(context, accept(this), asio::detached);
    }
    std::string address() const {
        return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    void freeze() { is_frozen_ = true; }

  private:
    using Socket = std::shared_ptr<asio::ip::tcp::socket>;
    static constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

    static asio::awaitable<void> accept(Proxy* self) {
        for (;;) {
            auto [failed, incoming] = co_await self->acceptor_.async_accept(quietly);
            if (failed) co_return;
            const auto near = std::make_shared<asio::ip::tcp::socket>(std::move(incoming));
            const auto far = std::make_shared<asio::ip::tcp::socket>(near->get_executor());
            const asio::ip::tcp::endpoint target(asio::ip::address_v4::loopback(), self->target_);
            const auto [unconnected] = co_await far->async_connect(target, quietly);
            if (unconnected) continue;
            self->sockets_.push_back(near);
            self->sockets_.push_back(far);
            asio::co_spawn(near->get_executor(), forward(self, near, far), asio::detached);
            asio::co_spawn(near->get_executor(), forward(self, far, near), asio::detached);
        }
    }
    static asio::awaitable<void> forward(Proxy* self, Socket from, Socket to) {
        std::string bytes(16'384, '\0');
        for (;;) {
            const auto [failed, size] =
                co_await from->async_read_some(asio::buffer(bytes), quietly);
            if (failed || self->is_frozen_) co_return;
            const auto [unsent, sent] =
                co_await asio::async_write(*to, asio::buffer(bytes.data(), size), quietly);
            if (unsent) co_return;
        }
    }

    const std::uint16_t target_;
    asio::ip::tcp::acceptor acceptor_;
    std::list<Socket> sockets_;
    bool is_frozen_ = false;
};

}  // namespace muster::link::testing
