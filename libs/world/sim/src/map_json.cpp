#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "map_parts.hpp"
#include "muster/base/text.hpp"
#include "muster/sim/map.hpp"
#include "wall_grid.hpp"

namespace muster::sim {
namespace {

using nlohmann::json;

constexpr std::size_t text_bytes_max = 16 << 20;
constexpr std::size_t walls_max = 65'535;
constexpr std::size_t spawns_max = 4'096;
constexpr std::size_t pickups_max = 4'096;
constexpr std::size_t name_bytes_max = 64;
constexpr Length side_min = 100 * unit;
/// Squares of 64 units that all walls together may touch: bounds the memory of the grid.
constexpr std::int64_t wall_squares_max = 4'000'000;

constexpr std::array<std::string_view, 3> team_names{"none", "red", "blue"};
constexpr std::array<std::string_view, 6> kind_names{"health",      "ammunition",   "weapon_crate",
                                                     "speed_boost", "damage_boost", "shield"};
constexpr std::array<std::string_view, 4> weapon_names{"pistol", "shotgun", "rifle", "sniper"};

/// Reads one value after another; the first fault stays, and all later reads give nothing.
class Reader {
  public:
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] Error take_error() { return std::move(*error_); }
    void refuse(std::string field, std::string message) {
        if (!error_) error_ = Error{Errc::invalid_argument, std::move(message), std::move(field)};
    }

    /// The member, or nullptr.
    const json* member(const json& object, const std::string& path, const char* key,
                       bool required = true) {
        if (failed()) return nullptr;
        const auto found = object.find(key);
        if (found != object.end()) return &*found;
        if (required) refuse(path.empty() ? key : path + "." + key, "is missing");
        return nullptr;
    }
    void only(const json& object, const std::string& path,
              std::initializer_list<std::string> known) {
        if (failed()) return;
        if (!object.is_object()) return refuse(path, "must be an object");
        for (const auto& [key, value] : object.items()) {
            if (std::ranges::find(known, key) != known.end()) continue;
            const std::vector<std::string> words(known);
            return refuse(path.empty() ? key : path + "." + key,
                          "is not known; " + suggestion(key, words));
        }
    }
    template <std::size_t count>
    std::array<Length, count> lengths(const json* value, const std::string& field) {
        std::array<Length, count> result{};
        if (failed() || value == nullptr) return result;
        if (!value->is_array() || value->size() != count) {
            refuse(field, "must be a list of " + std::to_string(count) + " numbers");
            return result;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const json& number = (*value)[i];
            const double units = number.is_number() ? number.get<double>() : NAN;
            if (!(std::abs(units) <= 65'536)) {
                refuse(field, "must be numbers between -65536 and 65536, in units");
                return result;
            }
            result[i] = static_cast<Length>(std::llround(units * unit));
        }
        return result;
    }
    Vec place(const json* value, const std::string& field) {
        const auto [x, y] = lengths<2>(value, field);
        return {x, y};
    }
    template <typename Enum, std::size_t count>
    Enum word(const json* value, const std::string& field,
              const std::array<std::string_view, count>& names, Enum usual) {
        if (failed() || value == nullptr) return usual;
        if (value->is_string()) {
            const auto found = std::ranges::find(names, value->get_ref<const std::string&>());
            if (found != names.end()) return static_cast<Enum>(found - names.begin());
        }
        std::string message = "must be one of";
        for (const std::string_view name : names) message += " " + std::string(name);
        refuse(field, std::move(message));
        return usual;
    }
    /// Calls `read(item, path)` for each item of the list.
    template <typename Read>
    void each(const json& root, const char* key, std::size_t least, std::size_t most, Read&& read) {
        const json* list = member(root, "", key, least > 0);
        if (list == nullptr) return;
        if (!list->is_array() || list->size() < least || list->size() > most) {
            return refuse(
                key, "must be a list of " + std::to_string(least) + " to " + std::to_string(most));
        }
        for (std::size_t i = 0; i < list->size() && !failed(); ++i) {
            read((*list)[i], std::string(key) + "[" + std::to_string(i) + "]");
        }
    }

  private:
    std::optional<Error> error_;
};

bool lies_within(const Box& inner, const Box& outer) {
    return inner.low.x >= outer.low.x && inner.low.y >= outer.low.y &&
           inner.high.x <= outer.high.x && inner.high.y <= outer.high.y;
}

void read_frame(Reader& reader, const json& root, Map& map) {
    if (const json* name = reader.member(root, "", "name")) {
        if (!name->is_string() || name->get_ref<const std::string&>().size() > name_bytes_max) {
            return reader.refuse("name", "must be a text of at most 64 bytes");
        }
        map.name = name->get<std::string>();
    }
    const auto [left, top, right, bottom] =
        reader.lengths<4>(reader.member(root, "", "bounds"), "bounds");
    map.bounds = {{left, top}, {right, bottom}};
    if (reader.failed()) return;
    for (const Length side : {right - left, bottom - top}) {
        if (side >= side_min && side <= map_side_max) continue;
        return reader.refuse("bounds",
                             "must be left, top, right, bottom, 100 to 32768 units apart");
    }
}

void read_wall(Reader& reader, const json& item, const std::string& path, Map& map,
               std::int64_t& squares) {
    reader.only(item, path, {"box", "health", "destructible"});
    const auto [left, top, width, height] =
        reader.lengths<4>(reader.member(item, path, "box"), path + ".box");
    WallSpec wall{.box = {{left, top}, {left + width, top + height}}};
    if (const json* value = reader.member(item, path, "destructible", false)) {
        if (!value->is_boolean()) return reader.refuse(path + ".destructible", "must be a boolean");
        wall.destructible = value->get<bool>();
    }
    if (const json* value = reader.member(item, path, "health", false)) {
        const bool whole = value->is_number_unsigned();
        const auto health = whole ? value->get<std::uint64_t>() : 0;
        if (health < 1 || health > 65'535) {
            return reader.refuse(path + ".health", "must be a whole number from 1 to 65535");
        }
        wall.health = static_cast<std::uint16_t>(health);
    }
    if (reader.failed()) return;
    if (width < box_side_min || height < box_side_min) {
        return reader.refuse(path + ".box",
                             "must be left, top, width, height, at least 4 units thick");
    }
    if (!lies_within(wall.box, map.bounds)) {
        return reader.refuse(path + ".box", "must lie within the bounds");
    }
    squares += std::int64_t{width / (64 * unit) + 3} * (height / (64 * unit) + 3);
    if (squares > wall_squares_max) return reader.refuse("walls", "cover too much together");
    map.walls.push_back(wall);
}

void read_spawn(Reader& reader, const json& item, const std::string& path, Map& map) {
    reader.only(item, path, {"at", "team"});
    SpawnSpec spawn;
    spawn.at = reader.place(reader.member(item, path, "at"), path + ".at");
    spawn.team = reader.word(reader.member(item, path, "team", false), path + ".team", team_names,
                             Team::none);
    map.spawns.push_back(spawn);
}

void read_pickup(Reader& reader, const json& item, const std::string& path, Map& map) {
    reader.only(item, path, {"at", "kind", "weapon"});
    PickupSpec pickup;
    pickup.at = reader.place(reader.member(item, path, "at"), path + ".at");
    pickup.kind = reader.word(reader.member(item, path, "kind"), path + ".kind", kind_names,
                              PickupKind::health);
    const bool crate = pickup.kind == PickupKind::weapon_crate;
    if (!crate && !reader.failed() && item.contains("weapon")) {
        return reader.refuse(path + ".weapon", "belongs to a weapon_crate");
    }
    pickup.weapon = reader.word(reader.member(item, path, "weapon", crate), path + ".weapon",
                                weapon_names, Weapon::pistol);
    map.pickups.push_back(pickup);
}

/// Whether it can be played: every place stands free and can be walked to.
void check_places(Reader& reader, const Map& map) {
    if (reader.failed()) return;
    const WallGrid walls(map);
    static_assert(place_clearance <= WallGrid::margin);
    const auto check = [&](Vec at, const std::string& field) {
        if (!walls.is_free(at, place_clearance)) {
            reader.refuse(field, "must lie 20 units or more from every wall and the bounds");
        }
    };
    for (std::size_t i = 0; i < map.spawns.size(); ++i) {
        check(map.spawns[i].at, "spawns[" + std::to_string(i) + "].at");
    }
    for (std::size_t i = 0; i < map.pickups.size(); ++i) {
        check(map.pickups[i].at, "pickups[" + std::to_string(i) + "].at");
    }
    check(map.flag_bases[0], "flag_bases.red");
    check(map.flag_bases[1], "flag_bases.blue");
    if (reader.failed()) return;
    if (auto field = first_unreachable(map)) {
        reader.refuse(std::move(*field), "cannot be walked to from the first spawn");
    }
}

json json_of(Vec at) {
    return json::array({static_cast<double>(at.x) / unit, static_cast<double>(at.y) / unit});
}

}  // namespace

Result<Map> parse_map(std::string_view text) {
    if (text.size() > text_bytes_max) return fail(Errc::too_large, "a map has at most 16 MiB");
    const json root = json::parse(text, nullptr, false);
    if (!root.is_object()) return fail(Errc::invalid_argument, "a map is a JSON object");
    Reader reader;
    Map map;
    reader.only(root, "", {"name", "bounds", "walls", "spawns", "pickups", "flag_bases"});
    read_frame(reader, root, map);
    std::int64_t squares = 0;
    reader.each(root, "walls", 0, walls_max, [&](const json& item, const std::string& path) {
        read_wall(reader, item, path, map, squares);
    });
    reader.each(root, "spawns", 1, spawns_max, [&](const json& item, const std::string& path) {
        read_spawn(reader, item, path, map);
    });
    reader.each(root, "pickups", 0, pickups_max, [&](const json& item, const std::string& path) {
        read_pickup(reader, item, path, map);
    });
    if (const json* bases = reader.member(root, "", "flag_bases")) {
        reader.only(*bases, "flag_bases", {"red", "blue"});
        if (!reader.failed()) {
            const json* red = reader.member(*bases, "flag_bases", "red");
            map.flag_bases[0] = reader.place(red, "flag_bases.red");
            const json* blue = reader.member(*bases, "flag_bases", "blue");
            map.flag_bases[1] = reader.place(blue, "flag_bases.blue");
        }
    }
    check_places(reader, map);
    if (reader.failed()) return std::unexpected(reader.take_error());
    return map;
}

std::string to_json(const Map& map) {
    const auto word = [](const auto& names, auto value) {
        return std::string(names[static_cast<std::size_t>(value)]);
    };
    json root{{"name", map.name},
              {"walls", json::array()},
              {"spawns", json::array()},
              {"pickups", json::array()}};
    root["bounds"] = json_of(map.bounds.low);
    for (const json& value : json_of(map.bounds.high)) root["bounds"].push_back(value);
    for (const WallSpec& wall : map.walls) {
        json box = json_of(wall.box.low);
        for (const json& value : json_of(wall.box.high - wall.box.low)) box.push_back(value);
        root["walls"].push_back({{"box", std::move(box)},
                                 {"health", wall.health},
                                 {"destructible", wall.destructible}});
    }
    for (const SpawnSpec& spawn : map.spawns) {
        root["spawns"].push_back(
            {{"at", json_of(spawn.at)}, {"team", word(team_names, spawn.team)}});
    }
    for (const PickupSpec& pickup : map.pickups) {
        json item{{"at", json_of(pickup.at)}, {"kind", word(kind_names, pickup.kind)}};
        if (pickup.kind == PickupKind::weapon_crate) {
            item["weapon"] = word(weapon_names, pickup.weapon);
        }
        root["pickups"].push_back(std::move(item));
    }
    root["flag_bases"] = {{"red", json_of(map.flag_bases[0])},
                          {"blue", json_of(map.flag_bases[1])}};
    return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace muster::sim
