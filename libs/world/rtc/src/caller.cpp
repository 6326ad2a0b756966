#include "muster/rtc/caller.hpp"

#include <algorithm>
#include <cstring>

#include "connection.hpp"
#include "dcep.hpp"
#include "demux.hpp"
#include "muster/base/random.hpp"
#include "stun.hpp"

namespace muster::rtc {
namespace {

constexpr std::chrono::milliseconds check_first{100};
constexpr std::chrono::milliseconds check_slowest{1'600};
constexpr std::chrono::milliseconds keep_alive{2'500};  // libwebrtc's pace
constexpr std::uint32_t host_priority = (126U << 24U) + (65'535U << 8U) + 255U;

stun::TransactionId new_transaction() {
    stun::TransactionId id;
    const std::string bytes = random_bytes(id.size());
    std::memcpy(id.data(), bytes.data(), id.size());
    return id;
}

std::uint64_t new_number() {
    std::uint64_t number = 0;
    const std::string bytes = random_bytes(sizeof number);
    std::memcpy(&number, bytes.data(), sizeof number);
    return number >> 1U;
}

Result<Address> address_of(const Candidate& candidate) {
    const bool is_ipv6 = candidate.address.find(':') != std::string::npos;
    return parse_address((is_ipv6 ? "[" + candidate.address + "]" : candidate.address) + ":" +
                         std::to_string(candidate.port));
}

}  // namespace

struct Caller::Impl final : ConnectionSink {
    Impl(std::shared_ptr<const Identity> own_identity, const Options& own_options,
         CallerListener& own_listener)
        : identity(std::move(own_identity)),
          options(own_options),
          listener(own_listener),
          ufrag(options.ufrag_prefix + random_text(8)),
          password(random_text(28)),
          own_key(password),
          offer(write_offer({.ufrag = ufrag,
                             .password = password,
                             .fingerprint = identity->fingerprint(),
                             .candidates = {},
                             .max_message_size = options.sctp.message_bytes_max,
                             .session = new_number()})) {}

    Result<void> start(const ParsedAnswer& answer, const Address& address, Instant now);
    void send_check(Instant now);
    void receive(std::span<std::byte> datagram, Instant now);
    void receive_stun(std::span<const std::byte> datagram, Instant now);
    void look_after();
    void end(std::string_view why);
    [[nodiscard]] bool is_running() const { return connection.has_value() && !is_ended; }

    void on_connection_datagram(std::span<const std::byte> datagram) override {
        listener.on_datagram(remote, datagram);
    }
    void on_connection_open() override {
        was_open = true;
        listener.on_open();
    }
    void on_connection_message(std::uint16_t stream, bool is_text,
                               std::span<const std::byte> message) override {
        listener.on_message(stream, is_text, message);
    }
    void on_connection_channel(std::uint16_t, std::string_view, const sctp::Reliability&) override {
    }
    void on_connection_channel_closed(std::uint16_t) override {}

    std::shared_ptr<const Identity> identity;
    Options options;
    CallerListener& listener;
    std::string ufrag, password;
    stun::IntegrityKey own_key;
    std::string offer;
    std::optional<stun::IntegrityKey> remote_key;
    std::string username;
    Address remote;
    std::optional<Connection> connection;
    stun::TransactionId transaction{};  ///< of the last check
    std::uint64_t tie_breaker = new_number();
    Instant since{}, last_heard{}, next_check{};
    std::chrono::milliseconds check_interval = check_first;
    bool is_proven = false;  ///< a check was answered
    bool was_open = false;
    bool is_ended = false;
};

Result<void> Caller::Impl::start(const ParsedAnswer& answer, const Address& address, Instant now) {
    if (connection) return fail(Errc::conflict, "the call was started before");
    remote = address;
    remote_key.emplace(answer.remote.password);
    username = answer.remote.ufrag + ":" + ufrag;
    Connection::Setup setup{.role = Dtls::Role::client,
                            .fingerprint = answer.remote.fingerprint,
                            .sctp = options.sctp,
                            .channels_max = options.limits.channels_max,
                            .own_records = options.own_records};
    setup.sctp.local_port = 5'000;  // write_offer()'s
    setup.sctp.peer_port = answer.remote.sctp_port;
    setup.sctp.peer_message_bytes_max = answer.remote.max_message_size;
    connection.emplace(*identity, setup, *this);
    since = last_heard = now;
    send_check(now);
    return {};
}

void Caller::Impl::send_check(Instant now) {
    stun::Buffer buffer;
    transaction = new_transaction();
    next_check = now + (is_proven ? keep_alive : check_interval);
    check_interval = std::min(check_interval * 2, check_slowest);
    listener.on_datagram(remote, stun::write_request(buffer,
                                                     {.transaction = transaction,
                                                      .username = username,
                                                      .priority = host_priority,
                                                      .tie_breaker = tie_breaker,
                                                      .use_candidate = true},
                                                     *remote_key));
}

void Caller::Impl::receive(std::span<std::byte> datagram, Instant now) {
    if (!is_running()) return;
    switch (protocol_of(datagram)) {
        case Protocol::stun:
            receive_stun(datagram, now);
            break;
        case Protocol::dtls:
            if (is_proven && connection->receive(datagram, now)) last_heard = now;
            break;
        case Protocol::other:
            break;
    }
    look_after();
}

void Caller::Impl::receive_stun(std::span<const std::byte> datagram, Instant now) {
    const auto message = stun::decode(datagram);
    if (!message) return;
    if (message->kind == stun::Kind::request) {
        // A peer that is no lite agent asks, too.
        if (!stun::is_authentic(*message, datagram, own_key)) return;
        stun::Buffer buffer;
        listener.on_datagram(remote,
                             stun::write_success(buffer, message->transaction, remote, own_key));
        return;
    }
    if (message->kind != stun::Kind::success || message->transaction != transaction ||
        !stun::is_authentic(*message, datagram, *remote_key)) {
        return;
    }
    last_heard = now;
    if (is_proven) return;
    is_proven = true;
    next_check = now + keep_alive;
    connection->start(now);
}

void Caller::Impl::look_after() {
    if (is_ended) return;
    if (const auto why = connection->ended()) end(name_of(*why));
}

void Caller::Impl::end(std::string_view why) {
    is_ended = true;
    listener.on_closed(why);
}

Caller::Caller(std::shared_ptr<const Identity> identity, const Options& options,
               CallerListener& listener)
    : impl_(std::make_unique<Impl>(std::move(identity), options, listener)) {}
Caller::~Caller() = default;

const std::string& Caller::offer() const {
    return impl_->offer;
}

Result<void> Caller::start(std::string_view answer_sdp, std::optional<Address> instead,
                           Instant now) {
    const auto answer = parse_answer(answer_sdp);
    if (!answer) return std::unexpected(answer.error());
    if (instead) return impl_->start(*answer, *instead, now);
    if (answer->candidates.empty()) {
        return fail(Errc::invalid_argument, "the answer has no line a=candidate with an address",
                    "sdp");
    }
    const auto address = address_of(answer->candidates.front());
    if (!address) return std::unexpected(address.error());
    return impl_->start(*answer, *address, now);
}

void Caller::receive(std::span<std::byte> datagram, Instant now) {
    impl_->receive(datagram, now);
}

sctp::Sent Caller::send(std::uint16_t stream, bool is_text, std::span<const std::byte> message,
                        const sctp::Reliability& reliability, Instant now) {
    if (!impl_->is_running()) return sctp::Sent::closed;
    return impl_->connection->send(stream, is_text, message, reliability, now);
}

Result<void> Caller::open_channel(std::uint16_t stream, std::string_view label,
                                  const sctp::Reliability& reliability, Instant now) {
    if (stream % 2 != 0) {
        return fail(Errc::invalid_argument, "the DTLS client's streams are even", "stream");
    }
    if (label.size() > dcep::label_bytes_max) {
        return fail(Errc::too_large, "a label has at most 1,024 bytes", "label");
    }
    if (!is_open() ||
        impl_->connection->open_channel(stream, label, reliability, now) != sctp::Sent::queued) {
        return fail(Errc::unavailable, "the connection is not open");
    }
    return {};
}

void Caller::flush(Instant now) {
    if (!impl_->is_running()) return;
    impl_->connection->flush(now);
    impl_->look_after();
}

std::optional<Instant> Caller::deadline() const {
    if (!impl_->is_running()) return std::nullopt;
    const auto& limits = impl_->options.limits;
    Instant next = std::min<Instant>(impl_->next_check, impl_->last_heard + limits.silence);
    if (!impl_->was_open) next = std::min<Instant>(next, impl_->since + limits.opening);
    if (const auto inner = impl_->connection->deadline()) next = std::min(next, *inner);
    return next;
}

void Caller::handle_timeouts(Instant now) {
    if (!impl_->is_running()) return;
    const auto& limits = impl_->options.limits;
    if (!impl_->was_open && now >= impl_->since + limits.opening) {
        return impl_->end(name_of(Gone::never_came));
    }
    if (now >= impl_->last_heard + limits.silence) return impl_->end(name_of(Gone::timed_out));
    if (now >= impl_->next_check) impl_->send_check(now);
    impl_->connection->handle_timeout(now);
    impl_->look_after();
}

void Caller::close(Instant now) {
    if (!impl_->is_running()) return;
    impl_->connection->flush(now);
    impl_->connection->close();
    impl_->look_after();
}

bool Caller::is_open() const {
    return impl_->is_running() && impl_->connection->is_open();
}

sctp::Statistics Caller::statistics() const {
    if (!impl_->connection || !impl_->connection->association()) return {};
    return impl_->connection->association()->statistics();
}

}  // namespace muster::rtc
