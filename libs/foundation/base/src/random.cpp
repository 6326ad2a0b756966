#include "muster/base/random.hpp"

#include <sodium.h>

#include "muster/base/assert.hpp"

namespace muster {
namespace {

void ready() {
    static const bool is_ready = sodium_init() >= 0;
    MUSTER_ASSERT(is_ready);
}

}  // namespace

std::string random_bytes(std::size_t count) {
    ready();
    std::string out(count, '\0');
    randombytes_buf(out.data(), out.size());
    return out;
}

std::string random_text(std::size_t length) {
    static constexpr std::string_view alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
    std::string out(length, '\0');
    for (char& c : out) c = alphabet[random_below(static_cast<std::uint32_t>(alphabet.size()))];
    return out;
}

std::string new_id(std::string_view prefix) {
    return std::string(prefix) + "-" + random_text(12);
}

std::uint32_t random_below(std::uint32_t below) {
    MUSTER_ASSERT(below > 0);
    ready();
    return randombytes_uniform(below);
}

}  // namespace muster
