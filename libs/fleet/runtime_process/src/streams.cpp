#include <sys/sysinfo.h>

#include <boost/asio/as_tuple.hpp>

#include "cgroup.hpp"
#include "engine.hpp"
#include "log_file.hpp"

namespace muster::runtime_process {
namespace {

using runtime::LogLine;
using runtime::LogQuery;
using runtime::RuntimeEvent;
using runtime::Stats;

constexpr milliseconds look_again{1'000};  ///< should the system give no notice of a change
constexpr int lines_at_once = 512;         ///< that are skipped before others get their turn

/// Lines of files that grow, as values. The state outlives the stream while a read is pending.
template <typename T>
class LineStream final : public runtime::Stream<T> {
  public:
    struct State {
        State(EnginePtr e, fs::path path)
            : engine(std::move(e)),
              reader(std::move(path)),
              timer(std::make_shared<asio::steady_timer>(engine->executor)) {}
        EnginePtr engine;
        LineReader reader;
        Timer timer;
        std::string key;                                                  ///< of what to watch
        std::function<std::optional<T>(const std::string& line)> decode;  ///< nullopt: skipped
        std::function<bool()> may_grow;
        bool closed = false;
    };
    explicit LineStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
    ~LineStream() override { close(); }
    LineStream(const LineStream&) = delete;
    LineStream& operator=(const LineStream&) = delete;

    asio::awaitable<Result<std::optional<T>>> next() override { return next(state_); }
    void close() override {
        state_->closed = true;
        state_->timer->cancel();
    }

  private:
    static asio::awaitable<Result<std::optional<T>>> next(std::shared_ptr<State> state) {
        bool last_look = false;
        for (int skipped = 0;;) {
            if (state->closed) co_return fail(Errc::cancelled, "the stream was closed here");
            if (auto line = state->reader.next()) {
                if (auto value = state->decode(*line)) co_return value;
                if (++skipped % lines_at_once == 0) {
                    co_await asio::post(state->engine->executor, asio::use_awaitable);
                }
                continue;
            }
            if (last_look) co_return std::optional<T>();
            // What was written before its end is read once more after the end was seen.
            last_look = !state->may_grow();
            if (!last_look) {
                co_await Watch::changed(state->engine->watch, state->key, state->timer, look_again);
            }
        }
    }

    std::shared_ptr<State> state_;
};

class StatsStream final : public runtime::Stream<Stats> {
  public:
    StatsStream(EnginePtr engine, Engine::RecordPtr record)
        : state_(std::make_shared<State>(std::move(engine), std::move(record))) {}
    ~StatsStream() override { close(); }
    StatsStream(const StatsStream&) = delete;
    StatsStream& operator=(const StatsStream&) = delete;

    asio::awaitable<Result<std::optional<Stats>>> next() override { return next(state_); }
    void close() override {
        state_->closed = true;
        state_->timer.cancel();
    }

  private:
    struct State {
        State(EnginePtr e, Engine::RecordPtr r)
            : engine(std::move(e)), record(std::move(r)), timer(engine->executor) {}
        EnginePtr engine;
        Engine::RecordPtr record;
        asio::steady_timer timer;
        std::optional<std::chrono::steady_clock::time_point> last_at;
        std::int64_t last_cpu = 0;
        bool closed = false;
    };

    static asio::awaitable<Result<std::optional<Stats>>> next(std::shared_ptr<State> state) {
        constexpr milliseconds first_pause{100};  // to have two points of the processor's time
        constexpr milliseconds pause{1'000};
        for (;;) {
            if (state->closed) co_return fail(Errc::cancelled, "the stream was closed here");
            if (!state->engine->is_running(state->record->id)) co_return std::optional<Stats>();
            const auto before = state->last_at;
            if (!before) static_cast<void>(take(*state));
            state->timer.expires_after(before ? pause : first_pause);
            co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
            if (state->closed || !state->engine->is_running(state->record->id)) continue;
            co_return take(*state);
        }
    }

    static Stats take(State& state) {
        const auto usage = usage_of_group(state.record->id);
        const auto at = std::chrono::steady_clock::now();
        Stats stats;
        stats.time = SystemClock().now();
        if (state.last_at) {
            const std::chrono::duration<double, std::micro> passed = at - *state.last_at;
            const auto used = static_cast<double>(usage.cpu_microseconds - state.last_cpu);
            if (passed.count() > 0) stats.cpu_percent = std::max(used / passed.count() * 100, 0.0);
        }
        state.last_at = at;
        state.last_cpu = usage.cpu_microseconds;
        stats.memory_bytes = usage.memory_bytes;
        stats.memory_limit_bytes = state.record->spec.limits.memory_bytes;
        if (struct sysinfo host{}; stats.memory_limit_bytes == 0 && ::sysinfo(&host) == 0) {
            stats.memory_limit_bytes = static_cast<std::int64_t>(host.totalram) * host.mem_unit;
        }
        stats.disk_read_bytes = usage.read_bytes;
        stats.disk_written_bytes = usage.written_bytes;
        stats.pids = usage.pids;
        return stats;
    }

    std::shared_ptr<State> state_;
};

/// The console of an instance, or of a command in it.
class ShimConsole final : public runtime::Console {
  public:
    ShimConsole(std::shared_ptr<Channel> channel, bool is_exec)
        : state_(std::make_shared<State>()) {
        state_->channel = std::move(channel);
        state_->is_exec = is_exec;
    }
    ~ShimConsole() override { close(); }
    ShimConsole(const ShimConsole&) = delete;
    ShimConsole& operator=(const ShimConsole&) = delete;

    asio::awaitable<Result<std::optional<Output>>> read() override { return read(state_); }
    asio::awaitable<Result<void>> write(std::string bytes) override {
        return write(state_->channel, std::move(bytes));
    }
    void close() override { state_->channel->close(); }
    asio::awaitable<Result<std::optional<int>>> exit_code() override {
        if (!state_->is_exec) co_return std::optional<int>();
        if (state_->code) co_return state_->code;
        co_return fail(Errc::unavailable, "the command has not ended");
    }

  private:
    struct State {
        std::shared_ptr<Channel> channel;
        bool is_exec = false;
        std::optional<int> code;
    };

    static asio::awaitable<Result<std::optional<Output>>> read(std::shared_ptr<State> state) {
        for (;;) {
            if (state->code) co_return std::optional<Output>();
            auto message = co_await Channel::receive(state->channel);
            if (!message) co_return std::unexpected(message.error());
            if (message->empty()) co_return fail(Errc::unavailable, "the console was cut off");
            const char kind = message->front();
            if (kind == from_shim::ended) {
                state->code = std::atoi(message->c_str() + 1);
            } else if (kind == from_shim::output || kind == from_shim::errors) {
                Output output;
                output.is_error = kind == from_shim::errors;
                output.bytes = message->substr(1);
                co_return std::optional(std::move(output));
            }
        }
    }

    static asio::awaitable<Result<void>> write(std::shared_ptr<Channel> channel,
                                               std::string bytes) {
        constexpr std::size_t piece = 16 << 10;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            auto sent = co_await Channel::send(channel, to_shim::input + bytes.substr(at, piece));
            if (!sent) co_return sent;
        }
        co_return Result<void>();
    }

    std::shared_ptr<State> state_;
};

class ProcessStreams final : public runtime::Streams {
  public:
    explicit ProcessStreams(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<runtime::StreamPtr<LogLine>>> logs(std::string id,
                                                              LogQuery query) override {
        auto record = engine_->find(id);
        if (!record) co_return std::unexpected(record.error());
        const std::string own_id = (*record)->id;
        auto state =
            std::make_shared<LineStream<LogLine>::State>(engine_, engine_->store.log(own_id));
        if (query.tail) state->reader.seek_tail(*query.tail);
        state->key = own_id;
        state->decode = [since = query.since](const std::string& text) -> std::optional<LogLine> {
            auto line = decode_log_line(text);
            if (!line || (since && line->time < *since)) return std::nullopt;
            return line;
        };
        const bool follow = query.follow;
        state->may_grow = [engine = engine_, own_id, follow] {
            return follow && engine->is_running(own_id);
        };
        co_return std::make_unique<LineStream<LogLine>>(std::move(state));
    }

    asio::awaitable<Result<runtime::StreamPtr<Stats>>> stats(std::string id) override {
        auto record = engine_->find(id);
        if (!record) co_return std::unexpected(record.error());
        co_return std::make_unique<StatsStream>(engine_, *record);
    }

    asio::awaitable<Result<std::unique_ptr<runtime::Console>>> attach(std::string id) override {
        return connect(engine_, std::move(id), std::string(1, to_shim::attach), false);
    }

    asio::awaitable<Result<std::unique_ptr<runtime::Console>>> exec(
        std::string id, runtime::ExecSpec spec) override {
        auto message = to_shim::exec + encode(spec);
        if (message.size() > message_bytes_max) return too_large();
        return connect(engine_, std::move(id), std::move(message), true);
    }

    asio::awaitable<Result<runtime::StreamPtr<RuntimeEvent>>> events(Timestamp since) override {
        auto state =
            std::make_shared<LineStream<RuntimeEvent>::State>(engine_, engine_->store.events());
        state->decode = [since](const std::string& text) -> std::optional<RuntimeEvent> {
            auto event = decode_event(text);
            if (!event || event->time < since) return std::nullopt;
            return std::move(*event);
        };
        state->may_grow = [] { return true; };
        co_return std::make_unique<LineStream<RuntimeEvent>>(std::move(state));
    }

  private:
    static asio::awaitable<Result<std::unique_ptr<runtime::Console>>> too_large() {
        co_return fail(Errc::too_large, "the command is longer than 32 KiB", "command");
    }
    static asio::awaitable<Result<std::unique_ptr<runtime::Console>>> connect(EnginePtr engine,
                                                                              std::string id,
                                                                              std::string message,
                                                                              bool is_exec) {
        auto record = engine->find(id);
        if (!record) co_return std::unexpected(record.error());
        auto channel = Channel::open(engine, *record);
        if (!channel) co_return std::unexpected(channel.error());
        auto ready = co_await Channel::ask(*channel, std::move(message));
        if (!ready) co_return std::unexpected(ready.error());
        co_return std::make_unique<ShimConsole>(*channel, is_exec);
    }

    EnginePtr engine_;
};

}  // namespace

std::unique_ptr<runtime::Streams> make_streams(EnginePtr engine) {
    return std::make_unique<ProcessStreams>(std::move(engine));
}

}  // namespace muster::runtime_process
