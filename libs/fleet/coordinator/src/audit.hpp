#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "json.hpp"
#include "ledger.hpp"
#include "muster/base/time.hpp"

namespace muster::coordinator {

/// The log of who changed what, as a chain: each entry's hash covers the one before it
/// (sha256(previous hash, canonical JSON of the entry)), and the last sequence and hash are kept in
/// a record of their own, so that neither a change, nor a gap, nor a cut-off end goes unseen.
class Audit {
  public:
    static constexpr std::string_view log = "audit";
    static constexpr std::string_view head_kind = "audit_head";
    static constexpr std::string_view genesis =
        "0000000000000000000000000000000000000000000000000000000000000000";
    static constexpr std::size_t detail_bytes_max = 4096;

    Audit(Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

    /// At the start, before anything is noted: where the chain ended. Blocking.
    [[nodiscard]] Result<void> load(store::Store& store);

    /// Queues an entry with what else is queued in this turn. `by` is a token id or "coordinator".
    /// Secrets never belong in `detail`.
    void note(std::string by, std::string action, std::string object, Json detail);

    [[nodiscard]] std::int64_t last_sequence() const { return sequence_; }

    struct Page {
        Result<Json> items = Json::array();
        std::int64_t last = 0;
        std::size_t count = 0;
    };
    asio::awaitable<Page> read(std::int64_t after, std::size_t limit);

    struct Verdict {
        bool valid = false;
        std::int64_t entries = 0;
        std::optional<std::int64_t> first_bad;
    };
    /// Reads the whole chain, a page at a time, so that commits go on in between.
    asio::awaitable<Result<Verdict>> verify();

    /// The hash that an entry must carry; `body` without its own hash.
    [[nodiscard]] static std::string hash_of(std::string_view previous, const Json& body);

  private:
    Ledger& ledger_;
    const Clock& clock_;
    std::int64_t sequence_ = 0;
    std::string head_{genesis};
};

}  // namespace muster::coordinator
