#include "recipe.hpp"

#include <algorithm>

#include "muster/base/text.hpp"

namespace muster::coordinator {

Result<Recipe> Recipe::parse(const std::string& details) {
    auto body = parse_object(details, true);
    if (!body) return std::unexpected(body.error());
    Recipe out;
    try {
        out.description = body->value("description", std::string());
        out.image = body->value("image", std::string());
        out.variables = body->value("variables", std::map<std::string, std::string>());
        out.restart_on_crash = body->value("restart_on_crash", true);
        out.data = body->value("data", std::string());
        out.digest = body->value("game", std::string());
        auto settings = games::settings_from_json(body->value("settings", Json::array()));
        if (!settings) return std::unexpected(settings.error());
        out.settings = *std::move(settings);
    } catch (const Json::exception& error) {
        return fail(Errc::internal, std::string("a stored server cannot be read: ") + error.what());
    }
    return out;
}

std::string Recipe::details() const {
    Json body{{"description", description},
              {"image", image},
              {"variables", variables},
              {"settings", games::to_json(settings, false)},
              {"restart_on_crash", restart_on_crash},
              {"data", data},
              {"game", digest}};
    return to_text(body);
}

bool Recipe::makes_the_same(const Recipe& other) const {
    return image == other.image && variables == other.variables && settings == other.settings &&
           restart_on_crash == other.restart_on_crash && data == other.data &&
           digest == other.digest;
}

Result<std::vector<brain::WantedPort>> wanted_ports(const games::Game& game, const Json* asked) {
    if (asked != nullptr && !asked->is_object()) {
        return fail(Errc::invalid_argument, "it must be an object of numbers by name", "ports");
    }
    std::vector<brain::WantedPort> out;
    std::vector<std::string> names;
    for (const auto& port : game.ports) {
        brain::WantedPort wanted;
        wanted.name = port.name;
        wanted.inside = port.number;
        wanted.protocol = port.protocol == games::PortProtocol::tcp   ? brain::Protocol::tcp
                          : port.protocol == games::PortProtocol::udp ? brain::Protocol::udp
                                                                      : brain::Protocol::both;
        wanted.same_outside = port.same_outside;
        if (port.number != 0) wanted.preferred.push_back(port.number);
        wanted.preferred.insert(wanted.preferred.end(), port.alternatives.begin(),
                                port.alternatives.end());
        out.push_back(std::move(wanted));
        names.push_back(port.name);
    }
    if (asked == nullptr) return out;
    for (const auto& [name, number] : asked->items()) {
        const std::string field = "ports." + name.substr(0, 64);
        const auto found = std::find_if(out.begin(), out.end(),
                                        [&](const auto& port) { return port.name == name; });
        if (found == out.end()) {
            return fail(Errc::invalid_argument,
                        "this game has no such port; " + suggestion(name.substr(0, 64), names),
                        field);
        }
        if (number.is_null()) continue;
        const bool fits = number.is_number_unsigned() && number.get<std::uint64_t>() >= 1 &&
                          number.get<std::uint64_t>() <= 65535;
        if (!fits) {
            return fail(Errc::invalid_argument, "it must be a whole number from 1 to 65535", field);
        }
        found->outside = number.get<std::uint16_t>();
    }
    return out;
}

namespace {

void add_rules(wire::ServerSpec& out, const Recipe& recipe, const games::Game& game) {
    out.mutable_ready()->set_pattern(game.ready_pattern);
    out.mutable_ready()->set_timeout_seconds(game.ready_timeout_seconds);
    out.mutable_stop()->set_console_command(game.stop_command);
    out.mutable_stop()->set_signal(game.stop_signal);
    out.mutable_stop()->set_grace_seconds(game.stop_grace_seconds);
    auto& crash = *out.mutable_crash();
    crash.set_restart(recipe.restart_on_crash);
    crash.set_backoff_seconds_first(2);
    crash.set_backoff_seconds_max(300);
    crash.set_give_up_after(10);
    crash.set_healthy_after_seconds(600);
}

void add_files(wire::ServerSpec& out, const std::vector<games::GameFile>& files) {
    for (const auto& file : files) {
        auto& to = *out.add_files();
        to.set_volume(file.volume);
        to.set_path(file.path);
        to.set_content(file.content);
        to.set_mode(file.mode);
        to.set_keep_existing(file.keep_existing);
    }
}

}  // namespace

Result<wire::ServerSpec> specification(const Recipe& recipe, const brain::Server& server,
                                       const games::Game& game, const std::string& node_address) {
    const auto plan = games::plan_settings(recipe.settings);
    games::LaunchRequest request;
    request.server_id = server.id;
    request.server_name = server.spec.name;
    request.node_address = node_address;
    request.variables = recipe.variables;
    for (const auto& port : server.ports) request.ports[port.name] = port.outside;
    request.setting_environment = plan.environment;
    auto launch = games::launch_of(game, request);
    if (!launch) return std::unexpected(launch.error());

    wire::ServerSpec out;
    out.set_name(server.spec.name);
    out.set_game_id(game.id);
    out.set_image(recipe.image.empty() ? game.image : recipe.image);
    for (const auto& part : launch->entrypoint) out.add_entrypoint(part);
    for (const auto& part : launch->command) out.add_command(part);
    for (const auto& [name, value] : launch->environment)
        (*out.mutable_environment())[name] = value;
    for (const auto& port : server.ports) {
        auto& to = *out.add_ports();
        to.set_name(port.name);
        to.set_inside(port.inside);
        to.set_outside(port.outside);
        to.set_protocol(std::string(brain::name_of(port.protocol)));
    }
    for (const auto& volume : game.volumes) {
        auto& to = *out.add_volumes();
        to.set_name(volume.name);
        to.set_target(volume.target);
    }
    add_files(out, launch->files);
    if (!plan.files.empty()) {
        auto files = games::place_setting_files(game, plan);
        if (!files) return std::unexpected(files.error());
        add_files(out, *files);
    }
    out.set_memory_bytes(server.spec.memory_bytes);
    out.set_cpus(server.spec.cpus);
    out.set_user(game.user);
    out.set_working_folder(game.working_folder);
    add_rules(out, recipe, game);
    for (const auto& [name, value] : server.spec.labels) (*out.mutable_labels())[name] = value;
    for (const auto& capability : game.capabilities) out.add_capabilities(capability);
    out.set_tty(game.tty);
    out.set_pull("missing");
    out.set_data_name(recipe.data);
    return out;
}

std::string mask_secrets(const Recipe& recipe, const games::Game* game, std::string text) {
    std::vector<std::string> secrets;
    if (game != nullptr) {
        for (const auto& variable : game->variables) {
            const auto value = recipe.variables.find(variable.name);
            if (variable.secret && value != recipe.variables.end())
                secrets.push_back(value->second);
        }
    }
    for (const auto& setting : recipe.settings) {
        if (!setting.secure) continue;
        for (const auto& [name, value] : setting.environment) secrets.push_back(value);
    }
    // The longest first: one secret may be a part of another.
    std::sort(secrets.begin(), secrets.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const auto& secret : secrets) {
        if (secret.size() < 3) continue;
        for (auto at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + games::masked_value.size())) {
            text.replace(at, secret.size(), games::masked_value);
        }
    }
    return text;
}

}  // namespace muster::coordinator
