#pragma once

// Part of contract.hpp: what instances say, and what one says to them.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "muster/base/file.hpp"
#include "muster/runtime/contract.hpp"

namespace muster::runtime {

TEST_P(RuntimeContract, TheConsoleEchoesWhatIsTyped) {
    const auto id = running();
    auto console = wait(streams().attach(id));
    ASSERT_TRUE(console) << console.error().message;
    ASSERT_TRUE(wait((*console)->write("say hello\n")));
    std::string seen;
    while (seen.find("> say hello\nhello\n") == std::string::npos) {
        const auto output = wait((*console)->read());
        ASSERT_TRUE(output) << output.error().message;
        ASSERT_TRUE(*output) << seen;
        EXPECT_FALSE((*output)->is_error);
        seen += (*output)->bytes;
    }
    ASSERT_TRUE(wait((*console)->write("stop\n")));
    for (;;) {
        const auto output = wait((*console)->read());
        ASSERT_TRUE(output) << output.error().message;
        if (!*output) break;
    }
    EXPECT_EQ(ended(id).exit_code, 0);
}

TEST_P(RuntimeContract, AttachingToWhatStandsIsAConflict) {
    const auto id = create(a_game());
    EXPECT_EQ(wait(streams().attach(id)).error().code, Errc::conflict);
}

TEST_P(RuntimeContract, LogsKeepOrderAndTellErrorsFromOutput) {
    const auto id = running();
    type(id, "err careful");
    ASSERT_TRUE(saw_line(id, "careful"));
    type(id, "spam 3000");
    ASSERT_TRUE(saw_line(id, "spam 3000"));
    const auto lines = log_of(id);
    ASSERT_GE(lines.size(), 3000U);
    EXPECT_EQ(lines.front().text, "Loading...");
    EXPECT_FALSE(lines.front().is_error);
    const auto error = std::ranges::find(lines, "careful", &LogLine::text);
    ASSERT_NE(error, lines.end());
    EXPECT_TRUE(error->is_error);
    int expected = 0;
    for (const auto& line : lines) {
        if (!line.text.starts_with("spam ")) continue;
        ASSERT_EQ(line.text, "spam " + std::to_string(++expected));
    }
    EXPECT_EQ(expected, 3000);
}

TEST_P(RuntimeContract, LogsTakeATailAndATime) {
    const auto id = running();
    type(id, "spam 20");
    ASSERT_TRUE(saw_line(id, "spam 20"));
    LogQuery query;
    query.tail = 2;
    const auto last = log_of(id, query);
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].text, "spam 19");
    EXPECT_EQ(last[1].text, "spam 20");

    LogQuery later;
    later.since = last[1].time + std::chrono::hours(1);
    EXPECT_TRUE(log_of(id, later).empty());
    LogQuery from_start;
    from_start.since = log_of(id).front().time;
    EXPECT_EQ(log_of(id, from_start).front().text, "Loading...");
    LogQuery nothing;
    nothing.tail = 0;
    EXPECT_TRUE(log_of(id, nothing).empty());
}

TEST_P(RuntimeContract, FollowingALogEndsWithTheProgram) {
    const auto id = running();
    LogQuery query;
    query.follow = true;
    query.tail = 0;
    auto lines = wait(streams().logs(id, query));
    ASSERT_TRUE(lines);
    type(id, "stop");
    std::vector<std::string> seen;
    for (;;) {
        const auto line = wait((*lines)->next());
        ASSERT_TRUE(line) << line.error().message;
        if (!*line) break;
        seen.push_back((*line)->text);
    }
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back(), "Bye");
}

TEST_P(RuntimeContract, ClosingAStreamEndsItsPendingRead) {
    const auto id = running();
    LogQuery query;
    query.follow = true;
    query.tail = 0;
    auto lines = wait(streams().logs(id, query));
    ASSERT_TRUE(lines);
    asio::post(subject_->loop(), [&] { (*lines)->close(); });
    const auto line = wait((*lines)->next());
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, Errc::cancelled);
}

TEST_P(RuntimeContract, StatsSayWhatItUses) {
    auto spec = a_game();
    spec.limits.memory_bytes = 64 << 20;
    const auto id = running(spec);
    auto stats = wait(streams().stats(id));
    ASSERT_TRUE(stats) << stats.error().message;
    const auto first = wait((*stats)->next());
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(*first);
    EXPECT_GT((*first)->memory_bytes, 0);
    EXPECT_EQ((*first)->memory_limit_bytes, 64 << 20);
    EXPECT_GE((*first)->pids, 1);
    EXPECT_GE((*first)->cpu_percent, 0);
    EXPECT_GT((*first)->time, Timestamp{});
}

TEST_P(RuntimeContract, ExecGivesOutputErrorsAndExitCode) {
    const auto id = running();
    const auto echoed = run(id, {"echo", "two", "words"});
    EXPECT_EQ(echoed.out, "two words\n");
    EXPECT_EQ(echoed.err, "");
    EXPECT_EQ(echoed.code, 0);
    const auto complained = run(id, {"err", "oh"});
    EXPECT_EQ(complained.out, "");
    EXPECT_EQ(complained.err, "oh\n");
    EXPECT_EQ(run(id, {"exit", "42"}).code, 42);
    ExecSpec with_variable;
    with_variable.command = {"env", "COLOUR"};
    with_variable.environment["COLOUR"] = "blue = sky";
    EXPECT_EQ(run(id, with_variable).out, "blue = sky\n");
    ExecSpec copies;
    copies.command = {"cat"};
    EXPECT_EQ(run(id, copies, "through and back").out, "through and back");
}

TEST_P(RuntimeContract, ExecInWhatStandsIsAConflict) {
    const auto id = create(a_game());
    ExecSpec spec;
    spec.command = {subject_->program(), "echo"};
    EXPECT_EQ(wait(streams().exec(id, spec)).error().code, Errc::conflict);
}

TEST_P(RuntimeContract, EventsTellALifeInOrderAndAgainFromATime) {
    const auto spec = a_game();
    const auto id = create(spec);
    const auto since = wait(instances().inspect(id))->created_at;
    auto live = wait(streams().events(since));
    ASSERT_TRUE(live) << live.error().message;
    ASSERT_TRUE(power(id, Power::start));
    ASSERT_TRUE(saw_line(id, "Done!"));
    type(id, "crash");
    ended(id);
    ASSERT_TRUE(wait(instances().remove(id)));

    auto replay = wait(streams().events(since));
    ASSERT_TRUE(replay) << replay.error().message;
    for (auto* events : {live->get(), replay->get()}) {
        std::vector<std::string> kinds;
        while (kinds.empty() || kinds.back() != "destroy") {
            const auto event = wait(events->next());
            ASSERT_TRUE(event) << event.error().message;
            ASSERT_TRUE(*event);
            if ((*event)->id != id || ((*event)->kind == "create")) continue;
            kinds.push_back((*event)->kind);
            EXPECT_EQ((*event)->name, spec.name);
            EXPECT_EQ((*event)->labels.at("muster.test"), spec.labels.at("muster.test"));
            EXPECT_GE((*event)->time, since);
            if ((*event)->kind == "die") EXPECT_EQ((*event)->exit_code, 7);
        }
        EXPECT_EQ(kinds, (std::vector<std::string>{"start", "die", "destroy"}));
    }
}

TEST_P(RuntimeContract, ArchivesGoInAndComeOut) {
    auto& archives = subject_->runtime().archives();
    const auto id = create(a_game());
    const std::string big(300'000, 'x');
    auto tar = std::make_unique<OnePiece>(write_tar({{"a.txt", "alpha"}, {"big.bin", big}}));
    const auto put = wait(archives.put(id, "/data", std::move(tar)));
    ASSERT_TRUE(put) << put.error().message;
    auto got = wait(archives.get(id, "/data"));
    ASSERT_TRUE(got) << got.error().message;
    std::string bytes;
    for (;;) {
        const auto piece = wait((*got)->next());
        ASSERT_TRUE(piece) << piece.error().message;
        if (!*piece) break;
        bytes += **piece;
    }
    const auto files = read_tar(bytes);
    EXPECT_EQ(files.at("data/a.txt"), "alpha");
    EXPECT_EQ(files.at("data/big.bin"), big);
    EXPECT_EQ(wait(archives.get(id, "/data/none")).error().code, Errc::not_found);
}

TEST_P(RuntimeContract, ASpecIsHonoured) {
    auto spec = a_game();
    spec.environment["PORT"] = "7123";
    const auto id = running(spec);
    EXPECT_TRUE(saw_line(id, "Done! Server ready on port 7123"));
    if (!subject_->is_real()) return;

    auto tool = a_game();
    tool.command = {"env", "GREETING"};
    tool.environment["GREETING"] = "good day";
    const auto second = create(tool);
    ASSERT_TRUE(power(second, Power::start));
    EXPECT_EQ(ended(second).exit_code, 0);
    EXPECT_TRUE(saw_line(second, "good day"));
}

inline std::string ask_datagram(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer(16, '\0');
    ssize_t got = -1;
    // A datagram may be lost; so it is asked again.
    for (int i = 0; i < 50 && got < 0; ++i) {
        sendto(fd, "ping", 4, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
        pollfd readable{fd, POLLIN, 0};
        if (poll(&readable, 1, 1000) == 1) got = recv(fd, answer.data(), answer.size(), 0);
    }
    close(fd);
    answer.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return answer;
}

TEST_P(RuntimeContract, PortsAnswerAndMountsShow) {
    if (!subject_->is_real()) return;
    char name[] = "/tmp/muster-contract-XXXXXX";
    const std::string folder = mkdtemp(name);
    auto spec = a_game();
    const auto port = subject_->free_port();
    // The process runtime has no network of its own: there both numbers are the same.
    spec.ports = {{"game", port, port, Protocol::udp, "127.0.0.1"}};
    spec.environment["PORT"] = std::to_string(port);
    spec.mounts = {{folder, "/data", false}};
    const auto id = running(spec);
    EXPECT_EQ(ask_datagram(port), "pong");
    ASSERT_TRUE(power(id, Power::stop));
    EXPECT_EQ(read_file(folder + "/starts.txt"), "1\n");
    EXPECT_TRUE(read_file(folder + "/world.txt"));
    std::filesystem::remove_all(folder);
}

TEST_P(RuntimeContract, TheMemoryLimitHolds) {
    if (!subject_->is_real()) return;
    auto spec = a_game();
    spec.limits.memory_bytes = 32 << 20;
    const auto id = running(spec);
    auto console = wait(streams().attach(id));
    ASSERT_TRUE(console);
    ASSERT_TRUE(wait((*console)->write("eat 200\n")));
    const auto now = ended(id);
    EXPECT_EQ(now.exit_code, 137);
    EXPECT_TRUE(now.out_of_memory);
}

}  // namespace muster::runtime
