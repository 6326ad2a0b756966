#pragma once

#include <map>
#include <optional>
#include <string>

#include "json.hpp"
#include "muster/runtime/runtime.hpp"

/// The Engine's JSON to our words and back. Pure.
namespace muster::runtime_docker {

/// Labels of our own in which the names of ports are kept, because the Engine has no place for
/// them. Not among Instance::labels.
inline constexpr std::string_view port_label = "muster.port.";

/// The body of POST /containers/create.
[[nodiscard]] Json create_body(const runtime::InstanceSpec& spec);
[[nodiscard]] Json exec_body(const runtime::ExecSpec& spec);

/// GET /containers/{id}/json.
[[nodiscard]] runtime::Instance decode_instance(const Json& json);
/// One object of GET /containers/{id}/stats; nothing while (or because) it does not run.
[[nodiscard]] std::optional<runtime::Stats> decode_stats(const Json& json);
/// One object of GET /events; nothing for what is no event of an instance that we tell of.
[[nodiscard]] std::optional<runtime::RuntimeEvent> decode_event(const Json& json);
[[nodiscard]] runtime::Artifact decode_image(const Json& json);
[[nodiscard]] runtime::Artifact decode_volume(const Json& json);
[[nodiscard]] runtime::Artifact decode_network(const Json& json);

/// Sums the layers' progress of one pull.
class PullDecoder {
  public:
    /// One object of the stream; an error of the registry fails.
    Result<runtime::PullProgress> feed(const Json& json);

  private:
    struct Layer {
        std::int64_t done = 0;
        std::int64_t total = 0;
    };
    std::map<std::string, Layer> layers_;
};

/// "name", "host:5000/name", "name@sha256:...": with ":latest" where no tag is said, as the Engine
/// would otherwise pull every tag there is.
[[nodiscard]] std::string with_tag(std::string image);

/// What an answer with this status (400 or more) means. The reason is the body's `message`.
[[nodiscard]] Error decode_error(int status, std::string_view body);
/// The host port in "Bind for 0.0.0.0:7000 failed: port is already allocated" and its like.
[[nodiscard]] std::optional<std::uint16_t> taken_port(std::string_view message);

}  // namespace muster::runtime_docker
