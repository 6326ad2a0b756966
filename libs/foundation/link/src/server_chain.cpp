#include "server_chain.hpp"

#include <openssl/pem.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "muster/link/link.hpp"

namespace muster::link {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct Probe {
    explicit Probe(const asio::any_io_executor& executor)
        : resolver(executor), stream(executor, context), timer(executor) {}

    asio::ssl::context context{asio::ssl::context::tls_client};
    asio::ip::tcp::resolver resolver;
    asio::ssl::stream<asio::ip::tcp::socket> stream;
    asio::steady_timer timer;
    bool is_late = false;
};

std::vector<std::string> chain_of(SSL* ssl) {
    std::vector<std::string> out;
    STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory{BIO_new(BIO_s_mem()),
                                                                   BIO_free_all};
        if (!memory || PEM_write_bio_X509(memory.get(), sk_X509_value(chain, i)) != 1) continue;
        char* text = nullptr;
        const long size = BIO_get_mem_data(memory.get(), &text);
        out.emplace_back(text, static_cast<std::size_t>(size));
    }
    return out;
}

Error unreachable(const std::string& address, const Probe& probe,
                  const boost::system::error_code& why) {
    if (probe.is_late) return {Errc::timeout, address + " did not answer in time", {}};
    return {
        Errc::unavailable, "cannot reach the coordinator at " + address + ": " + why.message(), {}};
}

}  // namespace

asio::awaitable<Result<std::vector<std::string>>> server_chain(asio::any_io_executor executor,
                                                               std::string address,
                                                               std::chrono::milliseconds deadline) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
        co_return fail(Errc::invalid_argument, "the coordinator's address is HOST:PORT", "address");
    }
    std::string host = address.substr(0, colon);
    const std::string port = address.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    const auto probe = std::make_shared<Probe>(executor);
    probe->timer.expires_after(deadline);
    probe->timer.async_wait([weak = std::weak_ptr(probe)](const auto& failed) {
        const auto late = weak.lock();
        if (failed || !late) return;
        late->is_late = true;
        late->resolver.cancel();
        boost::system::error_code ignored;
        late->stream.next_layer().close(ignored);
    });
    probe->stream.set_verify_mode(asio::ssl::verify_none);
    SSL* const ssl = probe->stream.native_handle();
    SSL_set_tlsext_host_name(ssl, std::string(coordinator_name).c_str());
    static constexpr unsigned char h2[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl, h2, sizeof(h2));

    const auto [unresolved, targets] = co_await probe->resolver.async_resolve(host, port, quietly);
    if (unresolved || probe->is_late)
        co_return std::unexpected(unreachable(address, *probe, unresolved));
    const auto [unconnected, target] =
        co_await asio::async_connect(probe->stream.next_layer(), targets, quietly);
    if (unconnected || probe->is_late) {
        co_return std::unexpected(unreachable(address, *probe, unconnected));
    }
    const auto [unshaken] =
        co_await probe->stream.async_handshake(asio::ssl::stream_base::client, quietly);
    if (unshaken) co_return std::unexpected(unreachable(address, *probe, unshaken));
    probe->timer.cancel();
    co_return chain_of(ssl);
}

}  // namespace muster::link
