#include "muster/settings/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Map = std::map<std::string, std::string>;

Settings good(const Input& input) {
    auto settings = load(input);
    EXPECT_TRUE(settings) << settings.error().message;
    return settings.value_or(Settings());
}

void expect_refused(const Input& input, std::string_view start, std::string_view part) {
    const auto settings = load(input);
    ASSERT_FALSE(settings) << start;
    EXPECT_THAT(settings.error().message, StartsWith(std::string(start)));
    EXPECT_THAT(settings.error().message, HasSubstr(std::string(part)));
    EXPECT_EQ(settings.error().code, Errc::invalid_argument);
}

Input file(std::string text) {
    return {.file = std::move(text)};
}

TEST(Table, NamesFlagsAndVariablesAreAllDifferent) {
    std::set<std::string_view> names;
    std::set<std::pair<std::string_view, Role>> keys;
    for (const auto& entry : table()) {
        for (const auto name : {entry.name, entry.environment})
            EXPECT_TRUE(names.insert(name).second) << name;
        for (const auto& alias : entry.environment_aliases)
            EXPECT_TRUE(names.insert(alias.name).second) << alias.name;
        // The same key may be a thing of its own to each role.
        for (const auto& alias : entry.file_aliases) {
            EXPECT_FALSE(names.contains(alias.name)) << alias.name;
            for (const auto role : {Role::up, Role::coordinator, Role::node, Role::world})
                if (alias.is_for(role))
                    EXPECT_TRUE(keys.emplace(alias.name, role).second) << alias.name;
        }
        EXPECT_TRUE(entry.flag.starts_with("--")) << entry.name;
        EXPECT_TRUE(entry.environment.starts_with("MUSTER_")) << entry.name;
        EXPECT_NE(entry.roles, 0U) << entry.name;
        EXPECT_TRUE(entry.description.ends_with('.')) << entry.name;
    }
}

TEST(Table, AFlagIsOneThingToARoleAndOfOneTypeToAll) {
    // One address is given as one of several is.
    const auto type_of = [](const Entry& entry) {
        return entry.type == Type::addresses ? Type::address : entry.type;
    };
    for (const auto& entry : table()) {
        for (const auto& other : table()) {
            if (&other == &entry || other.flag != entry.flag) continue;
            EXPECT_EQ(entry.roles & other.roles, 0U) << entry.name << " and " << other.name;
            EXPECT_EQ(type_of(entry), type_of(other)) << entry.name << " and " << other.name;
        }
    }
    const auto world = good({.role = Role::world, .flags = {{"--coordinator", "10.0.0.1"}}});
    EXPECT_THAT(world.addresses("world.coordinator"), ElementsAre(Address{"10.0.0.1", 50051}));
    EXPECT_TRUE(world.is_given("world.coordinator"));
}

TEST(Load, EveryRoleHasDefaults) {
    for (const auto role : {Role::up, Role::coordinator, Role::node, Role::world}) {
        const auto settings = good({.role = role});
        for (const auto& entry : table()) EXPECT_EQ(settings.source(entry.name), "default");
    }
    EXPECT_EQ(good({.role = Role::up}).address("http.address"), (Address{"127.0.0.1", 8080}));
    EXPECT_EQ(good({.role = Role::coordinator}).address("http.address"),
              (Address{"0.0.0.0", 8080}));
    const auto settings = good({.role = Role::node});
    EXPECT_EQ(settings.text("docker.base_url"), "unix:///var/run/docker.sock");
    EXPECT_EQ(settings.number("node.operations_max"), 4);
    EXPECT_EQ(settings.duration("link.lease"), std::chrono::seconds(15));
    EXPECT_FALSE(settings.boolean("control.enabled"));
    EXPECT_EQ(settings.port_range("node.ports"), (PortRange{2000, 39999}));
    EXPECT_TRUE(settings.list("node.labels").empty());
}

TEST(Load, NumbersAndListsKeepToTheirChoices) {
    const auto settings = good({.role = Role::world, .flags = {{"--modes", "tdm, ffa"}}});
    EXPECT_EQ(settings.list("world.modes"), (std::vector<std::string>{"tdm", "ffa"}));
    expect_refused({.role = Role::world, .flags = {{"--modes", "ctf,koth"}}}, "--modes", "tdm");
    expect_refused({.role = Role::world, .flags = {{"--tick-rate", "50"}}}, "--tick-rate", "60");
}

TEST(Load, FlagsWinOverEnvironmentOverFileOverDefault) {
    Input input = file("# the address\n[http]\naddress = \"10.0.0.1:1\"\n");
    auto settings = good(input);
    EXPECT_EQ(settings.address("http.address"), (Address{"10.0.0.1", 1}));
    EXPECT_EQ(settings.source("http.address"), "muster.toml line 3");
    EXPECT_TRUE(settings.is_given("http.address"));
    input.environment = {{"MUSTER_HTTP", "10.0.0.2:2"}};
    settings = good(input);
    EXPECT_EQ(settings.address("http.address"), (Address{"10.0.0.2", 2}));
    EXPECT_EQ(settings.source("http.address"), "MUSTER_HTTP");
    input.flags = {{"--http", "10.0.0.3:0"}};
    settings = good(input);
    EXPECT_EQ(settings.address("http.address"), (Address{"10.0.0.3", 0}));
    EXPECT_EQ(settings.source("http.address"), "--http");
}

TEST(Load, TheDataFolderDependsOnWhoItIs) {
    EXPECT_EQ(good({.environment = {{"HOME", "/home/a"}}}).text("data_dir"),
              "/home/a/.local/share/muster");
    EXPECT_EQ(good({.environment = {{"HOME", "/root"}}, .is_root = true}).text("data_dir"),
              "/var/lib/muster");
    EXPECT_EQ(good({.environment = {{"HOME", "/h"}, {"XDG_DATA_HOME", "/x"}}}).text("data_dir"),
              "/x/muster");
    EXPECT_EQ(good({.flags = {{"--data-dir", "/d"}}}).text("data_dir"), "/d");
}

TEST(Load, NamesTheSourceAndTheNearestKey) {
    expect_refused(file("[http]\n\nadress = \"x\"\n"), "muster.toml line 3: http.adress",
                   "did you mean `http.address`?");
    expect_refused(file("data_dirr = 'x'"), "muster.toml line 1: data_dirr", "`data_dir`");
    expect_refused({.flags = {{"--htp", "x"}}}, "--htp", "did you mean `--http`?");
    expect_refused({.environment = {{"MUSTER_HTPP", "x"}}}, "MUSTER_HTPP", "`MUSTER_HTTP`");
    expect_refused(file("config = 'x'"), "muster.toml line 1: config", "is not known");
    expect_refused({.environment = {{"MUSTER_BOTS", "1"}}}, "MUSTER_BOTS", "`MUSTER_WORLD_BOTS`");
    expect_refused({.flags = {{"--server-origin", "*"}}}, "--server-origin", "`--web-origin`");
    EXPECT_TRUE(load({.environment = {{"MUSTER_TEST_X", "x"}, {"MUSTER_URL", ""}, {"PATH", "y"}}}));
}

TEST(Load, SaysWhatIsWrongWithAValue) {
    expect_refused(file("[http]\naddress = 'a:b'"), "muster.toml line 2: http.address",
                   "must be host:port");
    expect_refused({.environment = {{"MUSTER_LINK_PING", "fast"}}}, "MUSTER_LINK_PING: link.ping",
                   "must be a duration");
    expect_refused({.flags = {{"--operations-max", "0"}}}, "--operations-max", "from 1 to 256");
    expect_refused({.flags = {{"--log-level", "loud"}}}, "--log-level", "one of trace, debug");
    expect_refused({.flags = {{"--log-json", "perhaps"}}}, "--log-json", "true or false");
    expect_refused({.flags = {{"--ports", "9-1"}}}, "--ports", "two ports");
    expect_refused({.flags = {{"--label", "a"}}}, "--label", "key=value");
    expect_refused({.flags = {{"--data-dir", "a\nb"}}}, "--data-dir", "one line");
    expect_refused(file("http = { address = [1, [2]] }"), "muster.toml line 1: http.address",
                   "must be a text");
    expect_refused(file("[http\n"), "muster.toml line 1", "is no TOML");
    // Also where a stronger source overrules it.
    expect_refused({.flags = {{"--http", ":1"}}, .environment = {{"MUSTER_HTTP", "a:b"}}},
                   "MUSTER_HTTP", "host:port");
}

TEST(Load, ANodesCoordinatorsAreOneAddressOrSeveral) {
    const auto of = [](const std::string& text) {
        return good({.role = Role::node, .flags = {{"--coordinator", text}}})
            .addresses("node.coordinator");
    };
    EXPECT_THAT(of("a"), ElementsAre(Address{"a", 50051}));
    EXPECT_THAT(of("a:1, [::1]:2,b"),
                ElementsAre(Address{"a", 1}, Address{"::1", 2}, Address{"b", 50051}));
    EXPECT_THAT(good({.role = Role::node}).addresses("node.coordinator"),
                ElementsAre(Address{"127.0.0.1", 50051}));
    EXPECT_THAT(good({.role = Role::node, .environment = {{"COORDINATOR_ADDR", "a:1,b:2"}}})
                    .addresses("node.coordinator"),
                ElementsAre(Address{"a", 1}, Address{"b", 2}));
    expect_refused({.role = Role::node, .flags = {{"--coordinator", "a:b,c"}}}, "--coordinator",
                   "host:port");
    expect_refused({.role = Role::node, .flags = {{"--coordinator", ","}}}, "--coordinator",
                   "several with commas");
    std::string many = "a";
    for (std::size_t count = 0; count < addresses_max; ++count) many += ",a";
    expect_refused({.role = Role::node, .flags = {{"--coordinator", many}}}, "--coordinator",
                   "at most 16");
}

TEST(Load, ASharedStoreIsOneOfPostgresAndItsUrlIsInNoError) {
    const auto of = [](const std::string& url) {
        return Input{.role = Role::coordinator, .environment = {{"MUSTER_STORE_URL", url}}};
    };
    const std::string url = "postgresql://ann:hunter2@db/fleet?sslmode=verify-full";
    EXPECT_EQ(good(of(url)).text("store.url"), url);
    EXPECT_EQ(good(of("postgres://db/fleet")).text("store.url"), "postgres://db/fleet");
    for (const char* wrong : {"mysql://ann:hunter2@db/fleet", "hunter2", "postgresql:hunter2"}) {
        const auto settings = load(of(wrong));
        ASSERT_FALSE(settings) << wrong;
        EXPECT_THAT(settings.error().message,
                    StartsWith("MUSTER_STORE_URL: store.url must be postgresql://USER:PASSWORD@"));
        EXPECT_THAT(settings.error().message, Not(HasSubstr("hunter2")));
    }
    expect_refused({.role = Role::up, .flags = {{"--store-url", url}}}, "--store-url",
                   "is not for `muster up`");
    expect_refused({.role = Role::coordinator, .flags = {{"--lead-address", "a:b"}}},
                   "--lead-address", "must be host or host:port");
    EXPECT_EQ(good({.role = Role::coordinator, .flags = {{"--lead-address", "[fd00::1]:80"}}})
                  .text("lead.address"),
              "[fd00::1]:80");
}

TEST(Load, SecretsAreInNoError) {
    const std::string secret = "hunter2";
    const std::vector<Input> inputs{
        {.role = Role::node, .environment = {{"MUSTER_JOIN_TOKEN", secret + "\n"}}},
        {.role = Role::node, .flags = {{"--join-token", secret + std::string(5000, 'x')}}},
        file("[node]\njoin_token = [['" + secret + "']]"),
        file("[node]\njoin_token = \"" + secret + "\n"),
        file("[node]\njoin_token = " + secret),
        {.role = Role::coordinator, .flags = {{"--join-token", secret}}}};
    for (const auto& input : inputs) {
        const auto settings = load(input);
        ASSERT_FALSE(settings);
        EXPECT_THAT(settings.error().message, Not(HasSubstr(secret)));
        EXPECT_THAT(settings.error().field, Not(HasSubstr(secret)));
    }
    EXPECT_EQ(good({.role = Role::node, .environment = {{"MUSTER_JOIN_TOKEN", secret}}})
                  .text("node.join_token"),
              secret);
}

TEST(Load, AFlagOfAnotherRoleIsRefusedButTheFileIsShared) {
    expect_refused({.role = Role::node, .flags = {{"--http", ":1"}}}, "--http", "`muster node`");
    EXPECT_TRUE(load({.role = Role::node, .file = "[http]\naddress = ':1'"}));
}

TEST(Load, ListsAndLabelsComeInThreeShapes) {
    const Map wanted{{"disk", "ssd"}, {"zone", "a"}};
    EXPECT_EQ(
        good({.role = Role::node, .flags = {{"--label", "zone=a, disk=ssd"}}}).pairs("node.labels"),
        wanted);
    EXPECT_EQ(good(file("[node]\nlabels = ['zone=a', 'disk=ssd']")).pairs("node.labels"), wanted);
    const auto settings = good(file("[node.labels]\nzone = 'a'\ndisk = 'ssd'"));
    EXPECT_EQ(settings.pairs("node.labels"), wanted);
    EXPECT_THAT(settings.list("node.labels"), ElementsAre("disk=ssd", "zone=a"));
}

TEST(Load, RefusesHalfOfAPair) {
    expect_refused({.flags = {{"--tls-key", "k.pem"}}}, "--tls-key", "tls.certificate");
    expect_refused(file("[docker]\ncertificate = 'c.pem'"), "muster.toml line 2", "docker.key");
    expect_refused({.flags = {{"--link-lease", "1s"}}}, "--link-lease", "longer than link.ping");
}

TEST(Settings, TakePluginsTablesAsTheyAre) {
    const auto settings =
        good({.role = Role::world,
              .file = "[plugin.herald]\nwelcome = \"Hello, {name}\"\nstreak = 5\n"
                      "[plugin.\"my-own\"]\nfast = true\nwho = [\"a\", \"b\"]\n"});
    EXPECT_EQ(settings.plugins(),
              (Settings::PluginTables{{"herald", {{"welcome", "Hello, {name}"}, {"streak", "5"}}},
                                      {"my-own", {{"fast", "true"}, {"who", "a,b"}}}}));
    expect_refused({.role = Role::world, .file = "[plugin]\nherald = 5\n"}, "muster.toml line 2",
                   "plugin.herald is not known");
    expect_refused({.role = Role::world, .file = "[plugin.herald.deep]\nx = 5\n"},
                   "muster.toml line 2", "plugin.herald.deep.x is not known");
}

TEST(Settings, NamePluginsAndWhatTheyMayTake) {
    const auto settings = good({.role = Role::world, .flags = {{"--plugins", "a.so,/b"}}});
    EXPECT_EQ(settings.list("world.plugins"), (std::vector<std::string>{"a.so", "/b"}));
    EXPECT_EQ(settings.duration("world.plugin_budget"), std::chrono::milliseconds(2));
    EXPECT_EQ(settings.number("world.plugin_strikes"), 60);
}

Input of_world(Map flags) {
    return {.role = Role::world, .flags = std::move(flags)};
}

TEST(World, ListensOnAndIsReachedAtNumericAddressesOnly) {
    expect_refused(of_world({{"--public-ip", "203.0.113.7,example.org"}}),
                   "--public-ip: udp.public", "'example.org' is none");
    expect_refused(of_world({{"--public-ip", "999.1.1.1"}}), "--public-ip", "'999.1.1.1' is none");
    expect_refused(of_world({{"--http", "foo"}}), "--http: http.address", "'foo' is none");
    expect_refused(of_world({{"--udp", "300.1.1.1:7777"}}), "--udp: udp.address",
                   "'300.1.1.1' is none");
    const auto settings = good(of_world({{"--public-ip", "203.0.113.7,2001:db8::1"},
                                         {"--udp", "[::]:1"},
                                         {"--http", "localhost:1"}}));
    EXPECT_EQ(settings.address("udp.address"), (Address{"::", 1}));
}

TEST(World, IceServersHaveUrlsOfTheirKind) {
    expect_refused(of_world({{"--stun-url", "turn:h:1"}}), "--stun-url", "stun:");
    expect_refused(of_world({{"--turn-url", "h:1"}}), "--turn-url", "turn:");
    expect_refused(of_world({{"--ice-servers", "xx"}}), "--ice-servers: ice.servers", "turns:");
    const auto settings = load(of_world({{"--ice-servers", "stun:a:1;hunter2|u|p"}}));
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message, Not(HasSubstr("hunter2")));
    good(of_world({{"--ice-servers", "stun:a:1,turns:b:2|u|p;turn:c:3||q"}}));
}

TEST(World, ATurnServerNeedsASecretAndASecretAServer) {
    const std::string url = "turn:h:3478";
    expect_refused(of_world({{"--turn-url", url}}), "--turn-url: ice.turn_urls", "ice.turn_secret");
    expect_refused(of_world({{"--turn-secret", "s"}}), "--turn-secret: ice.turn_secret",
                   "ice.turn_urls");
    expect_refused(of_world({{"--turn-credential", "s"}}), "--turn-credential", "ice.turn_urls");
    good(of_world({{"--turn-url", url}, {"--turn-secret", "s"}}));
    good(of_world({{"--turn-url", url}, {"--turn-username", "u"}, {"--turn-credential", "c"}}));
}

TEST(World, AnOriginIsASchemeAndAHost) {
    for (const char* wrong :
         {"foo", "https://", "https://a/", "https://a b", "ftp://a", "https://:1"})
        expect_refused(of_world({{"--web-origin", wrong}}), "--web-origin: web.origin",
                       "scheme://host");
    for (const char* right : {"", "*", "https://play.example.org", "http://[::1]:8080"})
        good(of_world({{"--web-origin", right}}));
}

TEST(World, RatesAndPlacesFitTogether) {
    expect_refused(of_world({{"--snapshot-rate", "60"}, {"--tick-rate", "30"}}),
                   "--snapshot-rate: world.snapshot_rate", "world.tick_rate");
    good(of_world({{"--tick-rate", "20"}}));  // the default follows
    good(of_world({{"--snapshot-rate", "30"}, {"--tick-rate", "30"}}));
    expect_refused(of_world({{"--reserved-slots", "20"}, {"--players-max", "10"}}),
                   "--reserved-slots: world.reserved_slots", "world.players_max");
    good(of_world({{"--reserved-slots", "10"}, {"--players-max", "10"}}));
    expect_refused(of_world({{"--modes", "ctf,tdm,ctf"}}), "--modes: world.modes", "'ctf' twice");
}

TEST(Load, ASpreadWorldNeedsACoordinatorAndOneMode) {
    const auto of_world = [](std::map<std::string, std::string> flags) {
        return Input{.role = Role::world, .flags = std::move(flags)};
    };
    const std::map<std::string, std::string> whole{{"--spread", "true"},
                                                   {"--coordinator", "10.0.0.1"},
                                                   {"--modes", "ffa"},
                                                   {"--regions", "4"},
                                                   {"--bus-url", "nats://a:4222,tls://b:4222"},
                                                   {"--bus-user", "us"},
                                                   {"--bus-password", "secret"}};
    const auto settings = good(of_world(whole));
    EXPECT_TRUE(settings.boolean("world.spread"));
    EXPECT_EQ(settings.number("world.regions"), 4);
    EXPECT_EQ(settings.list("bus.url").size(), 2U);
    const auto without = [&](const std::string& flag) {
        auto flags = whole;
        flags.erase(flag);
        return of_world(std::move(flags));
    };
    const auto with = [&](const std::string& flag, const std::string& value) {
        auto flags = whole;
        flags[flag] = value;
        return of_world(std::move(flags));
    };
    expect_refused(without("--coordinator"), "--spread: world.spread", "world.coordinator");
    expect_refused(without("--modes"), "--spread: world.spread", "exactly one mode");
    expect_refused(without("--spread"), "--regions: world.regions", "world.spread");
    expect_refused(of_world({{"--bus-url", "nats://a"}}), "--bus-url: bus.url", "world.spread");
    expect_refused(without("--bus-url"), "--bus-user: bus.user", "bus.url");
    expect_refused(without("--bus-user"), "--bus-password: bus.password", "both");
    expect_refused(with("--bus-token", "t"), "--bus-token: bus.token", "bus.user");
    expect_refused(with("--bus-url", "http://a"), "--bus-url", "nats://HOST:PORT");
    expect_refused(with("--bus-url", "nats://us:secret@a"), "--bus-url", "settings of their own");
    expect_refused(with("--record", "/tmp"), "--record: world.record", "world.spread");
    expect_refused(with("--regions", "257"), "--regions", "256");
}

TEST(ConfigFiles, TheNamedOneOrTheUsualOnes) {
    EXPECT_EQ(
        config_files({.flags = {{"--config", "/c"}}, .environment = {{"MUSTER_CONFIG", "/e"}}}),
        std::pair(std::vector<std::string>{"/c"}, true));
    EXPECT_EQ(config_files({.environment = {{"MUSTER_CONFIG", "/e"}}}),
              std::pair(std::vector<std::string>{"/e"}, true));
    EXPECT_EQ(
        config_files({.flags = {{"--data-dir", "/d"}}}),
        std::pair(std::vector<std::string>{"/d/muster.toml", "/etc/muster/muster.toml"}, false));
}

}  // namespace
}  // namespace muster::settings
