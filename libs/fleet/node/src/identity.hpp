#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/pki/pki.hpp"

namespace muster::node {

/// Who the node is: kept in a folder (0700), the key 0600.
struct NodeIdentity {
    std::string node_id;
    std::string authority_pem;
    pki::Identity identity;
};

/// nullopt when it has never enrolled.
[[nodiscard]] Result<std::optional<NodeIdentity>> load_identity(
    const std::filesystem::path& folder);
/// The key is written first: an enrolment whose answer was lost is repeated with the same key.
[[nodiscard]] Result<std::string> load_or_make_key(const std::filesystem::path& folder);
[[nodiscard]] Result<void> save_identity(const std::filesystem::path& folder,
                                         const NodeIdentity& identity);
/// The coordinator said that it does not want this node: remembered, so that a start with a new
/// join token makes a new node of it.
void mark_refused(const std::filesystem::path& folder);
[[nodiscard]] bool is_marked_refused(const std::filesystem::path& folder);
/// Puts the folder `fresh` (an identity with its own key) in the place of `folder`, in one step,
/// and removes what was there. The password stays the same.
[[nodiscard]] Result<void> replace_identity(const std::filesystem::path& folder,
                                            const std::filesystem::path& fresh);
/// When the certificate has ended, if it has.
[[nodiscard]] std::optional<Timestamp> ended_at(const std::string& certificate_pem, Timestamp now);
/// When to ask for a fresh certificate: after two thirds of its life.
[[nodiscard]] Result<Timestamp> renewal_time(const std::string& certificate_pem);

/// Docklord's way in: a password made here and kept 0600; only its argon2id hash leaves the node.
struct NodePassword {
    std::string password;
    std::string hash;
};
[[nodiscard]] Result<NodePassword> load_or_make_password(const std::filesystem::path& folder);

}  // namespace muster::node
