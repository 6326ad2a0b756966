#pragma once

#include <string_view>

namespace muster::coordinator {

/// openapi.json of this room, as it was at build time.
extern const std::string_view openapi_json;

}  // namespace muster::coordinator
