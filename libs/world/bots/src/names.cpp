#include "names.hpp"

#include <array>
#include <string_view>

namespace muster::bots {
namespace {

constexpr std::array<std::string_view, 72> names{
    "Acorn",   "Alder",  "Amber",   "Aspen",  "Badger",  "Basil",  "Beacon", "Birch",  "Biscuit",
    "Bramble", "Brook",  "Button",  "Cedar",  "Cinder",  "Clover", "Cobalt", "Comet",  "Copper",
    "Cricket", "Dapple", "Echo",    "Ember",  "Fennel",  "Fern",   "Finch",  "Flint",  "Galena",
    "Ginger",  "Gizmo",  "Hazel",   "Heron",  "Indigo",  "Iris",   "Ivy",    "Jasper", "Juniper",
    "Kestrel", "Kettle", "Lark",    "Linden", "Lotus",   "Maple",  "Marlow", "Mica",   "Mint",
    "Moss",    "Nettle", "Nimbus",  "Nutmeg", "Olive",   "Onyx",   "Opal",   "Otter",  "Pebble",
    "Pepper",  "Pickle", "Plum",    "Poppy",  "Quill",   "Quince", "Robin",  "Rowan",  "Saffron",
    "Sage",    "Sorrel", "Sparrow", "Tansy",  "Thistle", "Tumble", "Umber",  "Willow", "Zephyr"};

}  // namespace

std::string bot_name(std::uint32_t number) {
    const auto count = static_cast<std::uint32_t>(names.size());
    std::string name("Bot ");
    name += names[number % count];
    name += ' ';
    name += std::to_string(number / count + 1);
    return name;
}

}  // namespace muster::bots
