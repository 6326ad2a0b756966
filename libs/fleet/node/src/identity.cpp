#include "identity.hpp"

#include <fcntl.h>
#include <sodium.h>

#include <array>
#include <cstdio>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"

namespace muster::node {
namespace {

constexpr std::size_t file_max = 64U << 10U;

Result<std::string> read_text(const std::filesystem::path& path) {
    auto text = read_file(path, file_max);
    if (!text) return text;
    return std::string(trim(*text));
}

}  // namespace

Result<std::optional<NodeIdentity>> load_identity(const std::filesystem::path& folder) {
    const auto id = read_text(folder / "node.id");
    if (!id) {
        if (id.error().code == Errc::not_found) return std::optional<NodeIdentity>();
        return std::unexpected(id.error());
    }
    NodeIdentity loaded;
    loaded.node_id = *id;
    for (auto [name, into] : {std::pair{"authority.pem", &loaded.authority_pem},
                              std::pair{"certificate.pem", &loaded.identity.certificate_pem},
                              std::pair{"key.pem", &loaded.identity.private_key_pem}}) {
        auto content = read_file(folder / name, file_max);
        if (!content) {
            return fail(Errc::internal,
                        "the node's identity is damaged: " + content.error().message + "; remove " +
                            folder.string() + " and join again");
        }
        *into = std::move(*content);
    }
    if (auto fits = pki::matches(loaded.identity.certificate_pem, loaded.identity.private_key_pem);
        !fits) {
        return std::unexpected(fits.error());
    }
    return std::optional<NodeIdentity>(std::move(loaded));
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

Result<void> save_identity(const std::filesystem::path& folder, const NodeIdentity& identity) {
    if (auto fits =
            pki::matches(identity.identity.certificate_pem, identity.identity.private_key_pem);
        !fits) {
        return fits;
    }
    if (auto made = make_folder(folder, 0700); !made) return made;
    // The id last: with it the identity is there.
    for (const auto& [name, content] :
         {std::pair{"authority.pem", &identity.authority_pem},
          std::pair{"certificate.pem", &identity.identity.certificate_pem},
          std::pair{"node.id", &identity.node_id}}) {
        if (auto kept = write_file(folder / name, *content, 0600); !kept) return kept;
    }
    return {};
}

void mark_refused(const std::filesystem::path& folder) {
    // Without the mark people are told the same once more after the next start, and nothing else.
    static_cast<void>(write_file(folder / "refused", "", 0600));
}

bool is_marked_refused(const std::filesystem::path& folder) {
    std::error_code error;
    return std::filesystem::exists(folder / "refused", error);
}

Result<void> replace_identity(const std::filesystem::path& folder,
                              const std::filesystem::path& fresh) {
    std::error_code error;
    for (const char* name : {"node.password", "node.password.hash"}) {
        std::filesystem::copy_file(folder / name, fresh / name,
                                   std::filesystem::copy_options::overwrite_existing, error);
        if (error) return fail(Errc::internal, "the node's password cannot be kept");
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

Result<NodePassword> load_or_make_password(const std::filesystem::path& folder) {
    NodePassword kept;
    const auto password = read_text(folder / "node.password");
    const auto hash = read_text(folder / "node.password.hash");
    if (password && hash) return NodePassword{*password, *hash};
    if (auto made = make_folder(folder, 0700); !made) return std::unexpected(made.error());
    if (::sodium_init() < 0) return fail(Errc::internal, "libsodium does not start");
    kept.password = password ? *password : random_text(20);
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (::crypto_pwhash_str(out.data(), kept.password.data(), kept.password.size(),
                            crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
        return fail(Errc::exhausted, "there is not enough memory to hash the node's password");
    }
    kept.hash = out.data();
    for (const auto& [name, content] : {std::pair{"node.password", &kept.password},
                                        std::pair{"node.password.hash", &kept.hash}}) {
        if (auto written = write_file(folder / name, *content + "\n", 0600); !written) {
            return std::unexpected(written.error());
        }
    }
    return kept;
}

}  // namespace muster::node
