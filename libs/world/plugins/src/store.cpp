#include "store.hpp"

#include <utility>

#include "muster/base/file.hpp"

namespace muster::plugins {

void StoreWriter::add(std::shared_ptr<Journal> journal, Entries entries) {
    const std::lock_guard lock(mutex_);
    files_.push_back({.journal = std::move(journal), .entries = std::move(entries)});
}

void StoreWriter::turn() {
    const std::lock_guard lock(mutex_);
    for (File& file : files_) {
        std::map<std::string, std::optional<std::string>> changes;
        {
            const std::lock_guard journal(file.journal->mutex);
            changes.swap(file.journal->changes);
        }
        for (auto& [key, value] : changes) {
            file.is_behind = true;
            if (value) {
                file.entries.insert_or_assign(key, std::move(*value));
            } else {
                file.entries.erase(key);
            }
        }
        if (file.is_behind) write(file);
    }
}

void StoreWriter::write(File& file) {
    const std::filesystem::path& path = file.journal->file;
    auto written = make_folder(path.parent_path(), 0700);
    if (written) written = write_file(path, write_entries(file.entries), 0600);
    file.is_behind = !written;
    if (written) {
        file.has_complained = false;
    } else if (!std::exchange(file.has_complained, true)) {
        complain_("what a plugin stores is not on the disk: " + path.string() + ": " +
                  written.error().message);
    }
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& file, StoreWriter& writer) {
    Entries entries;
    const auto bytes = read_file(file, store_file_bytes_max);
    if (bytes) {
        auto read = read_entries(*bytes);
        if (!read) {
            return fail(read.error().code, file.string() + " is " + read.error().message +
                                               "; move it away to begin with nothing");
        }
        entries = std::move(*read);
    } else if (bytes.error().code != Errc::not_found) {
        return std::unexpected(bytes.error());
    }
    auto journal = std::make_shared<Journal>();
    journal->file = file;
    writer.add(journal, entries);
    return std::unique_ptr<Store>(new Store(std::move(journal), std::move(entries)));
}

Store::Store(std::shared_ptr<Journal> journal, Entries entries)
    : journal_(std::move(journal)), entries_(std::move(entries)) {
    for (const auto& [key, value] : entries_) bytes_ += key.size() + value.size();
}

const std::string* Store::find(std::string_view key) const {
    const auto known = entries_.find(key);
    return known == entries_.end() ? nullptr : &known->second;
}

bool Store::note(std::string_view key, std::optional<std::string> value) {
    const std::lock_guard lock(journal_->mutex);
    auto& changes = journal_->changes;
    const auto known = changes.find(std::string(key));
    if (known != changes.end()) {
        known->second = std::move(value);
        return true;
    }
    if (changes.size() >= Journal::changes_max) return false;
    changes.emplace(key, std::move(value));
    return true;
}

Store::Put Store::set(std::string_view key, std::string_view value) {
    if (key.empty() || key.size() > MUSTER_KEY_MAX || value.size() > MUSTER_VALUE_MAX) {
        return Put::invalid;
    }
    const auto known = entries_.find(key);
    const bool is_new = known == entries_.end();
    if (!is_new && known->second == value) return Put::done;
    const std::size_t before = is_new ? 0 : key.size() + known->second.size();
    const std::size_t after = bytes_ - before + key.size() + value.size();
    if (after > MUSTER_STORE_MAX || (is_new && entries_.size() >= MUSTER_KEYS_MAX)) {
        return Put::limited;
    }
    if (!note(key, std::string(value))) return Put::limited;
    entries_.insert_or_assign(std::string(key), std::string(value));
    bytes_ = after;
    return Put::done;
}

std::optional<bool> Store::remove(std::string_view key) {
    const auto known = entries_.find(key);
    if (known == entries_.end()) return false;
    if (!note(key, std::nullopt)) return std::nullopt;
    bytes_ -= known->first.size() + known->second.size();
    entries_.erase(known);
    return true;
}

}  // namespace muster::plugins
