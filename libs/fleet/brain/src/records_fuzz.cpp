// Whatever the store holds, reading it gives a record or an error; a record that was read comes
// back as it was.
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/brain/records.hpp"

namespace {

template <typename Read>
void check(std::string_view text, Read read) {
    if (const auto record = read(text); record) {
        const auto again = read(muster::brain::to_json(*record));
        MUSTER_ASSERT(again && *again == *record);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(text, muster::brain::node_from_json);
    check(text, muster::brain::server_from_json);
    check(text, muster::brain::observed_from_json);
    check(text, muster::brain::operation_from_json);
    return 0;
}
