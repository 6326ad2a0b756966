#include "authority.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "json.hpp"
#include "muster/base/file.hpp"
#include "muster/link/link.hpp"

namespace muster::coordinator {
namespace {

constexpr std::array<std::string_view, 2> always_dns{"localhost", link::coordinator_name};
constexpr std::array<std::string_view, 2> always_addresses{"127.0.0.1", "::1"};

constexpr std::string_view folder_name = "authority";
constexpr std::string_view certificate_name = "ca.pem";
constexpr std::string_view key_name = "ca.key";

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace

Result<Authority> Authority::of(pki::Identity identity, const std::string& where) {
    if (auto matched = pki::matches(identity.certificate_pem, identity.private_key_pem); !matched) {
        return fail(Errc::internal, where + ": " + matched.error().message);
    }
    auto facts = pki::facts(identity.certificate_pem);
    if (!facts) return std::unexpected(facts.error());
    Authority out;
    out.identity_ = std::move(identity);
    out.digest_hex_ = facts->digest_hex;
    return out;
}

Result<std::optional<Authority>> Authority::in_folder(const std::filesystem::path& folder) {
    auto certificate = read_file(folder / certificate_name);
    auto key = read_file(folder / key_name);
    if (certificate && key) {
        auto found = of(pki::Identity{*std::move(certificate), *std::move(key)}, folder.string());
        if (!found) return std::unexpected(found.error());
        return std::optional(*std::move(found));
    }
    for (const auto* read : {&certificate, &key}) {
        if (!*read && read->error().code != Errc::not_found) {
            return std::unexpected(read->error());
        }
    }
    if (certificate) {
        return fail(Errc::internal, (folder / key_name).string() +
                                        " is missing: put it back, or move " + folder.string() +
                                        " away and let all nodes join again");
    }
    return std::nullopt;
}

Result<Authority> Authority::make(Timestamp now) {
    auto made = pki::new_authority("Muster coordinator", now, authority_days);
    if (!made) return std::unexpected(made.error());
    return of(*std::move(made), "the new authority");
}

Result<Authority> Authority::open(store::Store& store, const std::filesystem::path& data_dir,
                                  Timestamp now) {
    const auto folder = data_dir / folder_name;
    if (auto made = make_folder(folder, 0700); !made) return std::unexpected(made.error());
    auto found = in_folder(folder);
    if (!found) return std::unexpected(found.error());
    if (*found) return **std::move(found);
    found = find(store);
    if (!found) return std::unexpected(found.error());
    auto out = *found ? Result<Authority>(**std::move(found)) : make(now);
    if (!out) return out;
    // The key first: a key without a certificate is replaced, the other way round is refused.
    for (const auto& [file, content, mode] :
         {std::tuple(folder / key_name, out->identity_.private_key_pem, mode_t{0600}),
          std::tuple(folder / certificate_name, out->identity_.certificate_pem, mode_t{0644})}) {
        if (auto written = write_file(file, content, mode); !written) {
            return std::unexpected(written.error());
        }
    }
    return out;
}

std::string Authority::to_record() const {
    return to_text(Json{{"certificate_pem", identity_.certificate_pem},
                        {"private_key_pem", identity_.private_key_pem}});
}

Result<Authority> Authority::from_record(const std::string& body) {
    auto json = parse_record(kind, std::string(record_id), body);
    if (!json) return std::unexpected(json.error());
    return of(pki::Identity{json->value("certificate_pem", std::string()),
                            json->value("private_key_pem", std::string())},
              "the authority in the store");
}

Result<std::optional<Authority>> Authority::find(store::Store& store) {
    auto records = store.load(kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        if (record.id != record_id) continue;
        auto found = from_record(record.body);
        if (!found) return std::unexpected(found.error());
        return std::optional(*std::move(found));
    }
    return std::nullopt;
}

Result<Authority> Authority::open_shared(store::Store& store, const std::filesystem::path& data_dir,
                                         Timestamp now) {
    auto found = find(store);
    if (!found) return std::unexpected(found.error());
    if (!*found) {
        auto own = in_folder(data_dir / folder_name);
        if (!own) return std::unexpected(own.error());
        auto first = *own ? Result<Authority>(**std::move(own)) : make(now);
        if (!first) return first;
        store::Change change;
        change.record = {std::string(kind), std::string(record_id), first->to_record()};
        if (auto kept = store.commit(std::span(&change, 1), "", {}); !kept) {
            return std::unexpected(kept.error());
        }
        *found = *std::move(first);
    }
    if (auto written = write_file(data_dir / "ca.pem", (*found)->certificate_pem(), 0644);
        !written) {
        return std::unexpected(written.error());
    }
    return **std::move(found);
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

std::string host_part(const std::string& address) {
    if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
    const auto colon = address.find(':');
    return colon == address.rfind(':') ? address.substr(0, colon) : address;
}

Result<std::optional<http::TlsFiles>> https_files(const Options& options,
                                                  const Authority& authority, Timestamp now) {
    http::TlsFiles files;
    if (!options.http_certificate_pem.empty()) {
        files.certificate_chain_pem = options.http_certificate_pem;
        files.private_key_pem = options.http_private_key_pem;
        return files;
    }
    if (!options.own_https) return std::nullopt;
    auto identity = authority.serve_as({options.http_host, host_part(options.advertise)}, now,
                                       Authority::https_days);
    if (!identity) return std::unexpected(identity.error());
    files.certificate_chain_pem = std::move(identity->certificate_pem);
    files.private_key_pem = std::move(identity->private_key_pem);
    return files;
}

}  // namespace muster::coordinator
