#include "muster/client/line.hpp"

#include "muster/protocol/protocol.hpp"

namespace muster::client {
namespace {

using namespace std::chrono_literals;

// As browsers acknowledge: after 200 ms, with a second packet, or along with what is sent anyway.
rtc::Options as_a_browser() {
    rtc::Options options;
    options.sctp.sack_delay = 200ms;
    return options;
}

constexpr sctp::Reliability reliable{};
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

}  // namespace

Line::Line(std::size_t wire, std::shared_ptr<const rtc::Identity> identity, LineListener& listener)
    : wire_(wire), listener_(listener), caller_(std::move(identity), as_a_browser(), *this) {}

void Line::handle_timeouts(Instant now) {
    const auto deadline = caller_.deadline();
    if (deadline && *deadline <= now) caller_.handle_timeouts(now);
}

bool Line::send_state(std::span<const std::byte> message, Instant now) {
    const auto sent = caller_.send(protocol::state_stream, false, message, unreliable, now);
    caller_.flush(now);
    return sent == sctp::Sent::queued;
}

void Line::send_control(std::span<const std::byte> message, Instant now, bool flush) {
    (void)caller_.send(protocol::control_stream, false, message, reliable, now);
    if (flush) caller_.flush(now);
}

}  // namespace muster::client
