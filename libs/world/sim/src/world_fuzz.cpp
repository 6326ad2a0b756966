#include <cstdint>
#include <cstdlib>
#include <span>

#include "invariants.hpp"
#include "muster/sim/world.hpp"

namespace {

using namespace muster::sim;

/// Bytes as numbers; past the end all are 0.
class Bytes {
  public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }
    std::uint8_t byte() { return at_end() ? std::uint8_t{0} : bytes_[at_++]; }
    std::uint32_t number() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) value = value << 8 | byte();
        return value;
    }

  private:
    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

/// Little sequences are likelier than great ones, so that inputs get through.
Input any_input(Bytes& bytes, std::uint32_t& sequence) {
    const std::uint8_t kind = bytes.byte();
    sequence = kind < 250 ? sequence + kind % 3 : bytes.number();
    return {.sequence = sequence,
            .seen = kind % 2 == 0 ? bytes.byte() : bytes.number(),
            .aim = static_cast<Angle>(bytes.byte() << 8 | kind),
            .buttons = bytes.byte(),
            .slot = static_cast<std::uint8_t>(kind % 7)};
}

}  // namespace

/// Joins, leaves and any inputs, valid or not, in any order: what must hold holds after each step.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Map map = classic_arena(1);
    Bytes bytes({data, size});
    const Rules rules{.mode = static_cast<Mode>(bytes.byte() % 3),
                      .players_max = 12,
                      .match_length = 200,
                      .break_length = 5,
                      .respawn = bytes.byte(),
                      .spawn_protection = 5,
                      .flag_return = 20,
                      .kills_to_win = 3,
                      .friendly_fire = bytes.byte() % 2 == 0};
    World world(map, rules, bytes.byte());
    std::uint32_t sequences[16] = {};
    for (int steps = 0; !bytes.at_end() && steps < 2000;) {
        const std::uint8_t action = bytes.byte();
        const auto id = static_cast<PlayerId>(action % 14);
        if (action < 150) {
            world.submit(id, any_input(bytes, sequences[id]));
        } else if (action < 170) {
            const auto joined = world.join({.name = std::string(1, static_cast<char>(action)),
                                            .team = static_cast<Team>(action % 3),
                                            .bot = action % 2 == 0});
            if (joined) sequences[*joined] = 0;
        } else if (action < 175) {
            world.leave(id);
        } else {
            for (int i = 0; i < 1 + action % 8; ++i, ++steps) world.step();
            check_invariants(world);
        }
    }
    return 0;
}
