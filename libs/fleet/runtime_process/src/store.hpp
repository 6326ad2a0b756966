#pragma once

#include <filesystem>

#include "record.hpp"
#include "unique_fd.hpp"

namespace muster::runtime_process {

namespace fs = std::filesystem;

/// The state folder: instances/ID/{spec.json run.json log log.1 control lock files/ root/}, events,
/// events.1 and lock. Used by the runtime and, at the same time, by each instance's shim; a shim
/// writes run.json and logs while it holds the instance's lock, and the runtime writes run.json
/// only when no shim does.
class Store {
  public:
    explicit Store(fs::path state_dir) : dir_(std::move(state_dir)) {}

    [[nodiscard]] const fs::path& dir() const { return dir_; }
    [[nodiscard]] fs::path instances() const { return dir_ / "instances"; }
    [[nodiscard]] fs::path folder(const std::string& id) const { return instances() / id; }
    [[nodiscard]] fs::path log(const std::string& id) const { return folder(id) / "log"; }
    /// Where an instance's own writable folder lies on the host.
    [[nodiscard]] fs::path own_folder(const std::string& id, const std::string& inside) const;

    [[nodiscard]] Result<Record> record(const std::string& id) const;
    [[nodiscard]] std::vector<Record> records() const;
    [[nodiscard]] std::optional<Run> run(const std::string& id) const;
    [[nodiscard]] Result<void> write_run(const std::string& id, const Run& run) const;

    /// Held until the descriptor closes, also when its process is killed; `conflict` when somebody
    /// holds it.
    [[nodiscard]] static Result<UniqueFd> lock(const fs::path& file);
    [[nodiscard]] static bool is_locked(const fs::path& file);
    [[nodiscard]] bool is_supervised(const std::string& id) const;

    [[nodiscard]] fs::path events() const { return dir_ / "events"; }
    /// Adds a line at once; keeps two files of at most `events_bytes_max`.
    void append_event(const Record& record, const std::string& kind, Timestamp time,
                      std::optional<int> exit_code = std::nullopt) const;

  private:
    fs::path dir_;
};

/// Says that an instance ended without its supervisor having noted it: after a power cut, or when
/// the shim was killed.
[[nodiscard]] bool note_if_lost(const Store& store, const Record& record, Timestamp now);

}  // namespace muster::runtime_process
