#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/pki/pki.hpp"

namespace muster::coordinator {

/// The coordinator's own certificate authority: its key and certificate lie in
/// DATA_DIR/authority (0700, keys 0600) and are made at the first start. Blocking; used at the
/// start.
class Authority {
  public:
    static constexpr std::chrono::days authority_days{3650};
    /// Of the link: nodes trust this authority alone and look for its name, so nothing is won by
    /// coming round to a fresh one while the process runs; it never outlives the authority.
    static constexpr std::chrono::days link_days = authority_days;
    /// Of our own HTTPS: some systems refuse more than 825 days. Made anew at each start.
    static constexpr std::chrono::days https_days{820};
    static constexpr std::chrono::days node_days{30};

    [[nodiscard]] static Result<Authority> open(const std::filesystem::path& data_dir,
                                                Timestamp now);

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
    pki::Identity identity_;
    std::string digest_hex_;
};

}  // namespace muster::coordinator
