#include "store_format.hpp"

#include <cstdint>

namespace muster::plugins {
namespace {

constexpr std::string_view mark = "MKV1";

void put(std::string& out, std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
    }
}

std::uint64_t number_in(std::string_view bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        out = out << 8U | static_cast<std::uint8_t>(bytes[i]);
    }
    return out;
}

std::uint64_t sum_of(std::string_view bytes) {
    std::uint64_t sum = 0xcbf29ce484222325U;
    for (const char one : bytes) {
        sum = (sum ^ static_cast<std::uint8_t>(one)) * 0x100000001b3U;
    }
    return sum;
}

std::unexpected<Error> damaged(const char* why) {
    return fail(Errc::invalid_argument, std::string("damaged: ") + why);
}

}  // namespace

std::string write_entries(const Entries& entries) {
    std::string out(mark);
    put(out, entries.size(), 4);
    for (const auto& [key, value] : entries) {
        put(out, key.size(), 4);
        put(out, value.size(), 4);
        out += key;
        out += value;
    }
    put(out, sum_of(out), 8);
    return out;
}

Result<Entries> read_entries(std::string_view bytes) {
    if (bytes.size() > store_file_bytes_max) return damaged("too long");
    if (bytes.size() < mark.size() + 12 || !bytes.starts_with(mark)) return damaged("no store");
    const std::string_view body = bytes.substr(0, bytes.size() - 8);
    if (sum_of(body) != number_in(bytes.substr(body.size()))) return damaged("it was changed");
    std::string_view rest = body.substr(mark.size());
    const auto take = [&rest](std::size_t size) {
        const auto taken = rest.substr(0, size);
        rest.remove_prefix(taken.size());
        return taken;
    };
    const std::uint64_t count = number_in(take(4));
    if (count > MUSTER_KEYS_MAX) return damaged("too many keys");
    Entries out;
    std::size_t all = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (rest.size() < 8) return damaged("cut off");
        const auto key_size = static_cast<std::size_t>(number_in(take(4)));
        const auto value_size = static_cast<std::size_t>(number_in(take(4)));
        if (key_size == 0 || key_size > MUSTER_KEY_MAX) return damaged("a key's length");
        if (value_size > MUSTER_VALUE_MAX) return damaged("a value's length");
        if (rest.size() < key_size + value_size) return damaged("cut off");
        all += key_size + value_size;
        const auto key = take(key_size);
        if (!out.emplace(key, take(value_size)).second) return damaged("a key twice");
    }
    if (all > MUSTER_STORE_MAX) return damaged("too much");
    if (!rest.empty()) return damaged("more than it says");
    return out;
}

}  // namespace muster::plugins
