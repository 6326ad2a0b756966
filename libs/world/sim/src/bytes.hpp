#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace muster::sim {

/// Appends to bytes: little-endian, numbers as LEB128 (docs/formats/recording.md).
class Writer {
  public:
    explicit Writer(std::vector<std::byte>& bytes) : bytes_(bytes) {}
    void byte(std::uint64_t value) { bytes_.push_back(static_cast<std::byte>(value & 0xff)); }
    template <typename Enum>
        requires std::is_enum_v<Enum>
    void byte(Enum value) {
        byte(static_cast<std::uint64_t>(value));
    }
    void fixed(std::uint64_t value, int count) {
        for (int i = 0; i < count; ++i) byte(value >> (8 * i));
    }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) byte(value | 0x80);
        byte(value);
    }
    void text(std::string_view text) {
        number(text.size());
        for (const char c : text) byte(static_cast<std::uint8_t>(c));
    }

  private:
    std::vector<std::byte>& bytes_;
};

/// Past the end, or after a number that is too long, everything reads as 0 and good() is false.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
    [[nodiscard]] std::size_t at() const { return at_; }

    std::uint8_t byte() {
        if (at_ >= bytes_.size()) good_ = false;
        return good_ ? static_cast<std::uint8_t>(bytes_[at_++]) : std::uint8_t{0};
    }
    std::uint64_t fixed(int count) {
        std::uint64_t value = 0;
        for (int i = 0; i < count; ++i) value |= std::uint64_t{byte()} << (8 * i);
        return value;
    }
    std::uint64_t number(std::uint64_t most) {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::uint8_t next = byte();
            value |= std::uint64_t{next & 0x7fU} << shift;
            if (next < 0x80) {
                good_ = good_ && value <= most;
                return good_ ? value : 0;
            }
        }
        good_ = false;
        return 0;
    }
    std::string_view text() {
        const std::uint64_t size = number(bytes_.size());
        if (!good_ || size > bytes_.size() - at_) {
            good_ = false;
            return {};
        }
        const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
        at_ += size;
        return text;
    }

  private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace muster::sim
