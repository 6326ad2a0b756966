#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/link/link.hpp"

/// How a node or a world server comes to belong to a coordinator, and remembers it: a folder (0700)
/// with its key (0600), its certificate, the authority and its id. Blocking, for small files.
namespace muster::link {

struct Membership {
    std::string id;
    std::string authority_pem;
    pki::Identity identity;
};

/// nullopt when it has never enrolled. `kind` is "node" or "world": the id is kept in <kind>.id.
[[nodiscard]] Result<std::optional<Membership>> load_membership(const std::filesystem::path& folder,
                                                                std::string_view kind);
[[nodiscard]] Result<void> save_membership(const std::filesystem::path& folder,
                                           std::string_view kind, const Membership& membership);

/// What is asked for with a join token. The key is written first: an enrolment whose answer was
/// lost is repeated with the same key.
struct Application {
    std::string authority_digest;
    std::string private_key_pem;
    wire::EnrollRequest message;
};
/// The error's field is "join_token" when the token is no token.
[[nodiscard]] Result<Application> apply_for_membership(const std::filesystem::path& folder,
                                                       std::string_view join_token,
                                                       std::string name, std::string version);
/// The same by a named key: neither the digest nor the token is set.
[[nodiscard]] Result<Application> apply_with_key(const std::filesystem::path& folder,
                                                 std::string name, std::string version);
/// Keeps what the coordinator answered.
[[nodiscard]] Result<Membership> take_membership(const std::filesystem::path& folder,
                                                 std::string_view kind,
                                                 const Application& application,
                                                 const wire::EnrollReply& reply);
/// The same after a renewal.
[[nodiscard]] Result<Membership> take_renewal(const std::filesystem::path& folder,
                                              std::string_view kind, Membership membership,
                                              const wire::EnrollReply& reply);

/// The coordinator said that it does not want this member: remembered, so that a start with a new
/// join token makes a new member of it.
void mark_refused(const std::filesystem::path& folder);
[[nodiscard]] bool is_marked_refused(const std::filesystem::path& folder);
/// Puts the folder `fresh` (a membership with its own key) in the place of `folder`, in one step,
/// and removes what was there, but for the files named in `kept`.
[[nodiscard]] Result<void> replace_membership(const std::filesystem::path& folder,
                                              const std::filesystem::path& fresh,
                                              std::span<const std::string_view> kept);
/// When the certificate has ended, if it has.
[[nodiscard]] std::optional<Timestamp> ended_at(const std::string& certificate_pem, Timestamp now);
/// When to ask for a fresh certificate: after two thirds of its life.
[[nodiscard]] Result<Timestamp> renewal_time(const std::string& certificate_pem);

/// Whether a coordinator that answered so has refused, rather than being away.
[[nodiscard]] bool is_refusal(Errc code);
/// How long to wait before the n-th try in a row: half a second, doubled up to half a minute, and
/// between half and all of that.
[[nodiscard]] milliseconds reconnect_delay(unsigned tries, std::uint32_t random);

}  // namespace muster::link
