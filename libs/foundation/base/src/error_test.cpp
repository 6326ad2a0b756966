#include "muster/base/error.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(Error, EveryCodeHasANameThatLeadsBackToIt) {
    for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
        const auto code = static_cast<Errc>(i);
        EXPECT_EQ(from_name(name_of(code)), code) << name_of(code);
    }
    EXPECT_EQ(from_name("no such code"), Errc::internal);
}

TEST(Error, EveryCodeIsAnErrorStatusInHttpAndGrpc) {
    for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
        const auto code = static_cast<Errc>(i);
        EXPECT_GE(http_status(code), 400) << name_of(code);
        EXPECT_LE(http_status(code), 599) << name_of(code);
        EXPECT_GT(grpc_status(code), 0) << name_of(code);
        EXPECT_LE(grpc_status(code), 16) << name_of(code);
    }
    EXPECT_EQ(from_grpc_status(grpc_status(Errc::not_found)), Errc::not_found);
    EXPECT_EQ(from_grpc_status(99), Errc::internal);
}

}  // namespace
}  // namespace muster
