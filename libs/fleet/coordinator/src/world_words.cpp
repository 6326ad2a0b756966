#include "world_words.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "muster/base/encoding.hpp"
#include "muster/link/world_link.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t word_bytes_max = 64;
constexpr std::size_t world_name_max = 40;
constexpr std::size_t location_max = 32;
constexpr std::uint32_t players_max_max = 65'534;
constexpr std::uint32_t sessions_max_max = 1'000'000;
constexpr std::uint64_t uptime_s_max = 100ULL * 366 * 86'400;

std::unexpected<Error> wrong(std::string field, std::string why) {
    return fail(Errc::invalid_argument, field + ": " + std::move(why), field);
}

bool is_line(std::string_view text, std::size_t bytes_max) {
    return text.size() <= bytes_max && is_utf8(text) && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
}

bool is_world_name(std::string_view name) {
    return !name.empty() && name.size() <= world_name_max && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Result<void> read_addresses(const world_wire::Hello& hello, const std::string& dialled_from,
                            WorldListing& out) {
    if (hello.addresses_size() > WorldListing::addresses_max) {
        return wrong("addresses",
                     "at most " + std::to_string(WorldListing::addresses_max) + " of them");
    }
    for (const std::string& address : hello.addresses()) {
        boost::system::error_code error;
        const auto read = boost::asio::ip::make_address(address, error);
        if (error) return wrong("addresses", "each is a numeric address");
        out.addresses.push_back(read.to_string());
    }
    if (out.addresses.empty()) out.addresses.push_back(dialled_from);
    if (hello.udp_port() == 0 || hello.udp_port() > 65'535) {
        return wrong("udp_port", "it is 1 to 65535");
    }
    out.udp_port = static_cast<std::uint16_t>(hello.udp_port());
    if (hello.http_port() > 65'535) return wrong("http_port", "it is 0 to 65535");
    if (hello.http_port() != 0) {
        const std::string& host = out.addresses.front();
        const bool is_v6 = host.find(':') != std::string::npos;
        out.http = (hello.http_secure() ? "https://" : "http://") +
                   (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(hello.http_port());
    }
    return {};
}

Result<void> read_worlds(const world_wire::Hello& hello, WorldListing& out) {
    if (hello.worlds_size() < 1 || hello.worlds_size() > WorldListing::worlds_max) {
        return wrong("worlds", "1 to " + std::to_string(WorldListing::worlds_max) + " of them");
    }
    std::set<std::string_view> names;
    for (const world_wire::World& world : hello.worlds()) {
        if (!is_world_name(world.name())) {
            return wrong("worlds.name", "1 to 40 of a-z, 0-9 and -");
        }
        if (!names.insert(world.name()).second) {
            return wrong("worlds.name", "two worlds of the name " + world.name());
        }
        if (!is_line(world.mode(), word_bytes_max)) return wrong("worlds.mode", "at most 64 bytes");
        if (!is_line(world.map(), word_bytes_max)) return wrong("worlds.map", "at most 64 bytes");
        if (world.players_max() == 0 || world.players_max() > players_max_max) {
            return wrong("worlds.players_max", "it is 1 to " + std::to_string(players_max_max));
        }
        ListedWorld listed;
        listed.facts.name = world.name();
        listed.facts.mode = world.mode();
        listed.facts.map = world.map();
        listed.facts.players_max = world.players_max();
        out.worlds.push_back(std::move(listed));
        if (!world.has_spread()) continue;
        if (hello.worlds_size() > 1) {
            return wrong("worlds.spread", "a server of a spread world has that world alone, not " +
                                              std::to_string(hello.worlds_size()));
        }
        if (hello.life() == 0) return wrong("life", "with a spread world it is not 0");
        auto spread = read_spread(world);
        if (!spread) return std::unexpected(spread.error());
        out.spread = *std::move(spread);
        out.life = hello.life();
    }
    return {};
}

// After the worlds: wishes are of the spread one's map.
Result<void> read_place(const world_wire::Hello& hello, WorldListing& out) {
    const bool is_label = hello.location().size() <= location_max &&
                          std::ranges::all_of(hello.location(), [](char c) {
                              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                     (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
                          });
    if (!is_label) {
        return wrong("location", "at most 32 letters, digits, '.', '-' and '_'");
    }
    out.location = hello.location();
    if (hello.wishes_size() == 0) return {};
    if (hello.wishes_size() > WorldListing::wishes_max) {
        return wrong("wishes", "at most " + std::to_string(WorldListing::wishes_max) + " of them");
    }
    if (!out.spread) return wrong("wishes", "they need a spread world");
    for (const world_wire::Area& area : hello.wishes()) {
        const territory::Rectangle wish{area.left(), area.top(), area.right(), area.bottom()};
        if (wish.empty()) return wrong("wishes", "left is less than right, and top than bottom");
        const territory::Rectangle& map = out.spread->spec.bounds;
        if (!territory::overlap(wish, map)) return wrong("wishes", "each is on the world's map");
        out.wishes.push_back({std::max(wish.left, map.left), std::max(wish.top, map.top),
                              std::min(wish.right, map.right), std::min(wish.bottom, map.bottom)});
    }
    return {};
}

double rounded(double value, double step) {
    return std::round(value / step) * step;
}

}  // namespace

double WorldListing::load() const {
    const double places =
        sessions_max == 0 ? 1.0 : static_cast<double>(sessions) / static_cast<double>(sessions_max);
    return std::max(places, cpu);
}

std::uint32_t WorldListing::tick_p99_us() const {
    std::uint32_t out = 0;
    for (const ListedWorld& one : worlds) out = std::max(out, one.tick_p99_us);
    return out;
}

const ListedWorld* WorldListing::world(std::string_view wanted) const {
    for (const ListedWorld& one : worlds) {
        if (one.facts.name == wanted) return &one;
    }
    return nullptr;
}

Result<WorldListing> read_hello(const world_wire::Hello& hello, std::string id,
                                const std::string& dialled_from) {
    if (hello.protocol() != link::world_protocol) {
        return fail(Errc::conflict,
                    "this coordinator speaks protocol " + std::to_string(link::world_protocol) +
                        " with world servers, this one speaks " + std::to_string(hello.protocol()) +
                        "; run the same version on both",
                    "protocol");
    }
    WorldListing out;
    out.id = std::move(id);
    if (!is_line(hello.name(), name_bytes_max))
        return wrong("name", "one line of at most 128 bytes");
    if (!is_line(hello.version(), word_bytes_max)) return wrong("version", "at most 64 bytes");
    out.name = hello.name();
    out.version = hello.version();
    if (auto read = read_addresses(hello, dialled_from, out); !read) {
        return std::unexpected(read.error());
    }
    if (hello.sessions_max() == 0 || hello.sessions_max() > sessions_max_max) {
        return wrong("sessions_max", "it is 1 to " + std::to_string(sessions_max_max));
    }
    out.sessions_max = hello.sessions_max();
    if (auto read = read_worlds(hello, out); !read) return std::unexpected(read.error());
    if (auto read = read_place(hello, out); !read) return std::unexpected(read.error());
    out.draining = hello.draining();
    if (hello.uptime_s() > uptime_s_max) return wrong("uptime_s", "it is less than a century");
    out.uptime_s = hello.uptime_s();
    return out;
}

Result<void> take_load(WorldListing& listing, const world_wire::Load& load) {
    if (static_cast<std::size_t>(load.worlds_size()) != listing.worlds.size()) {
        return wrong("load.worlds", "as many as the hello had");
    }
    if (!std::isfinite(load.cpu()) || load.cpu() < 0) return wrong("load.cpu", "it is 0 to 1");
    for (int i = 0; i < load.worlds_size(); ++i) {
        const world_wire::WorldLoad& one = load.worlds(i);
        ListedWorld& world = listing.worlds[static_cast<std::size_t>(i)];
        world.facts.people = std::min(one.people(), players_max_max);
        world.facts.bots = std::min(one.bots(), players_max_max);
        world.facts.asleep = one.asleep();
        world.tick_p99_us = one.tick_p99_us();
    }
    listing.sessions = std::min(load.sessions(), sessions_max_max);
    listing.cpu = std::min(load.cpu(), 1.0);
    listing.draining = load.draining();
    return {};
}

std::optional<Strategy> strategy_from_name(std::string_view name) {
    if (name == "least_load") return Strategy::least_load;
    if (name == "packed") return Strategy::packed;
    if (name == "lowest_ping") return Strategy::lowest_ping;
    return std::nullopt;
}

std::vector<Candidate> ranked(std::vector<Candidate> candidates, Strategy strategy) {
    std::erase_if(candidates, [](const Candidate& one) { return one.is_full(); });
    const auto fullness = [](const Candidate& one) {
        return std::max(one.load, static_cast<double>(one.people) / one.players_max);
    };
    const auto distance = [](const Candidate& one) {
        return one.ping_ms ? std::floor(*one.ping_ms / ping_step_ms)
                           : std::numeric_limits<double>::infinity();
    };
    std::ranges::sort(candidates, [&](const Candidate& a, const Candidate& b) {
        if (strategy == Strategy::packed && a.people != b.people) return a.people > b.people;
        if (strategy == Strategy::lowest_ping && distance(a) != distance(b)) {
            return distance(a) < distance(b);
        }
        if (strategy != Strategy::packed && fullness(a) != fullness(b)) {
            return fullness(a) < fullness(b);
        }
        return a.server_id < b.server_id;
    });
    return candidates;
}

Json to_json(const WorldFacts& world) {
    return {{"name", world.name},     {"mode", world.mode}, {"map", world.map},
            {"people", world.people}, {"bots", world.bots}, {"players_max", world.players_max},
            {"asleep", world.asleep}};
}

// Measures are shown coarsely: the list is another one only when something has really changed.
Json to_json(const WorldListing& listing) {
    Json worlds = Json::array();
    for (const ListedWorld& one : listing.worlds) {
        Json world = to_json(one.facts);
        world["tick_p99_ms"] = (one.tick_p99_us + 500) / 1000;
        worlds.push_back(std::move(world));
    }
    return {{"id", listing.id},
            {"name", listing.name},
            {"version", listing.version},
            {"location", listing.location.empty() ? Json(nullptr) : Json(listing.location)},
            {"addresses", listing.addresses},
            {"udp_port", listing.udp_port},
            {"http", listing.http.empty() ? Json(nullptr) : Json(listing.http)},
            {"worlds", std::move(worlds)},
            {"players", listing.sessions},
            {"capacity", listing.sessions_max},
            {"load", rounded(listing.load(), 0.05)},
            {"cpu", rounded(listing.cpu, 0.05)},
            {"tick_p99_ms", (listing.tick_p99_us() + 500) / 1000},
            {"draining", listing.draining}};
}

}  // namespace muster::coordinator
