#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/settings/settings.hpp"

/// The first line is a value for the environment, the rest a file: both are refused with a source
/// and a reason, or every getter works.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::settings;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const auto end = all.find('\n');
    const std::string first(all.substr(0, end));
    Input input;
    input.role = Role::node;
    input.file = end == std::string_view::npos ? "" : std::string(all.substr(end + 1));
    input.environment = {{"MUSTER_HTTP", first},
                         {"MUSTER_PORTS", first},
                         {"GRPC_PORT", first},
                         {"MUSTER_WORLD_WISHES", first}};
    const auto settings = load(input);
    if (!settings) {
        MUSTER_ASSERT(!settings.error().message.empty());
        return 0;
    }
    for (const auto& entry : table()) {
        switch (entry.type) {
            case Type::text:
            case Type::secret:
                static_cast<void>(settings->text(entry.name));
                break;
            case Type::number:
            case Type::bytes:
                MUSTER_ASSERT(settings->number(entry.name) >= entry.min);
                break;
            case Type::duration:
                MUSTER_ASSERT(settings->duration(entry.name).count() >= entry.min);
                break;
            case Type::address:
                MUSTER_ASSERT(!settings->address(entry.name).host.empty());
                break;
            case Type::addresses:
                MUSTER_ASSERT(!settings->addresses(entry.name).empty());
                break;
            case Type::boolean:
                static_cast<void>(settings->boolean(entry.name));
                break;
            case Type::list:
                static_cast<void>(settings->pairs(entry.name));
                break;
            case Type::areas:
                MUSTER_ASSERT(settings->areas(entry.name).size() <= areas_max);
                break;
            case Type::port_range:
                MUSTER_ASSERT(settings->port_range(entry.name).first > 0);
                break;
        }
    }
    return 0;
}
