#include "chunks.hpp"

#include <algorithm>

#include "muster/sctp/association.hpp"

namespace muster::sctp {
namespace {

constexpr std::size_t checksum_offset = 8;

/// One type-length-value, whose length includes its header of 4 bytes.
std::optional<std::span<const std::byte>> take_tlv(std::span<const std::byte>& rest) {
    if (rest.size() < 4) return std::nullopt;
    const std::size_t length = load16(&rest[2]);
    if (length < 4 || length > rest.size()) return std::nullopt;
    const auto whole = rest.first(length);
    // The padding of the last one may be missing.
    rest = rest.subspan(std::min(padded(length), rest.size()));
    return whole;
}

void note_unrecognized(InitChunk& init, const Parameter& parameter) {
    const std::size_t space = init.unrecognized.size() - init.unrecognized_bytes;
    if (padded(parameter.whole.size()) > space) return;
    std::ranges::copy(parameter.whole, init.unrecognized.begin() +
                                           static_cast<std::ptrdiff_t>(init.unrecognized_bytes));
    init.unrecognized_bytes += padded(parameter.whole.size());
}

/// False: stop reading here (the two high bits of an unknown type, RFC 9260, 3.2.1).
bool read_init_parameter(InitChunk& init, const Parameter& parameter) {
    switch (parameter.type) {
        case parameter::forward_tsn_supported:
            init.forward_tsn = true;
            return true;
        case parameter::supported_extensions:
            for (const std::byte type : parameter.body) {
                init.reconfig |= type == static_cast<std::byte>(ChunkType::reconfig);
                init.forward_tsn |= type == static_cast<std::byte>(ChunkType::forward_tsn);
            }
            return true;
        case parameter::zero_checksum:
            // RFC 9653: method 1 is DTLS.
            init.zero_checksum = parameter.body.size() == 4 && load32(parameter.body.data()) == 1;
            return true;
        case parameter::state_cookie:
            init.cookie = parameter.body;
            return true;
        case parameter::unrecognized:
        case 5:   // IPv4 address: there is one path, the one below
        case 6:   // IPv6 address
        case 9:   // cookie preservative
        case 11:  // host name: deprecated
        case 12:  // supported address types
            return true;
        default:
            break;
    }
    if ((parameter.type & 0x4000) != 0) note_unrecognized(init, parameter);
    return (parameter.type & 0x8000) != 0;
}

}  // namespace

std::optional<CommonHeader> read_header(std::span<const std::byte> packet) {
    if (packet.size() < common_header_bytes + chunk_header_bytes) return std::nullopt;
    return CommonHeader{.source = load16(&packet[0]),
                        .destination = load16(&packet[2]),
                        .tag = load32(&packet[4]),
                        .checksum = load32(&packet[checksum_offset])};
}

bool checksum_is_right(std::span<const std::byte> packet) {
    constexpr std::array<std::byte, 4> zero{};
    std::uint32_t sum = crc32c(packet.first(checksum_offset));
    sum = crc32c(zero, sum);
    sum = crc32c(packet.subspan(common_header_bytes), sum);
    return __builtin_bswap32(sum) == load32(&packet[checksum_offset]);
}

std::optional<Chunk> ChunkReader::next() {
    if (rest_.empty() || malformed_) return std::nullopt;
    const auto type = static_cast<ChunkType>(rest_[0]);
    const auto whole = take_tlv(rest_);
    if (!whole) {
        malformed_ = true;
        return std::nullopt;
    }
    return Chunk{.type = type,
                 .flags = std::to_integer<std::uint8_t>((*whole)[1]),
                 .body = whole->subspan(chunk_header_bytes),
                 .whole = *whole};
}

std::optional<Parameter> ParameterReader::next() {
    if (rest_.empty() || malformed_) return std::nullopt;
    const auto whole = take_tlv(rest_);
    if (!whole) {
        malformed_ = true;
        return std::nullopt;
    }
    return Parameter{.type = load16(whole->data()), .body = whole->subspan(4), .whole = *whole};
}

std::optional<DataChunk> read_data(const Chunk& chunk) {
    constexpr std::size_t fixed = data_header_bytes - chunk_header_bytes;
    if (chunk.body.size() < fixed) return std::nullopt;
    const std::byte* at = chunk.body.data();
    return DataChunk{.flags = chunk.flags,
                     .tsn = load32(at),
                     .stream = load16(at + 4),
                     .ssn = load16(at + 6),
                     .ppid = load32(at + 8),
                     .payload = chunk.body.subspan(fixed)};
}

std::optional<SackChunk> read_sack(const Chunk& chunk) {
    if (chunk.body.size() < 12) return std::nullopt;
    const std::size_t blocks = load16(&chunk.body[8]);
    const std::size_t duplicates = load16(&chunk.body[10]);
    if (chunk.body.size() < 12 + (blocks + duplicates) * 4) return std::nullopt;
    return SackChunk{.cumulative = load32(&chunk.body[0]),
                     .window = load32(&chunk.body[4]),
                     .blocks = chunk.body.subspan(12, blocks * 4)};
}

std::optional<InitChunk> read_init(const Chunk& chunk) {
    if (chunk.body.size() < init_body_bytes) return std::nullopt;
    InitChunk init{};
    init.tag = load32(&chunk.body[0]);
    init.window = load32(&chunk.body[4]);
    init.out_streams = load16(&chunk.body[8]);
    init.in_streams = load16(&chunk.body[10]);
    init.initial_tsn = load32(&chunk.body[12]);
    if (init.tag == 0 || init.out_streams == 0 || init.in_streams == 0) return std::nullopt;
    ParameterReader parameters(chunk.body.subspan(init_body_bytes));
    while (const auto parameter = parameters.next()) {
        if (!read_init_parameter(init, *parameter)) break;
    }
    if (parameters.malformed()) return std::nullopt;
    if (chunk.type == ChunkType::init_ack && init.cookie.empty()) return std::nullopt;
    return init;
}

PacketWriter::PacketWriter(std::span<std::byte> buffer, std::uint16_t source,
                           std::uint16_t destination, std::uint32_t tag)
    : buffer_(buffer), size_(common_header_bytes) {
    store16(&buffer_[0], source);
    store16(&buffer_[2], destination);
    store32(&buffer_[4], tag);
    store32(&buffer_[checksum_offset], 0);
}

std::span<std::byte> PacketWriter::finish(bool zero_checksum) {
    const auto packet = buffer_.first(size_);
    if (!zero_checksum) {
        store32(&packet[checksum_offset], __builtin_bswap32(crc32c(packet)));
    }
    return packet;
}

}  // namespace muster::sctp
