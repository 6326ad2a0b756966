#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "events.hpp"
#include "muster/client/words.hpp"
#include "muster/replication/mirror.hpp"

namespace muster::protocol {
struct Message;
struct Snapshot;
struct Welcome;
}  // namespace muster::protocol

namespace muster::sdk {

/// From a world's verified messages to what a program in C reads. One thread.
class Translator {
  public:
    /// `why`: MUSTER_CLIENT_JOINED, ... What was known of the server before is void.
    std::unique_ptr<Stored> welcome(const protocol::Welcome& welcome, std::uint32_t why,
                                    const std::string& server);
    /// After the mirror has taken it. Null before the Welcome, which has the scale.
    std::unique_ptr<Stored> snapshot(const protocol::Snapshot& snapshot,
                                     const replication::Mirror& mirror, std::uint32_t sent);
    /// One that came after a newer one: its shots and effects are told with the next.
    void late(const protocol::Snapshot& snapshot);
    /// All other messages. Null: it is nothing to a program.
    static std::unique_ptr<Stored> words(const protocol::Message& message);

  private:
    void take_moments(const protocol::Snapshot& snapshot);
    [[nodiscard]] float x_of(std::uint16_t steps) const;
    [[nodiscard]] float y_of(std::uint16_t steps) const;

    float left_ = 0, top_ = 0, step_ = 0;
    std::vector<muster_client_shot> shots_;
    std::vector<muster_client_effect> effects_;
    // The last shots, each of which comes twice: a ring by the id's low bits.
    struct Fired {
        std::uint16_t id = 0;
        std::uint32_t tick = 0;
    };
    std::array<Fired, 256> fired_{};
};

std::unique_ptr<Stored> tell_worlds(const std::vector<client::World>& worlds);
std::unique_ptr<Stored> tell_servers(const std::vector<client::Server>& servers,
                                     const std::vector<std::int32_t>& pings);
std::unique_ptr<Stored> tell_failed(std::uint32_t kind, std::uint32_t request, std::int32_t code,
                                    const std::string& message);
std::unique_ptr<Stored> tell_moved();
std::unique_ptr<Stored> tell_disconnected(std::int32_t code, const std::string& message,
                                          const client::Refusal& refusal);

}  // namespace muster::sdk
