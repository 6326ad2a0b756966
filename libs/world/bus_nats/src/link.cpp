#include "link.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "muster/base/text.hpp"

namespace muster::bus_nats {
namespace {

constexpr auto system_authorities = "/etc/ssl/certs/ca-certificates.crt";
/// Between the library's thread that reads and the one that fills our inboxes, which never waits.
constexpr int library_messages_max = 65'536;
constexpr int library_bytes_max = 64 << 20;

struct DestroyOptions {
    void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using LibraryOptions = std::unique_ptr<natsOptions, DestroyOptions>;

/// What the library's callbacks of a subscription are given; ends with the last of them.
struct Target {
    std::shared_ptr<bus::Inbox> inbox;
    std::shared_ptr<bus::Counters> counters;
};

void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    const auto* target = static_cast<const Target*>(closure);
    const std::string_view subject = natsMsg_GetSubject(message);
    const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(message));
    // Whoever reaches the server may say anything; a pattern's star takes any token.
    if (bus::check_publish(subject, size)) {
        const auto* bytes = reinterpret_cast<const std::byte*>(natsMsg_GetData(message));
        target->inbox->push(std::make_shared<const bus::Message>(
            std::string(subject), std::vector<std::byte>(bytes, bytes + size)));
    } else {
        ++target->counters->dropped_in;
    }
    natsMsg_Destroy(message);
}

void on_subscription_ended(void* closure) {
    delete static_cast<Target*>(closure);
}

/// What the library's callbacks of a connection are given.
using Closure = std::shared_ptr<Link::Events>;

/// The library's last call for a connection that was made.
void on_closed(natsConnection*, void* closure) {
    const std::unique_ptr<Closure> events(static_cast<Closure*>(closure));
    (*events)->lost();
}

void tell_discovered(natsConnection* connection, const Link::Events& events) {
    char** names = nullptr;
    int count = 0;
    if (natsConnection_GetDiscoveredServers(connection, &names, &count) != NATS_OK) return;
    std::vector<std::string> servers;
    for (int i = 0; i < count; ++i) {
        auto server = written_out(names[i]);
        if (!server.empty() && servers.size() < servers_max) servers.push_back(std::move(server));
        std::free(names[i]);
    }
    std::free(names);
    events.discovered(std::move(servers));
}

void on_discovered(natsConnection* connection, void* closure) {
    tell_discovered(connection, **static_cast<Closure*>(closure));
}

void on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
    if (status == NATS_SLOW_CONSUMER) (*static_cast<Closure*>(closure))->overrun();
}

Result<LibraryOptions> library_options(const Options& options, std::span<const std::string> servers,
                                       Closure* events) {
    natsOptions* raw = nullptr;
    if (natsOptions_Create(&raw) != NATS_OK) return fail(Errc::internal, "libnats does not start");
    LibraryOptions made(raw);
    std::vector<const char*> names;
    for (const auto& server : servers) names.push_back(server.c_str());
    bool good = true;
    const auto set = [&good](natsStatus status) { good = good && status == NATS_OK; };
    set(natsOptions_SetServers(raw, names.data(), static_cast<int>(names.size())));
    if (!options.user.empty()) {
        set(natsOptions_SetUserInfo(raw, options.user.c_str(), options.password.c_str()));
    }
    if (!options.token.empty()) set(natsOptions_SetToken(raw, options.token.c_str()));
    set(natsOptions_SetName(raw, options.name.c_str()));
    set(natsOptions_SetTimeout(raw, options.connect_timeout.count()));
    set(natsOptions_SetWriteDeadline(raw, options.write_timeout.count()));
    set(natsOptions_SetPingInterval(raw, options.ping_interval.count()));
    set(natsOptions_SetMaxPingsOut(raw, 2));
    set(natsOptions_SetAllowReconnect(raw, false));
    set(natsOptions_SetSendAsap(raw, true));
    set(natsOptions_UseGlobalMessageDelivery(raw, true));
    set(natsOptions_SetClosedCB(raw, on_closed, events));
    set(natsOptions_SetDiscoveredServersCB(raw, on_discovered, events));
    set(natsOptions_SetErrorHandler(raw, on_error, events));
    if (!good) return fail(Errc::internal, "libnats refuses its options");
    if (wants_tls(options)) {
        const auto file =
            options.ca_file.empty() ? std::filesystem::path(system_authorities) : options.ca_file;
        if (natsOptions_SetSecure(raw, true) != NATS_OK) {
            return fail(Errc::unsupported, "this libnats has no TLS", "servers");
        }
        if (natsOptions_LoadCATrustedCertificates(raw, file.c_str()) != NATS_OK) {
            return fail(Errc::not_found,
                        "there are no authorities' certificates in " + file.string(), "ca_file");
        }
    }
    return made;
}

Error why_not(natsStatus status, const Options& options, std::span<const std::string> servers) {
    const auto at = join(std::vector<std::string>(servers.begin(), servers.end()));
    switch (status) {
        case NATS_CONNECTION_AUTH_FAILED:
        case NATS_NOT_PERMITTED:
            if (!options.token.empty()) {
                return {Errc::unauthenticated, "the NATS server refuses the token (" + at + ")",
                        "token"};
            }
            if (!options.user.empty()) {
                return {Errc::unauthenticated,
                        "the NATS server refuses the user and password (" + at + ")", "password"};
            }
            return {Errc::unauthenticated, "the NATS server wants credentials (" + at + ")",
                    "user"};
        case NATS_SSL_ERROR:
            return {Errc::unauthenticated,
                    "the NATS server's certificate is not made out to its address by an authority "
                    "that we trust, or TLS failed otherwise (" +
                        at + ")",
                    "ca_file"};
        case NATS_SECURE_CONNECTION_REQUIRED:
            return {Errc::invalid_argument, "the NATS server wants TLS: use tls:// (" + at + ")",
                    "servers"};
        case NATS_SECURE_CONNECTION_WANTED:
            return {Errc::invalid_argument, "the NATS server has no TLS (" + at + ")", "servers"};
        default:
            return {Errc::unavailable,
                    "no NATS server answers at " + at + ": " + natsStatus_GetText(status), ""};
    }
}

}  // namespace

void EndSubscription::operator()(__natsSubscription* subscription) const {
    natsSubscription_Destroy(subscription);  // which unsubscribes
}

Result<std::unique_ptr<Link>> Link::connect(const Options& options,
                                            std::span<const std::string> servers, Events events) {
    const auto shared = std::make_shared<Events>(std::move(events));
    auto closure = std::make_unique<Closure>(shared);
    auto made = library_options(options, servers, closure.get());
    if (!made) return std::unexpected(made.error());
    natsConnection* connection = nullptr;
    const natsStatus status = natsConnection_Connect(&connection, made->get());
    if (status != NATS_OK) return std::unexpected(why_not(status, options, servers));
    static_cast<void>(closure.release());  // on_closed() takes it
    std::unique_ptr<Link> link(new Link(connection));
    const auto largest = natsConnection_GetMaxPayload(connection);
    if (largest < static_cast<std::int64_t>(bus::message_bytes_max)) {
        return fail(Errc::unsupported, "the NATS server at " + link->peer() +
                                           " takes messages of at most " + std::to_string(largest) +
                                           " bytes: set its max_payload to 1MB");
    }
    tell_discovered(connection, *shared);
    return link;
}

Link::Link(natsConnection* connection) : connection_(connection) {
    std::array<char, 512> url{};
    if (natsConnection_GetConnectedUrl(connection, url.data(), url.size()) == NATS_OK) {
        peer_ = url.data();
    }
}

Link::~Link() {
    natsConnection_Destroy(connection_);
}

bool Link::publish(const bus::Message& message) {
    const auto status =
        natsConnection_Publish(connection_, message.subject.c_str(), message.bytes.data(),
                               static_cast<int>(message.bytes.size()));
    // Whatever failed may have left half a message on the wire.
    return status == NATS_OK;
}

LinkSubscription Link::subscribe(const std::string& pattern, std::shared_ptr<bus::Inbox> inbox,
                                 std::shared_ptr<bus::Counters> counters) {
    auto target = std::make_unique<Target>(std::move(inbox), std::move(counters));
    natsSubscription* made = nullptr;
    if (natsConnection_Subscribe(&made, connection_, pattern.c_str(), on_message, target.get()) !=
        NATS_OK) {
        return nullptr;
    }
    LinkSubscription subscription(made);
    Target* theirs = target.release();
    if (natsSubscription_SetOnCompleteCB(made, on_subscription_ended, theirs) != NATS_OK) {
        // Closed already. Whether a callback still runs nobody can say, so the target stays.
        return nullptr;
    }
    if (natsSubscription_SetPendingLimits(made, library_messages_max, library_bytes_max) !=
        NATS_OK) {
        return nullptr;
    }
    return subscription;
}

Link::Flushed Link::flush(milliseconds limit) {
    const auto status =
        natsConnection_FlushTimeout(connection_, std::max<std::int64_t>(1, limit.count()));
    if (status == NATS_OK) return Flushed::done;
    return status == NATS_TIMEOUT ? Flushed::late : Flushed::broken;
}

}  // namespace muster::bus_nats
