#include <gtest/gtest.h>

#include "decode.hpp"
#include "engine.hpp"

namespace muster::runtime_docker {
namespace {

TEST(CreateBody, GivesAnInstanceNothingThatItDidNotAskFor) {
    runtime::InstanceSpec spec;
    spec.image = "game:1";
    const auto body = create_body(spec);
    EXPECT_EQ(body["Image"], "game:1");
    EXPECT_FALSE(body.contains("Cmd"));
    EXPECT_FALSE(body.contains("Entrypoint"));
    EXPECT_EQ(body["OpenStdin"], true);
    EXPECT_EQ(body["StdinOnce"], false);
    const auto& host = body["HostConfig"];
    EXPECT_EQ(host["CapDrop"], Json::array({"ALL"}));
    EXPECT_EQ(host["CapAdd"], Json::array());
    EXPECT_EQ(host["SecurityOpt"], Json::array({"no-new-privileges:true"}));
    EXPECT_EQ(host["RestartPolicy"]["Name"], "no");
    EXPECT_EQ(host["PidsLimit"], 512);
    EXPECT_FALSE(host.contains("Memory"));
    EXPECT_FALSE(host.contains("NanoCpus"));
}

TEST(CreateBody, SaysAllThatIsWanted) {
    runtime::InstanceSpec spec;
    spec.entrypoint = {"/bin/game"};
    spec.command = {"-x"};
    spec.environment = {{"A", "b=c"}};
    spec.labels = {{"k", "v"}};
    spec.working_folder = "/srv";
    spec.user = "1000:1000";
    spec.ports = {{"game", 7000, 27015, runtime::Protocol::udp, "10.0.0.1"},
                  {"admin", 7001, 27016, runtime::Protocol::tcp, "0.0.0.0"}};
    spec.mounts = {{"/host/data", "/data", true}};
    spec.capabilities = {"NET_BIND_SERVICE"};
    spec.limits = {1 << 30, 1.5, 64};
    spec.tty = true;
    spec.network = "games";
    const auto body = create_body(spec);
    EXPECT_EQ(body["Entrypoint"], Json::array({"/bin/game"}));
    EXPECT_EQ(body["Cmd"], Json::array({"-x"}));
    EXPECT_EQ(body["Env"], Json::array({"A=b=c"}));
    EXPECT_EQ(body["Labels"]["k"], "v");
    EXPECT_EQ(body["Labels"]["muster.port.7000/udp"], "game");
    EXPECT_EQ(body["WorkingDir"], "/srv");
    EXPECT_EQ(body["User"], "1000:1000");
    EXPECT_EQ(body["Tty"], true);
    EXPECT_TRUE(body["ExposedPorts"].contains("7001/tcp"));
    const auto& host = body["HostConfig"];
    EXPECT_EQ(host["PortBindings"]["7000/udp"][0]["HostIp"], "10.0.0.1");
    EXPECT_EQ(host["PortBindings"]["7000/udp"][0]["HostPort"], "27015");
    EXPECT_EQ(host["Mounts"][0]["Source"], "/host/data");
    EXPECT_EQ(host["Mounts"][0]["Target"], "/data");
    EXPECT_EQ(host["Mounts"][0]["ReadOnly"], true);
    EXPECT_EQ(host["CapAdd"], Json::array({"NET_BIND_SERVICE"}));
    EXPECT_EQ(host["Memory"], 1 << 30);
    EXPECT_EQ(host["MemorySwap"], 1 << 30);
    EXPECT_EQ(host["NanoCpus"], 1'500'000'000);
    EXPECT_EQ(host["PidsLimit"], 64);
    EXPECT_EQ(host["NetworkMode"], "games");
}

TEST(ImageName, GetsATagOnlyWhereNoneIsSaid) {
    EXPECT_EQ(with_tag("game"), "game:latest");
    EXPECT_EQ(with_tag("game:1"), "game:1");
    EXPECT_EQ(with_tag("host:5000/a/game"), "host:5000/a/game:latest");
    EXPECT_EQ(with_tag("game@sha256:00"), "game@sha256:00");
}

TEST(ApiVersion, IsTheOneThisWasWrittenForWhereverItIsSpoken) {
    EXPECT_EQ(choose_version("1.12", "1.41"), "/v1.41");
    EXPECT_EQ(choose_version("1.24", "1.50"), "/v1.41");
    EXPECT_EQ(choose_version("1.12", "1.40"), "/v1.40");
    EXPECT_EQ(choose_version("1.44", "1.52"), "/v1.44");
    EXPECT_EQ(choose_version("1.12", "1.39").error().code, Errc::unsupported);
    EXPECT_EQ(choose_version("", "").error().code, Errc::unsupported);
    EXPECT_EQ(choose_version("", "1.x").error().code, Errc::unsupported);
}

TEST(EngineTime, KeepsMilliseconds) {
    EXPECT_EQ(unix_time(Timestamp(milliseconds(1'700'000'000'042))), "1700000000.042000000");
    EXPECT_EQ(unix_time(Timestamp(milliseconds(-5))), "0.000000000");
}

TEST(EnginePath, EncodesWhatIsNotPlain) {
    EXPECT_EQ(container_path("a/../b?x", "/json"), "/containers/a%2F..%2Fb%3Fx/json");
    EXPECT_EQ(image_path("a/b c:1", "/json"), "/images/a/b%20c:1/json");
}

TEST(EngineError, IsToldByStatusAndText) {
    EXPECT_EQ(decode_error(404, R"({"message":"No such container: x"})"),
              (Error{Errc::not_found, "No such container: x", ""}));
    EXPECT_EQ(decode_error(409, R"({"message":"in use"})").code, Errc::conflict);
    EXPECT_EQ(decode_error(400, R"({"message":"bad"})").code, Errc::invalid_argument);
    EXPECT_EQ(decode_error(500, R"({"message":"boom"})").code, Errc::internal);
    EXPECT_EQ(decode_error(503, "").code, Errc::unavailable);
    EXPECT_EQ(decode_error(500, "not json").message, "the engine answered with status 500");
    EXPECT_EQ(decode_error(500, R"({"message":"Get https://x: dial tcp: no such host"})").code,
              Errc::unavailable);
}

TEST(EngineError, NamesThePortThatIsTaken) {
    const auto allocated = decode_error(
        500,
        R"({"message":"driver failed programming external connectivity on endpoint a (b): Bind for 0.0.0.0:7000 failed: port is already allocated"})");
    EXPECT_EQ(allocated.code, Errc::conflict);
    EXPECT_EQ(allocated.field, "ports");
    EXPECT_NE(allocated.message.find("7000"), std::string::npos);
    EXPECT_EQ(taken_port("Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address "
                         "already in use"),
              80);
    EXPECT_EQ(taken_port("listen udp6 [::]:65535: bind: address already in use"), 65535);
    for (const char* text :
         {"", " failed: port is already allocated", ": bind: address already in use",
          ":99999: bind: address already in use", ":x: bind: address already in use"}) {
        EXPECT_FALSE(taken_port(text)) << text;
    }
}

}  // namespace
}  // namespace muster::runtime_docker
