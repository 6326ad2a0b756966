#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "muster/runtime/runtime.hpp"

/// The runtime on the Docker Engine API (https://docs.docker.com/engine/api/), which Podman serves
/// as well.
namespace muster::runtime_docker {

struct Options {
    /// unix:///path, tcp://host:port, http://host:port or https://host:port.
    std::string base_url = "unix:///var/run/docker.sock";
    std::string ca_pem;           ///< for https: trust only this; empty: the system's store
    std::string certificate_pem;  ///< for https: who we are, or empty
    std::string private_key_pem;
};

/// Does not connect yet: an engine that is not there makes calls fail with `unavailable` until it
/// is. `invalid_argument` names the option that is wrong. Everything runs on the executor.
[[nodiscard]] Result<std::unique_ptr<runtime::Runtime>> open(boost::asio::any_io_executor executor,
                                                             Options options);

}  // namespace muster::runtime_docker
