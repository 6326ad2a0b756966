#include "muster/store/fake.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"

namespace muster::store {

Result<std::vector<Record>> FakeStore::load(std::string_view kind) {
    std::vector<Record> records;
    for (auto it = disk_->records.lower_bound({std::string(kind), ""});
         it != disk_->records.end() && it->first.first == kind; ++it) {
        records.push_back({it->first.first, it->first.second, it->second});
    }
    return records;
}

Result<void> FakeStore::commit(std::span<const Change> changes, std::string_view log,
                               std::span<const Entry> appended) {
    if (disk_->commit_error) {
        return std::unexpected(*disk_->commit_error);
    }
    const auto existing = disk_->logs.find(log);
    const std::int64_t last =
        existing == disk_->logs.end() ? 0 : static_cast<std::int64_t>(existing->second.size());
    if (auto checked = check_commit(changes, log, appended, last); !checked) {
        return checked;
    }
    for (const Change& change : changes) {
        std::pair key{change.record.kind, change.record.id};
        if (change.erase) {
            disk_->records.erase(key);
        } else {
            disk_->records.insert_or_assign(std::move(key), change.record.body);
        }
    }
    if (!appended.empty()) {
        auto& entries = disk_->logs[std::string(log)];
        entries.insert(entries.end(), appended.begin(), appended.end());
    }
    ++disk_->commits;
    return {};
}

Result<std::vector<Entry>> FakeStore::read_log(std::string_view log, std::int64_t after,
                                               std::size_t limit) {
    std::vector<Entry> entries;
    const auto found = disk_->logs.find(log);
    if (found == disk_->logs.end()) {
        return entries;
    }
    for (const Entry& entry : found->second) {
        if (entry.sequence > after && entries.size() < limit) {
            entries.push_back(entry);
        }
    }
    return entries;
}

Result<void> FakeStore::backup(const std::filesystem::path& to) {
    if (std::filesystem::exists(to)) {
        return fail(Errc::conflict, to.string() + " exists already", "path");
    }
    auto records = nlohmann::json::array();
    for (const auto& [key, body] : disk_->records) {
        records.push_back({to_base64(key.first), to_base64(key.second), to_base64(body)});
    }
    auto entries = nlohmann::json::array();
    for (const auto& [name, log] : disk_->logs) {
        for (const Entry& entry : log) {
            entries.push_back({to_base64(name), entry.sequence, to_base64(entry.body)});
        }
    }
    return write_file(to, nlohmann::json{{"records", records}, {"entries", entries}}.dump(), 0600);
}

Result<std::unique_ptr<Store>> open_fake_copy(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto copy = nlohmann::json::parse(*text, nullptr, false);
    if (copy.is_discarded()) {
        return fail(Errc::internal, file.string() + " is no backup");
    }
    const auto decode = [](const nlohmann::json& value) {
        return from_base64(value.get<std::string>()).value_or("");
    };
    auto disk = std::make_shared<FakeDisk>();
    for (const auto& record : copy.at("records")) {
        disk->records[{decode(record.at(0)), decode(record.at(1))}] = decode(record.at(2));
    }
    for (const auto& entry : copy.at("entries")) {
        disk->logs[decode(entry.at(0))].push_back(
            {entry.at(1).get<std::int64_t>(), decode(entry.at(2))});
    }
    return std::make_unique<FakeStore>(std::move(disk));
}

}  // namespace muster::store
