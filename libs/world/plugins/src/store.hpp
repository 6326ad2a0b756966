#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store_format.hpp"

namespace muster::plugins {

/// What a store has to say to the disk: the newest of each key that has changed.
struct Journal {
    static constexpr std::size_t changes_max = 2 * std::size_t{MUSTER_KEYS_MAX};

    std::filesystem::path file;
    std::mutex mutex;
    std::map<std::string, std::optional<std::string>> changes;  // guarded by mutex; empty: removed
};

/// Writes stores' files, each as a whole, so that whoever is killed leaves the old or the new one.
class StoreWriter {
  public:
    using Complain = std::function<void(const std::string&)>;
    explicit StoreWriter(Complain complain) : complain_(std::move(complain)) {}

    /// What is in the file is `entries` now. Any thread.
    void add(std::shared_ptr<Journal> journal, Entries entries);
    /// Writes the files of those that have changed; one that cannot be written is tried again in
    /// the next turn. Any thread; blocks for as long as the disk takes.
    void turn();

  private:
    struct File {
        std::shared_ptr<Journal> journal;
        Entries entries;  ///< as they should be there
        bool is_behind = false;
        bool has_complained = false;
    };
    void write(File& file);

    const Complain complain_;
    std::mutex mutex_;
    std::vector<File> files_;  // guarded by mutex_
};

/// Keys and values of a plugin in a world: in memory here, on the disk soon. One thread.
class Store {
  public:
    enum class Put : std::uint8_t { done, invalid, limited };

    /// An error when there is a file and it cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::filesystem::path& file,
                                                             StoreWriter& writer);

    [[nodiscard]] const std::string* find(std::string_view key) const;
    [[nodiscard]] Put set(std::string_view key, std::string_view value);
    /// False when there is none; nothing when the disk is too far behind.
    [[nodiscard]] std::optional<bool> remove(std::string_view key);
    [[nodiscard]] const Entries& entries() const { return entries_; }

  private:
    Store(std::shared_ptr<Journal> journal, Entries entries);
    [[nodiscard]] bool note(std::string_view key, std::optional<std::string> value);

    const std::shared_ptr<Journal> journal_;
    Entries entries_;
    std::size_t bytes_ = 0;  ///< of all keys and values
};

}  // namespace muster::plugins
