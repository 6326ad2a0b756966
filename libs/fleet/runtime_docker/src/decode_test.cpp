#include "decode.hpp"

#include <gtest/gtest.h>

namespace muster::runtime_docker {
namespace {

TEST(DecodeInstance, ReadsWhatTheEngineSays) {
    const auto json = parse_json(R"({
      "Id":"abc","Name":"/muster-x","Created":"2026-11-30T09:00:00.123456789Z",
      "State":{"Status":"exited","ExitCode":137,"OOMKilled":true,"Error":"why",
               "StartedAt":"2026-11-30T09:00:01Z","FinishedAt":"2026-11-30T09:00:02Z"},
      "Config":{"Image":"game:1","Labels":{"a":"b","muster.port.7000/udp":"game"}},
      "HostConfig":{"PortBindings":{"7000/udp":[{"HostIp":"","HostPort":"27015"}],
                                    "9/sctp":[{"HostPort":"9"}],"80/tcp":null}}})");
    ASSERT_TRUE(json);
    const auto instance = decode_instance(*json);
    EXPECT_EQ(instance.id, "abc");
    EXPECT_EQ(instance.name, "muster-x");
    EXPECT_EQ(instance.image, "game:1");
    EXPECT_EQ(instance.labels, (std::map<std::string, std::string>{{"a", "b"}}));
    EXPECT_EQ(instance.phase, runtime::Phase::exited);
    EXPECT_EQ(instance.exit_code, 137);
    EXPECT_TRUE(instance.out_of_memory);
    EXPECT_EQ(instance.error, "why");
    EXPECT_EQ(to_rfc3339(instance.created_at), "2026-11-30T09:00:00.123Z");
    EXPECT_EQ(to_rfc3339(*instance.finished_at), "2026-11-30T09:00:02.000Z");
    const runtime::PortBinding port{"game", 7000, 27015, runtime::Protocol::udp, "0.0.0.0"};
    EXPECT_EQ(instance.ports, std::vector{port});
}

TEST(DecodeInstance, YearOneIsNever) {
    const auto instance = decode_instance(
        *parse_json(R"({"State":{"Status":"created","StartedAt":"0001-01-01T00:00:00Z"}})"));
    EXPECT_FALSE(instance.started_at);
    EXPECT_FALSE(instance.finished_at);
}

TEST(DecodeInstance, WhatIsOfAnotherTypeReadsAsEmpty) {
    for (const char* text : {"null", "[]", "7", R"({"State":7,"Config":null,"HostConfig":[]})",
                             R"({"Name":{},"State":{"ExitCode":"x","Status":4}})"}) {
        const auto instance = decode_instance(*parse_json(text));
        EXPECT_EQ(instance.name, "");
        EXPECT_EQ(instance.exit_code, 0);
        EXPECT_EQ(instance.phase, runtime::Phase::dead);
    }
}

TEST(DecodeStats, CountsCoresCacheNetworksAndDisks) {
    const auto json = parse_json(R"({"read":"2026-11-30T09:00:00Z",
      "cpu_stats":{"cpu_usage":{"total_usage":300},"system_cpu_usage":2000,"online_cpus":2},
      "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},
      "memory_stats":{"usage":1000,"limit":5000,"stats":{"total_inactive_file":400}},
      "pids_stats":{"current":3},
      "networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}},
      "blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":5},{"op":"write","value":6},
                                                   {"op":"Total","value":11}]}})");
    const auto stats = decode_stats(*json);
    ASSERT_TRUE(stats);
    EXPECT_DOUBLE_EQ(stats->cpu_percent, 40.0);
    EXPECT_EQ(stats->memory_bytes, 600);
    EXPECT_EQ(stats->memory_limit_bytes, 5000);
    EXPECT_EQ(stats->pids, 3);
    EXPECT_EQ(stats->network_received_bytes, 11);
    EXPECT_EQ(stats->network_sent_bytes, 22);
    EXPECT_EQ(stats->disk_read_bytes, 5);
    EXPECT_EQ(stats->disk_written_bytes, 6);
}

TEST(DecodeStats, TheFirstSampleHasNoCpu) {
    const auto stats = decode_stats(*parse_json(R"({"read":"2026-11-30T09:00:00Z",
      "cpu_stats":{"cpu_usage":{"total_usage":300},"system_cpu_usage":2000,"online_cpus":2}})"));
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->cpu_percent, 0);
}

TEST(DecodeStats, NothingOfWhatDoesNotRun) {
    EXPECT_FALSE(decode_stats(*parse_json(R"({"read":"0001-01-01T00:00:00Z"})")));
}

TEST(DecodeEvent, ReadsAnEnd) {
    const auto event = decode_event(*parse_json(R"({"Type":"container","Action":"die",
      "Actor":{"ID":"abc","Attributes":{"exitCode":"7","image":"game:1","name":"muster-x","k":"v",
                                        "muster.port.1/tcp":"p"}},
      "time":1700000000,"timeNano":1700000000123456789})"));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, "die");
    EXPECT_EQ(event->id, "abc");
    EXPECT_EQ(event->name, "muster-x");
    EXPECT_EQ(event->exit_code, 7);
    EXPECT_EQ(event->labels, (std::map<std::string, std::string>{{"k", "v"}}));
    EXPECT_EQ(event->time, Timestamp(milliseconds(1'700'000'000'123)));
}

TEST(DecodeEvent, SkipsWhatIsNotALifeOfAnInstance) {
    EXPECT_FALSE(decode_event(*parse_json(R"({"Type":"network","Action":"create"})")));
    EXPECT_FALSE(decode_event(*parse_json(R"({"Type":"container","Action":"exec_start: sh"})")));
    EXPECT_FALSE(decode_event(*parse_json("[]")));
}

TEST(PullDecoder, SumsLayersAndFailsWithTheReason) {
    PullDecoder pull;
    const auto feed = [&pull](const char* text) { return pull.feed(*parse_json(text)); };
    EXPECT_EQ(
        feed(R"({"status":"Downloading","id":"a","progressDetail":{"current":10,"total":100}})")
            ->total_bytes,
        100);
    const auto both =
        feed(R"({"status":"Downloading","id":"b","progressDetail":{"current":50,"total":50}})");
    EXPECT_EQ(both->done_bytes, 60);
    EXPECT_EQ(both->total_bytes, 150);
    EXPECT_EQ(feed(R"({"status":"Pull complete","id":"a"})")->done_bytes, 150);
    const auto failed = feed(R"({"error":"manifest unknown"})");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::not_found);
    EXPECT_EQ(failed.error().message, "manifest unknown");
}

TEST(DecodeArtifacts, ReadsImagesVolumesAndNetworks) {
    const auto image = decode_image(*parse_json(
        R"({"Id":"sha256:1","RepoTags":["a:1","<none>:<none>"],"Size":5,"Created":1700000000,"Labels":null})"));
    EXPECT_EQ(image.names, std::vector<std::string>{"a:1"});
    EXPECT_EQ(image.size_bytes, 5);
    const auto volume = decode_volume(
        *parse_json(R"({"Name":"v","Driver":"local","UsageData":{"Size":-1},"Labels":{"a":"b"}})"));
    EXPECT_EQ(volume.id, "v");
    EXPECT_EQ(volume.size_bytes, 0);
    EXPECT_EQ(decode_network(*parse_json(R"({"Id":"n","Name":"net"})")).names,
              std::vector<std::string>{"net"});
}

TEST(Json, NumbersAreCutToWhatFits) {
    const auto json = parse_json(R"({"a":18446744073709551615,"b":1e300,"c":-1e300,"d":2.9})");
    EXPECT_EQ(number_at(*json, {"a"}), INT64_MAX);
    EXPECT_EQ(number_at(*json, {"b"}), INT64_MAX);
    EXPECT_EQ(number_at(*json, {"c"}), INT64_MIN);
    EXPECT_EQ(number_at(*json, {"d"}), 2);
    EXPECT_FALSE(parse_json("{"));
}

}  // namespace
}  // namespace muster::runtime_docker
