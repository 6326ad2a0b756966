#pragma once

// Part of contract.hpp: how instances come, run and go.
#include "muster/runtime/contract.hpp"

namespace muster::runtime {

TEST_P(RuntimeContract, SaysWhatItIs) {
    const auto facts = wait(subject_->runtime().facts());
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_FALSE(facts->kind.empty());
    EXPECT_FALSE(facts->version.empty());
}

TEST_P(RuntimeContract, ACreatedInstanceIsFoundByIdAndNameAndInTheList) {
    auto spec = a_game();
    spec.ports = {{"game", 7000, subject_->free_port(), Protocol::udp, "127.0.0.1"}};
    const auto id = create(spec);
    for (const auto& key : {id, spec.name}) {
        const auto found = wait(instances().inspect(key));
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_EQ(found->id, id);
        EXPECT_EQ(found->name, spec.name);
        EXPECT_EQ(found->image, spec.image);
        EXPECT_EQ(found->phase, Phase::created);
        EXPECT_EQ(found->labels.at("muster.test"), spec.labels.at("muster.test"));
        ASSERT_EQ(found->ports.size(), 1U);
        EXPECT_EQ(found->ports[0].outside, spec.ports[0].outside);
        EXPECT_EQ(found->ports[0].inside, 7000);
        EXPECT_EQ(found->ports[0].protocol, Protocol::udp);
        EXPECT_GT(found->created_at, Timestamp{});
        EXPECT_FALSE(found->started_at);
    }
    const auto all = wait(instances().list());
    ASSERT_TRUE(all) << all.error().message;
    const auto listed = std::ranges::find(*all, id, &Instance::id);
    ASSERT_NE(listed, all->end());
    EXPECT_EQ(listed->name, spec.name);
    EXPECT_EQ(listed->phase, Phase::created);
}

TEST_P(RuntimeContract, CreateRefusesAnImageThatIsNotHere) {
    auto spec = a_game();
    spec.image = "/nonexistent/muster-none";
    if (subject_->has_artifacts()) spec.image = "muster-test/none:1";
    const auto id = wait(instances().create(spec));
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code, Errc::not_found);
    EXPECT_NE(id.error().message.find(spec.image), std::string::npos);
}

TEST_P(RuntimeContract, CreateRefusesANameThatIsTaken) {
    const auto spec = a_game();
    create(spec);
    const auto again = wait(instances().create(spec));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
}

TEST_P(RuntimeContract, StartsBecomesReadyAndStopsWithoutLosingItsData) {
    const auto id = running();
    const auto now = wait(instances().inspect(id));
    ASSERT_TRUE(now);
    EXPECT_EQ(now->phase, Phase::running);
    ASSERT_TRUE(now->started_at);
    EXPECT_GE(*now->started_at, now->created_at);

    ASSERT_TRUE(power(id, Power::stop));
    const auto then = wait(instances().inspect(id));
    ASSERT_TRUE(then);
    EXPECT_EQ(then->phase, Phase::exited);
    EXPECT_EQ(then->exit_code, 0);
    EXPECT_TRUE(then->finished_at);
    EXPECT_TRUE(saw_line(id, "Saving world"));
}

TEST_P(RuntimeContract, RepeatingACallSucceeds) {
    const auto id = running();
    EXPECT_TRUE(power(id, Power::start));
    EXPECT_TRUE(power(id, Power::unpause));
    EXPECT_TRUE(power(id, Power::stop));
    EXPECT_TRUE(power(id, Power::stop));
    EXPECT_TRUE(power(id, Power::kill));
    EXPECT_TRUE(wait(instances().remove(id)));
    EXPECT_TRUE(wait(instances().remove(id)));
}

TEST_P(RuntimeContract, StopKillsAProgramThatIgnoresItAfterTheGrace) {
    const auto id = running();
    type(id, "hang");
    ASSERT_TRUE(power(id, Power::stop, std::chrono::milliseconds(1000)));
    EXPECT_EQ(ended(id).exit_code, 137);
}

TEST_P(RuntimeContract, AKillDoesNotWaitForAStop) {
    const auto id = running();
    type(id, "hang");
    Instances::PowerRequest stop;
    stop.power = Power::stop;
    stop.grace = std::chrono::minutes(10);
    auto stopped = std::make_shared<bool>(false);
    asio::co_spawn(subject_->loop(), note_end(instances().power(id, stop), stopped),
                   asio::detached);
    ASSERT_TRUE(power(id, Power::kill));
    EXPECT_EQ(ended(id).exit_code, 137);
    while (!*stopped) static_cast<void>(wait(instances().list()));
}

TEST_P(RuntimeContract, StopUsesTheSignalThatWasAskedFor) {
    const auto id = running();
    Instances::PowerRequest stop;
    stop.power = Power::stop;
    stop.grace = std::chrono::seconds(60);
    stop.signal = "SIGINT";
    ASSERT_TRUE(wait(instances().power(id, stop)));
    EXPECT_EQ(ended(id).exit_code, 0);
}

TEST_P(RuntimeContract, ARestartRunsItAgainOnItsOldFiles) {
    const auto id = running();
    ASSERT_TRUE(power(id, Power::restart));
    ASSERT_TRUE(saw_line(id, "Saving world"));
    EXPECT_EQ(run(id, {"file", "/data/starts.txt"}).out, "2\n");
}

TEST_P(RuntimeContract, PausesAndResumes) {
    const auto facts = wait(subject_->runtime().facts());
    ASSERT_TRUE(facts);
    const auto id = running();
    if (!facts->supports_pause) {
        EXPECT_EQ(power(id, Power::pause).error().code, Errc::unsupported);
        return;
    }
    ASSERT_TRUE(power(id, Power::pause));
    ASSERT_TRUE(power(id, Power::pause));
    EXPECT_EQ(wait(instances().inspect(id))->phase, Phase::paused);
    EXPECT_EQ(power(id, Power::start).error().code, Errc::conflict);
    ASSERT_TRUE(power(id, Power::unpause));
    EXPECT_EQ(wait(instances().inspect(id))->phase, Phase::running);
    ASSERT_TRUE(power(id, Power::pause));
    ASSERT_TRUE(power(id, Power::stop));
    EXPECT_EQ(wait(instances().inspect(id))->phase, Phase::exited);
    EXPECT_EQ(power(id, Power::pause).error().code, Errc::conflict);
}

TEST_P(RuntimeContract, ACrashCarriesItsExitCode) {
    const auto id = running();
    type(id, "crash");
    const auto now = ended(id);
    EXPECT_EQ(now.exit_code, 7);
    EXPECT_FALSE(now.out_of_memory);
    EXPECT_TRUE(saw_line(id, "Fatal: crashed as asked"));
}

TEST_P(RuntimeContract, RemoveKillsWhatRuns) {
    const auto id = running();
    ASSERT_TRUE(wait(instances().remove(id)));
    const auto gone = wait(instances().inspect(id));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Errc::not_found);
}

TEST_P(RuntimeContract, StartNamesThePortThatIsTaken) {
    const auto port = subject_->free_port();
    auto spec = a_game();
    spec.ports = {{"game", 7000, port, Protocol::tcp, "127.0.0.1"}};
    running(spec);
    auto other = a_game();
    other.ports = spec.ports;
    const auto id = create(other);
    const auto started = power(id, Power::start);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::conflict);
    EXPECT_NE(started.error().message.find(std::to_string(port)), std::string::npos);
    EXPECT_EQ(started.error().field, "ports.game");
}

TEST_P(RuntimeContract, WhatIsNotThereIsNotFound) {
    const std::string none = "muster-contract-none";
    for (const auto what : {Power::start, Power::stop, Power::kill, Power::restart, Power::pause}) {
        EXPECT_EQ(power(none, what).error().code, Errc::not_found);
    }
    EXPECT_EQ(wait(instances().inspect(none)).error().code, Errc::not_found);
    EXPECT_EQ(wait(streams().logs(none, {})).error().code, Errc::not_found);
    EXPECT_EQ(wait(streams().stats(none)).error().code, Errc::not_found);
    EXPECT_EQ(wait(streams().attach(none)).error().code, Errc::not_found);
    ExecSpec spec;
    spec.command = {"/game", "echo"};
    EXPECT_EQ(wait(streams().exec(none, spec)).error().code, Errc::not_found);
    EXPECT_EQ(wait(subject_->runtime().archives().get(none, "/data")).error().code,
              Errc::not_found);
}

TEST_P(RuntimeContract, VolumesAndNetworksComeAndGo) {
    if (!subject_->has_artifacts()) return;
    auto& artifacts = subject_->runtime().artifacts();
    const auto id = create(a_game());
    for (const auto kind : {ArtifactKind::volume, ArtifactKind::network}) {
        Artifact wanted;
        wanted.kind = kind;
        wanted.names = {a_game().name};
        wanted.labels["muster.test"] = "yes";
        const auto made = wait(artifacts.create(wanted));
        ASSERT_TRUE(made) << made.error().message;
        const auto all = wait(artifacts.list(kind));
        ASSERT_TRUE(all) << all.error().message;
        const auto found = std::ranges::find(*all, *made, &Artifact::id);
        ASSERT_NE(found, all->end());
        EXPECT_EQ(found->names, wanted.names);
        EXPECT_EQ(found->labels, wanted.labels);
        if (kind == ArtifactKind::network) {
            const auto joined = wait(artifacts.connect(*made, id, true));
            EXPECT_TRUE(joined) << joined.error().message;
            EXPECT_TRUE(wait(artifacts.connect(*made, id, false)));
        }
        EXPECT_TRUE(wait(artifacts.remove(kind, *made)));
        EXPECT_TRUE(wait(artifacts.remove(kind, *made)));
    }
    EXPECT_EQ(wait(artifacts.connect("muster-contract-none", id, true)).error().code,
              Errc::not_found);
}

TEST_P(RuntimeContract, ImagesAreListedAndAPullOfNothingFails) {
    if (!subject_->has_artifacts()) return;
    auto& artifacts = subject_->runtime().artifacts();
    EXPECT_EQ(wait(artifacts.has_image(subject_->image())), true);
    EXPECT_EQ(wait(artifacts.has_image("muster-test/none:1")), false);
    const auto images = wait(artifacts.list(ArtifactKind::image));
    ASSERT_TRUE(images) << images.error().message;
    const auto ours = std::ranges::find_if(*images, [&](const Artifact& image) {
        return std::ranges::count(image.names, subject_->image()) == 1;
    });
    ASSERT_NE(ours, images->end());
    EXPECT_GT(ours->size_bytes, 0);

    // Nothing listens on port 1 of this machine, so no registry answers there.
    auto pull = wait(artifacts.pull("127.0.0.1:1/muster-none:1"));
    if (!pull) {
        EXPECT_FALSE(pull.error().message.empty());
        return;
    }
    for (;;) {
        const auto progress = wait((*pull)->next());
        if (!progress) break;
        ASSERT_TRUE(*progress) << "a pull of nothing succeeded";
    }
}

}  // namespace muster::runtime
