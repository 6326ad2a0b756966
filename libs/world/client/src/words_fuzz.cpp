// What a coordinator answers is outside bytes to a game.
#include <cstdint>
#include <string_view>

#include "muster/client/words.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    (void)muster::client::read_joined(200, "1", body);
    (void)muster::client::read_refusal(503, body, body).text();
    (void)muster::client::read_worlds(body);
    (void)muster::client::read_servers(body);
    (void)muster::client::world_path(body, "join");
    return 0;
}
