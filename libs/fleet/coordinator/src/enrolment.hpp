#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "authority.hpp"
#include "json.hpp"
#include "ledger.hpp"
#include "muster/base/time.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

namespace wire = muster::node::v1;

/// What may belong here. A join token is good for one kind alone.
enum class MemberKind { node, world_server };
[[nodiscard]] std::string_view name_of(MemberKind kind);  ///< "node", "world_server"
[[nodiscard]] std::optional<MemberKind> member_kind_from_name(std::string_view name);

/// How nodes and world servers come to belong here: join tokens ("mst1-<sha256 of the
/// authority>-<secret>", one use, expiring, kept as hashes) and the identities of those that have
/// joined.
class Enrolment {
  public:
    static constexpr std::string_view token_kind = "join_token";
    static constexpr std::string_view identity_kind = "identity";
    static constexpr std::size_t tokens_max = 1'000;
    /// A used or expired join token is remembered so long, for a node whose answer was lost.
    static constexpr std::chrono::hours remembered{24};
    static constexpr std::size_t members_of_key_max = 10'000;
    /// Who joined with a named key is forgotten so long after its last certificate was issued:
    /// nobody counts them otherwise, and whoever comes back later is a new one.
    static constexpr std::chrono::days member_remembered{2 * Authority::node_days};

    Enrolment(Ledger& ledger, const Authority& authority, const Clock& clock)
        : ledger_(ledger), authority_(authority), clock_(clock) {}
    [[nodiscard]] Result<void> load(store::Store& store);

    struct Made {
        std::string id;
        std::string token;
        Timestamp expires_at{};
    };
    [[nodiscard]] Result<Made> make_token(std::string name, std::chrono::seconds valid,
                                          std::string by, MemberKind kind = MemberKind::node);
    [[nodiscard]] Result<void> erase_token(const std::string& id);
    [[nodiscard]] std::vector<Json> tokens() const;

    /// Who came with it; empty: nobody yet. `not_found` when there is no such token, and
    /// `permission_denied` when it is unused and has expired.
    [[nodiscard]] Result<std::string> user_of_token(const std::string& id) const;

    /// Queues the identity; the caller answers the node once it is durable. The same token with the
    /// same key gives the same node again: the answer may have been lost. So does another good
    /// token with the key of a node that was not revoked: it comes back after its certificate has
    /// expired, and its servers are still its own. `permission_denied` when the token is for the
    /// other kind.
    [[nodiscard]] Result<wire::EnrollReply> enrol(const wire::EnrollRequest& request,
                                                  MemberKind kind = MemberKind::node);
    /// Of a world server that has proven that it holds that named key; `digest` is
    /// pki::key_digest() of its request. The same key pair is the same world server again, unless
    /// it was revoked: `permission_denied`. Each gets a name that no other has. `exhausted`: the
    /// named key has as many as it may.
    [[nodiscard]] Result<wire::EnrollReply> enrol_with_key(const wire::EnrollRequest& request,
                                                           const std::string& key_name,
                                                           const std::string& digest);
    /// Those that joined with that named key and were not revoked.
    [[nodiscard]] std::vector<std::string> members_of_key(const std::string& key_name) const;
    [[nodiscard]] Result<wire::EnrollReply> renew(const std::string& id,
                                                  std::string_view request_der,
                                                  MemberKind kind = MemberKind::node);
    /// Whether that member belongs here, and may still come.
    [[nodiscard]] Result<void> admit(const std::string& id,
                                     MemberKind kind = MemberKind::node) const;
    [[nodiscard]] bool knows(const std::string& node_id) const;
    void revoke(const std::string& node_id);

    /// The name that the node gave when it joined, and its password's hash (argon2id), for faces
    /// that let a person in who has a node's password.
    [[nodiscard]] std::string name_of(const std::string& node_id) const;
    [[nodiscard]] std::string password_hash(const std::string& node_id) const;
    void set_password_hash(const std::string& node_id, std::string hash);

    void forget_old();

  private:
    struct JoinToken {
        MemberKind kind = MemberKind::node;
        std::string id;
        std::string name;
        std::string hash;
        std::string by;
        Timestamp created_at{};
        Timestamp expires_at{};
        std::string node_id;     ///< the member that used it
        std::string key_digest;  ///< of the key that it came with
    };
    struct Identity {
        MemberKind kind = MemberKind::node;
        std::string name;
        std::string key_digest;
        std::string password_hash;
        Timestamp joined_at{};
        bool is_revoked = false;
        std::string cluster_key;  ///< the named key that it joined with; empty: a join token
        Timestamp issued_at{};    ///< its last certificate; only with a named key
    };
    /// The name, or with -2, -3 ... when another world server has it.
    [[nodiscard]] std::string free_name(const std::string& name) const;
    void forget_old_members();
    void store_token(const JoinToken& token);
    /// The member of that kind that came with that key and was not revoked; empty: none.
    [[nodiscard]] std::string member_of_key(const std::string& key_digest, MemberKind kind) const;
    void store_identity(const std::string& node_id, const Identity& identity);
    [[nodiscard]] Result<wire::EnrollReply> reply(const std::string& id,
                                                  std::string_view request_der,
                                                  MemberKind kind) const;

    Ledger& ledger_;
    const Authority& authority_;
    const Clock& clock_;
    std::map<std::string, JoinToken> tokens_;
    std::map<std::string, Identity> identities_;
};

}  // namespace muster::coordinator
