#include "world_ping.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "muster/base/encoding.hpp"

namespace muster::cli {
namespace {

using namespace std::chrono_literals;

// As docs/formats/beacon.md shows them.
TEST(WorldPing, AsksAndReadsAsTheFormatShows) {
    const BeaconNonce nonce{0, 1, 2, 3, 4, 5, 6, 7};
    EXPECT_EQ(to_hex(as_bytes(write_beacon_question(nonce))),
              "0b6d757374657201"
              "0001020304050607"
              "00000000000000000000000000000000");
    const auto answer = from_hex(
        "0b6d7573746572020001020304050607"
        "0000000c00000100");
    const auto heard = read_beacon_answer(answer.value());
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->nonce, nonce);
    EXPECT_EQ(heard->players, 12U);
    EXPECT_EQ(heard->capacity, 256U);
    for (std::size_t size = 0; size < answer->size(); ++size) {
        EXPECT_FALSE(read_beacon_answer(answer->substr(0, size)));
    }
    EXPECT_FALSE(read_beacon_answer(write_beacon_question(nonce)));
}

TEST(WorldPing, TellsTheMiddleOne) {
    PingResult result;
    EXPECT_FALSE(result.median());
    result.times = {9ms, 1ms, 200ms, 2ms, 3ms};
    EXPECT_EQ(result.median(), 3ms);
}

/// A socket that answers beacons in a thread of its own, every second one wrongly first.
class Answering {
  public:
    Answering() : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
        socklen_t size = sizeof at;
        EXPECT_EQ(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&at), &size), 0);
        port = ntohs(at.sin_port);
        thread_ = std::thread([this] { answer(); });
    }
    ~Answering() {
        stopping_ = true;
        thread_.join();
        ::close(descriptor_);
    }
    std::uint16_t port = 0;
    std::atomic<int> asked{0};

  private:
    void answer() {
        while (!stopping_) {
            pollfd waiting{descriptor_, POLLIN, 0};
            if (::poll(&waiting, 1, 20) <= 0) continue;
            std::array<char, 256> bytes{};
            sockaddr_in from{};
            socklen_t size = sizeof from;
            auto* const to = reinterpret_cast<sockaddr*>(&from);
            const auto got = ::recvfrom(descriptor_, bytes.data(), bytes.size(), 0, to, &size);
            if (got != 32) continue;
            ++asked;
            bytes[7] = 2;
            bytes[19] = 5;
            bytes[23] = 9;
            auto forged = bytes;
            forged[8] ^= 1;
            ::sendto(descriptor_, forged.data(), 24, 0, to, size);
            ::sendto(descriptor_, bytes.data(), 24, 0, to, size);
        }
    }
    int descriptor_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

TEST(WorldPing, MeasuresWhoAnswersAndGivesUpOnWhoDoesNot) {
    Answering server;
    // A socket that is bound and never read, and an address that is none.
    const int silent = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    socklen_t size = sizeof at;
    ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&at), &size), 0);
    const auto results = ping_all(
        {{"127.0.0.1", ntohs(at.sin_port)}, {"127.0.0.1", server.port}, {"somewhere", 7777}},
        200ms);
    ::close(silent);
    ASSERT_TRUE(results) << results.error().message;
    ASSERT_EQ(results->size(), 3U);
    EXPECT_EQ((*results)[0].times.size(), 0U);
    EXPECT_EQ((*results)[1].times.size(), 5U);
    EXPECT_EQ(server.asked, 5);
    EXPECT_EQ((*results)[1].players, 5U);
    EXPECT_EQ((*results)[1].capacity, 9U);
    ASSERT_TRUE((*results)[1].median());
    EXPECT_FALSE((*results)[2].median());
}

}  // namespace
}  // namespace muster::cli
