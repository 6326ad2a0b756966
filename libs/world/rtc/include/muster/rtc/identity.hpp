#pragma once

#include <memory>

#include "muster/base/error.hpp"
#include "muster/rtc/sdp.hpp"

namespace muster::rtc {

/// A self-signed P-256 certificate and what OpenSSL needs to use it: made once a process, shared by
/// all endpoints and all threads.
class Identity {
  public:
    [[nodiscard]] static Result<std::shared_ptr<const Identity>> make();
    ~Identity();
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;
    [[nodiscard]] const Fingerprint& fingerprint() const;

    struct Impl;  ///< src/identity_impl.hpp
    [[nodiscard]] const Impl& impl() const { return *impl_; }

  private:
    explicit Identity(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::rtc
