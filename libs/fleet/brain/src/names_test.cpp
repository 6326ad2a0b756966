#include <gtest/gtest.h>

#include "muster/brain/brain.hpp"
#include "muster/brain/records.hpp"

namespace muster::brain {
namespace {

TEST(Names, EveryOperationKindIsReadBackFromItsName) {
    for (int index = 0; index <= static_cast<int>(OperationKind::pull); ++index) {
        const auto kind = static_cast<OperationKind>(index);
        EXPECT_EQ(operation_kind_from_name(name_of(kind)), kind);
    }
    EXPECT_EQ(operation_kind_from_name("dance"), std::nullopt);
}

TEST(Names, TheLastOfEachHasItsWord) {
    EXPECT_EQ(name_of(NodeState::revoked), "revoked");
    EXPECT_EQ(name_of(Protocol::both), "both");
    EXPECT_EQ(name_of(Desired::removed), "removed");
    EXPECT_EQ(name_of(ServerState::unknown), "unknown");
    EXPECT_EQ(name_of(OperationState::cancelled), "cancelled");
    EXPECT_EQ(name_of(Subject::operation), "operation");
}

}  // namespace
}  // namespace muster::brain
