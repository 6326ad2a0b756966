#include "usrsctp_sim.hpp"

#include <usrsctp.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>

#include "muster/base/assert.hpp"

namespace muster::sctp::sim {
namespace {

constexpr std::uint16_t port = 5000;
constexpr Instant step{10'000};

Instant clock_of_all{-1};     // one for the process, as usrsctp's is
Instant day_of_all{1 << 30};  // goes on from test to test

class UsrsctpEnd final : public End {
  public:
    explicit UsrsctpEnd(bool listens);
    ~UsrsctpEnd() override;
    UsrsctpEnd(const UsrsctpEnd&) = delete;
    UsrsctpEnd& operator=(const UsrsctpEnd&) = delete;

    void connect(Instant now) override;
    void receive(std::span<const std::byte> packet, Instant) override;
    Sent send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
              const Reliability& reliability, Instant now) override;
    void flush(Instant) override {}
    std::optional<Instant> deadline() override {
        return clock_of_all < Instant{0} ? Instant{0} : clock_of_all + step;
    }
    void handle_timeout(Instant now) override;
    void reset_streams(std::span<const std::uint16_t> streams, Instant now) override;
    void shut_down(Instant) override { usrsctp_shutdown(socket_, SHUT_WR); }

    void took(void* data, std::size_t size, const sctp_rcvinfo& info, int flags);

  private:
    sockaddr_conn address();
    void notified(const union sctp_notification& what, std::size_t size);
    template <typename T>
    void set(int option, const T& value) {
        MUSTER_ASSERT(usrsctp_setsockopt(socket_, IPPROTO_SCTP, option, &value, sizeof value) == 0);
    }

    struct socket* socket_ = nullptr;
    struct socket* listener_ = nullptr;
    std::map<std::uint16_t, std::vector<std::byte>> partial_;
};

int on_output(void* address, void* buffer, std::size_t length, std::uint8_t, std::uint8_t) {
    auto* end = static_cast<UsrsctpEnd*>(address);
    if (end->wire) end->wire({static_cast<const std::byte*>(buffer), length});
    return 0;
}

int on_input(struct socket*, union sctp_sockstore, void* data, std::size_t size,
             struct sctp_rcvinfo info, int flags, void* context) {
    if (data == nullptr) return 1;
    static_cast<UsrsctpEnd*>(context)->took(data, size, info, flags);
    std::free(data);
    return 1;
}

void start_once() {
    static const bool started = [] {
        usrsctp_init_nothreads(0, on_output, nullptr);
        usrsctp_sysctl_set_sctp_ecn_enable(0);
        usrsctp_sysctl_set_sctp_asconf_enable(0);
        usrsctp_sysctl_set_sctp_auth_enable(0);
        usrsctp_sysctl_set_sctp_nrsack_enable(0);
        usrsctp_sysctl_set_sctp_pktdrop_enable(0);
        usrsctp_sysctl_set_sctp_pr_enable(1);
        usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
        usrsctp_sysctl_set_sctp_rto_min_default(200);
        usrsctp_sysctl_set_sctp_rto_max_default(10'000);
        usrsctp_sysctl_set_sctp_rto_initial_default(500);
        usrsctp_sysctl_set_sctp_init_rto_max_default(1'000);
        usrsctp_sysctl_set_sctp_initial_cwnd(10);
        usrsctp_sysctl_set_sctp_max_burst_default(10);
        usrsctp_sysctl_set_sctp_max_chunks_on_queue(10'240);
        return true;
    }();
    (void)started;
}

UsrsctpEnd::UsrsctpEnd(bool listens) {
    start_once();
    clock_of_all = Instant{-1};
    usrsctp_register_address(this);
    socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_input, nullptr, 0, this);
    MUSTER_ASSERT(socket_ != nullptr);
    usrsctp_set_non_blocking(socket_, 1);
    const linger no_linger{.l_onoff = 1, .l_linger = 0};
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
    const int buffer = 1 << 20;
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    set(SCTP_NODELAY, std::uint32_t{1});
    set(SCTP_ENABLE_STREAM_RESET,
        sctp_assoc_value{.assoc_id = SCTP_ALL_ASSOC, .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ});
    for (const int type : {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT}) {
        set(SCTP_EVENT, sctp_event{.se_assoc_id = SCTP_ALL_ASSOC,
                                   .se_type = static_cast<std::uint16_t>(type),
                                   .se_on = 1});
    }
    set(SCTP_INITMSG, sctp_initmsg{.sinit_num_ostreams = 16,
                                   .sinit_max_instreams = 16,
                                   .sinit_max_attempts = 0,
                                   .sinit_max_init_timeo = 0});
    auto own = address();
    MUSTER_ASSERT(usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
    if (listens) {
        MUSTER_ASSERT(usrsctp_listen(socket_, 1) == 0);
        listener_ = socket_;
    }
}

UsrsctpEnd::~UsrsctpEnd() {
    wire = nullptr;
    if (listener_ != nullptr && listener_ != socket_) usrsctp_close(listener_);
    usrsctp_close(socket_);
    usrsctp_handle_timers(1);
    usrsctp_deregister_address(this);
}

sockaddr_conn UsrsctpEnd::address() {
    sockaddr_conn own{};
    own.sconn_family = AF_CONN;
    own.sconn_port = __builtin_bswap16(port);
    own.sconn_addr = this;
    return own;
}

void UsrsctpEnd::connect(Instant) {
    auto peer = address();
    const int result = usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&peer), sizeof peer);
    MUSTER_ASSERT(result == 0 || errno == EINPROGRESS);
    sctp_paddrparams path{};
    path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
    path.spp_pathmtu = 1'150;
    std::memcpy(&path.spp_address, &peer, sizeof peer);
    set(SCTP_PEER_ADDR_PARAMS, path);
}

void UsrsctpEnd::receive(std::span<const std::byte> packet, Instant) {
    usrsctp_conninput(this, packet.data(), packet.size(), 0);
    if (listener_ == nullptr || listener_ != socket_) return;
    struct socket* accepted = usrsctp_accept(listener_, nullptr, nullptr);
    if (accepted == nullptr) return;
    socket_ = accepted;
    usrsctp_set_non_blocking(socket_, 1);
    opened = 1;
}

Sent UsrsctpEnd::send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
                      const Reliability& reliability, Instant) {
    sctp_sendv_spa spa{};
    spa.sendv_flags = SCTP_SEND_SNDINFO_VALID;
    spa.sendv_sndinfo.snd_sid = stream;
    spa.sendv_sndinfo.snd_ppid = __builtin_bswap32(ppid);
    spa.sendv_sndinfo.snd_flags = SCTP_EOR;
    if (!reliability.ordered) spa.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
    if (reliability.policy != Reliability::Policy::reliable) {
        spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        spa.sendv_prinfo.pr_policy = reliability.policy == Reliability::Policy::lifetime
                                         ? SCTP_PR_SCTP_TTL
                                         : SCTP_PR_SCTP_RTX;
        spa.sendv_prinfo.pr_value = reliability.limit;
    }
    const auto sent = usrsctp_sendv(socket_, message.data(), message.size(), nullptr, 0, &spa,
                                    sizeof spa, SCTP_SENDV_SPA, 0);
    if (sent == static_cast<ssize_t>(message.size())) return Sent::queued;
    return errno == EWOULDBLOCK ? Sent::full : Sent::closed;
}

void UsrsctpEnd::handle_timeout(Instant now) {
    if (clock_of_all < Instant{0}) {
        clock_of_all = now;
        return;
    }
    while (clock_of_all + step <= now) {
        clock_of_all += step;
        day_of_all += step;
        usrsctp_handle_timers(static_cast<std::uint32_t>(step.count() / 1'000));
    }
}

void UsrsctpEnd::reset_streams(std::span<const std::uint16_t> streams, Instant) {
    std::array<std::byte, sizeof(sctp_reset_streams) + 64> memory{};
    sctp_reset_streams request{};
    request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
    request.srs_number_streams = static_cast<std::uint16_t>(streams.size());
    std::memcpy(memory.data(), &request, sizeof request);
    const std::size_t list = offsetof(sctp_reset_streams, srs_stream_list);
    std::memcpy(memory.data() + list, streams.data(), streams.size_bytes());
    const int result = usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, memory.data(),
                                          static_cast<socklen_t>(list + streams.size_bytes()));
    MUSTER_ASSERT(result == 0);
}

void UsrsctpEnd::took(void* data, std::size_t size, const sctp_rcvinfo& info, int flags) {
    const auto* bytes = static_cast<const std::byte*>(data);
    if ((flags & MSG_NOTIFICATION) != 0) {
        std::vector<std::byte> copy(std::max(size, sizeof(sctp_notification)));
        std::memcpy(copy.data(), bytes, size);
        notified(*reinterpret_cast<const sctp_notification*>(copy.data()), size);
        return;
    }
    auto& message = partial_[info.rcv_sid];
    message.insert(message.end(), bytes, bytes + size);
    if ((flags & MSG_EOR) == 0) return;
    received.push_back({info.rcv_sid, __builtin_bswap32(info.rcv_ppid), std::move(message)});
    message.clear();
}

void UsrsctpEnd::notified(const union sctp_notification& what, std::size_t size) {
    if (what.sn_header.sn_type == SCTP_ASSOC_CHANGE) {
        const auto& change = what.sn_assoc_change;
        if (change.sac_state == SCTP_COMM_UP) ++opened;
        if (change.sac_state == SCTP_COMM_LOST) closed = CloseReason::aborted;
        if (change.sac_state == SCTP_SHUTDOWN_COMP) closed = CloseReason::shut_down;
    } else if (what.sn_header.sn_type == SCTP_STREAM_RESET_EVENT) {
        const auto& event = what.sn_strreset_event;
        if ((event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) == 0) return;
        const std::size_t list = offsetof(sctp_stream_reset_event, strreset_stream_list);
        for (std::size_t i = 0; list + i * 2 < size; ++i) {
            streams_reset.push_back(event.strreset_stream_list[i]);
        }
    }
}

}  // namespace

std::unique_ptr<End> make_usrsctp_end(bool listens) {
    return std::make_unique<UsrsctpEnd>(listens);
}

}  // namespace muster::sctp::sim

/// usrsctp's time of day, in place of the C library's.
extern "C" int gettimeofday(timeval* time, void*) noexcept {
    const auto now = muster::sctp::sim::day_of_all.count();
    time->tv_sec = now / 1'000'000;
    time->tv_usec = now % 1'000'000;
    return 0;
}
