#include "bench.hpp"

#include <algorithm>

#include "muster/base/random.hpp"

namespace muster::plugins::testing {
namespace {

sim::Rules rules() {
    sim::Rules out;
    out.mode = sim::Mode::free_for_all;
    out.players_max = 8;
    return out;
}

}  // namespace

Folder::Folder() : path(std::filesystem::temp_directory_path() / new_id("plugins")) {
    std::filesystem::create_directories(path);
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

std::string test_plugin(const std::string& name) {
    return std::string(TEST_PLUGINS) + "/" + name + "/" + name + ".so";
}

std::string example(const std::string& name) {
    return std::string(EXAMPLE_PLUGINS) + "/" + name + ".so";
}

void Log::add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(text);
}

std::size_t Log::count(const std::string& part) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

std::string Log::all() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const std::string& line : lines_) out += line + "\n";
    return out;
}

Bench::Bench() : world_(sim::classic_arena(1), rules(), 1) {}

Bench::~Bench() {
    close();
}

Options Bench::options(std::vector<std::string> files) {
    Options out;
    out.files = std::move(files);
    out.folder = folder.path;
    out.write_every = std::chrono::hours(1);
    out.log = [this](host::LogLevel, std::string_view text) {
        log.add(text);
        if (text.find("takes its time") != std::string_view::npos) {
            clock_ += std::chrono::nanoseconds(per_line).count();
            if (while_held) while_held();
        }
    };
    out.clock = [this] { return std::chrono::nanoseconds(clock_.load()); };
    return out;
}

Result<void> Bench::open(Options options) {
    auto loaded = Plugins::load(std::move(options));
    if (!loaded) return std::unexpected(loaded.error());
    plugins = std::move(*loaded);
    extension_ = plugins->extension(name_);
    auto opened = extension_->open(*this);
    is_open_ = opened.has_value();
    return opened;
}

void Bench::close() {
    if (std::exchange(is_open_, false)) extension_->close();
}

sim::PlayerId Bench::join(const std::string& name) {
    const auto player = world_.join({.name = name});
    if (!player) return sim::no_player;
    people_.insert(*player);
    extension_->on_join(*player, false);
    return *player;
}

void Bench::leave(sim::PlayerId player) {
    extension_->on_leave(player);
    people_.erase(player);
    world_.leave(player);
}

void Bench::tick(std::chrono::milliseconds ms) {
    now_ += ms;
    world_.step();
    extension_->on_events(world_.events());
    extension_->on_tick();
}

void Bench::send_to_plugins(sim::PlayerId from, std::uint8_t command, std::string_view payload) {
    extension_->on_message(
        {.from = from, .command = command, .payload = std::as_bytes(std::span(payload))});
}

host::PluginStatistics Bench::statistics() const {
    return extension_->statistics().front();
}

std::vector<std::string> Bench::told() {
    std::vector<std::string> out;
    for (; told_ < sent.size(); ++told_) {
        const Message& one = sent[told_];
        if (one.to == sim::no_player && one.command == 0) out.push_back(one.payload);
    }
    return out;
}

host::Sent Bench::send(sim::PlayerId to, std::uint8_t command, std::span<const std::byte> payload) {
    if (to != sim::no_player && !is_person(to)) return host::Sent::absent;
    if (payload.size() > MUSTER_PAYLOAD_MAX) return host::Sent::unfit;
    if (answer != host::Sent::queued) return answer;
    sent.push_back(
        {to, command, std::string(reinterpret_cast<const char*>(payload.data()), payload.size())});
    return host::Sent::queued;
}

host::Sent Bench::say(sim::PlayerId to, std::string_view name, std::string_view text) {
    if (to != sim::no_player && !is_person(to)) return host::Sent::absent;
    chats.push_back(std::string(name) + " to " + std::to_string(to) + ": " + std::string(text));
    return host::Sent::queued;
}

host::Sent Bench::report(std::string_view plugin, std::uint8_t command,
                         std::span<const std::byte> payload) {
    if (payload.size() > MUSTER_PAYLOAD_MAX) return host::Sent::unfit;
    reports.push_back(std::string(plugin) + " " + std::to_string(command) + " " +
                      std::string(reinterpret_cast<const char*>(payload.data()), payload.size()));
    return host::Sent::queued;
}

}  // namespace muster::plugins::testing
