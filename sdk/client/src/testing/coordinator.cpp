#include "coordinator.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "muster/base/encoding.hpp"

namespace muster::sdk::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr int look_every_ms = 20;

sockaddr_in on_this_machine(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
}

const sockaddr* plain(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

int open_socket(std::uint16_t& port) {
    const int out = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    auto address = on_this_machine(0);
    socklen_t size = sizeof address;
    if (::bind(out, plain(address), size) != 0) throw std::runtime_error("bind");
    ::getsockname(out, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return out;
}

http::Response json(const std::string& body, int status = 200) {
    http::Response out;
    out.status = status;
    out.headers.set("Content-Type", "application/json");
    out.body = body;
    return out;
}

std::string fingerprint_in(const std::string& sdp) {
    constexpr std::string_view before = "a=fingerprint:sha-256 ";
    const auto at = sdp.find(before) + before.size();
    return sdp.substr(at, 32 * 3 - 1);
}

Result<host::Joined> ask(host::WorldServer& server, host::JoinRequest request) {
    const auto answer = std::make_shared<std::promise<Result<host::Joined>>>();
    auto future = answer->get_future();
    server.join(std::move(request),
                [answer](Result<host::Joined> got) { answer->set_value(std::move(got)); });
    if (future.wait_for(5s) != std::future_status::ready)
        return fail(Errc::timeout, "no answer to a join");
    return future.get();
}

}  // namespace

// ---- the network

Cable::Cable(std::uint16_t to) : to_(to), socket_(open_socket(port_)) {
    thread_ = std::thread([this] { run(); });
}

Cable::~Cable() {
    is_over_ = true;
    thread_.join();
    ::close(socket_);
}

void Cable::run() {
    std::map<std::uint16_t, int> ways;  // by a client's port
    std::array<char, 2'048> bytes;
    while (!is_over_) {
        std::vector<pollfd> waits{{socket_, POLLIN, 0}};
        for (const auto& [port, way] : ways) waits.push_back({way, POLLIN, 0});
        if (::poll(waits.data(), waits.size(), look_every_ms) <= 0) continue;
        sockaddr_in from{};
        socklen_t length = sizeof from;
        const auto up = ::recvfrom(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &length);
        if (up > 0) {
            const auto port = ntohs(from.sin_port);
            if (!ways.contains(port)) {
                std::uint16_t own = 0;
                ways[port] = open_socket(own);
            }
            const auto to = on_this_machine(to_);
            if (!is_cut_)
                ::sendto(ways[port], bytes.data(), static_cast<std::size_t>(up), 0, plain(to),
                         sizeof to);
        }
        for (const auto& [port, way] : ways) {
            const auto down = ::recv(way, bytes.data(), bytes.size(), MSG_DONTWAIT);
            const auto to = on_this_machine(port);
            if (down > 0 && !is_cut_)
                ::sendto(socket_, bytes.data(), static_cast<std::size_t>(down), 0, plain(to),
                         sizeof to);
        }
    }
    for (const auto& [port, way] : ways) ::close(way);
}

Mute::Mute() : socket_(open_socket(port_)) {
    thread_ = std::thread([this] {
        while (!is_over_) {
            pollfd wait{socket_, POLLIN, 0};
            if (::poll(&wait, 1, look_every_ms) <= 0) continue;
            std::array<char, 2'048> bytes;
            const auto size = ::recv(socket_, bytes.data(), bytes.size(), 0);
            if (size >= 32 && std::string_view(bytes.data(), 8) == "\vmuster\1") ++asked_;
        }
    });
}

Mute::~Mute() {
    is_over_ = true;
    thread_.join();
    ::close(socket_);
}

// ---- the coordinator

Coordinator::Coordinator(std::vector<Server> servers)
    : servers_(std::move(servers)), key_(pki::new_signing_key().value()) {
    http::Router router;
    const auto answers = [](auto handler) {
        return [handler](http::Request request) -> http::asio::awaitable<http::Answer> {
            co_return handler(request);
        };
    };
    router.add("GET", "/api/v1/worlds", answers([](const http::Request&) {
                   return json(R"({"worlds":[{"name":"wide","players_max":10,"spread":true}]})");
               }));
    router.add("GET", "/api/v1/world-servers",
               answers([this](const http::Request&) { return json(servers_list); }));
    router.add("GET", "/.well-known/muster-keys.json",
               answers([this](const http::Request&) { return json(keys()); }));
    router.add("POST", "/api/v1/worlds/{world}/join",
               answers([this](const http::Request& request) { return join(request); }));
    router.add("POST", "/api/v1/worlds/{world}/leave",
               answers([](const http::Request&) { return json("{}"); }));
    served_ = std::make_unique<Served>(std::move(router));
}

void Coordinator::sign(bool is_for_another) {
    const std::scoped_lock lock(mutex_);
    signs_ = true;
    is_for_another_ = is_for_another;
}

std::string Coordinator::keys() const {
    return Json{{"keys",
                 {{{"kty", "OKP"},
                   {"crv", "Ed25519"},
                   {"kid", "first"},
                   {"x", to_base64url(key_.public_key)}}}}}
        .dump();
}

void Coordinator::forget(const std::string& server) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(servers_, [&](const Server& one) { return one.id == server; });
}

std::vector<std::string> Coordinator::wishes() const {
    const std::scoped_lock lock(mutex_);
    return wishes_;
}

std::string Coordinator::ticket_for(const host::Joined& joined, const std::string& world,
                                    const std::string& sdp) const {
    auto fingerprint = fingerprint_in(sdp);
    if (is_for_another_) fingerprint[0] = fingerprint[0] == '0' ? '1' : '0';
    const auto header = to_base64url(R"({"alg":"EdDSA","kid":"first"})");
    const Json claims{{"world", world},
                      {"exp", std::time(nullptr) + 60},
                      {"secret", joined.ticket},
                      {"fp", fingerprint}};
    const auto text = header + "." + to_base64url(claims.dump());
    return text + "." + to_base64url(pki::sign(key_, text).value());
}

http::Response Coordinator::join(const http::Request& request) {
    const std::scoped_lock lock(mutex_);
    wishes_.push_back(request.body);
    const auto wish = Json::parse(request.body);
    // What a real one finds in its own ticket, or behind it.
    auto resume = wish.value("resume", std::string{});
    if (const auto tail = resume.find('~'); tail != std::string::npos) {
        resume = resume.substr(tail + 1);
    }
    for (const auto& server : servers_) {
        host::JoinRequest asked{.sdp = wish.value("sdp", std::string{}),
                                .name = wish.value("name", std::string{}),
                                .resume = resume,
                                .remote_address = "198.51.100.1",
                                .resume_only = !resume.empty()};
        auto joined = ask(*server.world, std::move(asked));
        if (!joined) continue;
        auto sdp = joined->sdp;
        const auto own = " " + std::to_string(server.world->udp_port()) + " typ host";
        if (const auto at = sdp.find(own); server.port != 0 && at != std::string::npos)
            sdp.replace(at, own.size(), " " + std::to_string(server.port) + " typ host");
        const auto world = request.path_parameters.at("world");
        return json(Json{
            {"sdp", sdp},
            {"ticket", signs_ ? ticket_for(*joined, world, sdp) : joined->ticket},
            {"player", joined->player},
            {"server",
             server.id}}.dump());
    }
    auto later = json(R"({"detail":"nobody has the region"})", 503);
    later.headers.set("Retry-After", "1");
    return later;
}

}  // namespace muster::sdk::testing
