#include "muster/plugins/plugins.hpp"

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <utility>

#include "world_plugins.hpp"

namespace muster::plugins {
namespace {

constexpr std::size_t plugins_max = 16;

Result<void> load_all(const Options& options, std::vector<Library>& out) {
    auto files = find_files(options.files);
    if (!files) return std::unexpected(files.error());
    if (files->size() > plugins_max) {
        return fail(Errc::invalid_argument, "at most 16 plugins", "world.plugins");
    }
    for (const auto& file : *files) {
        auto library = load_library(file);
        if (!library) return std::unexpected(library.error());
        const auto same = std::ranges::find(out, library->name, &Library::name);
        if (same != out.end()) {
            return fail(Errc::invalid_argument,
                        file.string() + " is a plugin of the name " + library->name + ", as is " +
                            same->file.string(),
                        "world.plugins");
        }
        options.log(host::LogLevel::info, "plugin " + library->name + " " + library->version +
                                              " from " + library->file.string());
        out.push_back(std::move(*library));
    }
    for (const auto& [name, settings] : options.settings) {
        if (std::ranges::find(out, name, &Library::name) == out.end()) {
            options.log(host::LogLevel::warning,
                        "there are settings for the plugin " + name + ", which is not loaded");
        }
    }
    return {};
}

}  // namespace

struct Plugins::Impl {
    explicit Impl(Options options) : shelf(std::make_shared<Shelf>(std::move(options))) {}

    void attend();
    void run();
    void start() {
        thread = std::thread([this] { run(); });
    }
    void stop() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        wanted.notify_one();
        if (thread.joinable()) thread.join();
        shelf->writer.turn();
    }
    [[nodiscard]] std::vector<std::shared_ptr<WorldPlugins>> living() {
        const std::lock_guard lock(mutex);
        std::vector<std::shared_ptr<WorldPlugins>> out;
        for (const auto& world : worlds) {
            if (auto there = world.lock()) out.push_back(std::move(there));
        }
        return out;
    }

    const std::shared_ptr<Shelf> shelf;
    std::vector<Loaded> list;
    std::mutex mutex;
    std::condition_variable wanted;
    bool stopping = false;                            // guarded by mutex
    std::vector<std::weak_ptr<WorldPlugins>> worlds;  // guarded by mutex
    std::thread thread;
};

// Away from the worlds' threads: the disk, and an eye on calls that do not return.
void Plugins::Impl::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex);
            if (wanted.wait_for(lock, shelf->options.write_every, [this] { return stopping; }))
                return;
        }
        attend();
    }
}

void Plugins::Impl::attend() {
    shelf->writer.turn();
    for (const auto& world : living()) world->look(shelf->options.clock());
}

Result<std::shared_ptr<Plugins>> Plugins::load(Options options) {
    if (!options.clock) {
        options.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    }
    if (!options.log) options.log = [](host::LogLevel, std::string_view) {};
    auto impl = std::make_shared<Impl>(std::move(options));
    if (auto loaded = load_all(impl->shelf->options, impl->shelf->libraries); !loaded) {
        return std::unexpected(loaded.error());
    }
    for (const Library& library : impl->shelf->libraries) {
        impl->list.push_back({library.name, library.version, library.file.string()});
    }
    std::shared_ptr<Plugins> out(new Plugins(std::move(impl)));
    out->impl_->start();
    return out;
}

Plugins::Plugins(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Plugins::~Plugins() {
    impl_->stop();
}

const std::vector<Loaded>& Plugins::list() const {
    return impl_->list;
}

std::shared_ptr<host::Extension> Plugins::extension(const std::string& world) {
    auto made = std::make_shared<WorldPlugins>(impl_->shelf, world);
    const std::lock_guard lock(impl_->mutex);
    impl_->worlds.push_back(made);
    return made;
}

void Plugins::tap(host::LogLevel level, std::string_view text) {
    for (const auto& world : impl_->living()) world->tap(level, text);
}

void Plugins::attend() {
    impl_->attend();
}

}  // namespace muster::plugins
