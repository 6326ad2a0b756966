#include <cstddef>
#include <cstdint>

#include "muster/base/assert.hpp"
#include "words.hpp"

namespace uplink = muster::uplink;

/// What a coordinator says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    uplink::wire::ToWorld message;
    if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
    const auto decision = uplink::decision_of(message.lease_answer());
    if (decision) {
        for (const auto& grant : decision->answer.grants) MUSTER_ASSERT(!grant.area.empty());
        for (const auto& loan : decision->loans) MUSTER_ASSERT(loan.first + loan.count <= 65'535);
    } else {
        MUSTER_ASSERT(!decision.error().field.empty());
    }
    static_cast<void>(uplink::withdraw_of(message.withdraw()));
    static_cast<void>(uplink::request_of(message.join_offer(), false));
    return 0;
}
