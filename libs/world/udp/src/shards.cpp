#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "muster/base/assert.hpp"
#include "muster/udp/socket.hpp"

namespace muster::udp {
namespace {

// The same arithmetic twice: here, and below as the system's filter machine (32 bits, wrapping).
constexpr std::uint32_t port_factor = 0x9e37'79b1;
constexpr std::uint32_t mix_factor = 0x85eb'ca6b;

// Offsets into the packet from the start of its IP header.
constexpr std::uint32_t at(std::uint32_t offset) {
    return static_cast<std::uint32_t>(SKF_NET_OFF) + offset;
}
constexpr sock_filter statement(int code, std::uint32_t k) {
    return {static_cast<std::uint16_t>(code), 0, 0, k};
}
constexpr sock_filter jump_if_equal(std::uint32_t k, std::uint8_t then, std::uint8_t otherwise) {
    return {BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, k};
}
constexpr sock_filter load_word(std::uint32_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, at(offset));
}
constexpr sock_filter keep = statement(BPF_MISC | BPF_TAX, 0);
constexpr sock_filter exclusive_or = statement(BPF_ALU | BPF_XOR | BPF_X, 0);

// An IPv6 packet with extension headers has its ports elsewhere: its address alone decides, so that
// a peer stays with one shard all the same.
std::array<sock_filter, 36> program(std::uint32_t shards) {
    return {
        statement(BPF_LD | BPF_B | BPF_ABS, at(0)),
        statement(BPF_ALU | BPF_RSH | BPF_K, 4),
        jump_if_equal(6, 6, 0),
        // IPv4: A = address, X = mixed port.
        statement(BPF_LDX | BPF_B | BPF_MSH, at(0)),
        statement(BPF_LD | BPF_H | BPF_IND, at(0)),
        statement(BPF_ALU | BPF_MUL | BPF_K, port_factor),
        keep,
        load_word(12),
        statement(BPF_JMP | BPF_JA, 18),
        // IPv6: the same of the four words of its address.
        statement(BPF_LD | BPF_B | BPF_ABS, at(6)),
        jump_if_equal(17, 0, 2),
        statement(BPF_LD | BPF_H | BPF_ABS, at(40)),
        statement(BPF_JMP | BPF_JA, 1),
        statement(BPF_LD | BPF_IMM, 0),
        statement(BPF_ALU | BPF_MUL | BPF_K, port_factor),
        statement(BPF_ST, 0),
        load_word(8),
        keep,
        load_word(12),
        exclusive_or,
        keep,
        load_word(16),
        exclusive_or,
        keep,
        load_word(20),
        exclusive_or,
        statement(BPF_LDX | BPF_W | BPF_MEM, 0),
        // The mix of both.
        exclusive_or,
        statement(BPF_ALU | BPF_MUL | BPF_K, mix_factor),
        statement(BPF_ST, 0),
        statement(BPF_ALU | BPF_RSH | BPF_K, 16),
        keep,
        statement(BPF_LD | BPF_MEM, 0),
        exclusive_or,
        statement(BPF_ALU | BPF_MOD | BPF_K, shards),
        statement(BPF_RET | BPF_A, 0),
    };
}

std::uint32_t word(const Address& address, std::size_t index) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        out = out << 8U | std::to_integer<std::uint32_t>(address.ip[index * 4 + i]);
    }
    return out;
}

}  // namespace

std::size_t shard_of(const Address& from, std::size_t shards) {
    MUSTER_ASSERT(shards > 0);
    const bool is_v4 = word(from, 0) == 0 && word(from, 1) == 0 && word(from, 2) == 0xffff;
    const std::uint32_t ip =
        is_v4 ? word(from, 3) : word(from, 0) ^ word(from, 1) ^ word(from, 2) ^ word(from, 3);
    std::uint32_t mix = (ip ^ (std::uint32_t{from.port} * port_factor)) * mix_factor;
    mix ^= mix >> 16U;
    return mix % static_cast<std::uint32_t>(shards);
}

Result<void> attach_shards(Socket& first, std::size_t shards) {
    MUSTER_ASSERT(shards > 0);
    if (shards == 1) return {};
    std::array code = program(static_cast<std::uint32_t>(shards));
    sock_fprog filter{};
    filter.len = static_cast<unsigned short>(code.size());
    filter.filter = code.data();
    if (setsockopt(first.descriptor(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
                   sizeof filter) != 0) {
        return fail(Errc::unsupported,
                    std::string("SO_ATTACH_REUSEPORT_CBPF: ") + std::strerror(errno));
    }
    return {};
}

}  // namespace muster::udp
