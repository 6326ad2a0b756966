#pragma once

#include <cstdint>
#include <string>

#include "muster/client.h"
#include "muster/client/words.hpp"

namespace muster::sdk {

[[nodiscard]] inline std::int32_t code_of(const client::Refusal& why) {
    switch (why.status) {
        case 0:
        case 502:
        case 504:
            return MUSTER_CLIENT_UNREACHABLE;
        case 404:
            return MUSTER_CLIENT_NOT_FOUND;
        case 409:
            return MUSTER_CLIENT_FULL;
        case 429:
            return MUSTER_CLIENT_LIMITED;
        default:
            return MUSTER_CLIENT_REFUSED;
    }
}

[[nodiscard]] inline std::string words_of(const client::Refusal& why) {
    return why.status == 0 ? why.detail : why.text();
}

}  // namespace muster::sdk
