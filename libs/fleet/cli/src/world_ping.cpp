#include "world_ping.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "muster/base/random.hpp"

namespace muster::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view question_begin{"\x0bmuster\x01", 8};
constexpr std::string_view answer_begin{"\x0bmuster\x02", 8};
constexpr std::size_t question_bytes = 32;
constexpr std::size_t answer_bytes = 24;

std::uint32_t load(std::string_view bytes) {
    std::uint32_t out = 0;
    for (const char c : bytes.substr(0, 4)) out = out << 8U | static_cast<unsigned char>(c);
    return out;
}

/// A non-blocking UDP socket of one family; none when the system has no such family.
class Socket {
  public:
    explicit Socket(int family)
        : descriptor_(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
    ~Socket() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

struct Place {
    sockaddr_storage at{};
    socklen_t size = 0;
};

std::optional<Place> place_of(const PingTarget& target) {
    Place out;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.at);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.at);
    if (inet_pton(AF_INET, target.address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(target.port);
        out.size = sizeof *v4;
    } else if (inet_pton(AF_INET6, target.address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(target.port);
        out.size = sizeof *v6;
    } else {
        return std::nullopt;
    }
    return out;
}

struct Asked {
    std::size_t index;
    Clock::time_point at;
};
/// By what only whoever was asked can know, so that nobody else answers in its place.
using Open = std::map<BeaconNonce, Asked>;

void take_answers(int descriptor, Open& open, std::vector<PingResult>& results) {
    std::array<char, 2'048> bytes{};
    for (;;) {
        const auto size = ::recv(descriptor, bytes.data(), bytes.size(), 0);
        if (size < 0) return;
        const auto now = Clock::now();
        const auto heard =
            read_beacon_answer(std::string_view(bytes.data(), static_cast<std::size_t>(size)));
        const auto asked = heard ? open.find(heard->nonce) : open.end();
        if (asked == open.end()) continue;
        PingResult& result = results[asked->second.index];
        result.times.push_back(
            std::chrono::duration_cast<std::chrono::microseconds>(now - asked->second.at));
        result.players = heard->players;
        result.capacity = heard->capacity;
        open.erase(asked);
    }
}

}  // namespace

std::string write_beacon_question(const BeaconNonce& nonce) {
    std::string out(question_begin);
    out.append(nonce.data(), nonce.size());
    out.resize(question_bytes, '\0');
    return out;
}

std::optional<BeaconHeard> read_beacon_answer(std::string_view datagram) {
    if (datagram.size() < answer_bytes || !datagram.starts_with(answer_begin)) return std::nullopt;
    BeaconHeard out;
    std::memcpy(out.nonce.data(), datagram.data() + answer_begin.size(), out.nonce.size());
    out.players = load(datagram.substr(16));
    out.capacity = load(datagram.substr(20));
    return out;
}

std::optional<std::chrono::microseconds> PingResult::median() const {
    if (times.empty()) return std::nullopt;
    auto sorted = times;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
}

Result<std::vector<PingResult>> ping_all(const std::vector<PingTarget>& targets,
                                         std::chrono::milliseconds patience) {
    const Socket v4(AF_INET);
    const Socket v6(AF_INET6);
    if (v4.descriptor() < 0 && v6.descriptor() < 0) {
        return fail(Errc::unavailable, "no UDP socket can be opened here");
    }
    std::vector<PingResult> out(targets.size());
    for (int round = 0; round < ping_rounds; ++round) {
        Open open;
        const auto end = Clock::now() + patience;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            const auto place = place_of(targets[i]);
            if (!place) continue;
            const int by = place->at.ss_family == AF_INET ? v4.descriptor() : v6.descriptor();
            BeaconNonce nonce{};
            std::ranges::copy(random_bytes(nonce.size()), nonce.begin());
            const auto question = write_beacon_question(nonce);
            const auto at = Clock::now();
            const auto sent = ::sendto(by, question.data(), question.size(), 0,
                                       reinterpret_cast<const sockaddr*>(&place->at), place->size);
            if (sent > 0) open.emplace(nonce, Asked{i, at});
            // Those that have answered meanwhile are not to be measured as later than they were.
            for (const Socket* one : {&v4, &v6}) take_answers(one->descriptor(), open, out);
        }
        while (!open.empty() && Clock::now() < end) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
            std::array<pollfd, 2> waiting{
                {{v4.descriptor(), POLLIN, 0}, {v6.descriptor(), POLLIN, 0}}};
            if (::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<long>(left, 0))) <
                0) {
                break;
            }
            for (const Socket* one : {&v4, &v6}) take_answers(one->descriptor(), open, out);
        }
    }
    return out;
}

}  // namespace muster::cli
