#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "muster/rtc/caller.hpp"
#include "muster/rtc/endpoint.hpp"

/// A network in memory for the room's tests: seeded loss, duplication and reordering, a clock of
/// its own, an endpoint that says back what it hears, and callers.
namespace muster::rtc {

using Bytes = std::vector<std::byte>;
constexpr sctp::Reliability reliable{};
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};
constexpr std::uint16_t reliable_stream = 0;
constexpr std::uint16_t unreliable_stream = 2;

[[nodiscard]] std::span<const std::byte> bytes_of(std::string_view text);
[[nodiscard]] std::string text_of(std::span<const std::byte> bytes);

class Network;

struct EchoServer final : Listener {
    EchoServer(Network& own_network, const Options& options, Address own_address);
    void on_datagram(const Address& to, std::span<const std::byte> datagram) override;
    void on_open(PeerId peer) override { opened.push_back(peer); }
    void on_message(PeerId peer, std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_channel(PeerId, std::uint16_t, std::string_view label,
                    const sctp::Reliability&) override {
        channels.emplace_back(label);
    }
    void on_channel_closed(PeerId, std::uint16_t stream) override {
        closed_channels.push_back(stream);
    }
    void on_gone(PeerId peer, Gone why) override { gone[peer] = why; }

    Network& network;
    Address address;
    std::vector<PeerId> opened;
    std::vector<std::string> channels;
    std::vector<std::uint16_t> closed_channels;
    std::map<PeerId, Gone> gone;
    std::size_t heard = 0;
    Endpoint endpoint;
};

struct TestCaller final : CallerListener {
    TestCaller(Network& own_network, const Options& options, Address own_address);
    /// Offers to the server, takes its answer, and begins.
    Result<PeerId> call(EchoServer& server);
    void say(std::uint16_t stream, std::string_view text);
    void on_datagram(const Address& to, std::span<const std::byte> datagram) override;
    void on_open() override { ++opened; }
    void on_message(std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_closed(std::string_view why) override { closed = why; }

    Network& network;
    Address address;  ///< as the server sees it; may be changed at any time: a NAT that rebinds
    bool is_connected = true;  ///< to the network
    int opened = 0;
    std::map<std::uint16_t, std::vector<std::string>> read;
    std::vector<bool> read_text;
    std::optional<std::string> closed;
    Caller caller;
};

class Network {
  public:
    explicit Network(std::uint32_t seed) : random_(seed) {}

    EchoServer& add_server(const Options& options = {}, std::string_view address = "192.0.2.1:7");
    TestCaller& add_caller(const Options& options = {}, std::string_view address = "");
    void send(const Address& from, const Address& to, std::span<const std::byte> datagram);
    void run(std::chrono::milliseconds time);
    /// Runs until it is so; false when it is not after `limit`.
    bool run_until(const std::function<bool()>& is_so, std::chrono::milliseconds limit);
    [[nodiscard]] sctp::Instant now() const { return now_; }

    double loss = 0, duplication = 0;
    std::chrono::microseconds delay_min{1'000}, delay_max{1'000};
    /// Sees each datagram before it is lost or sent.
    std::function<void(const Address& from, const Address& to, std::span<const std::byte>)> tap;
    std::mt19937& random() { return random_; }
    std::vector<std::unique_ptr<EchoServer>> servers;
    std::vector<std::unique_ptr<TestCaller>> callers;

  private:
    struct Flying {
        sctp::Instant arrives;
        std::uint64_t number;
        Address from, to;
        Bytes datagram;
        bool operator>(const Flying& other) const {
            return std::pair(arrives, number) > std::pair(other.arrives, other.number);
        }
    };
    void step(sctp::Instant end);
    void arrive(Flying& flying);
    void handle_timeouts();

    std::mt19937 random_;
    sctp::Instant now_{1'000'000};
    std::uint64_t sent_ = 0;
    std::priority_queue<Flying, std::vector<Flying>, std::greater<>> flying_;
};

}  // namespace muster::rtc
