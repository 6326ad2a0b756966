#include "wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace muster::load {
namespace {

// What one player may be behind by: half a second of snapshots.
constexpr int socket_buffer_bytes = 64 << 10;

bool is_ipv4(const rtc::Address& address) {
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(address.ip.data(), mapped.data(), mapped.size()) == 0;
}

int open_to(const rtc::Address& to) {
    const int family = is_ipv4(to) ? AF_INET : AF_INET6;
    const int descriptor = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &socket_buffer_bytes,
                 sizeof socket_buffer_bytes);
    int result = -1;
    if (family == AF_INET) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to.port);
        std::memcpy(&address.sin_addr, to.ip.data() + 12, 4);
        result = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(to.port);
        std::memcpy(&address.sin6_addr, to.ip.data(), 16);
        result = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    if (result == 0) return descriptor;
    ::close(descriptor);
    return -1;
}

}  // namespace

bool Wire::open(const rtc::Address& to) {
    if (descriptor_ < 0) descriptor_ = open_to(to);
    return descriptor_ >= 0;
}

bool Wire::send(std::span<const std::byte> datagram) const {
    if (descriptor_ < 0) return false;
    return ::send(descriptor_, datagram.data(), datagram.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(datagram.size());
}

void Wire::close() {
    if (descriptor_ >= 0) ::close(descriptor_);  // leaves the epoll by itself
    descriptor_ = -1;
    ++generation_;
}

}  // namespace muster::load
