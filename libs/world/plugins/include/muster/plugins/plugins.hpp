#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/host/extension.hpp"
#include "muster/host/world_server.hpp"

/// Plugins (sdk/plugin/include/muster/plugin.h): shared libraries, loaded into a world server.
namespace muster::plugins {

/// What [plugin.NAME] says, by key.
using PluginSettings = std::map<std::string, std::string, std::less<>>;

struct Options {
    /// .so files, and folders of which all .so files are taken, by name. At most 16 plugins.
    std::vector<std::string> files;
    /// Where they keep what they store: FOLDER/WORLD/PLUGIN.store. Made when it is needed.
    std::filesystem::path folder;
    std::map<std::string, PluginSettings, std::less<>> settings;  ///< by plugin
    /// What one plugin may take of a tick; over it, it is slow.
    std::chrono::microseconds budget{2'000};
    /// So many slow ticks, or failed calls of one kind, in a row switch it off; 0: never.
    std::uint32_t strikes = 60;
    /// How often what changed is written to the disk.
    std::chrono::milliseconds write_every{500};
    std::function<void(host::LogLevel, std::string_view)> log;  ///< from any thread
    std::function<std::chrono::nanoseconds()> clock;            ///< steady; empty: the system's
};

struct Loaded {
    std::string name, version, file;
};

/// The plugins of a process. They are loaded once, have an instance in each world, and are never
/// unloaded again: what they left behind may point into them.
class Plugins {
  public:
    /// `invalid_argument` (field `world.plugins`) names the file and why it is refused: it is none,
    /// others may write it, another ABI, a name that is no name or there already.
    [[nodiscard]] static Result<std::shared_ptr<Plugins>> load(Options options);
    ~Plugins();
    Plugins(const Plugins&) = delete;
    Plugins& operator=(const Plugins&) = delete;

    [[nodiscard]] const std::vector<Loaded>& list() const;
    /// For WorldOptions::extension of one world; once for each. Keeps what it needs.
    [[nodiscard]] std::shared_ptr<host::Extension> extension(const std::string& world);
    /// A line of the server's log, for those who listen. Any thread; never blocks for long.
    void tap(host::LogLevel level, std::string_view text);
    /// What a thread does every `write_every`: writes what has changed to the disk, and names in
    /// the log whose call has not returned for two seconds. Any thread; blocks for the disk.
    void attend();

  private:
    struct Impl;
    explicit Plugins(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace muster::plugins
