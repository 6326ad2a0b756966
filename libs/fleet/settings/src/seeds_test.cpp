#include "muster/settings/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What the systems that Muster comes from call things, and what is new for world servers of a
/// cluster.
namespace muster::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
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
TEST(Load, TakesDocklordsNames) {
    const auto coordinator = good(
        {.role = Role::coordinator, .environment = {{"API_PORT", "3000"}, {"GRPC_PORT", "50052"}}});
    EXPECT_EQ(coordinator.address("http.address"), (Address{"0.0.0.0", 3000}));
    EXPECT_EQ(coordinator.address("grpc.address"), (Address{"0.0.0.0", 50052}));
    EXPECT_EQ(coordinator.source("http.address"), "API_PORT");
    const auto node = good({.role = Role::node,
                            .environment = {{"COORDINATOR_ADDR", "http://localhost:50051"},
                                            {"DOCKLORD_PASSWORD", "p"},
                                            {"DOCKER_HOST", "tcp://d:1"}}});
    EXPECT_THAT(node.addresses("node.coordinator"), ElementsAre(Address{"localhost", 50051}));
    EXPECT_EQ(node.text("node.password"), "p");
    EXPECT_EQ(node.text("docker.base_url"), "tcp://d:1");
    expect_refused({.environment = {{"API_PORT", "http"}}}, "API_PORT", "must be a port");
}

TEST(Load, TakesTheShootersNames) {
    EXPECT_EQ(good({.environment = {{"MGS_HOST", "0.0.0.0"}, {"MGS_PORT", "9000"}}})
                  .address("http.address"),
              (Address{"0.0.0.0", 9000}));
    // Our own name wins over an alias.
    EXPECT_EQ(
        good({.environment = {{"MUSTER_HTTP", ":1"}, {"MGS_PORT", "2"}}}).address("http.address"),
        (Address{"127.0.0.1", 1}));
}

TEST(Load, TakesSustenetsFile) {
    const auto settings = good({.role = Role::node, .file = R"(
[all]
server_name = "Cluster Server"
max_connections = 0
port = 0
[cluster]
key_name = "cluster_key"
master_ip = "10.0.0.9"
master_port = 6256
)"});
    EXPECT_EQ(settings.text("node.name"), "Cluster Server");
    EXPECT_THAT(settings.addresses("node.coordinator"), ElementsAre(Address{"10.0.0.9", 6256}));
    EXPECT_EQ(settings.number("http.connections_max"), 4096);
    EXPECT_TRUE(settings.notes().empty());
    EXPECT_EQ(good(file("[all]\nmax_connections = 7")).number("http.connections_max"), 7);
}

TEST(Load, GivesSustenetsKeysTheMeaningThatTheyHaveToTheRole) {
    const std::string text = R"(
[all]
server_name = "one"
max_connections = 70
port = 6257
[cluster]
key_name = "my_key"
master_ip = "10.0.0.9"
master_port = 0
domain_pub_key = "https://example.org/key"
)";
    const auto world = good({.role = Role::world, .file = text});
    EXPECT_EQ(world.text("world.name"), "one");
    EXPECT_EQ(world.number("world.sessions_max"), 70);
    EXPECT_EQ(world.number("http.connections_max"), 4096);
    EXPECT_EQ(world.address("udp.address"), (Address{"0.0.0.0", 6257}));
    EXPECT_THAT(world.addresses("world.coordinator"), ElementsAre(Address{"10.0.0.9", 50051}));
    EXPECT_TRUE(world.is_given("world.coordinator"));
    EXPECT_EQ(world.text("cluster.key_name"), "my_key");
    const auto master = good({.role = Role::coordinator, .file = text});
    EXPECT_EQ(master.number("http.connections_max"), 70);
    EXPECT_EQ(master.address("grpc.address"), (Address{"0.0.0.0", 6257}));
    EXPECT_EQ(master.text("cluster.public_key_url"), "https://example.org/key");
    EXPECT_EQ(good({.role = Role::world}).text("cluster.key_name"), "cluster_key");
}

TEST(Load, SaysWhichOfSustenetsKeysIsWrong) {
    const auto of_file = [](Role role, std::string text) {
        return Input{.role = role, .file = std::move(text)};
    };
    expect_refused(of_file(Role::world, "[all]\nport = 'many'"), "muster.toml line 2 (all.port)",
                   "must be a port");
    expect_refused(of_file(Role::world, "[all]\nport = 70000"), "muster.toml line 2 (all.port)",
                   "must be a port");
    expect_refused(of_file(Role::world, "[all]\nmax_connections = 'lots'"),
                   "muster.toml line 2 (all.max_connections)", "must be a whole number");
    expect_refused(of_file(Role::world, "[all]\nmax_connections = -1"),
                   "muster.toml line 2 (all.max_connections)", "must be from 1");
    expect_refused(of_file(Role::world, "[cluster]\nmaster_ip = 'what is this'"),
                   "muster.toml line 2 (cluster.master_ip)", "must be a host");
    expect_refused(of_file(Role::world, "[cluster]\nmaster_port = 'x'"),
                   "muster.toml line 2 (cluster.master_port)", "must be a port");
    for (const auto* name : {"", "../key", ".hidden", "a/b"})
        expect_refused(of_file(Role::world, "[cluster]\nkey_name = '" + std::string(name) + "'"),
                       "muster.toml line 2", "1 to 64 letters");
    expect_refused(of_file(Role::coordinator, "[cluster]\ndomain_pub_key = 'key.pem'"),
                   "muster.toml line 2 (cluster.domain_pub_key)", "https://");
}

TEST(World, SaysWhereItStandsAndWhatItWishes) {
    const auto settings = good({.role = Role::world,
                                .flags = {{"--location", "eu-west"},
                                          {"--wishes", "0,0,2000,3000; -5,-6,7,8"},
                                          {"--spread", "true"},
                                          {"--modes", "ffa"},
                                          {"--coordinator", "c"}}});
    EXPECT_EQ(settings.text("world.location"), "eu-west");
    EXPECT_THAT(settings.areas("world.wishes"),
                ElementsAre(Area{0, 0, 2000, 3000}, Area{-5, -6, 7, 8}));
    EXPECT_TRUE(good({.role = Role::world}).areas("world.wishes").empty());
    const auto world = [](Map flags) { return Input{.role = Role::world, .flags = flags}; };
    for (const auto* text :
         {"1,2,3", "1,2,3,x", "2,0,2,5", "0,5,1,4", "0,0,1,2000000", "0,0,1,1,1"})
        expect_refused(world({{"--wishes", text}}), "--wishes: world.wishes", "LEFT,TOP");
    std::string many = "0,0,1,1";
    for (std::size_t i = 0; i < areas_max; ++i) many += ";0,0,1,1";
    expect_refused(world({{"--wishes", many}}), "--wishes: world.wishes", "at most 16");
    expect_refused(world({{"--wishes", "0,0,1,1"}}), "--wishes: world.wishes", "world.spread");
    expect_refused(world({{"--location", "Europe, west"}}), "--location: world.location", "32");
    expect_refused(world({{"--location", std::string(33, 'a')}}), "--location", "32");
}

TEST(Load, TakesMaestrosFile) {
    const auto settings = good(file(R"(
[docker]
base_url = "http://localhost:2375"
image_name = "game"
container_name = "one"
[dockerfile]
path = "."
buildContext = "."
[npm]
dashboard_path = "./dashboard"
)"));
    EXPECT_EQ(settings.text("docker.base_url"), "http://localhost:2375");
    EXPECT_EQ(settings.text("npm.folder"), "./dashboard");
    EXPECT_EQ(settings.text("npm.script"), "start");
    EXPECT_EQ(settings.notes().size(), 4U);
}

}  // namespace
}  // namespace muster::settings
