#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/territory/region.hpp"

/// What the coordinator has to do. In this order: everything that is to Persist in one commit; only
/// when that is durable the rest, in the order given. A coordinator whose commit failed must start
/// anew from what is durable. What could not be sent is forgotten: the next request brings it
/// again.
namespace muster::territory {

struct Neighbour {
    RegionId region = 0;
    Rectangle area{};
    std::string server{};  ///< empty: nobody owns it now
    Epoch epoch = 0;
    bool operator==(const Neighbour&) const = default;
};

struct Grant {
    std::string world{};
    RegionId region = 0;
    Rectangle area{};
    Epoch epoch = 0;
    std::vector<Neighbour> neighbours{};  ///< all regions of the world within the strip
    std::string keeper{};                 ///< the server to give copies to; empty: there is none
    bool leave = false;                   ///< hand over what is in it, then release
    std::string successor{};              ///< to this server, when `leave`
    bool operator==(const Grant&) const = default;
};

/// Everything that the server has, renewed or new. The lease counts from when the server sent
/// `request`. What is not in it is not renewed, but not taken away either.
struct Answer {
    std::string server{};
    std::uint64_t session = 0;
    std::uint64_t life = 0;
    std::uint64_t request = 0;
    std::uint64_t number = 0;  ///< rises within the session: a request may be answered again
    milliseconds lease{0};
    std::vector<Grant> grants{};
    bool operator==(const Answer&) const = default;
};

/// Asks a holder to hand over and release. Said once; then `leave` in its grants says it. Where
/// there are no more grants (the world is being removed, or the deadline has passed) this is
/// repeated.
struct Withdraw {
    std::string server{};
    std::uint64_t session = 0;
    std::uint64_t life = 0;
    RegionId region = 0;
    Epoch epoch = 0;
    std::string successor{};
    bool operator==(const Withdraw&) const = default;
};

/// The record is to be stored as it stands in the state now, or erased.
enum class Subject { standing, world };
struct Persist {
    Subject subject = Subject::standing;
    std::string world{};
    bool erase = false;
    bool operator==(const Persist&) const = default;
};
/// Who owns what has changed; this is the list's version now.
struct Publish {
    std::uint64_t version = 0;
    bool operator==(const Publish&) const = default;
};
/// The answer to an event from people that was not done; it is then the only action.
struct Reject {
    Error error{};
    bool operator==(const Reject&) const = default;
};

using Action = std::variant<Persist, Answer, Withdraw, Publish, Reject>;

}  // namespace muster::territory
