#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/store/store.hpp"

namespace muster::store {

/// What a FakeStore leaves behind: shared by all that are opened on it, as a file is.
struct FakeDisk {
    std::map<std::pair<std::string, std::string>, std::string> records;  ///< by kind and id
    std::map<std::string, std::vector<Entry>, std::less<>> logs;
    /// When set, the next commits fail with it and change nothing: a full disk.
    std::optional<Error> commit_error;
    std::size_t commits = 0;  ///< that succeeded
};

/// In memory, for tests. Its backup is a JSON file that open_fake_copy() reads.
class FakeStore final : public Store {
  public:
    explicit FakeStore(std::shared_ptr<FakeDisk> disk = std::make_shared<FakeDisk>())
        : disk_(std::move(disk)) {}
    Result<std::vector<Record>> load(std::string_view kind) override;
    Result<void> commit(std::span<const Change> changes, std::string_view log,
                        std::span<const Entry> appended) override;
    Result<std::vector<Entry>> read_log(std::string_view log, std::int64_t after,
                                        std::size_t limit) override;
    Result<void> backup(const std::filesystem::path& to) override;

    [[nodiscard]] FakeDisk& disk() { return *disk_; }

  private:
    std::shared_ptr<FakeDisk> disk_;
};

[[nodiscard]] Result<std::unique_ptr<Store>> open_fake_copy(const std::filesystem::path& file);

}  // namespace muster::store
