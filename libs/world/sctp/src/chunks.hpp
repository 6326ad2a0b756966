#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

/// The wire: bounds-checked reading of what came, and building of packets in a given buffer.
/// Everything is big-endian (RFC 9260, 3).
namespace muster::sctp {

enum class ChunkType : std::uint8_t {
    data = 0,
    init = 1,
    init_ack = 2,
    sack = 3,
    heartbeat = 4,
    heartbeat_ack = 5,
    abort = 6,
    shutdown = 7,
    shutdown_ack = 8,
    error = 9,
    cookie_echo = 10,
    cookie_ack = 11,
    shutdown_complete = 14,
    reconfig = 130,     ///< RFC 6525
    forward_tsn = 192,  ///< RFC 3758
};

namespace data_flags {
inline constexpr std::uint8_t end = 1, begin = 2, unordered = 4, immediate = 8;
}
inline constexpr std::uint8_t tag_reflected = 1;  ///< the T bit of ABORT and SHUTDOWN COMPLETE

namespace parameter {
inline constexpr std::uint16_t heartbeat_info = 1, state_cookie = 7, unrecognized = 8;
inline constexpr std::uint16_t outgoing_reset = 13, incoming_reset = 14, tsn_reset = 15;
inline constexpr std::uint16_t reconfig_response = 16, add_outgoing = 17, add_incoming = 18;
inline constexpr std::uint16_t zero_checksum = 0x8001, supported_extensions = 0x8008;
inline constexpr std::uint16_t forward_tsn_supported = 0xC000;
}  // namespace parameter

namespace cause {
inline constexpr std::uint16_t invalid_stream = 1, missing_parameter = 2, stale_cookie = 3;
inline constexpr std::uint16_t out_of_resource = 4, unrecognized_chunk = 6, invalid_parameter = 7;
inline constexpr std::uint16_t unrecognized_parameters = 8, no_user_data = 9;
inline constexpr std::uint16_t restart_refused = 11, user_abort = 12, protocol_violation = 13;
}  // namespace cause

inline constexpr std::size_t common_header_bytes = 12;
inline constexpr std::size_t chunk_header_bytes = 4;
inline constexpr std::size_t data_header_bytes = 16;
inline constexpr std::size_t init_body_bytes = 16;

[[nodiscard]] inline std::uint16_t load16(const std::byte* at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 |
                                      std::to_integer<unsigned>(at[1]));
}
[[nodiscard]] inline std::uint32_t load32(const std::byte* at) {
    std::uint32_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return __builtin_bswap32(value);
}
inline void store16(std::byte* at, std::uint16_t value) {
    at[0] = static_cast<std::byte>(value >> 8);
    at[1] = static_cast<std::byte>(value & 255);
}
inline void store32(std::byte* at, std::uint32_t value) {
    value = __builtin_bswap32(value);
    std::memcpy(at, &value, sizeof value);
}

/// Serial number arithmetic (RFC 1982): a comes before b.
[[nodiscard]] constexpr bool before(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
}
[[nodiscard]] constexpr bool before16(std::uint16_t a, std::uint16_t b) {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b)) < 0;
}
[[nodiscard]] constexpr std::size_t padded(std::size_t bytes) {
    return (bytes + 3) & ~std::size_t{3};
}

struct CommonHeader {
    std::uint16_t source = 0, destination = 0;
    std::uint32_t tag = 0;
    std::uint32_t checksum = 0;  ///< as it stands in the packet
};
/// None when it is shorter than a header and one chunk header.
[[nodiscard]] std::optional<CommonHeader> read_header(std::span<const std::byte> packet);
/// The checksum field is right for these bytes (it is little-endian, and taken as 0).
[[nodiscard]] bool checksum_is_right(std::span<const std::byte> packet);

struct Chunk {
    ChunkType type{};
    std::uint8_t flags = 0;
    std::span<const std::byte> body;
    std::span<const std::byte> whole;  ///< with its header, without padding
};

/// The chunks after the common header; ends at the first that is malformed.
class ChunkReader {
  public:
    explicit ChunkReader(std::span<const std::byte> bytes) : rest_(bytes) {}
    [[nodiscard]] std::optional<Chunk> next();
    [[nodiscard]] bool malformed() const { return malformed_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::span<const std::byte> rest_;
    bool malformed_ = false;
};

/// Parameters and error causes: type, length and value.
struct Parameter {
    std::uint16_t type = 0;
    std::span<const std::byte> body;
    std::span<const std::byte> whole;
};
class ParameterReader {
  public:
    explicit ParameterReader(std::span<const std::byte> bytes) : rest_(bytes) {}
    [[nodiscard]] std::optional<Parameter> next();
    [[nodiscard]] bool malformed() const { return malformed_; }

  private:
    std::span<const std::byte> rest_;
    bool malformed_ = false;
};

struct DataChunk {
    std::uint8_t flags = 0;
    std::uint32_t tsn = 0;
    std::uint16_t stream = 0, ssn = 0;
    std::uint32_t ppid = 0;
    std::span<const std::byte> payload;

    [[nodiscard]] bool begins() const { return (flags & data_flags::begin) != 0; }
    [[nodiscard]] bool ends() const { return (flags & data_flags::end) != 0; }
    [[nodiscard]] bool unordered() const { return (flags & data_flags::unordered) != 0; }
};
/// None when the chunk is shorter than its header; an empty payload is the caller's to judge.
[[nodiscard]] std::optional<DataChunk> read_data(const Chunk& chunk);

struct SackChunk {
    std::uint32_t cumulative = 0;
    std::uint32_t window = 0;
    std::span<const std::byte> blocks;  ///< 4 bytes each: start and end, from `cumulative`

    [[nodiscard]] std::size_t block_count() const { return blocks.size() / 4; }
    [[nodiscard]] std::uint32_t start(std::size_t i) const { return load16(&blocks[i * 4]); }
    [[nodiscard]] std::uint32_t end(std::size_t i) const { return load16(&blocks[i * 4 + 2]); }
};
[[nodiscard]] std::optional<SackChunk> read_sack(const Chunk& chunk);

struct InitChunk {
    std::uint32_t tag = 0, window = 0;
    std::uint16_t out_streams = 0, in_streams = 0;
    std::uint32_t initial_tsn = 0;
    bool forward_tsn = false, reconfig = false, zero_checksum = false;
    std::span<const std::byte> cookie;        ///< of INIT ACK
    std::array<std::byte, 256> unrecognized;  ///< whole parameters that want to be reported
    std::size_t unrecognized_bytes = 0;
};
/// INIT or INIT ACK. None when it is malformed or has a value that the RFC forbids.
[[nodiscard]] std::optional<InitChunk> read_init(const Chunk& chunk);

/// Builds one packet in a buffer that it does not own.
class PacketWriter {
  public:
    PacketWriter() = default;
    PacketWriter(std::span<std::byte> buffer, std::uint16_t source, std::uint16_t destination,
                 std::uint32_t tag);

    /// Room for a chunk's body after its header (padding is zeroed); null when it does not fit.
    [[nodiscard]] std::byte* add(ChunkType type, std::uint8_t flags, std::size_t body_bytes) {
        const std::size_t length = chunk_header_bytes + body_bytes;
        if (size_ + padded(length) > buffer_.size()) return nullptr;
        std::byte* at = buffer_.data() + size_;
        at[0] = static_cast<std::byte>(type);
        at[1] = static_cast<std::byte>(flags);
        store16(at + 2, static_cast<std::uint16_t>(length));
        size_ += padded(length);
        for (std::size_t i = length; i < padded(length); ++i) at[i] = std::byte{0};
        return at + chunk_header_bytes;
    }
    [[nodiscard]] std::size_t room() const { return buffer_.size() - size_; }
    [[nodiscard]] bool empty() const { return size_ <= common_header_bytes; }
    /// The packet with its checksum, or with 0 in its place.
    [[nodiscard]] std::span<std::byte> finish(bool zero_checksum);

  private:
    std::span<std::byte> buffer_;
    std::size_t size_ = 0;
};

}  // namespace muster::sctp
