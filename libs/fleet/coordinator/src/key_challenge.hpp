#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "muster/base/time.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

/// The challenges of one run of the coordinator. Nothing is kept of them, so that strangers can
/// fill nothing: each says when it was made, and is known again by a MAC over that, the key's name
/// and the world server's nonce. Pure.
class KeyChallenges {
  public:
    static constexpr std::chrono::seconds valid{60};

    explicit KeyChallenges(std::string secret) : secret_(std::move(secret)) {}
    [[nodiscard]] std::string make(Timestamp now, std::string_view random,
                                   std::string_view key_name, std::string_view nonce) const;
    /// Whether the proof shows one of ours, made for its name and nonce, and not too long ago.
    [[nodiscard]] bool knows(const muster::node::v1::KeyProof& proof, Timestamp now) const;

    static constexpr std::size_t random_size = 24;

  private:
    [[nodiscard]] std::string mac(std::string_view stem, std::string_view key_name,
                                  std::string_view nonce) const;
    const std::string secret_;
};

}  // namespace muster::coordinator
