#include "identity.hpp"

#include <sodium.h>

#include <array>

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
