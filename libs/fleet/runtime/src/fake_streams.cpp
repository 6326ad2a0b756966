#include <charconv>

#include "fake_state.hpp"

namespace muster::runtime {
namespace {

using StatePtr = std::shared_ptr<FakeRuntime::State>;

class InstanceConsole final : public Console {
  public:
    InstanceConsole(StatePtr state, std::string id, PipePtr<Output> pipe)
        : state_(std::move(state)), id_(std::move(id)), pipe_(std::move(pipe)) {}
    ~InstanceConsole() override { pipe_->close(); }
    asio::awaitable<Result<std::optional<Output>>> read() override {
        return Pipe<Output>::next(pipe_);
    }
    asio::awaitable<Result<void>> write(std::string bytes) override {
        auto* instance = state_->find(id_);
        if (pipe_->ended || instance == nullptr || !instance->runs()) {
            co_return fail(Errc::unavailable, "the console has ended");
        }
        state_->type(*instance, bytes);
        co_return Result<void>{};
    }
    void close() override { pipe_->close(); }
    asio::awaitable<Result<std::optional<int>>> exit_code() override {
        co_return std::optional<int>();
    }

  private:
    StatePtr state_;
    std::string id_;
    PipePtr<Output> pipe_;
};

/// The tools of muster-test/game:1 ("echo", "err", "cat", "exit", "env", "file").
class ToolConsole final : public Console {
  public:
    ToolConsole(const asio::any_io_executor& executor, FakeInstance& instance, const ExecSpec& spec)
        : pipe_(std::make_shared<Pipe<Output>>(executor)) {
        const auto& words = spec.command;
        const std::string tool = words.size() > 1 ? words[1] : "";
        const std::string word = words.size() > 2 ? words[2] : "";
        if (tool == "cat") {
            copies_ = true;
            return;
        }
        if (tool == "echo" || tool == "err") {
            std::string text;
            for (std::size_t i = 2; i < words.size(); ++i) text += (i > 2 ? " " : "") + words[i];
            pipe_->push({tool == "err", text + "\n"});
        } else if (tool == "exit") {
            std::from_chars(word.data(), word.data() + word.size(), code_);
        } else if (tool == "env") {
            const auto found = spec.environment.find(word);
            code_ = found == spec.environment.end() ? 1 : 0;
            pipe_->push({false, (code_ == 0 ? found->second : "(unset)") + "\n"});
        } else if (tool == "file" && instance.files.contains(word)) {
            pipe_->push({false, instance.files.at(word)});
        } else {
            pipe_->push({true, "game: cannot " + tool + "\n"});
            code_ = 2;
        }
        pipe_->end();
    }
    ~ToolConsole() override { pipe_->close(); }
    asio::awaitable<Result<std::optional<Output>>> read() override {
        return Pipe<Output>::next(pipe_);
    }
    asio::awaitable<Result<void>> write(std::string bytes) override {
        if (copies_) pipe_->push({false, std::move(bytes)});
        co_return Result<void>{};
    }
    void close() override { pipe_->close(); }
    asio::awaitable<Result<std::optional<int>>> exit_code() override {
        co_return std::optional<int>(code_);
    }

  private:
    PipePtr<Output> pipe_;
    bool copies_ = false;
    int code_ = 0;
};

class FakeStreams final : public Streams {
  public:
    explicit FakeStreams(StatePtr state) : state_(std::move(state)) {}

    asio::awaitable<Result<StreamPtr<LogLine>>> logs(std::string id, LogQuery query) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "logs", id);
        if (!entered) co_return std::unexpected(entered.error());
        auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        auto pipe = std::make_shared<Pipe<LogLine>>(state->executor);
        const auto total = static_cast<std::int64_t>(instance->logs.size());
        const auto skipped = query.tail && *query.tail < total ? total - *query.tail : 0;
        for (auto i = skipped; i < total; ++i) {
            const auto& line = instance->logs[static_cast<std::size_t>(i)];
            if (!query.since || line.time >= *query.since) pipe->push(line);
        }
        if (query.follow && instance->runs()) {
            instance->followers.push_back(pipe);
        } else {
            pipe->end();
        }
        co_return std::make_unique<PipeStream<LogLine>>(pipe);
    }

    asio::awaitable<Result<StreamPtr<Stats>>> stats(std::string id) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "stats", id);
        if (!entered) co_return std::unexpected(entered.error());
        auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        auto pipe = std::make_shared<Pipe<Stats>>(state->executor);
        if (instance->runs()) {
            Stats first;
            first.time = state->clock->now();
            first.memory_bytes = 1 << 20;
            first.memory_limit_bytes = instance->wanted.limits.memory_bytes;
            first.pids = 1;
            pipe->push(first);
            instance->watchers.push_back(pipe);
        } else {
            pipe->end();
        }
        co_return std::make_unique<PipeStream<Stats>>(pipe);
    }

    asio::awaitable<Result<std::unique_ptr<Console>>> attach(std::string id) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "attach", id);
        if (!entered) co_return std::unexpected(entered.error());
        auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        if (!instance->runs()) {
            co_return fail(Errc::conflict, instance->now.name + " is not running");
        }
        auto pipe = std::make_shared<Pipe<Console::Output>>(state->executor);
        instance->consoles.push_back(pipe);
        co_return std::make_unique<InstanceConsole>(state, instance->now.id, pipe);
    }

    asio::awaitable<Result<std::unique_ptr<Console>>> exec(std::string id, ExecSpec spec) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "exec", id);
        if (!entered) co_return std::unexpected(entered.error());
        auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        if (instance->now.phase != Phase::running) {
            co_return fail(Errc::conflict, instance->now.name + " is not running");
        }
        co_return std::make_unique<ToolConsole>(state->executor, *instance, spec);
    }

    asio::awaitable<Result<StreamPtr<RuntimeEvent>>> events(Timestamp since) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "events", "");
        if (!entered) co_return std::unexpected(entered.error());
        auto pipe = std::make_shared<Pipe<RuntimeEvent>>(state->executor);
        for (const auto& event : state->events) {
            if (event.time >= since) pipe->push(event);
        }
        state->event_readers.push_back(pipe);
        co_return std::make_unique<PipeStream<RuntimeEvent>>(pipe);
    }

  private:
    StatePtr state_;
};

}  // namespace

std::unique_ptr<Streams> fake_streams(StatePtr state) {
    return std::make_unique<FakeStreams>(std::move(state));
}

}  // namespace muster::runtime
