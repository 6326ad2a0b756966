#include <cstddef>
#include <cstdint>

#include "key_challenge.hpp"
#include "muster/base/assert.hpp"
#include "muster/link/world_link.hpp"

/// A proof from outside: whatever it is, it shows no challenge of ours until we give it one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    node::v1::EnrollRequest request;
    if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
    const coordinator::KeyChallenges challenges(std::string(32, 's'));
    const Timestamp now{std::chrono::hours(500'000)};
    node::v1::KeyProof proof = request.key_proof();
    MUSTER_ASSERT(!challenges.knows(proof, now));
    proof.set_challenge(challenges.make(now,
                                        std::string(coordinator::KeyChallenges::random_size, 'r'),
                                        proof.key_name(), proof.nonce()));
    MUSTER_ASSERT(challenges.knows(proof, now));
    MUSTER_ASSERT(!challenges.knows(proof, now + std::chrono::minutes(2)));
    proof.set_key_name(proof.key_name() + "x");
    MUSTER_ASSERT(!challenges.knows(proof, now));
    return 0;
}
