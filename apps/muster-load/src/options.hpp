#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "relay.hpp"
#include "script.hpp"

namespace muster::load {

struct Options {
    std::string url;
    std::string ca_file;  ///< PEM, for https; empty: the system's store
    std::string world;    ///< empty: the first that the server has
    std::uint32_t clients = 100;
    double seconds = 10;
    Pattern pattern = Pattern::uniform;
    Weather weather;
    std::uint32_t rate = 30;  ///< inputs a second: 60, 30, 20, 15, 10
    std::uint32_t threads = 1;
    std::uint32_t joins_at_once = 16;  ///< requests under way
    double join_patience = 30;         ///< seconds until the measuring begins without the rest
    double settle_seconds = 1;         ///< between the last join and the measuring
    std::uint64_t seed = 1;
    bool witness = true;
    bool json = false;
    bool quiet = false;

    /// Ticks of the player's own time in one message.
    [[nodiscard]] std::uint32_t steps_a_message() const { return sim::tick_rate / rate; }
};

inline constexpr std::uint32_t clients_max = 16'000;
inline constexpr std::uint32_t threads_max = 64;

/// What the command line says; or, when it was asked for help or for the version, what to print.
struct Told {
    Options options;
    std::optional<std::string> text;
};
[[nodiscard]] Result<Told> read_options(std::vector<std::string> words);
[[nodiscard]] const char* name_of(Pattern pattern);

}  // namespace muster::load
