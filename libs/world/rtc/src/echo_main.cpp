// muster_rtc_echo: an endpoint on a UDP socket that says back what it hears, for browsers, other
// implementations and benchmarks to talk to. Offers come as lines of JSON on the standard input,
// {"id": 1, "sdp": "..."}, and answers go to the standard output; {"statistics": true} asks for
// figures; the end of the input ends it.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/rtc/endpoint.hpp"
#include "muster/udp/socket.hpp"

namespace {

using namespace muster;
using Json = nlohmann::json;

constexpr std::size_t datagrams_at_once = 64;

rtc::Instant now() {
    return std::chrono::duration_cast<rtc::Instant>(
        std::chrono::steady_clock::now().time_since_epoch());
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::size_t resident_bytes() {
    std::size_t whole = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> whole >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Arguments {
    std::string address = "127.0.0.1";  ///< in the answers' candidates
    udp::Options socket{.host = "0.0.0.0"};
    /// Instead of echoing: that many bytes to everybody, unreliably, so often a second.
    std::size_t push_bytes = 0;
    unsigned push_hz = 30;
    bool own_records = true;
};

class Echo final : public rtc::Listener {
  public:
    Echo(const Arguments& arguments, udp::Socket& socket,
         const std::shared_ptr<const rtc::Identity>& identity)
        : arguments_(arguments),
          socket_(socket),
          endpoint_(identity, options_of(arguments), *this),
          push_(arguments.push_bytes) {}

    void run() {
        rtc::Instant next_push = now();
        fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
        while (read_lines()) {
            const rtc::Instant deadline = endpoint_.deadline().value_or(now() + wait_max);
            rtc::Instant until = std::min<rtc::Instant>(deadline, now() + wait_max);
            if (!push_.empty()) until = std::min(until, next_push);
            const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
                std::max(until - now(), rtc::Instant{}));
            pollfd sources[] = {{socket_.descriptor(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
            poll(sources, 2, static_cast<int>(wait.count()));
            const rtc::Instant woken = now();
            socket_.receive(datagrams_at_once,
                            [&](const rtc::Address& from, std::span<std::byte> datagram) {
                                endpoint_.receive(from, datagram, woken);
                            });
            if (!push_.empty() && woken >= next_push) {
                next_push = std::max(
                    next_push + std::chrono::microseconds(1'000'000 / arguments_.push_hz), woken);
                push(woken);
            }
            say_waiting();
            endpoint_.flush_all(woken);
            endpoint_.handle_timeouts(woken);
            socket_.flush();
        }
    }

  private:
    struct Waiting {
        rtc::PeerId peer;
        std::uint16_t stream;
        bool is_text;
        std::vector<std::byte> message;
        sctp::Reliability reliability;
    };
    static constexpr std::chrono::milliseconds wait_max{1'000};
    static constexpr std::uint16_t push_stream = 2;

    static rtc::Options options_of(const Arguments& arguments) {
        rtc::Options options;
        options.own_records = arguments.own_records;
        options.limits.handshakes_per_address_max = 1'000;  // all of a benchmark's are of one
        return options;
    }

    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override {
        socket_.send(to, datagram);
    }
    void on_open(rtc::PeerId peer) override { peers_[peer]; }
    void on_message(rtc::PeerId peer, std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override {
        ++messages_in_;
        if (!push_.empty()) return;
        const auto& channels = peers_[peer];
        const auto channel = channels.find(stream);
        Waiting echo{peer,
                     stream,
                     is_text,
                     {message.begin(), message.end()},
                     channel == channels.end() ? sctp::Reliability{} : channel->second};
        // A real server refuses who does not take what it asked for; an echo is patient.
        if (!waiting_.empty() || !say(echo)) waiting_.push_back(std::move(echo));
    }
    bool say(const Waiting& echo) {
        return endpoint_.send(echo.peer, echo.stream, echo.is_text, echo.message, echo.reliability,
                              now()) != sctp::Sent::full;
    }
    void say_waiting() {
        while (!waiting_.empty() && say(waiting_.front())) waiting_.pop_front();
    }
    void on_channel(rtc::PeerId peer, std::uint16_t stream, std::string_view,
                    const sctp::Reliability& reliability) override {
        peers_[peer][stream] = reliability;
    }
    void on_channel_closed(rtc::PeerId peer, std::uint16_t stream) override {
        peers_[peer].erase(stream);
    }
    void on_gone(rtc::PeerId peer, rtc::Gone why) override {
        peers_.erase(peer);
        ++gone_[std::string(name_of(why))];
    }

    void push(rtc::Instant at) {
        for (const auto& [peer, channels] : peers_) {
            endpoint_.send(peer, push_stream, false, push_,
                           {.policy = sctp::Reliability::Policy::retransmissions,
                            .limit = 0,
                            .ordered = false},
                           at);
        }
    }

    bool read_lines() {
        char buffer[65'536];
        const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
        if (count == 0) return false;
        if (count > 0) input_.append(buffer, static_cast<std::size_t>(count));
        for (std::size_t end = input_.find('\n'); end != std::string::npos;
             end = input_.find('\n')) {
            answer(Json::parse(input_.substr(0, end), nullptr, false));
            input_.erase(0, end + 1);
        }
        return true;
    }

    void answer(const Json& line) {
        Json reply;
        if (line.is_object() && line.contains("sdp")) {
            reply["id"] = line.value("id", 0);
            const auto offer = rtc::parse_offer(line.value("sdp", ""));
            const rtc::Candidate candidate{arguments_.address, socket_.port()};
            const auto accepted = offer ? endpoint_.accept(*offer, {&candidate, 1}, now())
                                        : std::unexpected(offer.error());
            if (accepted) {
                reply["sdp"] = accepted->sdp;
            } else {
                reply["error"] = accepted.error().message;
            }
        } else {
            const auto& figures = endpoint_.statistics();
            reply = {{"cpu_seconds", cpu_seconds()},
                     {"resident_bytes", resident_bytes()},
                     {"peers", figures.peers},
                     {"opening", figures.opening},
                     {"messages_in", messages_in_},
                     {"datagrams_in", figures.datagrams_in},
                     {"datagrams_out", figures.datagrams_out},
                     {"dropped_bad", figures.dropped_bad},
                     {"dropped_unknown", figures.dropped_unknown},
                     {"handshakes", figures.handshakes},
                     {"handshakes_refused", figures.handshakes_refused},
                     {"handshakes_failed", figures.handshakes_failed},
                     {"rebound", figures.rebound},
                     {"gone", gone_}};
        }
        fmt::print("{}\n", reply.dump());
        std::fflush(stdout);
    }

    Arguments arguments_;
    udp::Socket& socket_;
    rtc::Endpoint endpoint_;
    std::vector<std::byte> push_;
    std::map<rtc::PeerId, std::map<std::uint16_t, sctp::Reliability>> peers_;
    std::map<std::string, std::size_t> gone_;
    std::deque<Waiting> waiting_;
    std::uint64_t messages_in_ = 0;
    std::string input_;
};

Arguments read_arguments(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--address") arguments.address = value;
        if (name == "--port") {
            arguments.socket.port =
                static_cast<std::uint16_t>(std::strtoul(argv[i + 1], nullptr, 10));
        }
        if (name == "--push-bytes") arguments.push_bytes = std::strtoul(argv[i + 1], nullptr, 10);
        if (name == "--push-hz") {
            arguments.push_hz =
                std::max(1U, static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10)));
        }
        if (name == "--own-records") arguments.own_records = value != "0";
    }
    return arguments;
}

}  // namespace

int main(int argc, char** argv) {
    const Arguments arguments = read_arguments(argc, argv);
    auto socket = udp::Socket::open(arguments.socket);
    const auto identity = rtc::Identity::make();
    if (!socket || !identity) {
        fmt::print(stderr, "{}\n", (socket ? identity.error() : socket.error()).message);
        return 1;
    }
    Echo(arguments, *socket, *identity).run();
    return 0;
}
