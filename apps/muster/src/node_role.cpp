#include "muster/node/node.hpp"
#include "muster/runtime_docker/docker.hpp"
#include "muster/runtime_process/process.hpp"
#include "role.hpp"
#include "runtime_choice.hpp"

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

Result<runtime_docker::Options> docker_options(const Role& role) {
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
    return options;
}

Result<std::unique_ptr<runtime::Runtime>> open_process(Role& role,
                                                       const std::filesystem::path& data_dir) {
    runtime_process::Options options;
    options.state_dir = std::filesystem::absolute(data_dir) / "process";
    options.images_dir = std::filesystem::absolute(data_dir) / "images";
    options.shim_command = {"/proc/self/exe", "process-shim"};
    std::error_code none;
    options.own_program = std::filesystem::read_symlink("/proc/self/exe", none);
    const auto small = options.own_program.parent_path() / "muster-shim";
    if (std::filesystem::exists(small, none)) options.shim_command = {small};
    return runtime_process::open(role.context.get_executor(), std::move(options));
}

Result<std::unique_ptr<runtime::Runtime>> open_runtime(Role& role,
                                                       const std::filesystem::path& data_dir) {
    auto docker = docker_options(role);
    if (!docker) return std::unexpected(docker.error());
    std::string kind = role.settings.text("node.runtime");
    if (kind == "auto") {
        // Who names an engine means it.
        kind = role.settings.is_given("docker.base_url") ? "docker"
                                                         : choose_runtime(*docker, data_dir);
        role.log.say(Level::info, "servers are started by the runtime " + kind);
    }
    if (kind == "process") return open_process(role, data_dir);
    return runtime_docker::open(role.context.get_executor(), std::move(*docker));
}

}  // namespace

Result<std::unique_ptr<Part>> make_node(Role& role, NodeWiring wiring) {
    auto runtime = open_runtime(role, wiring.data_dir);
    if (!runtime) return std::unexpected(runtime.error());
    const settings::PortRange ports = role.settings.port_range("node.ports");
    node::Options options;
    options.data_dir = std::move(wiring.data_dir);
    options.coordinators = std::move(wiring.coordinators);
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
