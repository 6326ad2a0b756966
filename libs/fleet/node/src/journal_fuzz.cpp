// The journal is our own file, but a disk may give back anything: reading it never fails worse than
// by stopping at the first record that is not whole.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "journal.hpp"
#include "muster/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto records = muster::node::read_records(bytes);
    MUSTER_ASSERT(records.whole_bytes <= size);
    std::string again;
    for (const std::string_view payload : records.payloads) {
        again += muster::node::record_of(payload);
    }
    MUSTER_ASSERT(again == bytes.substr(0, records.whole_bytes));
    return 0;
}
