#include "raw_client.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "muster/base/assert.hpp"
#include "muster/base/time.hpp"
#include "muster/pki/pki.hpp"
#include "signal.hpp"

namespace muster::http::testing {
namespace {

using Tcp = asio::ip::tcp;
using boost::system::error_code;

asio::awaitable<void> stop_after(Server* server, asio::awaitable<void> test) {
    co_await std::move(test);
    co_await server->stop(std::chrono::seconds(0));
}

void rethrow(std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
}

}  // namespace

void Harness::open(Router router, Limits limits, std::optional<TlsFiles> tls) {
    Server::Options options;
    options.limits = limits;
    options.tls = std::move(tls);
    auto opened = Server::open(context.get_executor(), std::move(options), std::move(router));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    server = std::move(*opened);
}

void Harness::run(asio::awaitable<void> test) {
    ASSERT_NE(server, nullptr);
    asio::co_spawn(context, server->run(), rethrow);
    asio::co_spawn(context, stop_after(server.get(), std::move(test)), rethrow);
    EXPECT_NO_THROW(context.run_for(std::chrono::minutes(1)));
    EXPECT_TRUE(context.stopped()) << "something never ended";
    EXPECT_EQ(server->connections(), 0U);
}

asio::awaitable<void> Harness::pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(context, time);
    co_await timer.async_wait(asio::use_awaitable);
}

struct RawClient::State {
    State(asio::io_context& context, std::uint16_t port_of_server)
        : socket(context), port(port_of_server) {}

    Tcp::socket socket;
    std::uint16_t port;
    asio::ssl::context tls{asio::ssl::context::tls_client};
    std::unique_ptr<asio::ssl::stream<Tcp::socket&>> secure;
    std::string input;
    bool small = false;
};

RawClient::RawClient(asio::io_context& context, std::uint16_t port)
    : state_(std::make_unique<State>(context, port)) {}
RawClient::~RawClient() = default;

void RawClient::set_small_receive_buffer() {
    state_->small = true;
}

asio::awaitable<void> RawClient::connect() {
    const Tcp::endpoint endpoint(asio::ip::address_v4::loopback(), state_->port);
    state_->socket.open(endpoint.protocol());
    if (state_->small) state_->socket.set_option(asio::socket_base::receive_buffer_size(4096));
    co_await state_->socket.async_connect(endpoint, asio::use_awaitable);
    state_->socket.set_option(Tcp::no_delay(true));
}

asio::awaitable<bool> RawClient::connect_tls(Tls tls) {
    co_await connect();
    auto& context = state_->tls;
    context.set_verify_mode(asio::ssl::verify_peer);
    if (!tls.ca_pem.empty()) context.add_certificate_authority(asio::buffer(tls.ca_pem));
    if (!tls.certificate_pem.empty()) {
        context.use_certificate_chain(asio::buffer(tls.certificate_pem));
        context.use_private_key(asio::buffer(tls.private_key_pem), asio::ssl::context::pem);
    }
    if (tls.version_max != 0) {
        SSL_CTX_set_security_level(context.native_handle(), 0);
        SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context.native_handle(), tls.version_max);
    }
    state_->secure = std::make_unique<asio::ssl::stream<Tcp::socket&>>(state_->socket, context);
    if (!tls.alpn.empty()) {
        const std::string wire = static_cast<char>(tls.alpn.size()) + tls.alpn;
        SSL_set_alpn_protos(state_->secure->native_handle(),
                            reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
    }
    const auto [error] = co_await state_->secure->async_handshake(
        asio::ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
    co_return !error;
}

std::string RawClient::chosen_alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(state_->secure->native_handle(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

asio::awaitable<bool> RawClient::send(std::string bytes) {
    if (state_->secure) {
        const auto [error, size] = co_await asio::async_write(*state_->secure, asio::buffer(bytes),
                                                              asio::as_tuple(asio::use_awaitable));
        co_return !error;
    }
    const auto [error, size] = co_await asio::async_write(state_->socket, asio::buffer(bytes),
                                                          asio::as_tuple(asio::use_awaitable));
    co_return !error;
}

asio::awaitable<bool> RawClient::fill() {
    std::string bytes(16384, '\0');
    error_code error;
    std::size_t size = 0;
    if (state_->secure) {
        std::tie(error, size) = co_await state_->secure->async_read_some(
            asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
    } else {
        std::tie(error, size) = co_await state_->socket.async_read_some(
            asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
    }
    state_->input.append(bytes, 0, size);
    co_return !error;
}

asio::awaitable<std::string> RawClient::read(std::size_t bytes) {
    while (state_->input.size() < bytes) {
        if (!co_await fill()) break;
    }
    std::string out = state_->input.substr(0, bytes);
    state_->input.erase(0, bytes);
    co_return out;
}

asio::awaitable<std::string> RawClient::read_to_end() {
    while (co_await fill()) {
    }
    co_return std::exchange(state_->input, {});
}

void RawClient::close() {
    error_code ignored;
    state_->socket.close(ignored);
}

void RawClient::shut_write() {
    state_->socket.shutdown(Tcp::socket::shutdown_send);
}

namespace {

void parse_head(std::string_view head, RawResponse& out) {
    out.status = std::stoi(std::string(head.substr(9, 3)));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        const std::string_view line = head.substr(0, end);
        const std::size_t colon = line.find(": ");
        out.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
        head.remove_prefix(end + 2);
    }
}

}  // namespace

asio::awaitable<RawResponse> RawClient::response(bool to_head) {
    RawResponse out;
    std::string& input = state_->input;
    while (input.find("\r\n\r\n") == std::string::npos) {
        if (!co_await fill()) co_return out;
    }
    const std::size_t end = input.find("\r\n\r\n");
    parse_head(std::string_view(input).substr(0, end + 2), out);
    input.erase(0, end + 4);
    if (to_head || out.status < 200 || out.status == 204 || out.status == 304) {
        out.complete = true;
    } else if (const auto length = out.headers.find("Content-Length")) {
        const std::size_t size = std::stoul(std::string(*length));
        out.body = co_await read(size);
        out.complete = out.body.size() == size;
    } else if (out.headers.find("Transfer-Encoding") == "chunked") {
        while (true) {
            while (input.find("\r\n") == std::string::npos) {
                if (!co_await fill()) co_return out;
            }
            const std::size_t size = std::stoul(input, nullptr, 16);
            input.erase(0, input.find("\r\n") + 2);
            const std::string chunk = co_await read(size + 2);
            if (chunk.size() < size + 2) co_return out;
            out.body.append(chunk, 0, size);
            if (size == 0) break;
        }
        out.complete = true;
    } else {
        out.body = co_await read_to_end();
        out.complete = true;
    }
    co_return out;
}

asio::awaitable<RawResponse> RawClient::get(std::string path, std::string more_fields) {
    co_await send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more_fields + "\r\n");
    co_return co_await response();
}

asio::awaitable<RawResponse> RawClient::upgrade(std::string path, std::string more_fields) {
    co_return co_await get(path,
                           "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                               more_fields);
}

unsigned RawClient::Frame::close_code() const {
    if (opcode != 8 || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
}

asio::awaitable<bool> RawClient::send_frame(int opcode, std::string payload, bool final) {
    std::string out;
    out += static_cast<char>(opcode | (final ? 0x80 : 0));
    const std::size_t size = payload.size();
    if (size < 126) {
        out += static_cast<char>(0x80U | size);
    } else if (size < 65536) {
        out += static_cast<char>(0x80 | 126);
        out += static_cast<char>(size >> 8U);
        out += static_cast<char>(size & 0xffU);
    } else {
        out += static_cast<char>(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    }
    const std::string mask = "\x11\x22\x33\x44";
    out += mask;
    for (std::size_t i = 0; i < size; ++i) {
        out += static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    co_return co_await send(std::move(out));
}

asio::awaitable<RawClient::Frame> RawClient::frame() {
    Frame out;
    const std::string head = co_await read(2);
    if (head.size() < 2) co_return out;
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7fU;
    if (size >= 126) {
        const std::string more = co_await read(size == 126 ? 2 : 8);
        size = 0;
        for (const char c : more) size = size * 256 + static_cast<unsigned char>(c);
    }
    out.payload = co_await read(size);
    if (out.payload.size() < size) co_return out;
    out.opcode = head[0] & 0x0f;
    out.final = (static_cast<unsigned char>(head[0]) & 0x80U) != 0;
    co_return out;
}

Certificates make_certificates() {
    const Timestamp now = SystemClock().now();
    const auto authority = pki::new_authority("test authority", now, std::chrono::days(1));
    MUSTER_ASSERT(authority.has_value());
    const auto issue = [&](pki::Subject subject, pki::Usage usage) {
        const auto key = pki::new_private_key();
        MUSTER_ASSERT(key.has_value());
        const auto certificate =
            pki::issue(*authority, *key, subject, usage, now, std::chrono::minutes(60));
        MUSTER_ASSERT(certificate.has_value());
        return pki::Identity{*certificate, *key};
    };
    const pki::Identity server = issue({"127.0.0.1", {}, {"127.0.0.1"}}, pki::Usage::server);
    const pki::Identity client = issue({"client", {}, {}}, pki::Usage::client);
    Certificates out;
    out.authority_pem = authority->certificate_pem;
    out.server.certificate_chain_pem = server.certificate_pem;
    out.server.private_key_pem = server.private_key_pem;
    out.client_certificate_pem = client.certificate_pem;
    out.client_private_key_pem = client.private_key_pem;
    return out;
}

}  // namespace muster::http::testing
