#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "enrolment.hpp"
#include "json.hpp"
#include "key_challenge.hpp"
#include "ledger.hpp"
#include "muster/base/bucket.hpp"
#include "muster/base/time.hpp"
#include "muster/link/cluster_key.hpp"
#include "muster/link/world_link.hpp"

namespace muster::coordinator {

/// The named keys with which world servers join (docs/adr/0007-named-keys.md): those in the store,
/// and every file in DATA_DIR/keys, which is looked at whenever one is asked for. A key is kept as
/// it is, since whoever checks a MAC must hold it; it is shown once, when it is made.
class ClusterKeys {
  public:
    static constexpr std::string_view kind = "cluster_key";
    static constexpr std::size_t keys_max = 200;           ///< of the store
    static constexpr std::size_t records_max = 1'000;      ///< with those that were revoked
    static constexpr std::size_t old_max = 64;             ///< of one name, that are remembered
    static constexpr double wrong_proofs_per_minute = 10;  ///< of one address
    static constexpr std::size_t addresses_max = 10'000;
    static constexpr std::chrono::seconds grace_usual{24 * 3'600};

    ClusterKeys(Ledger& ledger, const Authority& authority, const Clock& clock,
                std::filesystem::path folder);
    [[nodiscard]] Result<void> load(store::Store& store);

    /// Nothing is kept of it: what it says comes back in the proof, and is known again.
    [[nodiscard]] Result<link::world_wire::ChallengeReply> challenge(
        const link::world_wire::ChallengeRequest& request) const;
    /// Checks the proof, enrols and proves in turn. `unauthenticated`, field "key_name": there is
    /// no such key, or the proof is wrong; which of them is not told. `unavailable`: the challenge
    /// is too old or another coordinator's. `rate_limited`: too many wrong ones from that address;
    /// a right one is never held up.
    [[nodiscard]] Result<wire::EnrollReply> enrol(const link::EnrolRequest& request,
                                                  Enrolment& enrolment);

    struct Made {
        link::ClusterKey key;
        Timestamp created_at{};
        std::optional<Timestamp> old_until;  ///< so long the one before is good
    };
    /// A new one, or the given. `conflict`: there is one of that name, or the given was revoked.
    [[nodiscard]] Result<Made> add(const std::string& name, std::optional<link::ClusterKey> given,
                                   std::string by);
    /// Another key in its place; the old one is good for `grace` more.
    [[nodiscard]] Result<Made> rotate(const std::string& name, std::chrono::seconds grace,
                                      std::string by);
    /// It is never good again, and its file here is removed. `not_found`.
    [[nodiscard]] Result<void> revoke(const std::string& name);
    /// By name, without the keys: name, source, created_at, created_by, rotated_at, old_until.
    [[nodiscard]] std::vector<Json> list() const;

  private:
    struct Old {
        std::string digest;  ///< SHA-256 (hex)
        std::string bytes;   ///< while it may still be good
        Timestamp until{};
    };
    struct Kept {
        std::string bytes;  ///< empty: revoked
        std::string by;
        Timestamp created_at{};
        std::optional<Timestamp> rotated_at;
        std::vector<Old> old;  ///< the oldest first
        [[nodiscard]] bool is_live() const { return !bytes.empty(); }
    };
    /// A key that is good now, to be changed: as it is kept, in a file, or both.
    struct Good {
        Kept kept;
        bool is_live = false;
        std::optional<link::ClusterKey> file;
    };
    [[nodiscard]] Result<Good> good_key(const std::string& name);
    void store(const std::string& name, const Kept& kept);
    [[nodiscard]] std::vector<std::string> files() const;  ///< names of those that are keys
    /// Of the file, unless it was revoked or rotated away.
    [[nodiscard]] std::optional<link::ClusterKey> good_file(const std::string& name) const;
    [[nodiscard]] std::vector<link::ClusterKey> good_keys(const std::string& name) const;
    void retire(Kept& kept, const std::string& bytes, Timestamp until) const;
    [[nodiscard]] Result<void> make_room();
    [[nodiscard]] std::optional<link::ClusterKey> proven(const wire::KeyProof& proof,
                                                         const link::KeyTranscript& said) const;

    Ledger& ledger_;
    const Authority& authority_;
    const Clock& clock_;
    const std::filesystem::path folder_;
    const KeyChallenges challenges_;
    Buckets<std::string> wrong_;
    std::map<std::string, Kept> kept_;
};

}  // namespace muster::coordinator
