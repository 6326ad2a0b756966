#pragma once

#include <gtest/gtest.h>

#include "muster/base/file.hpp"
#include "test_subject.hpp"

namespace muster::runtime_process {

/// A runtime in a place of its own, and what tests do with it.
struct Scene : testing::Test {
    Scene() { reopen(place.options()); }
    ~Scene() override {
        if (!runtime) return;
        const auto all = wait(runtime->instances().list());
        for (const auto& one : *all) EXPECT_TRUE(wait(runtime->instances().remove(one.id)));
    }
    void reopen(const Options& options) {
        runtime.reset();
        auto opened = open(loop.get_executor(), options);
        ASSERT_TRUE(opened) << opened.error().message;
        runtime = std::move(*opened);
    }
    template <typename T>
    T wait(boost::asio::awaitable<T> task) {
        return runtime::await_result(loop, std::move(task));
    }
    /// A shell of the host that runs the script.
    static runtime::InstanceSpec shell(const std::string& script) {
        runtime::InstanceSpec spec;
        spec.name = "muster-shell";
        spec.image = "host";
        spec.command = {"/bin/sh", "-c", script};
        return spec;
    }
    static runtime::InstanceSpec game() {
        runtime::InstanceSpec spec;
        spec.name = "muster-game";
        spec.image = "game";
        return spec;
    }
    Result<void> power(const std::string& id, runtime::Power what) {
        runtime::Instances::PowerRequest request;
        request.power = what;
        request.grace = std::chrono::seconds(60);
        return wait(runtime->instances().power(id, request));
    }
    std::string start(runtime::InstanceSpec spec) {
        const auto id = wait(runtime->instances().create(std::move(spec)));
        EXPECT_TRUE(id) << id.error().message;
        if (!id) return "none";
        const auto started = power(*id, runtime::Power::start);
        EXPECT_TRUE(started) << started.error().message;
        return *id;
    }
    /// What it printed until it ended, or until a line that begins so.
    std::vector<std::string> lines(const std::string& id, const std::string& until = "(its end)") {
        std::vector<std::string> all;
        runtime::LogQuery query;
        query.follow = true;
        auto stream = wait(runtime->streams().logs(id, query));
        EXPECT_TRUE(stream);
        while (stream) {
            auto line = wait((*stream)->next());
            EXPECT_TRUE(line) << line.error().message;
            if (!line || !*line) break;
            all.push_back((*line)->text);
            if (all.back().starts_with(until)) break;
        }
        return all;
    }
    std::vector<std::string> run(const std::string& script) { return lines(start(shell(script))); }
    runtime::Instance look(const std::string& id) {
        return *wait(runtime->instances().inspect(id));
    }

    TestPlace place;
    boost::asio::io_context loop;
    std::unique_ptr<runtime::Runtime> runtime;
};

}  // namespace muster::runtime_process
