#include "authority.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "muster/base/file.hpp"
#include "muster/link/link.hpp"

namespace muster::coordinator {
namespace {

constexpr std::array<std::string_view, 2> always_dns{"localhost", link::coordinator_name};
constexpr std::array<std::string_view, 2> always_addresses{"127.0.0.1", "::1"};

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace

Result<Authority> Authority::open(const std::filesystem::path& data_dir, Timestamp now) {
    const auto folder = data_dir / "authority";
    const auto certificate_file = folder / "ca.pem";
    const auto key_file = folder / "ca.key";
    if (auto made = make_folder(folder, 0700); !made) return std::unexpected(made.error());
    Authority out;
    auto certificate = read_file(certificate_file);
    auto key = read_file(key_file);
    if (certificate && key) {
        out.identity_ = pki::Identity{*std::move(certificate), *std::move(key)};
        if (auto matched =
                pki::matches(out.identity_.certificate_pem, out.identity_.private_key_pem);
            !matched) {
            return fail(Errc::internal, folder.string() + ": " + matched.error().message);
        }
    } else {
        for (const auto* read : {&certificate, &key}) {
            if (!*read && read->error().code != Errc::not_found) {
                return std::unexpected(read->error());
            }
        }
        if (certificate) {
            return fail(Errc::internal, key_file.string() + " is missing: put it back, or move " +
                                            folder.string() + " away and let all nodes join again");
        }
        auto made = pki::new_authority("Muster coordinator", now, authority_days);
        if (!made) return std::unexpected(made.error());
        // The key first: a key without a certificate is replaced, the other way round is refused.
        for (const auto& [file, content, mode] :
             {std::tuple(key_file, made->private_key_pem, mode_t{0600}),
              std::tuple(certificate_file, made->certificate_pem, mode_t{0644})}) {
            if (auto written = write_file(file, content, mode); !written) {
                return std::unexpected(written.error());
            }
        }
        out.identity_ = *std::move(made);
    }
    auto facts = pki::facts(out.identity_.certificate_pem);
    if (!facts) return std::unexpected(facts.error());
    out.digest_hex_ = facts->digest_hex;
    return out;
}

Result<pki::Identity> Authority::serve_as(std::vector<std::string> names, Timestamp now,
                                          std::chrono::days valid) const {
    pki::Subject subject;
    subject.common_name = std::string(link::coordinator_name);
    names.push_back(host_name());
    for (const auto name : always_dns) names.emplace_back(name);
    for (const auto name : always_addresses) names.emplace_back(name);
    for (const auto& name : names) {
        if (name.empty()) continue;
        boost::system::error_code error;
        const auto address = boost::asio::ip::make_address(name, error);
        if (!error && address.is_unspecified()) continue;
        auto& list = error ? subject.dns_names : subject.addresses;
        if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
    }
    auto key = pki::new_private_key();
    if (!key) return std::unexpected(key.error());
    auto certificate = pki::issue(identity_, *key, subject, pki::Usage::server, now, valid);
    if (!certificate) return std::unexpected(certificate.error());
    return pki::Identity{*std::move(certificate) + identity_.certificate_pem, *std::move(key)};
}

Result<std::string> Authority::issue_for_member(const std::string& common_name,
                                                std::string_view request_der, Timestamp now) const {
    pki::Subject subject;
    subject.common_name = common_name;
    return pki::issue_for_request(identity_, request_der, subject, pki::Usage::client, now,
                                  node_days);
}

}  // namespace muster::coordinator
