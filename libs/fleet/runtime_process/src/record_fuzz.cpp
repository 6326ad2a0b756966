// Whatever stands in the files of the state folder or in an image's file, reading it ends with a
// value or an error.
#include <cstddef>
#include <cstdint>

#include "record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::runtime_process;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(decode_image(text));
    static_cast<void>(decode_record(text));
    static_cast<void>(decode_run(text));
    static_cast<void>(decode_event(text));
    static_cast<void>(decode_exec(text));
    static_cast<void>(decode_log_line(text));
    return 0;
}
