#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "muster/rtc/endpoint.hpp"

namespace muster::rtc {
namespace {

constexpr std::array<std::byte, 12> ipv4_mapped{
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};

}  // namespace

std::string to_text(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (std::equal(ipv4_mapped.begin(), ipv4_mapped.end(), address.ip.begin())) {
        inet_ntop(AF_INET, address.ip.data() + ipv4_mapped.size(), text.data(), text.size());
        return fmt::format("{}:{}", text.data(), address.port);
    }
    inet_ntop(AF_INET6, address.ip.data(), text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), address.port);
}

Result<Address> parse_address(std::string_view text) {
    const auto wrong = [] {
        return fail(Errc::invalid_argument, "an address is 1.2.3.4:5 or [::1]:5", "address");
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.size() > 64) return wrong();
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool is_ipv6 = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (is_ipv6) host = host.substr(1, host.size() - 2);

    Address address;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size()) return wrong();
    const std::string terminated(host);
    if (is_ipv6) {
        if (inet_pton(AF_INET6, terminated.c_str(), address.ip.data()) != 1) return wrong();
        return address;
    }
    std::ranges::copy(ipv4_mapped, address.ip.begin());
    if (inet_pton(AF_INET, terminated.c_str(), address.ip.data() + ipv4_mapped.size()) != 1) {
        return wrong();
    }
    return address;
}

std::string_view name_of(Gone why) {
    switch (why) {
        case Gone::closed:
            return "closed";
        case Gone::timed_out:
            return "timed_out";
        case Gone::never_came:
            return "never_came";
        case Gone::wrong_identity:
            return "wrong_identity";
        case Gone::failed:
            return "failed";
        case Gone::dropped:
            return "dropped";
    }
    return "unknown";
}

}  // namespace muster::rtc
