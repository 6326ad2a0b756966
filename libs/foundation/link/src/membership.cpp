#include "muster/link/membership.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>

#include "muster/base/file.hpp"
#include "muster/base/text.hpp"
#include "muster/link/join_token.hpp"

namespace muster::link {
namespace {

constexpr std::size_t file_max = 64U << 10U;
constexpr milliseconds delay_first{500};
constexpr milliseconds delay_max{30'000};

std::string id_file(std::string_view kind) {
    return std::string(kind) + ".id";
}

Result<std::string> load_or_make_key(const std::filesystem::path& folder) {
    auto known = read_file(folder / "key.pem", file_max);
    if (known || known.error().code != Errc::not_found) return known;
    if (auto made = make_folder(folder, 0700); !made) return std::unexpected(made.error());
    auto key = pki::new_private_key();
    if (!key) return key;
    if (auto kept = write_file(folder / "key.pem", *key, 0600); !kept) {
        return std::unexpected(kept.error());
    }
    return key;
}

}  // namespace

Result<std::optional<Membership>> load_membership(const std::filesystem::path& folder,
                                                  std::string_view kind) {
    const auto id = read_file(folder / id_file(kind), file_max);
    if (!id) {
        if (id.error().code == Errc::not_found) return std::optional<Membership>();
        return std::unexpected(id.error());
    }
    Membership loaded;
    loaded.id = trim(*id);
    for (auto [name, into] : {std::pair{"authority.pem", &loaded.authority_pem},
                              std::pair{"certificate.pem", &loaded.identity.certificate_pem},
                              std::pair{"key.pem", &loaded.identity.private_key_pem}}) {
        auto content = read_file(folder / name, file_max);
        if (!content) {
            return fail(Errc::internal, "the " + std::string(kind) +
                                            "'s identity is damaged: " + content.error().message +
                                            "; remove " + folder.string() + " and join again");
        }
        *into = std::move(*content);
    }
    if (auto fits = pki::matches(loaded.identity.certificate_pem, loaded.identity.private_key_pem);
        !fits) {
        return std::unexpected(fits.error());
    }
    return std::optional<Membership>(std::move(loaded));
}

Result<void> save_membership(const std::filesystem::path& folder, std::string_view kind,
                             const Membership& membership) {
    if (auto fits =
            pki::matches(membership.identity.certificate_pem, membership.identity.private_key_pem);
        !fits) {
        return fits;
    }
    if (auto made = make_folder(folder, 0700); !made) return made;
    // The id last: with it the identity is there.
    for (const auto& [name, content] :
         {std::pair{std::string("authority.pem"), &membership.authority_pem},
          std::pair{std::string("certificate.pem"), &membership.identity.certificate_pem},
          std::pair{id_file(kind), &membership.id}}) {
        if (auto kept = write_file(folder / name, *content, 0600); !kept) return kept;
    }
    return {};
}

Result<Application> apply_for_membership(const std::filesystem::path& folder,
                                         std::string_view join_token, std::string name,
                                         std::string version) {
    const auto token = parse_join_token(join_token);
    if (!token) return std::unexpected(token.error());
    auto out = apply_with_key(folder, std::move(name), std::move(version));
    if (!out) return out;
    out->authority_digest = token->authority_digest;
    out->message.set_join_token(to_text(*token));
    return out;
}

Result<Application> apply_with_key(const std::filesystem::path& folder, std::string name,
                                   std::string version) {
    auto key = load_or_make_key(folder);
    if (!key) return std::unexpected(key.error());
    auto request = pki::signing_request(*key);
    if (!request) return std::unexpected(request.error());
    Application out;
    out.private_key_pem = std::move(*key);
    out.message.set_signing_request_der(std::move(*request));
    out.message.set_name(std::move(name));
    out.message.set_version(std::move(version));
    return out;
}

Result<Membership> take_membership(const std::filesystem::path& folder, std::string_view kind,
                                   const Application& application, const wire::EnrollReply& reply) {
    Membership out;
    out.id = reply.node_id();
    out.authority_pem = reply.ca_pem();
    out.identity = {reply.certificate_pem(), application.private_key_pem};
    if (auto kept = save_membership(folder, kind, out); !kept) {
        return std::unexpected(kept.error());
    }
    return out;
}

Result<Membership> take_renewal(const std::filesystem::path& folder, std::string_view kind,
                                Membership membership, const wire::EnrollReply& reply) {
    membership.identity.certificate_pem = reply.certificate_pem();
    if (!reply.ca_pem().empty()) membership.authority_pem = reply.ca_pem();
    if (auto kept = save_membership(folder, kind, membership); !kept) {
        return std::unexpected(kept.error());
    }
    return membership;
}

void mark_refused(const std::filesystem::path& folder) {
    // Without the mark people are told the same once more after the next start, and nothing else.
    static_cast<void>(write_file(folder / "refused", "", 0600));
}

bool is_marked_refused(const std::filesystem::path& folder) {
    std::error_code error;
    return std::filesystem::exists(folder / "refused", error);
}

Result<void> replace_membership(const std::filesystem::path& folder,
                                const std::filesystem::path& fresh,
                                std::span<const std::string_view> kept) {
    std::error_code error;
    for (const std::string_view name : kept) {
        std::filesystem::copy_file(folder / name, fresh / name,
                                   std::filesystem::copy_options::overwrite_existing, error);
        if (error) return fail(Errc::internal, std::string(name) + " cannot be kept");
    }
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
        return fail(Errc::internal, "the new identity cannot be put in its place");
    }
    std::filesystem::remove_all(fresh, error);
    return {};
}

std::optional<Timestamp> ended_at(const std::string& certificate_pem, Timestamp now) {
    const auto facts = pki::facts(certificate_pem);
    if (!facts || facts->not_after > now) return std::nullopt;
    return facts->not_after;
}

Result<Timestamp> renewal_time(const std::string& certificate_pem) {
    const auto facts = pki::facts(certificate_pem);
    if (!facts) return std::unexpected(facts.error());
    return facts->not_before + (facts->not_after - facts->not_before) * 2 / 3;
}

bool is_refusal(Errc code) {
    switch (code) {
        case Errc::invalid_argument:
        case Errc::unauthenticated:
        case Errc::permission_denied:
        case Errc::not_found:
        case Errc::conflict:
        case Errc::precondition_failed:
        case Errc::unprocessable:
        case Errc::unsupported:
            return true;
        default:
            return false;
    }
}

milliseconds reconnect_delay(unsigned tries, std::uint32_t random) {
    const milliseconds whole =
        std::min<milliseconds>(delay_first * (1LL << std::min(tries, 10U)), delay_max);
    const std::int64_t half = whole.count() / 2;
    return milliseconds(half + static_cast<std::int64_t>(random) % (half + 1));
}

}  // namespace muster::link
