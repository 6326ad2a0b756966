#include "muster/udp/socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "muster/base/assert.hpp"
#include "system_address.hpp"

namespace muster::udp {
namespace {

constexpr std::size_t batch = 64;  ///< datagrams a call
constexpr std::size_t received_bytes_max = 2'048;
constexpr std::size_t sent_bytes_max = 1'500;
constexpr std::size_t segments_max = 40;  ///< 40 x 1,500 bytes stay below an IP packet's 65,535

template <typename T>
bool set(int descriptor, int level, int name, const T& value) {
    return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

// The forcing option needs a privilege and goes beyond net.core.rmem_max.
void set_buffer(int descriptor, int forced, int name, int bytes) {
    if (!set(descriptor, SOL_SOCKET, forced, bytes)) set(descriptor, SOL_SOCKET, name, bytes);
}

std::unexpected<Error> refused(std::string_view what, const Options& options) {
    const int error = errno;
    return fail(error == EINVAL ? Errc::invalid_argument : Errc::unavailable,
                std::string(what) + " " + options.host + " port " + std::to_string(options.port) +
                    ": " + std::strerror(error),
                "udp");
}

}  // namespace

struct Socket::Impl {
    int descriptor = -1;
    int family = AF_INET;
    std::uint16_t port = 0;
    bool segments = true;  ///< until the system refuses UDP_SEGMENT
    std::uint32_t overflow = 0;
    Statistics statistics;

    // Receiving.
    std::vector<std::byte> in_bytes = std::vector<std::byte>(batch * received_bytes_max);
    std::array<mmsghdr, batch> in_heads{};
    std::array<iovec, batch> in_vectors{};
    std::array<sockaddr_in6, batch> in_from{};
    static constexpr std::size_t control_bytes = CMSG_SPACE(sizeof(std::uint32_t));
    struct alignas(cmsghdr) Control {
        std::array<std::byte, control_bytes> bytes;
    };
    std::array<Control, batch> in_control{};

    // Sending: datagrams in order, and the messages that flush() makes of them.
    std::vector<std::byte> out_bytes = std::vector<std::byte>(batch * sent_bytes_max);
    std::array<iovec, batch> out_vectors{};
    std::array<Address, batch> out_to{};
    std::size_t waiting = 0;
    std::array<mmsghdr, batch> out_heads{};
    std::array<sockaddr_in6, batch> out_names{};
    struct alignas(cmsghdr) SegmentControl {
        std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
    };
    std::array<SegmentControl, batch> out_control{};

    ~Impl() {
        if (descriptor >= 0) close(descriptor);
    }

    void note_overflow(msghdr& head);
    std::size_t run_length(std::size_t first) const;
    std::size_t prepare(std::size_t first);
    void push(std::size_t messages);
};

Result<Socket> Socket::open(const Options& options) {
    const auto address = to_system(options.host, options.port);
    if (!address) {
        return fail(Errc::invalid_argument, "not a numeric IP address: " + options.host, "udp");
    }
    auto impl = std::make_unique<Impl>();
    impl->family = address->storage.ss_family;
    impl->descriptor = socket(impl->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (impl->descriptor < 0) return refused("cannot open", options);
    if (impl->family == AF_INET6 && !set(impl->descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0)) {
        return refused("cannot take IPv4 too on", options);
    }
    if (options.shared && !set(impl->descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) {
        return refused("cannot share", options);
    }
    set_buffer(impl->descriptor, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer);
    set_buffer(impl->descriptor, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer);
    set(impl->descriptor, SOL_SOCKET, SO_RXQ_OVFL, 1);
    sockaddr_storage name = address->storage;
    if (bind(impl->descriptor, reinterpret_cast<sockaddr*>(&name), address->length) != 0) {
        return refused("cannot bind", options);
    }
    sockaddr_in6 bound{};
    socklen_t length = sizeof bound;
    if (getsockname(impl->descriptor, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
        return refused("cannot name", options);
    }
    impl->port = from_system(bound).port;
    return Socket(std::move(impl));
}

Socket::Socket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Socket::~Socket() = default;
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&&) noexcept = default;

int Socket::descriptor() const {
    return impl_->descriptor;
}
std::uint16_t Socket::port() const {
    return impl_->port;
}
const Statistics& Socket::statistics() const {
    return impl_->statistics;
}

// The system counts what it dropped since the socket was opened, in 32 bits that may wrap.
void Socket::Impl::note_overflow(msghdr& head) {
    for (cmsghdr* one = CMSG_FIRSTHDR(&head); one != nullptr; one = CMSG_NXTHDR(&head, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SO_RXQ_OVFL) continue;
        std::uint32_t now = 0;
        std::memcpy(&now, CMSG_DATA(one), sizeof now);
        statistics.dropped_by_system += now - overflow;
        overflow = now;
    }
}

std::size_t Socket::receive(std::size_t datagrams_max,
                            const std::function<void(const Address&, std::span<std::byte>)>& each) {
    Impl& s = *impl_;
    std::size_t taken = 0;
    while (taken < datagrams_max) {
        const std::size_t wanted = std::min(batch, datagrams_max - taken);
        for (std::size_t i = 0; i < wanted; ++i) {
            s.in_vectors[i] = {s.in_bytes.data() + i * received_bytes_max, received_bytes_max};
            msghdr& head = s.in_heads[i].msg_hdr;
            head = {};
            head.msg_name = &s.in_from[i];
            head.msg_namelen = sizeof s.in_from[i];
            head.msg_iov = &s.in_vectors[i];
            head.msg_iovlen = 1;
            head.msg_control = s.in_control[i].bytes.data();
            head.msg_controllen = Impl::control_bytes;
        }
        const int got = recvmmsg(s.descriptor, s.in_heads.data(), static_cast<unsigned>(wanted),
                                 MSG_DONTWAIT, nullptr);
        ++s.statistics.receive_calls;
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        const auto count = static_cast<std::size_t>(got);
        for (std::size_t i = 0; i < count; ++i) {
            msghdr& head = s.in_heads[i].msg_hdr;
            s.note_overflow(head);
            if ((head.msg_flags & MSG_TRUNC) != 0) {
                ++s.statistics.truncated;
                continue;
            }
            const std::size_t bytes = s.in_heads[i].msg_len;
            ++s.statistics.datagrams_in;
            s.statistics.bytes_in += bytes;
            each(from_system(s.in_from[i]),
                 std::span(s.in_bytes).subspan(i * received_bytes_max, bytes));
        }
        taken += count;
        if (count < wanted) break;
    }
    return taken;
}

void Socket::send(const Address& to, std::span<const std::byte> datagram) {
    MUSTER_ASSERT(datagram.size() <= sent_bytes_max);
    Impl& s = *impl_;
    if (s.waiting == batch) flush();
    std::byte* place = s.out_bytes.data() + s.waiting * sent_bytes_max;
    std::copy(datagram.begin(), datagram.end(), place);
    s.out_vectors[s.waiting] = {place, datagram.size()};
    s.out_to[s.waiting] = to;
    ++s.waiting;
}

// How many datagrams from `first` on can go as one that the system cuts: to one address, of one
// size, and the last may be shorter.
std::size_t Socket::Impl::run_length(std::size_t first) const {
    const std::size_t size = out_vectors[first].iov_len;
    std::size_t end = first + 1;
    if (!segments || size == 0) return 1;
    while (end < waiting && end - first < segments_max && out_to[end] == out_to[first] &&
           out_vectors[end].iov_len <= size && out_vectors[end].iov_len > 0) {
        ++end;
        if (out_vectors[end - 1].iov_len < size) break;
    }
    return end - first;
}

// Makes messages of the datagrams from `first` on; how many.
std::size_t Socket::Impl::prepare(std::size_t first) {
    std::size_t messages = 0;
    while (first < waiting) {
        const std::size_t run = run_length(first);
        sockaddr_in6& name = out_names[messages];
        const socklen_t length = to_system(out_to[first], family, name);
        if (length == 0) {
            statistics.dropped_here += run;
            first += run;
            continue;
        }
        msghdr& head = out_heads[messages].msg_hdr;
        head = {};
        head.msg_name = &name;
        head.msg_namelen = length;
        head.msg_iov = &out_vectors[first];
        head.msg_iovlen = run;
        if (run > 1) {
            head.msg_control = out_control[messages].bytes.data();
            head.msg_controllen = out_control[messages].bytes.size();
            cmsghdr* one = CMSG_FIRSTHDR(&head);
            one->cmsg_level = SOL_UDP;
            one->cmsg_type = UDP_SEGMENT;
            one->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
            const auto size = static_cast<std::uint16_t>(out_vectors[first].iov_len);
            std::memcpy(CMSG_DATA(one), &size, sizeof size);
        }
        ++messages;
        first += run;
    }
    return messages;
}

void Socket::Impl::push(std::size_t messages) {
    std::size_t done = 0;
    while (done < messages) {
        const int sent = sendmmsg(descriptor, out_heads.data() + done,
                                  static_cast<unsigned>(messages - done), MSG_DONTWAIT);
        ++statistics.send_calls;
        if (sent > 0) {
            for (std::size_t i = 0; i < static_cast<std::size_t>(sent); ++i, ++done) {
                const std::size_t datagrams = out_heads[done].msg_hdr.msg_iovlen;
                statistics.datagrams_out += datagrams;
                statistics.bytes_out += out_heads[done].msg_len;
                if (datagrams > 1) statistics.segmented += datagrams;
            }
            continue;
        }
        if (sent < 0 && errno == EINTR) continue;
        const msghdr& head = out_heads[done].msg_hdr;
        if (sent < 0 && segments && head.msg_iovlen > 1 &&
            (errno == EINVAL || errno == EIO || errno == EMSGSIZE || errno == EOPNOTSUPP)) {
            // This system or device cannot cut: from now on each goes by itself.
            segments = false;
            const auto first = static_cast<std::size_t>(head.msg_iov - out_vectors.data());
            messages = prepare(first);
            done = 0;
            continue;
        }
        const bool is_full = sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM);
        const std::size_t end = is_full ? messages : done + 1;
        for (; done < end; ++done) statistics.dropped_here += out_heads[done].msg_hdr.msg_iovlen;
    }
}

void Socket::flush() {
    Impl& s = *impl_;
    if (s.waiting == 0) return;
    s.push(s.prepare(0));
    s.waiting = 0;
}

}  // namespace muster::udp
