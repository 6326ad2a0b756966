#include "muster/node/node.hpp"
#include "muster/runtime_docker/docker.hpp"
#include "role.hpp"

namespace muster {
namespace {

class NodePart final : public Part {
  public:
    NodePart(Role& role, std::unique_ptr<runtime::Runtime> runtime, node::Options options)
        : runtime_(std::move(runtime)),
          agent_(role.context.get_executor(), std::move(options), *runtime_, role.clock) {}

    asio::awaitable<Result<void>> run() override { return agent_.run(); }
    asio::awaitable<void> stop() override { return agent_.stop(); }

  private:
    std::unique_ptr<runtime::Runtime> runtime_;
    node::Agent agent_;
};

Result<std::unique_ptr<runtime::Runtime>> open_docker(Role& role) {
    runtime_docker::Options options;
    options.base_url = role.settings.text("docker.base_url");
    for (const auto& [name, into] :
         {std::pair<const char*, std::string*>{"docker.ca", &options.ca_pem},
          {"docker.certificate", &options.certificate_pem},
          {"docker.key", &options.private_key_pem}}) {
        auto pem = read_setting_file(role.settings, name);
        if (!pem) return std::unexpected(pem.error());
        *into = std::move(*pem);
    }
    return runtime_docker::open(role.context.get_executor(), std::move(options));
}

}  // namespace

Result<std::unique_ptr<Part>> make_node(Role& role, NodeWiring wiring) {
    auto runtime = open_docker(role);
    if (!runtime) return std::unexpected(runtime.error());
    const settings::PortRange ports = role.settings.port_range("node.ports");
    node::Options options;
    options.data_dir = std::move(wiring.data_dir);
    options.coordinator = std::move(wiring.coordinator);
    options.join_token = std::move(wiring.join_token);
    options.name = role.settings.text("node.name");
    options.advertise = role.settings.text("node.advertise");
    options.labels = role.settings.pairs("node.labels");
    options.port_first = ports.first;
    options.port_last = ports.last;
    options.operations_max = static_cast<std::size_t>(role.settings.number("node.operations_max"));
    options.version = role.version;
    options.on_enrolled = std::move(wiring.on_enrolled);
    options.log = [log = role.log](const std::string& line) { log.say(Level::info, line); };
    return std::make_unique<NodePart>(role, std::move(*runtime), std::move(options));
}

}  // namespace muster
