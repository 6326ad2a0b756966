#include <gtest/gtest.h>

#include "connection.hpp"
#include "muster/store_postgres/store_postgres.hpp"

namespace muster::store_postgres {
namespace {

TEST(PostgresUrl, ShowsHostsAndDatabaseAndNeverCredentials) {
    EXPECT_EQ(shown("postgresql://ann:hunter2@db1:5433,db2/fleet?sslmode=require").value_or(""),
              "postgresql://db1,db2:5433,/fleet");
    EXPECT_EQ(shown("postgres://ann:hunter2@/fleet?host=/run/pg").value_or(""),
              "postgresql:///run/pg/fleet");
    EXPECT_EQ(shown("postgresql://db/fleet?password=hunter2&user=ann").value_or(""),
              "postgresql://db/fleet");
}

TEST(PostgresUrl, AnotherSchemeIsRefusedWithTheOneThatThereIs) {
    for (const char* url : {"mysql://ann:hunter2@db/fleet", "fleet.db", "", "host=db dbname=x",
                            "postgresql:/db", "redis://hunter2"}) {
        const auto checked = check_url(url);
        ASSERT_FALSE(checked) << url;
        EXPECT_EQ(checked.error().code, Errc::invalid_argument);
        EXPECT_EQ(checked.error().field, "url");
        EXPECT_TRUE(checked.error().message.contains("postgresql://USER:PASSWORD@HOST"));
        EXPECT_FALSE(checked.error().message.contains("hunter2"));
    }
}

TEST(PostgresUrl, AWrongOneIsRefusedWithoutRepeatingIt) {
    for (const char* url : {"postgresql://ann:hunter2@[::1/fleet", "postgresql://db/x?hunter2=1",
                            "postgresql://ann:hunter2%@db/fleet"}) {
        const auto opened = open_store({.url = url});
        ASSERT_FALSE(opened) << url;
        EXPECT_EQ(opened.error().code, Errc::invalid_argument);
        EXPECT_TRUE(opened.error().message.contains("percent-encoded"));
        EXPECT_FALSE(opened.error().message.contains("hunter2"));
    }
}

TEST(PostgresUrl, ADatabaseThatNobodyServesIsUnavailableAndTheNextTryWaits) {
    const auto store =
        open_store({.url = "postgresql://ann:hunter2@/fleet?host=/nonexistent-folder",
                    .retry_first = milliseconds(600'000),
                    .retry_max = milliseconds(600'000)});
    ASSERT_TRUE(store) << store.error().message;
    const auto loaded = (*store)->load("node");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Errc::unavailable);
    EXPECT_TRUE(loaded.error().message.contains("postgresql:///nonexistent-folder/fleet"))
        << loaded.error().message;
    EXPECT_FALSE(loaded.error().message.contains("hunter2"));
    EXPECT_EQ((*store)->lead("here").error(), loaded.error());
}

}  // namespace
}  // namespace muster::store_postgres
