#include "deploy.hpp"

#include <algorithm>
#include <array>

#include "muster/base/text.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t name_characters_max = 64;
constexpr std::size_t name_bytes_max = name_characters_max * 4;
constexpr std::size_t description_bytes_max = 4096;
constexpr std::size_t image_bytes_max = 512;
constexpr std::size_t variables_max = 256;
constexpr std::size_t variable_bytes_max = 64U << 10U;
constexpr std::int64_t memory_bytes_min = 6 << 20;  // what Docker takes at least
constexpr std::int64_t memory_bytes_max = std::int64_t{1} << 50;
constexpr double cpus_max = 4096;

/// Code points that show nothing, or change how the rest is shown: two names that look the same
/// would be different ones.
bool is_invisible(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202f) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/// Of text that is UTF-8, as all that comes out of the JSON parser is.
char32_t next_code_point(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t out = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t i = 1; i < size && i < text.size(); ++i) {
        out = (out << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    text.remove_prefix(std::min(size, text.size()));
    return out;
}

Result<std::string> tidy_name(const std::string& name) {
    const std::string out(trim(name));
    if (out.empty()) return fail(Errc::invalid_argument, "it is required", "name");
    std::size_t count = 0;
    for (std::string_view rest = out; !rest.empty(); ++count) {
        if (is_invisible(next_code_point(rest))) {
            return fail(Errc::invalid_argument, "it holds characters that cannot be seen", "name");
        }
    }
    if (count > name_characters_max) {
        return fail(Errc::invalid_argument, "it has at most 64 characters", "name");
    }
    return out;
}

/// The folder's name on the node: it must not be able to mean another folder.
Result<void> check_data(const std::string& data) {
    const bool is_plain = !data.empty() && data.size() <= 64 && data.front() != '.' &&
                          data.front() != '-' && std::all_of(data.begin(), data.end(), [](char c) {
                              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                     (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                          });
    if (is_plain) return {};
    return fail(
        Errc::invalid_argument,
        "it must be 1 to 64 letters, digits, '-', '_' or '.', not beginning with '.' or '-'",
        "data");
}

Result<void> check_image(const std::string& image) {
    const bool is_plain =
        std::all_of(image.begin(), image.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (is_plain) return {};
    return fail(Errc::invalid_argument, "it holds characters that no image's name has", "image");
}

/// 0 is "no limit"; what is left out is what the game recommends.
void read_limits(Reader& reader, brain::ServerSpec& spec) {
    if (const auto memory = reader.integer("memory_bytes", 0, memory_bytes_max)) {
        if (*memory != 0 && *memory < memory_bytes_min) {
            reader.refuse("memory_bytes", "it must be 0 or at least 6 MiB");
        }
        spec.memory_bytes = *memory;
    }
    if (const auto cpus = reader.real("cpus", 0, cpus_max)) spec.cpus = *cpus;
}

}  // namespace

bool is_server_state(std::string_view name) {
    using State = brain::ServerState;
    for (const auto state : {State::waiting, State::creating, State::installing, State::starting,
                             State::ready, State::unhealthy, State::paused, State::stopping,
                             State::stopped, State::crashed, State::removing, State::unknown}) {
        if (brain::name_of(state) == name) return true;
    }
    return false;
}

Result<Deploy> read_deploy(const Json& body, const Catalogue& catalogue,
                           const std::string& server_id) {
    Reader reader(body);
    Deploy out;
    const auto game_id = reader.required_text("game", 128);
    out.spec.name = reader.required_text("name", name_bytes_max);
    out.spec.node_id = reader.text("node_id", 128).value_or("");
    const auto variables = reader.texts("variables", variables_max, variable_bytes_max);
    const Json* ports = reader.any("ports");
    const Json* settings = reader.any("settings");
    out.spec.labels = reader.texts("labels", labels_max, label_bytes_max).value_or(out.spec.labels);
    out.spec.required_labels = reader.texts("required_labels", labels_max, label_bytes_max)
                                   .value_or(out.spec.required_labels);
    out.recipe.description = reader.text("description", description_bytes_max).value_or("");
    out.start = reader.boolean("start").value_or(true);
    out.recipe.restart_on_crash = reader.boolean("restart_on_crash").value_or(true);
    out.recipe.data = reader.text("data", 64).value_or(server_id);
    out.recipe.image = reader.text("image", image_bytes_max).value_or("");
    if (!game_id.empty()) {
        out.game = catalogue.find(game_id).game;
        if (!out.game) {
            std::vector<std::string> known;
            for (const auto& [id, entry] : catalogue.all()) known.push_back(id);
            reader.refuse("game", "there is no such game; " + suggestion(game_id, known));
        } else {
            out.spec.memory_bytes = out.game->memory_bytes;
            out.spec.cpus = out.game->cpus;
        }
    }
    read_limits(reader, out.spec);
    if (auto done = reader.done(); !done) return std::unexpected(done.error());

    auto name = tidy_name(out.spec.name);
    if (!name) return std::unexpected(name.error());
    out.spec.name = *std::move(name);
    out.spec.game = out.game->id;
    if (auto fine = check_data(out.recipe.data); !fine) return std::unexpected(fine.error());
    if (auto fine = check_image(out.recipe.image); !fine) return std::unexpected(fine.error());
    auto completed = games::complete_variables(
        *out.game, variables.value_or(std::map<std::string, std::string>()));
    if (!completed) return std::unexpected(completed.error());
    out.recipe.variables = *std::move(completed);
    auto wanted = wanted_ports(*out.game, ports);
    if (!wanted) return std::unexpected(wanted.error());
    out.spec.ports = *std::move(wanted);
    if (settings != nullptr) {
        auto read = games::settings_from_json(*settings);
        if (!read) return std::unexpected(read.error());
        out.recipe.settings = *std::move(read);
    }
    const auto plan = games::plan_settings(out.recipe.settings);
    if (!plan.files.empty()) {
        if (auto placed = games::place_setting_files(*out.game, plan); !placed) {
            return fail(placed.error().code, placed.error().message, "settings");
        }
    }
    return out;
}

namespace {

/// A merge patch of the variables: null takes one back to its default.
Result<void> patch_variables(const Json& patch, Recipe& recipe, const games::Game& game) {
    if (!patch.is_object()) {
        return fail(Errc::invalid_argument, "it must be an object", "variables");
    }
    Json given = Json::object();
    std::vector<std::string> removed;
    for (const auto& [name, value] : patch.items()) {
        if (value.is_null()) {
            removed.push_back(name);
        } else {
            given[name] = value;
        }
    }
    const Json body{{"variables", given}};
    Reader reader(body);
    auto texts = reader.texts("variables", variables_max, variable_bytes_max);
    if (auto done = reader.done(); !done) return done;
    auto merged = recipe.variables;
    for (auto& [name, value] : games::unmask_variables(game, std::move(*texts), recipe.variables)) {
        merged[name] = value;
    }
    for (const auto& name : removed) merged.erase(name);
    auto completed = games::complete_variables(game, merged);
    if (!completed) return std::unexpected(completed.error());
    recipe.variables = *std::move(completed);
    return {};
}

Result<void> patch_settings(const Json& patch, Recipe& recipe, const games::Game& game) {
    auto read = games::settings_from_json(patch);
    if (!read) return std::unexpected(read.error());
    recipe.settings = games::unmask_settings(*std::move(read), recipe.settings);
    const auto plan = games::plan_settings(recipe.settings);
    if (plan.files.empty()) return {};
    if (auto placed = games::place_setting_files(game, plan); !placed) {
        return fail(placed.error().code, placed.error().message, "settings");
    }
    return {};
}

Result<void> patch_labels(const Json& patch, std::map<std::string, std::string>& labels) {
    if (!patch.is_object()) return fail(Errc::invalid_argument, "it must be an object", "labels");
    Json merged(labels);
    merge_patch(merged, patch);
    const Json body{{"labels", std::move(merged)}};
    Reader reader(body);
    auto texts = reader.texts("labels", labels_max, label_bytes_max);
    if (auto done = reader.done(); !done) return done;
    labels = *std::move(texts);
    return {};
}

}  // namespace

Result<Change> read_change(const Json& patch, const brain::Server& server,
                           const Catalogue& catalogue) {
    auto recipe = Recipe::parse(server.spec.details);
    if (!recipe) return std::unexpected(recipe.error());
    const auto game = catalogue.pinned(recipe->digest);
    if (!game) return fail(Errc::internal, "the server's game is not in the store");
    const Recipe before = *recipe;
    Change out;
    out.spec = server.spec;

    Reader reader(patch);
    if (const auto name = reader.text("name", name_bytes_max)) {
        auto tidy = tidy_name(*name);
        if (!tidy) return std::unexpected(tidy.error());
        out.spec.name = *std::move(tidy);
    }
    recipe->description =
        reader.text("description", description_bytes_max).value_or(before.description);
    recipe->restart_on_crash = reader.boolean("restart_on_crash").value_or(before.restart_on_crash);
    read_limits(reader, out.spec);
    const Json* labels = reader.any("labels");
    const Json* variables = reader.any("variables");
    const Json* settings = reader.any("settings");
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    if (labels != nullptr) {
        if (auto done = patch_labels(*labels, out.spec.labels); !done) {
            return std::unexpected(done.error());
        }
    }
    if (variables != nullptr) {
        if (auto done = patch_variables(*variables, *recipe, *game); !done) {
            return std::unexpected(done.error());
        }
    }
    if (settings != nullptr) {
        if (auto done = patch_settings(*settings, *recipe, *game); !done) {
            return std::unexpected(done.error());
        }
    }
    out.spec.details = recipe->details();
    // The instance carries the name and labels too, but they are words for people.
    out.remake = !recipe->makes_the_same(before) ||
                 out.spec.memory_bytes != server.spec.memory_bytes ||
                 out.spec.cpus != server.spec.cpus;
    return out;
}

std::optional<Renewed> renew_game(const brain::Server& server, Catalogue& catalogue) {
    auto recipe = Recipe::parse(server.spec.details);
    const auto game = catalogue.find(server.spec.game).game;
    if (!recipe || !game) return std::nullopt;
    if (Catalogue::digest_of(*game) == recipe->digest) return std::nullopt;
    // Ports are given for a server's life: a game that wants others is for new servers.
    const auto before = catalogue.pinned(recipe->digest);
    if (!before || before->ports != game->ports) return std::nullopt;
    std::map<std::string, std::string> kept;
    for (const auto& variable : game->variables) {
        const auto value = recipe->variables.find(variable.name);
        if (value != recipe->variables.end()) kept.insert(*value);
    }
    auto completed = games::complete_variables(*game, kept);
    if (!completed) return std::nullopt;
    recipe->variables = *std::move(completed);
    Renewed out;
    out.digest = Catalogue::digest_of(*game);
    out.is_first = catalogue.pinned(out.digest) == nullptr;
    recipe->digest = catalogue.pin(game);
    out.spec = server.spec;
    out.spec.details = recipe->details();
    return out;
}

std::vector<std::string> servers_with_data(const brain::State& state, const std::string& data) {
    std::vector<std::string> out;
    state.each_server([&](const brain::Server& server) {
        // Only a folder that somebody named can belong to another server.
        const auto recipe = Recipe::parse(server.spec.details);
        if (recipe && recipe->data == data) out.push_back(server.id);
    });
    return out;
}

}  // namespace muster::coordinator
