#include "muster/store/fake.hpp"

#include <map>

#include "muster/store/contract.hpp"

namespace muster::store {
namespace {

Subject fake_subject() {
    // The folder stands for the disk: who opens it again finds what was there.
    auto disks = std::make_shared<std::map<std::filesystem::path, std::shared_ptr<FakeDisk>>>();
    return {.name = "fake",
            .open = [disks](const std::filesystem::path& folder) -> Result<std::unique_ptr<Store>> {
                auto& disk = (*disks)[folder];
                if (!disk) {
                    disk = std::make_shared<FakeDisk>();
                }
                return std::make_unique<FakeStore>(disk);
            },
            .open_copy = open_fake_copy};
}

INSTANTIATE_TEST_SUITE_P(Fake, Contract, testing::Values(fake_subject()),
                         [](const auto& tested) { return tested.param.name; });

TEST(FakeStore, ACommitThatIsToldToFailChangesNothing) {
    FakeStore store;
    store.disk().commit_error = Error{Errc::exhausted, "the disk is full", ""};
    const std::vector<Change> changes{{.record = {"node", "n1", "{}"}, .erase = false}};
    const auto failed = store.commit(changes, "", {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::exhausted);
    EXPECT_TRUE(records_of(store, "node").empty());
    store.disk().commit_error.reset();
    EXPECT_TRUE(store.commit(changes, "", {}));
    EXPECT_EQ(store.disk().commits, 1U);
}

}  // namespace
}  // namespace muster::store
