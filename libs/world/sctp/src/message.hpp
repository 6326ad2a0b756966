#pragma once

#include "outbound.hpp"

namespace muster::sctp {

/// A message to be sent, in one block with its payload, which follows this header.
struct Outbound::Message {
    Message* next = nullptr;  ///< in its queue
    Instant expires = Instant::max();
    std::uint32_t length = 0;
    std::uint32_t sent = 0;  ///< bytes that have a TSN
    std::uint32_t ppid = 0;
    std::uint32_t limit = 0;   ///< retransmissions
    std::uint32_t chunks = 0;  ///< of it in the ring
    std::uint16_t stream = 0, ssn = 0;
    Reliability::Policy policy = Reliability::Policy::reliable;
    bool ordered = true;
    bool abandoned = false;

    [[nodiscard]] std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1); }
    [[nodiscard]] bool limited() const { return policy != Reliability::Policy::reliable; }
    [[nodiscard]] bool late(Instant now) const {
        return policy == Reliability::Policy::lifetime && now > expires;
    }
};

}  // namespace muster::sctp
