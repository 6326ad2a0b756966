#include "system_address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace muster::udp {
namespace {

constexpr std::array<std::byte, 12> mapped{
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

}  // namespace

std::optional<SystemAddress> to_system(const std::string& host, std::uint16_t port) {
    SystemAddress out;
    sockaddr_in v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.length = sizeof v4;
        return out;
    }
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.length = sizeof v6;
        return out;
    }
    return std::nullopt;
}

socklen_t to_system(const Address& address, int family, sockaddr_in6& out) {
    if (family == AF_INET6) {
        out.sin6_family = AF_INET6;
        out.sin6_port = htons(address.port);
        out.sin6_flowinfo = 0;
        out.sin6_scope_id = 0;
        std::memcpy(&out.sin6_addr, address.ip.data(), address.ip.size());
        return sizeof out;
    }
    if (std::memcmp(address.ip.data(), mapped.data(), mapped.size()) != 0) return 0;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.ip.data() + mapped.size(), 4);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
}

Address from_system(const sockaddr_in6& storage) {
    Address out;
    if (storage.sin6_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        std::memcpy(out.ip.data(), mapped.data(), mapped.size());
        std::memcpy(out.ip.data() + mapped.size(), &v4.sin_addr, 4);
        out.port = ntohs(v4.sin_port);
        return out;
    }
    std::memcpy(out.ip.data(), &storage.sin6_addr, out.ip.size());
    out.port = ntohs(storage.sin6_port);
    return out;
}

}  // namespace muster::udp
