#include "network_sim.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/encoding.hpp"
#include "test_clock.hpp"

namespace muster::rtc {
namespace {

const std::shared_ptr<const Identity>& server_identity() {
    static const auto identity = Identity::make().value();
    return identity;
}
const std::shared_ptr<const Identity>& caller_identity() {
    static const auto identity = Identity::make().value();
    return identity;
}

}  // namespace

std::span<const std::byte> bytes_of(std::string_view text) {
    return as_bytes(text);
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

EchoServer::EchoServer(Network& own_network, const Options& options, Address own_address)
    : network(own_network), address(own_address), endpoint(server_identity(), options, *this) {}

void EchoServer::on_datagram(const Address& to, std::span<const std::byte> datagram) {
    network.send(address, to, datagram);
}

void EchoServer::on_message(PeerId peer, std::uint16_t stream, bool is_text,
                            std::span<const std::byte> message) {
    ++heard;
    endpoint.send(peer, stream, is_text, message,
                  stream == unreliable_stream ? unreliable : reliable, network.now());
}

TestCaller::TestCaller(Network& own_network, const Options& options, Address own_address)
    : network(own_network), address(own_address), caller(caller_identity(), options, *this) {}

Result<PeerId> TestCaller::call(EchoServer& server) {
    const auto offer = parse_offer(caller.offer());
    if (!offer) return std::unexpected(offer.error());
    const std::string text = to_text(server.address);
    const Candidate candidate{text.substr(0, text.rfind(':')), server.address.port};
    const auto accepted = server.endpoint.accept(*offer, {&candidate, 1}, network.now());
    if (!accepted) return std::unexpected(accepted.error());
    const auto started = caller.start(accepted->sdp, std::nullopt, network.now());
    if (!started) return std::unexpected(started.error());
    return accepted->peer;
}

void TestCaller::say(std::uint16_t stream, std::string_view text) {
    caller.send(stream, true, bytes_of(text), stream == unreliable_stream ? unreliable : reliable,
                network.now());
    caller.flush(network.now());
}

void TestCaller::on_datagram(const Address& to, std::span<const std::byte> datagram) {
    if (is_connected) network.send(address, to, datagram);
}

void TestCaller::on_message(std::uint16_t stream, bool is_text,
                            std::span<const std::byte> message) {
    read[stream].push_back(text_of(message));
    read_text.push_back(is_text);
}

EchoServer& Network::add_server(const Options& options, std::string_view address) {
    servers.push_back(std::make_unique<EchoServer>(*this, options, parse_address(address).value()));
    return *servers.back();
}

TestCaller& Network::add_caller(const Options& options, std::string_view address) {
    const std::string own = address.empty() ? fmt::format("198.51.100.{}:{}", callers.size() % 250,
                                                          10'000 + callers.size())
                                            : std::string(address);
    callers.push_back(std::make_unique<TestCaller>(*this, options, parse_address(own).value()));
    return *callers.back();
}

void Network::send(const Address& from, const Address& to, std::span<const std::byte> datagram) {
    if (tap) tap(from, to, datagram);
    std::uniform_real_distribution<double> chance(0, 1);
    const int copies = chance(random_) < loss ? 0 : chance(random_) < duplication ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        std::uniform_int_distribution<std::int64_t> delay(delay_min.count(), delay_max.count());
        flying_.push({now_ + std::chrono::microseconds(delay(random_)),
                      ++sent_,
                      from,
                      to,
                      {datagram.begin(), datagram.end()}});
    }
}

void Network::arrive(Flying& flying) {
    for (auto& server : servers) {
        if (server->address != flying.to) continue;
        server->endpoint.receive(flying.from, flying.datagram, now_);
        server->endpoint.flush_all(now_);
    }
    for (auto& caller : callers) {
        if (caller->address != flying.to || !caller->is_connected) continue;
        caller->caller.receive(flying.datagram, now_);
    }
}

void Network::handle_timeouts() {
    for (auto& server : servers) {
        if (const auto due = server->endpoint.deadline(); due && *due <= now_) {
            server->endpoint.handle_timeouts(now_);
        }
    }
    for (auto& caller : callers) {
        if (const auto due = caller->caller.deadline(); due && *due <= now_) {
            caller->caller.handle_timeouts(now_);
        }
    }
}

void Network::step(sctp::Instant end) {
    sctp::Instant next = end;
    if (!flying_.empty()) next = std::min(next, flying_.top().arrives);
    for (auto& server : servers) next = std::min(next, server->endpoint.deadline().value_or(end));
    for (auto& caller : callers) next = std::min(next, caller->caller.deadline().value_or(end));
    // Time goes on whatever they say: one that is always due must not stop it.
    now_ = std::max(next, now_ + std::chrono::microseconds(1));
    test_clock = now_;
    while (!flying_.empty() && flying_.top().arrives <= now_) {
        Flying flying = flying_.top();
        flying_.pop();
        arrive(flying);
    }
    handle_timeouts();
}

void Network::run(std::chrono::milliseconds time) {
    for (const sctp::Instant end = now_ + time; now_ < end;) step(end);
}

bool Network::run_until(const std::function<bool()>& is_so, std::chrono::milliseconds limit) {
    const sctp::Instant end = now_ + limit;
    while (!is_so()) {
        if (now_ >= end) return false;
        step(end);
    }
    return true;
}

}  // namespace muster::rtc
