#include "byte_stream.hpp"

#include <openssl/ssl.h>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/container/static_vector.hpp>

namespace muster::http {
namespace {

using Tcp = asio::ip::tcp;
using Buffers = boost::container::static_vector<asio::const_buffer, ByteStream::write_buffers_max>;

void post_success(asio::any_io_executor executor, ByteStream::Done done) {
    asio::post(executor, [done = std::move(done)]() mutable { done({}, 0); });
}

void close_socket(Tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.close(ignored);
}

class PlainStream final : public ByteStream {
  public:
    explicit PlainStream(Tcp::socket socket) : socket_(std::move(socket)) {}

    asio::any_io_executor executor() override { return socket_.get_executor(); }
    void handshake(Done done) override { post_success(executor(), std::move(done)); }
    void read_some(asio::mutable_buffer into, Done done) override {
        socket_.async_read_some(into, std::move(done));
    }
    void write_some(std::span<const asio::const_buffer> from, Done done) override {
        socket_.async_write_some(Buffers(from.begin(), from.end()), std::move(done));
    }
    void finish(Done done) override {
        boost::system::error_code ignored;
        socket_.shutdown(Tcp::socket::shutdown_send, ignored);
        post_success(executor(), std::move(done));
    }
    void close() override { close_socket(socket_); }

  private:
    Tcp::socket socket_;
};

class TlsStream final : public ByteStream {
  public:
    TlsStream(Tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
        : context_(std::move(context)), stream_(std::move(socket), *context_) {}

    asio::any_io_executor executor() override { return stream_.get_executor(); }
    void handshake(Done done) override {
        stream_.async_handshake(
            asio::ssl::stream_base::server,
            [done = std::move(done)](boost::system::error_code error) mutable { done(error, 0); });
    }
    void read_some(asio::mutable_buffer into, Done done) override {
        stream_.async_read_some(into, std::move(done));
    }
    void write_some(std::span<const asio::const_buffer> from, Done done) override {
        // OpenSSL makes one record of one buffer; small ones are put together first.
        record_.clear();
        for (const auto& buffer : from) {
            const std::size_t size = std::min(buffer.size(), record_bytes_max - record_.size());
            record_.append(static_cast<const char*>(buffer.data()), size);
        }
        stream_.async_write_some(asio::buffer(record_), std::move(done));
    }
    void finish(Done done) override {
        stream_.async_shutdown(
            [done = std::move(done)](boost::system::error_code error) mutable { done(error, 0); });
    }
    void close() override { close_socket(stream_.next_layer()); }

  private:
    static constexpr std::size_t record_bytes_max = 16U << 10U;  // of TLS, RFC 8446 §5.1
    std::shared_ptr<asio::ssl::context> context_;
    asio::ssl::stream<Tcp::socket> stream_;
    std::string record_;
};

// RFC 7301: we speak http/1.1 only; a client that offers it is told so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::unique_ptr<ByteStream> plain_stream(Tcp::socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<ByteStream> tls_stream(Tcp::socket socket,
                                       std::shared_ptr<asio::ssl::context> context) {
    return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

Result<std::shared_ptr<asio::ssl::context>> server_tls_context(const TlsFiles& files) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    boost::system::error_code error;
    context->set_options(asio::ssl::context::default_workarounds, error);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
    context->use_certificate_chain(asio::buffer(files.certificate_chain_pem), error);
    if (error) {
        return fail(Errc::invalid_argument,
                    "the TLS certificate cannot be used: " + error.message(), "tls.certificate");
    }
    context->use_private_key(asio::buffer(files.private_key_pem), asio::ssl::context::pem, error);
    if (error || SSL_CTX_check_private_key(native) != 1) {
        return fail(Errc::invalid_argument,
                    "the TLS private key cannot be used, or is not the certificate's", "tls.key");
    }
    if (!files.client_ca_pem.empty()) {
        context->add_certificate_authority(asio::buffer(files.client_ca_pem), error);
        if (error) {
            return fail(Errc::invalid_argument,
                        "the clients' authority cannot be used: " + error.message(),
                        "tls.client_ca");
        }
        context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert,
                                 error);
        // Sessions that are resumed are checked in this context only.
        SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>("muster"), 6);
    }
    return context;
}

}  // namespace muster::http
