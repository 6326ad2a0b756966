#include "channel.hpp"

#include "grpc_log.hpp"
#include "server_chain.hpp"

namespace muster::link {
namespace {

constexpr std::chrono::milliseconds reconnect_first{200};
constexpr std::chrono::milliseconds reconnect_max{1'000};
constexpr std::chrono::milliseconds connect_deadline{5'000};

grpc::ChannelArguments arguments_of(const Client::Options& options) {
    const int keepalive = static_cast<int>(options.keepalive.count());
    const int keepalive_timeout = static_cast<int>(options.keepalive_timeout.count());
    grpc::ChannelArguments out;
    out.SetSslTargetNameOverride(std::string(coordinator_name));
    out.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
    out.SetMaxSendMessageSize(static_cast<int>(options.message_bytes_max));
    // A connection of its own, also where several nodes share a process.
    out.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    out.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
    out.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout);
    out.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    out.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, static_cast<int>(reconnect_first.count()));
    out.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(reconnect_max.count()));
    out.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(connect_deadline.count()));
    out.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return out;
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> open_channel(const Client::Options& options) {
    quiet_grpc();
    if (auto good = pki::facts(options.authority_pem); !good) {
        return std::unexpected(good.error());
    }
    grpc::SslCredentialsOptions credentials;
    credentials.pem_root_certs = options.authority_pem;
    if (options.identity) {
        if (auto good =
                pki::matches(options.identity->certificate_pem, options.identity->private_key_pem);
            !good) {
            return std::unexpected(good.error());
        }
        credentials.pem_private_key = options.identity->private_key_pem;
        credentials.pem_cert_chain = options.identity->certificate_pem;
    }
    return grpc::CreateCustomChannel(options.address, grpc::SslCredentials(credentials),
                                     arguments_of(options));
}

asio::awaitable<Result<std::string>> find_authority(asio::any_io_executor executor,
                                                    std::string address, std::string digest,
                                                    std::chrono::milliseconds deadline) {
    const auto chain = co_await server_chain(executor, address, deadline);
    if (!chain) co_return std::unexpected(chain.error());
    for (const std::string& certificate : *chain) {
        const auto facts = pki::facts(certificate);
        if (facts && facts->digest_hex == digest) co_return certificate;
    }
    co_return fail(Errc::unauthenticated,
                   "the coordinator at " + address +
                       " is not the one that the join token is for: no certificate that it "
                       "shows has the token's digest",
                   "join_token");
}

asio::awaitable<Result<std::string>> shown_authority(asio::any_io_executor executor,
                                                     std::string address,
                                                     std::chrono::milliseconds deadline) {
    auto chain = co_await server_chain(executor, address, deadline);
    if (!chain) co_return std::unexpected(chain.error());
    if (chain->empty()) {
        co_return fail(Errc::unavailable, "the server at " + address + " shows no certificate");
    }
    co_return std::move(chain->back());
}

}  // namespace muster::link
