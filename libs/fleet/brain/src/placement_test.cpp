#include <set>

#include "fleet_fixture.hpp"

namespace muster::brain {
namespace {

class Placement : public Fleet {
  protected:
    using Fleet::Fleet;
    [[nodiscard]] std::string node_of(const std::string& server) const {
        return state.server(server)->node_id;
    }
    [[nodiscard]] std::string why(const std::string& server) const {
        return state.operation("deploy-" + server)->detail;
    }
    static WantedPort port(std::string name, std::uint16_t inside, std::uint16_t outside,
                           Protocol protocol = Protocol::udp) {
        return {std::move(name), inside, outside, protocol, false};
    }
    static ServerSpec with_memory(std::int64_t bytes) {
        ServerSpec spec;
        spec.memory_bytes = bytes;
        return spec;
    }
    static ServerSpec with_ports(std::vector<WantedPort> ports) {
        ServerSpec spec;
        spec.ports = std::move(ports);
        return spec;
    }
};

class Packed : public Placement {
  protected:
    Packed()
        : Placement([] {
              Config config;
              config.placement = PlacementPolicy::packed;
              return config;
          }()) {}
};

TEST_F(Placement, SpreadTakesTheEmptiestNodeEachTime) {
    connect("a");
    connect("b");
    connect("c");
    std::set<std::string> used;
    for (const char* server : {"1", "2", "3"}) {
        deploy(server, with_memory(gib));
        used.insert(node_of(server));
    }
    EXPECT_EQ(used.size(), 3U);
}

TEST_F(Packed, FillsTheFullestNodeThatHasRoom) {
    connect("big", facts(64 * gib));
    connect("small", facts(8 * gib));
    deploy("1", with_memory(4 * gib));
    deploy("2", with_memory(4 * gib));
    deploy("3", with_memory(4 * gib));
    EXPECT_EQ(node_of("1"), "small");
    EXPECT_EQ(node_of("2"), "small");
    EXPECT_EQ(node_of("3"), "big");
}

TEST_F(Placement, GoesOnlyWhereRuntimeLabelsAndLimitsFit) {
    auto process = facts();
    process.runtime = "process";
    connect("process", process);
    connect("small", facts(gib));
    auto europe = facts();
    europe.labels = {{"region", "eu"}};
    connect("europe", europe);
    ServerSpec spec = with_memory(2 * gib);
    spec.runtime = "docker";
    spec.required_labels = {{"region", "eu"}};
    deploy("1", spec);
    EXPECT_EQ(node_of("1"), "europe");
    spec.required_labels = {{"region", "us"}};
    deploy("2", spec);
    EXPECT_EQ(node_of("2"), "");
    EXPECT_EQ(why("2"), "1 node has no docker, 2 lack the label region=us");
}

TEST_F(Placement, PeoplesLabelsWinOverTheNodesOwn) {
    auto said = facts();
    said.labels = {{"region", "eu"}};
    connect("a", said);
    ServerSpec spec;
    spec.required_labels = {{"region", "us"}};
    deploy("1", spec);
    EXPECT_EQ(shown("1"), ServerState::waiting);
    ChangeNode change{"a"};
    change.labels.emplace()["region"] = "us";
    tell(change);
    EXPECT_EQ(node_of("1"), "a");
}

TEST_F(Placement, WaitsAndSaysWhyForEachClassOfNodes) {
    for (const char* id : {"a", "b", "c"}) {
        connect(id, facts(2 * gib));
    }
    for (const char* id : {"a", "b"}) {
        ChangeNode cordon{id};
        cordon.cordoned = true;
        tell(cordon);
    }
    deploy("1", with_memory(gib));
    deploy("2", with_memory(2 * gib));
    EXPECT_EQ(node_of("1"), "c");
    EXPECT_EQ(shown("2"), ServerState::waiting);
    EXPECT_EQ(why("2"), "2 nodes are cordoned, 1 is full: needs 2 GiB, has 1 GiB");
    EXPECT_EQ(state.shown_reason(*state.server("2")), why("2"));
}

TEST_F(Placement, WaitsWithoutAnyNodeAndIsPlacedWhenOneAppears) {
    deploy("1");
    EXPECT_EQ(why("1"), "there is no node yet");
    EXPECT_TRUE(sent().empty());
    connect("a");
    EXPECT_EQ(node_of("1"), "a");
    EXPECT_EQ(sent(), Ids{"deploy-1"});
    EXPECT_TRUE(persists(Subject::server, "1"));
}

TEST_F(Placement, IsPlacedWhenARemovedServerLeavesRoom) {
    connect("a", facts(2 * gib));
    run("1", with_memory(2 * gib));
    deploy("2", with_memory(2 * gib));
    EXPECT_EQ(shown("2"), ServerState::waiting);
    tell(RemoveServer{"remove-1", "1", false, "ann"});
    finish("remove-1");
    EXPECT_EQ(state.server("1"), nullptr);
    EXPECT_EQ(node_of("2"), "a");
    EXPECT_EQ(sent(), Ids{"deploy-2"});
}

TEST_F(Placement, TheReasonFollowsWhatHappensMeanwhile) {
    const auto session = connect("a", facts(gib));
    deploy("1", with_memory(2 * gib));
    EXPECT_EQ(why("1"), "1 node is full: needs 2 GiB, has 1 GiB");
    tell(NodeSessionEnded{"a", session});
    tick();
    EXPECT_EQ(why("1"), "1 node is out of contact");
}

TEST_F(Placement, AnExplicitNodeMustExist) {
    ServerSpec spec;
    spec.node_id = "nowhere";
    deploy("1", spec);
    EXPECT_EQ(rejected().code, Errc::not_found);
    EXPECT_EQ(rejected().field, "node_id");
    EXPECT_EQ(state.server("1"), nullptr);
    EXPECT_EQ(state.operation("deploy-1"), nullptr);
}

TEST_F(Placement, AnExplicitNodeIsTakenAndNoOther) {
    connect("a", facts(gib));
    connect("b");
    ServerSpec spec = with_memory(2 * gib);
    spec.node_id = "a";
    deploy("1", spec);
    EXPECT_EQ(node_of("1"), "");
    EXPECT_EQ(why("1"), "node a is full: needs 2 GiB, has 1 GiB");
    spec.memory_bytes = gib / 2;
    deploy("2", spec);
    EXPECT_EQ(node_of("2"), "a");
}

TEST_F(Placement, LimitsOfCpuMayAddUpToMoreThanThereIsButNotOneAlone) {
    connect("a", facts(0, 2));
    ServerSpec spec;
    spec.cpus = 3;
    deploy("1", spec);
    EXPECT_EQ(why("1"), "1 node is full: needs 3 CPUs, has 2");
    spec.cpus = 2;
    deploy("2", spec);
    deploy("3", spec);
    deploy("4", spec);
    EXPECT_EQ(node_of("3"), "a");
    EXPECT_EQ(why("4"), "1 node is full: needs 2 CPUs, has 0");
}

TEST_F(Placement, AnyPortComesFromTheRangeAndNeverTwice) {
    connect("a");
    std::set<std::pair<std::uint16_t, Protocol>> given;
    for (int index = 0; index < 50; ++index) {
        const std::string id = std::to_string(index);
        deploy(id, with_ports({port("game", 2456, 0), port("query", 2457, 0)}));
        ASSERT_EQ(state.server(id)->ports.size(), 2U);
        for (const GivenPort& one : state.server(id)->ports) {
            EXPECT_GE(one.outside, 20'000);
            EXPECT_LE(one.outside, 20'099);
            EXPECT_TRUE(given.emplace(one.outside, one.protocol).second) << one.outside;
        }
    }
    deploy("more", with_ports({port("game", 2456, 0)}));
    EXPECT_EQ(why("more"), "1 node has not the ports: no port of its range is free");
    // TCP numbers are others than UDP numbers.
    deploy("tcp", with_ports({port("web", 80, 0, Protocol::tcp)}));
    EXPECT_EQ(node_of("tcp"), "a");
}

TEST_F(Placement, ThePreferredNumbersComeFirstWhereTheyAreFreeAndInTheRange) {
    InventoryReported inventory;
    inventory.busy_ports.push_back({20'052, Protocol::udp});
    connect("a", facts(), inventory);
    WantedPort game = port("game", 20'050, 0);
    game.preferred = {20'050, 2456, 20'052, 20'060};
    std::vector<std::uint16_t> given;
    for (const char* id : {"1", "2", "3"}) {
        deploy(id, with_ports({game}));
        given.push_back(state.server(id)->ports.at(0).outside);
    }
    EXPECT_EQ(given[0], 20'050);
    EXPECT_EQ(given[1], 20'060) << "2456 is not in the range, 20052 is a stranger's";
    EXPECT_NE(given[2], 0);
    EXPECT_NE(given[2], 20'050);
    EXPECT_NE(given[2], 20'060);
}

TEST_F(Placement, NumbersThatProgramsOfTheHostHoldAreGivenOnlyToWhoInsists) {
    InventoryReported inventory;
    inventory.avoided_ports.push_back({20'050, Protocol::udp});
    inventory.avoided_ports.push_back({20'000, Protocol::udp});
    connect("a", facts(), inventory);
    WantedPort game = port("game", 20'050, 0);
    game.preferred = {20'050};
    deploy("1", with_ports({game}));
    EXPECT_EQ(state.server("1")->ports.at(0).outside, 20'001);
    // The node says who holds it, if that is still so.
    deploy("2", with_ports({port("game", 1, 20'050)}));
    EXPECT_EQ(node_of("2"), "a");
}

TEST_F(Placement, APreferredNumberNeverTakesOneThatAnotherPortMustHave) {
    connect("a");
    WantedPort game = port("game", 20'050, 0);
    game.preferred = {20'050};
    deploy("1", with_ports({game, port("query", 20'051, 20'050)}));
    const auto& ports = state.server("1")->ports;
    ASSERT_EQ(ports.size(), 2U);
    for (const GivenPort& one : ports) EXPECT_EQ(one.outside == 20'050, one.name == "query");
    // The other protocol's number is another one.
    WantedPort web = port("web", 80, 0, Protocol::tcp);
    web.preferred = {20'050};
    deploy("2", with_ports({web}));
    EXPECT_EQ(state.server("2")->ports.at(0).outside, 20'050);
}

TEST_F(Placement, BothProtocolsGetOneNumber) {
    connect("a");
    deploy("1", with_ports({port("web", 80, 0, Protocol::tcp)}));
    deploy("2", with_ports({port("game", 25'565, 0, Protocol::both)}));
    const auto& ports = state.server("2")->ports;
    ASSERT_EQ(ports.size(), 2U);
    EXPECT_EQ(ports[0].outside, ports[1].outside);
    EXPECT_EQ(ports[0].protocol, Protocol::tcp);
    EXPECT_EQ(ports[1].protocol, Protocol::udp);
    EXPECT_EQ(ports[0].inside, 25'565);
    EXPECT_NE(ports[0].outside, state.server("1")->ports[0].outside);
}

TEST_F(Placement, SameOutsideMakesTheProgramListenOnThatNumber) {
    connect("a");
    WantedPort wanted = port("game", 0, 0);
    wanted.same_outside = true;
    deploy("1", with_ports({wanted}));
    const auto& ports = state.server("1")->ports;
    ASSERT_EQ(ports.size(), 1U);
    EXPECT_EQ(ports[0].inside, ports[0].outside);
}

TEST_F(Placement, AWantedPortThatIsTakenSendsTheServerElsewhere) {
    connect("a");
    deploy("1", with_ports({port("game", 2456, 2456)}));
    deploy("2", with_ports({port("game", 2456, 2456)}));
    EXPECT_EQ(why("2"), "1 node has not the ports: port 2456/udp is taken");
    connect("b");
    EXPECT_EQ(node_of("2"), "b");
}

TEST_F(Placement, PortsOfForeignContainersAndUnknownServersAreLeftAlone) {
    InventoryReported inventory;
    for (std::uint16_t number = 20'000; number < 20'098; ++number) {
        inventory.busy_ports.push_back({number, Protocol::udp});
    }
    ObservedServer stranger{"stranger", {}};
    stranger.observed.ports.push_back({"game", 1, 20'098, Protocol::udp});
    inventory.servers.push_back(stranger);
    connect("a", facts(), inventory);
    deploy("1", with_ports({port("game", 2456, 0)}));
    EXPECT_EQ(state.server("1")->ports.at(0).outside, 20'099);
    EXPECT_EQ(state.server("stranger"), nullptr);
}

TEST_F(Placement, PortsAreGivenBackWhenTheServerIsRemoved) {
    connect("a");
    run("1", with_ports({port("game", 2456, 2456)}));
    tell(RemoveServer{"remove-1", "1", true, "ann"});
    deploy("2", with_ports({port("game", 2456, 2456)}));
    EXPECT_EQ(shown("2"), ServerState::waiting) << "the node has not confirmed yet";
    finish("remove-1");
    EXPECT_EQ(node_of("2"), "a");
}

TEST_F(Placement, NonsenseIsRefusedWithItsField) {
    connect("a");
    deploy("1", with_memory(-1));
    EXPECT_EQ(rejected().field, "memory_bytes");
    deploy("1", with_ports({port("game", 1, 5), port("query", 2, 5)}));
    EXPECT_EQ(rejected().field, "ports.query");
    deploy("1", with_ports({port("game", 1, 0), port("game", 2, 0)}));
    EXPECT_EQ(rejected().field, "ports.game");
    deploy("1", with_ports({port("game", 0, 0)}));
    EXPECT_EQ(rejected().code, Errc::invalid_argument);
    EXPECT_EQ(state.server_count(), 0U);
    EXPECT_EQ(state.operation_count(), 0U);
}

TEST_F(Placement, ARareLabelAmongManyNodesIsFound) {
    for (int index = 0; index < 300; ++index) {
        auto said = facts();
        said.labels = {{"kind", index == 250 ? "gpu" : "plain"}};
        connect("node-" + std::to_string(index), said);
    }
    ServerSpec spec;
    spec.required_labels = {{"kind", "gpu"}};
    deploy("1", spec);
    EXPECT_EQ(node_of("1"), "node-250");
}

TEST_F(Placement, EqualNodesAreOrderedByTheSeedAlone) {
    const auto first_choice = [](std::uint64_t seed) {
        Config config;
        config.seed = seed;
        State one(config, Timestamp{});
        for (std::uint64_t index = 1; index <= 8; ++index) {
            const std::string id = "node-" + std::to_string(index);
            static_cast<void>(decide(one, {Timestamp{}, NodeConnected{id, index, id, facts()}}));
            InventoryReported inventory;
            inventory.node_id = id;
            inventory.session = index;
            static_cast<void>(decide(one, {Timestamp{}, inventory}));
        }
        static_cast<void>(decide(one, {Timestamp{}, DeployServer{"op", "s", {}, true, ""}}));
        return one.server("s")->node_id;
    };
    std::set<std::string> chosen;
    for (std::uint64_t seed = 0; seed < 32; ++seed) {
        EXPECT_EQ(first_choice(seed), first_choice(seed));
        chosen.insert(first_choice(seed));
    }
    EXPECT_GT(chosen.size(), 3U);
}

}  // namespace
}  // namespace muster::brain
