#include "options.hpp"

#include <gmock/gmock.h>

namespace muster::bus_nats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string field_of(Options options) {
    const auto checked = check(std::move(options));
    return checked ? "none" : checked.error().field;
}

TEST(Options, ServersGetTheirSchemeAndPort) {
    const auto checked = check({.servers = {"one", "nats://two:1", "tls://three", "[::1]:5",
                                            "tls://[fe80::1]", "10.0.0.1:65535"}});
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_THAT(checked->servers,
                ElementsAre("nats://one:4222", "nats://two:1", "tls://three:4222", "nats://[::1]:5",
                            "tls://[fe80::1]:4222", "nats://10.0.0.1:65535"));
    EXPECT_TRUE(wants_tls(*checked));
    EXPECT_FALSE(wants_tls(*check({.servers = {"one"}})));
    EXPECT_TRUE(wants_tls(*check({.servers = {"one"}, .ca_file = "/x"})));
}

TEST(Options, AnAddressThatIsNoneIsNamedByItsPlaceAndNotRepeated) {
    for (const std::string wrong : {"", "nats://", "http://a:1", "a:0", "a:65536", "a:b", "a:1/x",
                                    "a b", "[::1", "[]", "a:1:2", "a,b", ":4222"}) {
        const auto checked = check({.servers = {"good", wrong}});
        ASSERT_FALSE(checked) << wrong;
        EXPECT_EQ(checked.error().field, "servers[1]");
        EXPECT_EQ(checked.error().code, Errc::invalid_argument);
    }
    EXPECT_EQ(field_of({}), "servers");
    EXPECT_EQ(field_of({.servers = std::vector<std::string>(65, "a")}), "servers");
}

TEST(Options, CredentialsInAnAddressAreRefusedAndNotRepeated) {
    const auto checked = check({.servers = {"nats://me:hunter2@host:4222"}});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().field, "servers[0]");
    EXPECT_THAT(checked.error().message, Not(HasSubstr("hunter2")));
}

TEST(Options, CredentialsAreUserAndPasswordOrAToken) {
    EXPECT_EQ(field_of({.servers = {"a"}, .user = "u"}), "password");
    EXPECT_EQ(field_of({.servers = {"a"}, .password = "p"}), "user");
    EXPECT_EQ(field_of({.servers = {"a"}, .user = "u", .password = "p", .token = "t"}), "token");
    EXPECT_EQ(field_of({.servers = {"a"}, .token = "t"}), "none");
    EXPECT_EQ(field_of({.servers = {"a"}, .user = "u", .password = "p"}), "none");
}

TEST(Options, WaitsAndQueuesHaveLimits) {
    EXPECT_EQ(field_of({.servers = {"a"}, .connect_timeout = milliseconds(0)}), "connect_timeout");
    EXPECT_EQ(field_of({.servers = {"a"}, .reconnect_wait = milliseconds(0)}), "reconnect_wait");
    EXPECT_EQ(field_of({.servers = {"a"}, .reconnect_jitter = milliseconds(-1)}),
              "reconnect_jitter");
    EXPECT_EQ(field_of({.servers = {"a"}, .ping_interval = milliseconds(600'001)}),
              "ping_interval");
    EXPECT_EQ(field_of({.servers = {"a"}, .write_timeout = milliseconds(0)}), "write_timeout");
    EXPECT_EQ(field_of({.servers = {"a"}, .outgoing = {.messages = 0, .bytes = 1}}), "outgoing");
}

TEST(Options, ABusIsNotMadeOfBadOnes) {
    const auto refused = connect({.servers = {"a:b"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().field, "servers[0]");
}

}  // namespace
}  // namespace muster::bus_nats
