#include "addresses.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>

namespace muster::host {
namespace {

constexpr std::size_t candidates_max = 8;

// Numeric, or empty for what nobody elsewhere can use: link-local addresses, other families.
std::string text_of(const sockaddr* address, bool v6) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        if ((ntohl(v4->sin_addr.s_addr) >> 16U) == 0xa9fe) return {};
        return inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    }
    if (address->sa_family == AF_INET6 && v6) {
        const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
        if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) return {};
        return inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
    }
    return {};
}

}  // namespace

std::vector<rtc::Candidate> candidates_of(const std::string& host, std::uint16_t port) {
    if (host != "0.0.0.0" && host != "::") return {{host, port}};
    // Most peers try the first one first, and most have IPv4.
    std::vector<rtc::Candidate> out;
    std::vector<rtc::Candidate> v6;
    std::vector<rtc::Candidate> loopback;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) == 0) {
        for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
            if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
            std::string text = text_of(one->ifa_addr, host == "::");
            if (text.empty()) continue;
            const bool is_loopback = (one->ifa_flags & IFF_LOOPBACK) != 0;
            const bool is_v6 = text.find(':') != std::string::npos;
            (is_loopback ? loopback : is_v6 ? v6 : out).push_back({std::move(text), port});
        }
        freeifaddrs(all);
    }
    out.insert(out.end(), v6.begin(), v6.end());
    if (out.empty()) out = std::move(loopback);
    if (out.size() > candidates_max) out.resize(candidates_max);
    return out;
}

}  // namespace muster::host
