// The two ends of `./dev bench rtc`. Every message is answered with 400 bytes that begin with it.
//
//     muster_echo serve                  a data channel server; POST /offer takes SDP and gives SDP
//     muster_echo call URL N SECONDS     N clients that send 40 bytes 30 times a second
//
// `call` prints a line when all are open, and one JSON object at the end.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "histogram.hpp"
#include "muster/http/client.hpp"
#include "muster/http/server.hpp"
#include "muster/rtc/caller.hpp"
#include "muster/rtc/endpoint.hpp"
#include "muster/udp/socket.hpp"
#include "relay.hpp"
#include "samples.hpp"
#include "wire.hpp"

namespace {

using namespace muster;
using namespace std::chrono_literals;
using load::Instant;
namespace asio = http::asio;

constexpr std::size_t up_bytes = 40, down_bytes = 400;
constexpr std::int64_t rate = 30;  // a second
constexpr std::uint16_t stream = 0;
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "muster_echo: %s\n", why.c_str());
    std::exit(1);
}

Instant now() {
    return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now().time_since_epoch());
}

// ---- the server

class EchoServer final : public rtc::Listener {
  public:
    EchoServer()
        : socket_(open_socket()),
          endpoint_(rtc::Identity::make().value(), options(), *this),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_.descriptor(), &event);
        http::Router router;
        router.add("POST", "/offer", [this](http::Request request) { return offer(request.body); });
        server_ = http::Server::open(context_.get_executor(), {}, std::move(router)).value();
        asio::co_spawn(context_, server_->run(), asio::detached);
        std::printf("listening %u\n", server_->port());
        std::fflush(stdout);
    }

    [[noreturn]] void run() {
        for (;;) {
            std::array<epoll_event, 1> events;
            ::epoll_wait(epoll_, events.data(), 1, 5);
            // As a world's shards do: a crowd's datagrams of two milliseconds come together.
            std::this_thread::sleep_for(2ms);
            const auto at = now();
            while (socket_.receive(64, [&](const rtc::Address& from, std::span<std::byte> bytes) {
                endpoint_.receive(from, bytes, at);
            }) == 64) {
            }
            if (const auto due = endpoint_.deadline(); due && *due <= at) {
                endpoint_.handle_timeouts(at);
            }
            endpoint_.flush_all(at);
            socket_.flush();
            if (at - polled_at_ < 5ms) continue;
            polled_at_ = at;
            context_.poll();
        }
    }

    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override {
        socket_.send(to, datagram);
    }
    void on_message(rtc::PeerId peer, std::uint16_t channel, bool,
                    std::span<const std::byte> message) override {
        std::memcpy(answer_.data(), message.data(), std::min(message.size(), answer_.size()));
        (void)endpoint_.send(peer, channel, false, answer_, unreliable, now());
    }
    void on_open(rtc::PeerId) override {}
    void on_channel(rtc::PeerId, std::uint16_t, std::string_view,
                    const sctp::Reliability&) override {}
    void on_channel_closed(rtc::PeerId, std::uint16_t) override {}
    void on_gone(rtc::PeerId, rtc::Gone) override {}

  private:
    static udp::Socket open_socket() {
        udp::Options options;
        options.host = "127.0.0.1";
        auto socket = udp::Socket::open(options);
        if (!socket) give_up(socket.error().message);
        return std::move(*socket);
    }
    static rtc::Options options() {
        rtc::Options options;
        options.limits.handshakes_per_address_max = options.limits.handshakes_max;
        return options;
    }
    asio::awaitable<http::Answer> offer(std::string sdp) {
        const auto parsed = rtc::parse_offer(sdp);
        if (!parsed) co_return http::problem(parsed.error());
        const std::vector<rtc::Candidate> candidates{{"127.0.0.1", socket_.port()}};
        auto accepted = endpoint_.accept(*parsed, candidates, now());
        if (!accepted) co_return http::problem(accepted.error());
        http::Response response;
        response.body = std::move(accepted->sdp);
        co_return response;
    }

    udp::Socket socket_;
    rtc::Endpoint endpoint_;
    asio::io_context context_{1};
    std::unique_ptr<http::Server> server_;
    std::array<std::byte, down_bytes> answer_{};
    Instant polled_at_{0};
    int epoll_;
};

// ---- the clients

struct Totals {
    std::uint64_t sent = 0, received = 0, bytes = 0, wrong = 0;
    load::Histogram round_trip;  // microseconds
};

class EchoClient final : public rtc::CallerListener {
  public:
    EchoClient(std::uint32_t index, std::shared_ptr<const rtc::Identity> identity, Totals& totals,
               int epoll)
        : totals_(totals), index_(index), epoll_(epoll), caller_(std::move(identity), {}, *this) {}
    // libdatachannel would want to be the DTLS client if it had the choice.
    [[nodiscard]] std::string offer() const {
        std::string sdp = caller_.offer();
        if (const auto at = sdp.find("a=setup:actpass"); at != std::string::npos) {
            sdp.replace(at, std::strlen("a=setup:actpass"), "a=setup:active");
        }
        return sdp;
    }
    void start(const std::string& answer) {
        const auto started = caller_.start(answer, std::nullopt, now());
        if (!started) give_up(started.error().message);
    }
    void receive(std::span<std::byte> room) {
        const auto size = ::recv(wire_.descriptor(), room.data(), room.size(), 0);
        if (size > 0) caller_.receive(room.first(static_cast<std::size_t>(size)), now());
    }
    void handle_timeouts() {
        const auto due = caller_.deadline();
        if (due && *due <= now()) caller_.handle_timeouts(now());
        if (is_open_ && !has_channel_) {
            has_channel_ = caller_.open_channel(stream, "state", unreliable, now()).has_value();
            caller_.flush(now());
        }
    }
    [[nodiscard]] bool is_ready() const { return has_channel_; }
    void send(Instant scheduled) {
        std::array<std::byte, up_bytes> message{};
        std::memcpy(message.data(), &scheduled, sizeof scheduled);
        if (caller_.send(stream, false, message, unreliable, now()) == sctp::Sent::queued) {
            ++totals_.sent;
        }
        caller_.flush(now());
    }

    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override {
        if (!wire_.is_open() && wire_.open(to)) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = index_;
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wire_.descriptor(), &event);
        }
        (void)wire_.send(datagram);
    }
    void on_open() override { is_open_ = true; }
    void on_message(std::uint16_t, bool, std::span<const std::byte> message) override {
        ++totals_.received;
        totals_.bytes += message.size();
        Instant scheduled{};
        if (message.size() != down_bytes) {
            ++totals_.wrong;
            return;
        }
        std::memcpy(&scheduled, message.data(), sizeof scheduled);
        totals_.round_trip.add(static_cast<std::uint64_t>((now() - scheduled).count()));
    }
    void on_closed(std::string_view why) override {
        give_up("a connection ended: " + std::string(why));
    }

  private:
    Totals& totals_;
    std::uint32_t index_;
    int epoll_;
    load::Wire wire_;
    rtc::Caller caller_;
    bool is_open_ = false;
    bool has_channel_ = false;
};

class EchoLoad {
  public:
    EchoLoad(std::string url, std::uint32_t count) : url_(std::move(url)), count_(count) {
        const auto identity = rtc::Identity::make().value();
        for (std::uint32_t i = 0; i < count; ++i) {
            clients_.push_back(std::make_unique<EchoClient>(i, identity, totals_, epoll_));
            clients_.back()->start(ask(clients_.back()->offer()));
            const auto patience = now() + 10s;
            while (!clients_.back()->is_ready()) {
                turn(1);
                if (now() > patience) give_up("a client did not connect within 10 s");
            }
        }
    }

    void run(double seconds) {
        std::puts("open");
        std::fflush(stdout);
        const auto cpu = load::processor_us();
        const auto start = now();
        const auto end =
            start + std::chrono::duration_cast<Instant>(std::chrono::duration<double>(seconds));
        std::int64_t beat = 0;
        while (now() < end) {
            for (;; ++beat) {
                const auto due = start + Instant(1s) * beat / (rate * count_);
                if (due > now()) break;
                clients_[static_cast<std::size_t>(beat) % clients_.size()]->send(due);
            }
            turn(1);
        }
        const auto& trips = totals_.round_trip;
        std::printf(
            "{\"sent\":%lu,\"received\":%lu,\"bytes\":%lu,\"wrong\":%lu,\"seconds\":%.2f,"
            "\"round_trip_p50_us\":%lu,\"round_trip_p99_us\":%lu,\"cpu_share\":%.3f}\n",
            totals_.sent, totals_.received, totals_.bytes, totals_.wrong, seconds, trips.at(0.5),
            trips.at(0.99), (load::processor_us() - cpu) / 1e6 / seconds);
    }

  private:
    void turn(int wait_ms) {
        std::array<epoll_event, 256> events;
        const int ready = ::epoll_wait(epoll_, events.data(), 256, wait_ms);
        for (int i = 0; i < ready; ++i) {
            clients_[events[static_cast<std::size_t>(i)].data.u64]->receive(room_);
        }
        if (now() - swept_at_ < 10ms) return;
        swept_at_ = now();
        for (auto& client : clients_) client->handle_timeouts();
    }
    std::string ask(std::string sdp) {
        asio::io_context context(1);
        http::Client client(context.get_executor(), http::Endpoint::parse(url_).value());
        std::string answer;
        http::ClientRequest request;
        request.method = "POST";
        request.target = "/offer";
        request.body = std::move(sdp);
        asio::co_spawn(context, client.send(std::move(request), 10s),
                       [&](const std::exception_ptr&, Result<http::Response> response) {
                           if (!response) give_up(response.error().message);
                           if (response->status != 200) give_up(response->body);
                           answer = std::move(response->body);
                           context.stop();
                       });
        context.run();
        return answer;
    }

    std::string url_;
    std::int64_t count_;
    int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    Totals totals_;
    std::vector<std::unique_ptr<EchoClient>> clients_;
    std::vector<std::byte> room_ = std::vector<std::byte>(2'048);
    Instant swept_at_{0};
};

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "serve") EchoServer().run();
    if (what != "call" || argc != 5) {
        std::fputs("muster_echo serve | muster_echo call URL CLIENTS SECONDS\n", stderr);
        return 2;
    }
    EchoLoad(argv[2], static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)))
        .run(std::strtod(argv[4], nullptr));
    return 0;
}
