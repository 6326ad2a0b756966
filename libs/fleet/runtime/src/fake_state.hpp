#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <set>

#include "muster/runtime/fake.hpp"

namespace muster::runtime {

/// Values from whoever has them to one reader, and how they ended.
template <typename T>
struct Pipe {
    explicit Pipe(const asio::any_io_executor& executor) : wake(executor) {
        wake.expires_at(asio::steady_timer::time_point::max());
    }
    std::deque<T> items;
    bool ended = false;
    std::optional<Error> error;  ///< how it ended, when not regularly
    asio::steady_timer wake;

    void push(T item) {
        if (ended) return;
        items.push_back(std::move(item));
        wake.cancel();
    }
    void end(std::optional<Error> why = std::nullopt) {
        if (ended) return;
        ended = true;
        error = std::move(why);
        wake.cancel();
    }
    void close() {
        items.clear();
        ended = true;
        error = Error{Errc::cancelled, "the stream was closed here", {}};
        wake.cancel();
    }
    static asio::awaitable<Result<std::optional<T>>> next(std::shared_ptr<Pipe> self) {
        while (self->items.empty()) {
            if (self->error) co_return std::unexpected(*self->error);
            if (self->ended) co_return std::optional<T>();
            co_await self->wake.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        std::optional<T> item = std::move(self->items.front());
        self->items.pop_front();
        co_return item;
    }
};
template <typename T>
using PipePtr = std::shared_ptr<Pipe<T>>;

template <typename T>
class PipeStream final : public Stream<T> {
  public:
    explicit PipeStream(PipePtr<T> pipe) : pipe_(std::move(pipe)) {}
    ~PipeStream() override { pipe_->close(); }
    asio::awaitable<Result<std::optional<T>>> next() override { return Pipe<T>::next(pipe_); }
    void close() override { pipe_->close(); }

  private:
    PipePtr<T> pipe_;
};

struct FakeInstance final : FakeProcess {
    FakeRuntime::State* state = nullptr;
    Instance now;
    InstanceSpec wanted;
    std::deque<LogLine> logs;
    std::vector<PipePtr<LogLine>> followers;
    std::vector<PipePtr<Console::Output>> consoles;
    std::vector<PipePtr<Stats>> watchers;
    std::map<std::string, std::string> files;
    std::string half_line;
    std::vector<std::string> typed;
    int starts = 0;

    void print(std::string text, bool is_error) override;
    void exit(int code) override;
    [[nodiscard]] const InstanceSpec& spec() const override { return wanted; }
    [[nodiscard]] std::string& file(std::string path) override { return files[path]; }
    [[nodiscard]] bool runs() const {
        return now.phase == Phase::running || now.phase == Phase::paused;
    }
};

struct FakeRuntime::State {
    static constexpr std::size_t log_lines_max = 20'000;

    asio::any_io_executor executor;
    const Clock* clock = nullptr;
    bool available = true;
    std::map<std::string, FakeProgram> images;
    std::map<std::string, FakeProgram> registry;
    std::map<std::string, std::unique_ptr<FakeInstance>> instances;  ///< by id
    std::vector<RuntimeEvent> events;
    std::vector<PipePtr<RuntimeEvent>> event_readers;
    std::map<std::string, Artifact> artifacts;  ///< volumes and networks, by id
    std::map<std::string, std::deque<Error>> failures;
    std::map<std::string, PipePtr<int>> held;  ///< ended by release()
    std::vector<std::string> calls;
    int last_id = 0;

    [[nodiscard]] FakeInstance* find(const std::string& id_or_name) const;
    [[nodiscard]] FakeProgram program_of(const FakeInstance& instance) const;
    [[nodiscard]] std::string new_id();
    void tell(std::string kind, const FakeInstance& instance,
              std::optional<int> exit_code = std::nullopt);
    void type(FakeInstance& instance, const std::string& bytes);
    void finish(FakeInstance& instance, int code, bool out_of_memory);
    /// Notes the call, waits while it is held, and says how it was scripted to fail.
    static asio::awaitable<Result<void>> enter(std::shared_ptr<State> self, std::string call,
                                               std::string about);
};

[[nodiscard]] inline std::unexpected<Error> no_such_instance(const std::string& id) {
    return fail(Errc::not_found, "there is no container " + id);
}

std::unique_ptr<Instances> fake_instances(std::shared_ptr<FakeRuntime::State> state);
std::unique_ptr<Streams> fake_streams(std::shared_ptr<FakeRuntime::State> state);
std::unique_ptr<Artifacts> fake_artifacts(std::shared_ptr<FakeRuntime::State> state);
std::unique_ptr<Archives> fake_archives(std::shared_ptr<FakeRuntime::State> state);

}  // namespace muster::runtime
