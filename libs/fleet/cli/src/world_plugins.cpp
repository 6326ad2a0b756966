#include "world_plugins.hpp"

#include <fmt/format.h>

#include "words.hpp"

namespace muster::cli {

using nlohmann::json;

json plugins_of(const json& statistics) {
    json out = json::array();
    for (const json& world : statistics.value("worlds", json::array())) {
        for (json plugin : world.value("plugins", json::array())) {
            plugin["world"] = world.value("name", "");
            out.push_back(std::move(plugin));
        }
    }
    return out;
}

std::string plugins_text(const json& plugins) {
    if (plugins.empty()) return "There are no plugins. Load some: muster world --plugins FOLDER\n";
    Table table({"WORLD", "PLUGIN", "VERSION", "STATE", "CALLS", "ERRORS", "SLOW TICKS", "REFUSED",
                 "A CALL"});
    for (const json& plugin : plugins) {
        const auto calls = plugin.value("calls", 0.0);
        const auto each = calls > 0 ? plugin.value("busy_us", 0.0) / calls : 0.0;
        table.add({cell(plugin, "world"), cell(plugin, "name"), cell(plugin, "version"),
                   plugin.value("off", false) ? "OFF" : "on", cell(plugin, "calls"),
                   cell(plugin, "errors"), cell(plugin, "slow"), cell(plugin, "refused"),
                   fmt::format("{:.1f} us", each)});
    }
    return table.text();
}

}  // namespace muster::cli
