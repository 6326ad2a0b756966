#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "muster/runtime/runtime.hpp"
#include "muster/runtime/test_await.hpp"
#include "muster/runtime/test_tar.hpp"

/// What every Runtime promises, as tests. An adapter's own test program includes this file once and
/// says INSTANTIATE_TEST_SUITE_P(Name, RuntimeContract, testing::Values(Maker{...})).
namespace muster::runtime {

/// What the contract is tested on.
class ContractSubject {
  public:
    virtual ~ContractSubject() = default;
    virtual asio::io_context& loop() = 0;
    virtual Runtime& runtime() = 0;
    /// An image that behaves as tools/images/testgame does, here already.
    [[nodiscard]] virtual std::string image() const = 0;
    /// The program in it, for exec.
    [[nodiscard]] virtual std::string program() const { return "/game"; }
    /// Whether programs really run: ports answer, limits hold, mounts show.
    [[nodiscard]] virtual bool is_real() const { return true; }
    [[nodiscard]] virtual bool has_artifacts() const { return true; }
    /// Unused by anybody on this machine at the moment.
    [[nodiscard]] virtual std::uint16_t free_port() = 0;
};

struct Maker {
    std::string name;
    std::function<std::unique_ptr<ContractSubject>()> make;
};
inline std::ostream& operator<<(std::ostream& out, const Maker& maker) {
    return out << maker.name;
}

class RuntimeContract : public testing::TestWithParam<Maker> {
  protected:
    void SetUp() override { subject_ = GetParam().make(); }
    void TearDown() override {
        for (const auto& id : made_) static_cast<void>(wait(instances().remove(id)));
    }

    template <typename T>
    T wait(asio::awaitable<T> task) {
        return await_result(subject_->loop(), std::move(task));
    }
    Instances& instances() { return subject_->runtime().instances(); }
    Streams& streams() { return subject_->runtime().streams(); }

    [[nodiscard]] InstanceSpec a_game() {
        static int last = 0;
        InstanceSpec spec;
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        spec.name = "muster-contract-" + std::to_string(getpid()) + "-" + std::to_string(++last);
        spec.image = subject_->image();
        spec.labels["muster.test"] = test->name();
        return spec;
    }
    std::string create(InstanceSpec spec) {
        const auto id = wait(instances().create(std::move(spec)));
        EXPECT_TRUE(id) << id.error().message;
        if (!id) return "none";
        made_.push_back(*id);
        return *id;
    }
    Result<void> power(const std::string& id, Power what,
                       std::chrono::milliseconds grace = std::chrono::seconds(60)) {
        Instances::PowerRequest request;
        request.power = what;
        request.grace = grace;
        return wait(instances().power(id, request));
    }
    /// Created, started, and past its line "Done!".
    std::string running(InstanceSpec spec) {
        auto id = create(std::move(spec));
        const auto started = power(id, Power::start);
        EXPECT_TRUE(started) << started.error().message;
        EXPECT_TRUE(saw_line(id, "Done! Server ready"));
        return id;
    }
    std::string running() { return running(a_game()); }

    /// Whether a line that begins like this comes before the log ends.
    bool saw_line(const std::string& id, std::string_view prefix) {
        LogQuery query;
        query.follow = true;
        auto lines = wait(streams().logs(id, query));
        if (!lines) return false;
        for (;;) {
            const auto line = wait((*lines)->next());
            if (!line || !*line) return false;
            if ((*line)->text.starts_with(prefix)) return true;
        }
    }
    std::vector<LogLine> log_of(const std::string& id, LogQuery query = {}) {
        std::vector<LogLine> all;
        auto lines = wait(streams().logs(id, query));
        EXPECT_TRUE(lines) << lines.error().message;
        while (lines) {
            auto line = wait((*lines)->next());
            EXPECT_TRUE(line) << line.error().message;
            if (!line || !*line) break;
            all.push_back(**line);
        }
        return all;
    }
    void type(const std::string& id, const std::string& line) {
        auto console = wait(streams().attach(id));
        ASSERT_TRUE(console) << console.error().message;
        const auto written = wait((*console)->write(line + "\n"));
        ASSERT_TRUE(written) << written.error().message;
        ASSERT_TRUE(saw_line(id, "> " + line) || line == "crash" || line == "stop");
    }
    /// Waits until the engine says that it has ended.
    Instance ended(const std::string& id) {
        static_cast<void>(saw_line(id, "(until its log ends)"));
        for (;;) {
            const auto now = wait(instances().inspect(id));
            EXPECT_TRUE(now);
            if (!now || now->phase == Phase::exited) return now ? *now : Instance();
        }
    }
    struct Ran {
        std::string out;
        std::string err;
        std::optional<int> code;
    };
    Ran run(const std::string& id, ExecSpec spec, const std::string& input = {}) {
        Ran ran;
        spec.command.insert(spec.command.begin(), subject_->program());
        auto console = wait(streams().exec(id, std::move(spec)));
        EXPECT_TRUE(console) << console.error().message;
        if (!console) return ran;
        if (!input.empty()) {
            EXPECT_TRUE(wait((*console)->write(input)));
        }
        for (;;) {
            auto output = wait((*console)->read());
            EXPECT_TRUE(output) << output.error().message;
            if (!output || !*output) break;
            ((*output)->is_error ? ran.err : ran.out) += (*output)->bytes;
            if (!input.empty() && ran.out.size() >= input.size()) return ran;
        }
        const auto code = wait((*console)->exit_code());
        EXPECT_TRUE(code) << code.error().message;
        if (code) ran.code = *code;
        return ran;
    }
    Ran run(const std::string& id, std::vector<std::string> words) {
        ExecSpec spec;
        spec.command = std::move(words);
        return run(id, std::move(spec));
    }

    std::unique_ptr<ContractSubject> subject_;
    std::vector<std::string> made_;
};

inline asio::awaitable<Result<void>> note_end(asio::awaitable<Result<void>> task,
                                              std::shared_ptr<bool> ended) {
    auto result = co_await std::move(task);
    *ended = true;
    co_return result;
}

/// An archive in one piece.
class OnePiece final : public Stream<std::string> {
  public:
    explicit OnePiece(std::string bytes) : bytes_(std::move(bytes)) {}
    asio::awaitable<Result<std::optional<std::string>>> next() override {
        if (bytes_.empty()) co_return std::optional<std::string>();
        co_return std::optional(std::exchange(bytes_, {}));
    }
    void close() override {}

  private:
    std::string bytes_;
};

}  // namespace muster::runtime

#include "muster/runtime/contract_life.hpp"
#include "muster/runtime/contract_streams.hpp"
