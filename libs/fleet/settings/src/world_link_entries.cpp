#include "world_entries.hpp"

/// What joins a world server to others: its coordinator, its key, its bus.
namespace muster::settings {
namespace {

constexpr auto world = static_cast<unsigned>(Role::world);
using enum Alias::Part;

}  // namespace

std::vector<Entry> world_link_entries() {
    return {
        {.name = "world.coordinator",
         .flag = "--coordinator",
         .environment = "MUSTER_WORLD_COORDINATOR",
         .type = Type::addresses,
         .preset = "127.0.0.1:50051",
         .roles = world,
         .description = "The gRPC address of the coordinator under whose page the worlds are "
                        "played; of several coordinators that share a store all of them, with "
                        "commas between, which are tried in turn. Given neither this nor a join "
                        "token, they belong to none.",
         .file_aliases = {{"cluster.master_ip", host, world},
                          {"cluster.master_port", port, world}}},
        {.name = "world.join_token",
         .flag = "--join-token",
         .environment = "MUSTER_WORLD_JOIN_TOKEN",
         .type = Type::secret,
         .preset = "",
         .roles = world,
         .description = "The one-use token of the first start, from `muster worlds join-token`; "
                        "later it counts again only when the certificate has ended or the "
                        "coordinator has refused it. Better in the environment than as a flag, "
                        "which other users of the host can see."},
        {.name = "world.name",
         .flag = "--name",
         .environment = "MUSTER_WORLD_NAME",
         .preset = "",
         .roles = world,
         .description = "What people call the world server. By default the host's name; what the "
                        "join token says goes before.",
         .file_aliases = {{"all.server_name", whole, world}}},
        {.name = "world.location",
         .flag = "--location",
         .environment = "MUSTER_WORLD_LOCATION",
         .preset = "",
         .roles = world,
         .description = "Where it stands, as `eu-west`: a label of at most 32 letters, digits, "
                        "`.`, `-` and `_` that the coordinator's lists show."},
        {.name = "world.wishes",
         .flag = "--wishes",
         .environment = "MUSTER_WORLD_WISHES",
         .type = Type::areas,
         .preset = "",
         .roles = world,
         .description = "Which parts of its spread world it would like to have, as rectangles "
                        "`LEFT,TOP,RIGHT,BOTTOM` in whole units of the map, at most 16 with "
                        "semicolons between: `0,0,2000,3000;4000,0,5000,500`. Told to the "
                        "coordinator, which does not place by them yet."},
    };
}

std::vector<Entry> cluster_entries() {
    return {
        {.name = "cluster.key_name",
         .flag = "--key-name",
         .environment = "MUSTER_CLUSTER_KEY_NAME",
         .preset = "cluster_key",
         .roles = world,
         .description = "The named key (`keys/NAME` of the data folder) that it joins its "
                        "coordinator with when it has neither an identity nor a join token; made "
                        "when it is not there. The coordinator must hold the same one: `muster "
                        "worlds keys add NAME --file FILE`, or a copy in `keys` of its data "
                        "folder. At most 64 letters, digits, `.`, `-` and `_`."},
        {.name = "cluster.public_key_url",
         .flag = "--public-key-url",
         .environment = "MUSTER_CLUSTER_PUBLIC_KEY_URL",
         .preset = "",
         .roles = static_cast<unsigned>(Role::up) | static_cast<unsigned>(Role::coordinator),
         .description = "Where clients fetch the public keys that the coordinator signs with, when "
                        "it is elsewhere than at the coordinator itself: a URL that its lists "
                        "name.",
         .file_aliases = {{"cluster.domain_pub_key"}}},
    };
}

std::vector<Entry> world_spread_entries() {
    return {
        {.name = "world.spread",
         .flag = "--spread",
         .environment = "MUSTER_WORLD_SPREAD",
         .type = Type::boolean,
         .preset = "false",
         .roles = world,
         .description = "Computes its one world together with all other servers of that world that "
                        "the coordinator knows: each has the regions that it is leased. All need "
                        "the same mode, map, seed (0 is 1 here), players and regions."},
        {.name = "world.regions",
         .flag = "--regions",
         .environment = "MUSTER_WORLD_REGIONS",
         .type = Type::number,
         .preset = "1",
         .roles = world,
         .description = "How many regions a spread world is cut into at least; more as its servers "
                        "fill up.",
         .min = 1,
         .max = 256},
    };
}

std::vector<Entry> bus_entries() {
    return {
        {.name = "bus.url",
         .flag = "--bus-url",
         .environment = "MUSTER_BUS_URL",
         .type = Type::list,
         .preset = "",
         .roles = world,
         .description =
             "What the servers of a spread world talk to each other over: NATS servers of "
             "one cluster, as `nats://10.0.0.5:4222` or `tls://...`; the same cluster for "
             "all of them. Without one a server is alone with its world."},
        {.name = "bus.user",
         .flag = "--bus-user",
         .environment = "MUSTER_BUS_USER",
         .preset = "",
         .roles = world,
         .description = "With `bus.password`, who the bus knows us as."},
        {.name = "bus.password",
         .flag = "--bus-password",
         .environment = "MUSTER_BUS_PASSWORD",
         .type = Type::secret,
         .preset = "",
         .roles = world,
         .description = "Better in the environment than as a flag."},
        {.name = "bus.token",
         .flag = "--bus-token",
         .environment = "MUSTER_BUS_TOKEN",
         .type = Type::secret,
         .preset = "",
         .roles = world,
         .description = "In place of user and password."},
        {.name = "bus.ca",
         .flag = "--bus-ca",
         .environment = "MUSTER_BUS_CA",
         .preset = "",
         .roles = world,
         .description = "A file (PEM) with the authorities that the bus's certificates must come "
                        "from; makes all connections TLS. By default those of the system."},
    };
}

}  // namespace muster::settings
