#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/http/server.hpp"
#include "muster/pki/pki.hpp"
#include "muster/store/store.hpp"

namespace muster::coordinator {

/// The coordinator's own certificate authority. Its key and certificate are made at the first
/// start, and lie in DATA_DIR/authority (0700, keys 0600); those of coordinators that share a store
/// are a record of it. Blocking; used at the start.
class Authority {
  public:
    static constexpr std::chrono::days authority_days{3650};
    /// Of the link: nodes trust this authority alone and look for its name, so nothing is won by
    /// coming round to a fresh one while the process runs; it never outlives the authority.
    static constexpr std::chrono::days link_days = authority_days;
    /// Of our own HTTPS: some systems refuse more than 825 days. Made anew at each start.
    static constexpr std::chrono::days https_days{820};
    static constexpr std::chrono::days node_days{30};

    /// The one in the folder. When there is none, that of the store, if coordinators have shared it
    /// (or what it is a copy of) before, or else a new one is put there.
    [[nodiscard]] static Result<Authority> open(store::Store& store,
                                                const std::filesystem::path& data_dir,
                                                Timestamp now);
    /// The one in the store. When there is none, that of the folder, so that the nodes of a
    /// coordinator that was alone stay its own, or else a new one is put there. Its certificate,
    /// for programs of this machine, is also put into DATA_DIR/ca.pem.
    [[nodiscard]] static Result<Authority> open_shared(store::Store& store,
                                                       const std::filesystem::path& data_dir,
                                                       Timestamp now);
    /// The one in the store, if there is one.
    [[nodiscard]] static Result<std::optional<Authority>> find(store::Store& store);
    /// As it is kept in the store.
    [[nodiscard]] std::string to_record() const;
    [[nodiscard]] static Result<Authority> from_record(const std::string& body);

    [[nodiscard]] const std::string& certificate_pem() const { return identity_.certificate_pem; }
    [[nodiscard]] const std::string& digest_hex() const { return digest_hex_; }

    /// A fresh certificate for this coordinator under all of its names; made anew at each start.
    [[nodiscard]] Result<pki::Identity> serve_as(std::vector<std::string> names, Timestamp now,
                                                 std::chrono::days valid) const;
    /// For the key in the request of a node ("node:<id>") or a world server ("world:<id>").
    [[nodiscard]] Result<std::string> issue_for_member(const std::string& common_name,
                                                       std::string_view request_der,
                                                       Timestamp now) const;

  private:
    [[nodiscard]] static Result<std::optional<Authority>> in_folder(
        const std::filesystem::path& folder);
    [[nodiscard]] static Result<Authority> make(Timestamp now);
    static constexpr std::string_view kind = "authority";
    static constexpr std::string_view record_id = "ca";
    [[nodiscard]] static Result<Authority> of(pki::Identity identity, const std::string& where);

    pki::Identity identity_;
    std::string digest_hex_;
};

/// The host of "host", "host:port" or "[v6]:port".
[[nodiscard]] std::string host_part(const std::string& address);
/// With what HTTPS is served by these options; nullopt: HTTP.
[[nodiscard]] Result<std::optional<http::TlsFiles>> https_files(const Options& options,
                                                                const Authority& authority,
                                                                Timestamp now);

}  // namespace muster::coordinator
