#include <gmock/gmock.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "testing/face_stand.hpp"

namespace muster::faces {
namespace {

using testing::Json;
using Tcp = asio::ip::tcp;
namespace wire = muster::node::v1;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// The other end of a control connection.
class Peer {
  public:
    Peer(asio::io_context& context, Tcp::socket socket)
        : context_(context), socket_(std::move(socket)) {}
    Peer(asio::io_context& context, std::uint16_t port) : Peer(context, Tcp::socket(context)) {
        socket_.connect(Tcp::endpoint(asio::ip::address_v4::loopback(), port));
    }

    void send(const std::string& line) {
        const auto text = line + "\n";
        EXPECT_TRUE(testing::finish(context_, write(&socket_, text)));
    }
    void send(const Json& line) { send(line.dump()); }
    /// The next line; null at the end.
    Json next() {
        for (;;) {
            if (const auto end = rest_.find('\n'); end != std::string::npos) {
                const auto line = rest_.substr(0, end);
                rest_.erase(0, end + 1);
                return Json::parse(line, nullptr, false);
            }
            const auto more = testing::finish(context_, read(&socket_));
            if (more.empty()) return nullptr;
            rest_ += more;
        }
    }
    Json next_of(const std::string& type) {
        for (;;) {
            auto line = next();
            if (line.is_null() || line["type"] == type) return line;
        }
    }

  private:
    static asio::awaitable<bool> write(Tcp::socket* socket, std::string text) {
        const auto [error, count] =
            co_await asio::async_write(*socket, asio::buffer(text), quietly);
        co_return !error;
    }
    static asio::awaitable<std::string> read(Tcp::socket* socket) {
        std::string out(4'096, '\0');
        const auto [error, count] = co_await socket->async_read_some(asio::buffer(out), quietly);
        out.resize(error ? 0 : count);
        co_return out;
    }
    asio::io_context& context_;
    Tcp::socket socket_;
    std::string rest_;
};

class ControlSocket : public testing::FaceStand {
  protected:
    ControlSocket() {
        face_options.control.emplace();
        face_options.control->port = 0;
    }
    Peer connect() { return Peer(context, faces->control_port()); }
    Peer signed_in() {
        auto peer = connect();
        EXPECT_EQ(peer.next()["token_required"], true);
        peer.send(Json{{"token", token}});
        EXPECT_EQ(peer.next()["who"]["role"], "admin");
        return peer;
    }
};

TEST_F(ControlSocket, AnswerCommandsAndPassOnEvents) {
    open_all();
    auto node = join();
    auto peer = signed_in();
    peer.send(Json{{"id", 1}, {"command", "nodes.list"}, {"params", {{"limit", 5}}}});
    auto reply = peer.next();
    EXPECT_EQ(reply["id"], 1);
    EXPECT_EQ(reply["ok"], true);
    EXPECT_EQ(reply["result"]["items"][0]["id"], node->id);
    peer.send(Json{{"id", "w"}, {"command", "watch"}, {"params", {{"kinds", "server"}}}});
    EXPECT_EQ(peer.next()["id"], "w");
    peer.send(Json{
        {"id", 2},
        {"command", "servers.deploy"},
        {"params",
         {{"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}}}});
    // The news may come before the reply or after it.
    Json event;
    for (reply = nullptr; reply.is_null() || event.is_null();) {
        auto line = peer.next();
        ASSERT_FALSE(line.is_null());
        const bool is_event = line["type"] == "event";
        (is_event ? event : reply) = std::move(line);
    }
    EXPECT_EQ(reply["status"], 202);
    EXPECT_EQ(event["event"]["object"]["id"], reply["result"]["server"]["id"]);
    peer.send(Json{{"id", 3}, {"command", "servers.get"}, {"params", {{"id", "srv-none"}}}});
    reply = peer.next_of("reply");
    EXPECT_EQ(reply["ok"], false);
    EXPECT_EQ(reply["status"], 404);
    peer.send(Json{{"id", 4}, {"command", "severs.list"}});
    EXPECT_THAT(peer.next_of("reply")["error"]["message"], ::testing::HasSubstr("servers.list"));
    peer.send(std::string("oops"));
    EXPECT_EQ(peer.next_of("reply")["ok"], false);
    peer.send(Json{{"command", "ping"}});
    EXPECT_EQ(peer.next_of("reply")["result"], "pong");
    EXPECT_THAT(get("/api/v1/audit").text, ::testing::HasSubstr("server.deploy"));
}

TEST_F(ControlSocket, ExplainItselfToAFirstLineThatIsNotJson) {
    open_all();
    auto peer = connect();
    static_cast<void>(peer.next());
    peer.send(std::string("GET / HTTP/1.1"));
    const auto error = peer.next();
    EXPECT_EQ(error["type"], "error");
    EXPECT_THAT(error["error"]["message"], ::testing::HasSubstr("control socket"));
    EXPECT_TRUE(peer.next().is_null());
}

TEST_F(ControlSocket, WantATokenBeforeAnythingElse) {
    open_all();
    auto peer = connect();
    static_cast<void>(peer.next());
    peer.send(Json{{"command", "servers.list"}});
    EXPECT_EQ(peer.next()["error"]["code"], "unauthenticated");
    EXPECT_TRUE(peer.next().is_null());
    auto other = connect();
    static_cast<void>(other.next());
    other.send(Json{{"token", "wrong"}});
    EXPECT_EQ(other.next()["error"]["code"], "unauthenticated");
    EXPECT_TRUE(other.next().is_null());
}

TEST_F(ControlSocket, RefuseALineThatIsTooLong) {
    open_all();
    auto peer = signed_in();
    peer.send(std::string(70'000, 'x'));
    EXPECT_EQ(peer.next()["error"]["code"], "too_large");
    EXPECT_TRUE(peer.next().is_null());
}

TEST_F(ControlSocket, TrustThisMachineOnlyWithTheTokenGivenForIt) {
    open();
    const auto viewer = new_token("viewer");
    close();
    face_options.control->local_token = viewer;
    open_all();
    auto peer = connect();
    EXPECT_EQ(peer.next()["token_required"], false);
    EXPECT_EQ(peer.next()["who"]["role"], "viewer");
    peer.send(Json{{"id", 1}, {"command", "servers.stop"}, {"params", {{"id", "srv-x"}}}});
    EXPECT_EQ(peer.next()["status"], 403);
}

TEST_F(ControlSocket, EndTheConnectionOfADeletedToken) {
    open_all();
    const auto made = post("/api/v1/tokens", Json{{"name", "x"}, {"role", "viewer"}});
    auto peer = connect();
    static_cast<void>(peer.next());
    peer.send(Json{{"token", made.body["token"]}});
    EXPECT_EQ(peer.next()["type"], "welcome");
    peer.send(Json{{"command", "watch"}});
    EXPECT_EQ(peer.next()["ok"], true);
    EXPECT_EQ(call("DELETE", "/api/v1/tokens/" + made.body["id"].get<std::string>()).status, 204);
    EXPECT_EQ(peer.next_of("unwatched")["reason"], "the token was deleted");
    peer.send(Json{{"command", "servers.list"}});
    EXPECT_EQ(peer.next()["error"]["code"], "unauthenticated");
    EXPECT_TRUE(peer.next().is_null());
}

TEST_F(ControlSocket, DialThePeerAndDialAgain) {
    Tcp::acceptor acceptor(context, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    face_options.control->peer_host = "127.0.0.1";
    face_options.control->peer_port = acceptor.local_endpoint().port();
    open_all();
    const auto accept = [](Tcp::acceptor* from) -> asio::awaitable<std::shared_ptr<Tcp::socket>> {
        auto [error, socket] = co_await from->async_accept(quietly);
        co_return error ? nullptr : std::make_shared<Tcp::socket>(std::move(socket));
    };
    for (int i = 0; i < 2; ++i) {
        const auto socket = testing::finish(context, accept(&acceptor));
        ASSERT_TRUE(socket);
        Peer peer(context, std::move(*socket));
        EXPECT_EQ(peer.next()["type"], "hello");
        peer.send(Json{{"token", token}, {"id", 1}, {"command", "servers.list"}});
        EXPECT_EQ(peer.next()["type"], "welcome");
        EXPECT_EQ(peer.next()["ok"], true);
    }
}

}  // namespace
}  // namespace muster::faces
