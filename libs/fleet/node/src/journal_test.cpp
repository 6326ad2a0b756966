#include "journal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "muster/base/file.hpp"
#include "scene.hpp"

namespace muster::node {
namespace {

using namespace scene;

Journal opened(const Folder& folder) {
    auto journal = Journal::open(folder.path() / "journal");
    EXPECT_TRUE(journal);
    return std::move(*journal);
}

wire::OperationResult ended(const std::string& operation) {
    return to_wire(operation, Result<void>());
}

TEST(Journal, KeepsOperationsAndMemoriesOverTheProcess) {
    const Folder folder;
    {
        Journal journal = opened(folder);
        ASSERT_TRUE(journal.begin(power("op-1", "srv-a", wire::START), Timestamp(5ms)));
        ASSERT_TRUE(journal.begin(power("op-2", "srv-a", wire::STOP), Timestamp(6ms)));
        ASSERT_TRUE(journal.finish(ended("op-1")));
        journal.remember("srv-a", "first");
        journal.remember("srv-a", std::string("second \0 with anything", 22));
        journal.remember("srv-b", "gone");
        journal.forget("srv-b");
    }
    const Journal journal = opened(folder);
    ASSERT_EQ(journal.unfinished().size(), 1U);
    EXPECT_EQ(journal.unfinished()[0]->command.operation_id(), "op-2");
    EXPECT_EQ(journal.unfinished()[0]->begun, Timestamp(6ms));
    EXPECT_EQ(journal.unfinished()[0]->command.power().kind(), wire::STOP);
    ASSERT_EQ(journal.unacknowledged().size(), 1U);
    EXPECT_TRUE(journal.unacknowledged()[0]->result->ok());
    EXPECT_EQ(journal.memories().size(), 1U);
    EXPECT_EQ(journal.memories().at("srv-a"), std::string("second \0 with anything", 22));
    EXPECT_EQ(std::filesystem::status(folder.path() / "journal").permissions(),
              std::filesystem::perms(0600));
}

TEST(Journal, WhatIsAcknowledgedIsStillKnownForAWhile) {
    const Folder folder;
    {
        Journal journal = opened(folder);
        ASSERT_TRUE(journal.begin(power("op-1", "srv-a", wire::START), Timestamp(5ms)));
        journal.acknowledge("op-1");  // too early: it means nothing
        ASSERT_EQ(journal.unfinished().size(), 1U);
        ASSERT_TRUE(journal.finish(ended("op-1")));
        journal.acknowledge("op-1");
        EXPECT_TRUE(journal.unacknowledged().empty());
    }
    const Journal journal = opened(folder);
    ASSERT_NE(journal.find("op-1"), nullptr);
    EXPECT_TRUE(journal.find("op-1")->acknowledged);
    EXPECT_TRUE(journal.unacknowledged().empty());
}

TEST(Journal, ATornEndIsCutOffWhereverItIsTorn) {
    const Folder folder;
    const auto path = folder.path() / "journal";
    {
        Journal journal = opened(folder);
        ASSERT_TRUE(journal.begin(power("op-1", "srv-a", wire::START), Timestamp(5ms)));
    }
    const std::string whole = read_file(path).value();
    {
        Journal journal = opened(folder);
        ASSERT_TRUE(journal.begin(power("op-2", "srv-a", wire::STOP), Timestamp(6ms)));
    }
    const std::string both = read_file(path).value();
    for (std::size_t length = whole.size(); length < both.size(); length += 9) {
        ASSERT_TRUE(write_file(path, both.substr(0, length)));
        Journal journal = opened(folder);
        ASSERT_EQ(journal.unfinished().size(), 1U) << length;
        ASSERT_TRUE(journal.begin(power("op-3", "srv-a", wire::KILL), Timestamp(7ms)));
        EXPECT_EQ(opened(folder).unfinished().size(), 2U) << length;
    }
    std::string flipped = both;
    flipped[both.size() - 2] = static_cast<char>(flipped[both.size() - 2] ^ 1);
    ASSERT_TRUE(write_file(path, flipped));
    EXPECT_EQ(opened(folder).unfinished().size(), 1U);
}

TEST(Journal, DoesNotGrowForEverNorKeepSecretsOfWhatIsOver) {
    const Folder folder;
    const auto path = folder.path() / "journal";
    {
        Journal journal = opened(folder);
        wire::Command big = deploy("", "srv-a");
        (*big.mutable_deploy()->mutable_spec()->mutable_environment())["PASSWORD"] =
            std::string(200'000, 'x');
        for (int i = 0; i < 60; ++i) {
            big.set_operation_id("op-" + std::to_string(i));
            ASSERT_TRUE(journal.begin(big, Timestamp(5ms)));
            ASSERT_TRUE(journal.finish(ended(big.operation_id())));
            journal.acknowledge(big.operation_id());
        }
        EXPECT_LT(std::filesystem::file_size(path), 2 * Journal::rewrite_bytes);
    }
    EXPECT_NE(opened(folder).find("op-59"), nullptr);
    EXPECT_LT(std::filesystem::file_size(path), 20'000U);
}

TEST(DiskSync, DoesWhatItWasAskedForAndRemembersAFailure) {
    const scene::Folder folder;
    const int file = ::open((folder.path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    {
        DiskSync sync;
        for (int turn = 0; turn < 100; ++turn) {
            ASSERT_EQ(::write(file, "x", 1), 1);
            sync.ask(file);
        }
        ::close(file);
        EXPECT_EQ(sync.settle(), 0);
        sync.ask(pipe[1]);  // no disk is behind it
        EXPECT_EQ(sync.settle(), EINVAL);
        EXPECT_EQ(sync.failure(), EINVAL);
        sync.ask(pipe[1]);
    }
    ::close(pipe[0]);
    ::close(pipe[1]);
}

}  // namespace
}  // namespace muster::node
