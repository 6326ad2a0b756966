#pragma once

#include <filesystem>
#include <memory>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/store/store.hpp"

/// The store in one SQLite file: write-ahead log, every commit synced to the disk before it
/// returns.
namespace muster::store_sqlite {

struct Options {
    milliseconds busy_timeout{
        5'000};  ///< for another process that holds the file; then `unavailable`
};

/// Opens or makes the file (0600, also its -wal and -shm), checks it whole and brings its tables up
/// to date. Fails with a sentence that says what to do: `internal` when it is damaged or is no
/// store of ours, `unsupported` when a newer version wrote it, `permission_denied`, `not_found`
/// (its folder), `unavailable` (another process holds it). A file that is refused is left as it
/// was.
[[nodiscard]] Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& file,
                                                               Options options = {});

}  // namespace muster::store_sqlite
