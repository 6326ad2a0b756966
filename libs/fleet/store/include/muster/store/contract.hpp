#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "muster/base/random.hpp"
#include "muster/store/store.hpp"

/// What every store must do, as tests: an adapter's test instantiates `Contract` with how to open
/// one. Only for tests.
namespace muster::store {

struct Subject {
    std::string name;
    /// The store that lives in that folder; opened again it has what was committed.
    std::function<Result<std::unique_ptr<Store>>(const std::filesystem::path& folder)> open;
    /// The one that a backup made.
    std::function<Result<std::unique_ptr<Store>>(const std::filesystem::path& file)> open_copy;
};

class Contract : public testing::TestWithParam<Subject> {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / new_id("muster-store");
        std::filesystem::create_directories(folder_);
        reopen();
    }
    void TearDown() override {
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void reopen() {
        store_.reset();
        auto opened = GetParam().open(folder_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    Result<void> put(const std::string& kind, const std::string& id, const std::string& body) {
        const std::vector<Change> changes{{.record = {kind, id, body}, .erase = false}};
        return store_->commit(changes, "", {});
    }

    std::filesystem::path folder_;
    std::unique_ptr<Store> store_;
};

inline std::vector<Record> records_of(Store& store, std::string_view kind) {
    auto loaded = store.load(kind);
    EXPECT_TRUE(loaded);
    return loaded.value_or(std::vector<Record>{});
}

TEST_P(Contract, AnEmptyStoreHasNothing) {
    EXPECT_TRUE(records_of(*store_, "server").empty());
    const auto log = store_->read_log("audit", 0, 10);
    ASSERT_TRUE(log);
    EXPECT_TRUE(log->empty());
}

TEST_P(Contract, LoadGivesOneKindInOrderOfIds) {
    ASSERT_TRUE(put("server", "b", R"({"n":2})"));
    ASSERT_TRUE(put("server", "a", R"({"n":1})"));
    ASSERT_TRUE(put("serve", "x", "{}"));
    ASSERT_TRUE(put("servers", "y", "{}"));
    const std::vector<Record> expected{{"server", "a", R"({"n":1})"},
                                       {"server", "b", R"({"n":2})"}};
    EXPECT_EQ(records_of(*store_, "server"), expected);
}

TEST_P(Contract, WhatWasCommittedIsThereAfterOpeningAgain) {
    const std::vector<Change> changes{{.record = {"node", "n1", "{}"}, .erase = false}};
    const std::vector<Entry> lines{{1, "first"}, {2, "second"}};
    ASSERT_TRUE(store_->commit(changes, "audit", lines));
    reopen();
    EXPECT_EQ(records_of(*store_, "node").size(), 1U);
    EXPECT_EQ(store_->read_log("audit", 0, 10).value_or(std::vector<Entry>{}), lines);
}

TEST_P(Contract, APutReplacesAndAnEraseIsSafeToRepeat) {
    ASSERT_TRUE(put("node", "n1", "old"));
    ASSERT_TRUE(put("node", "n1", "new"));
    EXPECT_EQ(records_of(*store_, "node").at(0).body, "new");
    const std::vector<Change> erase{{.record = {"node", "n1", ""}, .erase = true}};
    EXPECT_TRUE(store_->commit(erase, "", {}));
    EXPECT_TRUE(store_->commit(erase, "", {}));
    EXPECT_TRUE(records_of(*store_, "node").empty());
}

TEST_P(Contract, ChangesOfOneCommitApplyInTheirOrder) {
    const std::vector<Change> changes{{.record = {"node", "a", "1"}, .erase = false},
                                      {.record = {"node", "a", ""}, .erase = true},
                                      {.record = {"node", "b", "1"}, .erase = false},
                                      {.record = {"node", "b", "2"}, .erase = false}};
    ASSERT_TRUE(store_->commit(changes, "", {}));
    const std::vector<Record> expected{{"node", "b", "2"}};
    EXPECT_EQ(records_of(*store_, "node"), expected);
}

TEST_P(Contract, AnyBytesComeBackAsTheyWere) {
    std::string bytes;
    for (int value = 0; value < 256; ++value) {
        bytes += static_cast<char>(value);
    }
    ASSERT_TRUE(put("node", "it's; \"quoted\" \xC3\xA9", bytes));
    reopen();
    const auto records = records_of(*store_, "node");
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].id, "it's; \"quoted\" \xC3\xA9");
    EXPECT_EQ(records[0].body, bytes);
}

TEST_P(Contract, ALogThatWouldHaveAGapChangesNothing) {
    const std::vector<Entry> first{{1, "one"}};
    ASSERT_TRUE(store_->commit({}, "audit", first));
    const std::vector<Change> changes{{.record = {"node", "n1", "{}"}, .erase = false}};
    for (const std::int64_t wrong : {std::int64_t{1}, std::int64_t{3}, std::int64_t{0},
                                     std::numeric_limits<std::int64_t>::max()}) {
        const std::vector<Entry> lines{{wrong, "no"}};
        const auto result = store_->commit(changes, "audit", lines);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, Errc::conflict);
    }
    const std::vector<Entry> gap{{2, "two"}, {4, "four"}};
    EXPECT_FALSE(store_->commit(changes, "audit", gap));
    EXPECT_TRUE(records_of(*store_, "node").empty());
    EXPECT_EQ(store_->read_log("audit", 0, 10).value_or(std::vector<Entry>{}), first);
}

TEST_P(Contract, LogsAreApartAndReadInPortions) {
    std::vector<Entry> lines;
    for (std::int64_t sequence = 1; sequence <= 25; ++sequence) {
        lines.push_back({sequence, "line " + std::to_string(sequence)});
    }
    const std::vector<Entry> other{{1, "another log"}};
    ASSERT_TRUE(store_->commit({}, "audit", lines));
    ASSERT_TRUE(store_->commit({}, "activity", other));
    const auto portion = store_->read_log("audit", 10, 5);
    ASSERT_TRUE(portion);
    ASSERT_EQ(portion->size(), 5U);
    EXPECT_EQ(portion->front().sequence, 11);
    EXPECT_EQ(portion->back().body, "line 15");
    EXPECT_TRUE(store_->read_log("audit", 25, 5).value_or(other).empty());
    EXPECT_TRUE(store_->read_log("audit", 0, 0).value_or(other).empty());
}

TEST_P(Contract, ARecordWithoutKindOrIdIsRefusedAndNothingChanges) {
    const std::vector<Change> no_id{{.record = {"node", "good", "{}"}, .erase = false},
                                    {.record = {"node", "", "{}"}, .erase = false}};
    const auto refused = store_->commit(no_id, "", {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_EQ(refused.error().field, "id");
    const auto no_kind = put("", "x", "{}");
    ASSERT_FALSE(no_kind);
    EXPECT_EQ(no_kind.error().field, "kind");
    const std::vector<Entry> lines{{1, "one"}};
    EXPECT_FALSE(store_->commit({}, "", lines));
    EXPECT_TRUE(records_of(*store_, "node").empty());
}

TEST_P(Contract, ABackupHoldsEverythingOfItsMomentAndNothingLater) {
    ASSERT_TRUE(put("node", "n1", "{}"));
    const std::vector<Entry> lines{{1, "one"}};
    ASSERT_TRUE(store_->commit({}, "audit", lines));
    const auto file = folder_ / "copy";
    const auto made = store_->backup(file);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(put("node", "n2", "{}"));

    auto copy = GetParam().open_copy(file);
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(records_of(**copy, "node").size(), 1U);
    EXPECT_EQ((*copy)->read_log("audit", 0, 10).value_or(std::vector<Entry>{}), lines);
    EXPECT_EQ(records_of(*store_, "node").size(), 2U);
}

TEST_P(Contract, ABackupNeverWritesOverAFile) {
    const auto file = folder_ / "copy";
    ASSERT_TRUE(store_->backup(file));
    const auto again = store_->backup(file);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
}

}  // namespace muster::store
