#include <cstddef>
#include <cstdint>

#include "muster/base/assert.hpp"
#include "store_format.hpp"

/// Whatever lies in a file is refused, or is entries within the limits that are written as they
/// were read. The bytes are tried as they are, and with the sum that they should have.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::plugins;
    const std::string given(reinterpret_cast<const char*>(data), size);
    std::string mended = given;
    if (size >= 16) {
        std::uint64_t sum = 0xcbf29ce484222325U;
        for (std::size_t i = 0; i + 8 < size; ++i) {
            sum = (sum ^ static_cast<std::uint8_t>(given[i])) * 0x100000001b3U;
        }
        for (std::size_t i = 0; i < 8; ++i) {
            mended[size - 8 + i] = static_cast<char>(sum >> (8 * i) & 0xff);
        }
    }
    for (const std::string& bytes : {given, mended}) {
        const auto entries = read_entries(bytes);
        if (!entries) continue;
        for (const auto& [key, value] : *entries) {
            MUSTER_ASSERT(!key.empty() && key.size() <= MUSTER_KEY_MAX);
            MUSTER_ASSERT(value.size() <= MUSTER_VALUE_MAX);
        }
        MUSTER_ASSERT(read_entries(write_entries(*entries)) == entries);
    }
    return 0;
}
