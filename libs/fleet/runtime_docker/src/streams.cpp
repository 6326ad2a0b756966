#include "body_stream.hpp"
#include "console.hpp"
#include "decode.hpp"
#include "frames.hpp"
#include "muster/http/url.hpp"

namespace muster::runtime_docker {
namespace {

using runtime::Console;
using runtime::LogLine;
using runtime::RuntimeEvent;
using runtime::Stats;
using runtime::StreamPtr;

std::string log_path(const std::string& id, const runtime::LogQuery& query) {
    std::string path = "/logs?stdout=true&stderr=true&timestamps=true";
    if (query.follow) path += "&follow=true";
    if (query.tail) path += "&tail=" + std::to_string(std::max<std::int64_t>(*query.tail, 0));
    if (query.since) path += "&since=" + unix_time(*query.since);
    return container_path(id, path);
}

class DockerStreams final : public runtime::Streams {
  public:
    explicit DockerStreams(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<StreamPtr<LogLine>>> logs(std::string id,
                                                     runtime::LogQuery query) override {
        auto engine = engine_;
        auto json = co_await Engine::inspect(engine, id);
        if (!json) co_return std::unexpected(json.error());
        const bool tty = flag_at(*json, {"Config", "Tty"});
        Request request;
        request.path = log_path(id, query);
        auto body = co_await Engine::open(engine, std::move(request));
        if (!body) co_return std::unexpected(body.error());
        auto decoder = std::make_shared<LogDecoder>(tty);
        using Batch = BodyStream<LogLine>::Batch;
        co_return std::make_unique<BodyStream<LogLine>>(
            std::move(*body), [decoder](std::string_view bytes, bool at_end) -> Result<Batch> {
                Batch batch;
                auto lines = decoder->feed(bytes);
                if (!lines) return std::unexpected(lines.error());
                batch.values = std::move(*lines);
                if (auto rest = decoder->rest(); at_end && rest) {
                    batch.values.push_back(std::move(*rest));
                }
                return batch;
            });
    }

    asio::awaitable<Result<StreamPtr<Stats>>> stats(std::string id) override {
        auto engine = engine_;
        Request request;
        request.path = container_path(id, "/stats?stream=true");
        auto body = co_await Engine::open(engine, std::move(request));
        if (!body) co_return std::unexpected(body.error());
        using Batch = BodyStream<Stats>::Batch;
        // The engine goes on with empty samples after the program has ended; we do not.
        const auto one = [](const Json& json, Batch& batch) -> std::optional<Error> {
            auto stats = decode_stats(json);
            batch.ended = batch.ended || !stats;
            if (stats) batch.values.push_back(*stats);
            return std::nullopt;
        };
        co_return std::make_unique<BodyStream<Stats>>(std::move(*body), json_lines<Stats>(one));
    }

    asio::awaitable<Result<std::unique_ptr<Console>>> attach(std::string id) override {
        auto engine = engine_;
        auto json = co_await Engine::inspect(engine, id);
        if (!json) co_return std::unexpected(json.error());
        const auto instance = decode_instance(*json);
        // The engine would attach to what stands, and be silent until it is started.
        if (instance.phase != runtime::Phase::running) {
            co_return fail(Errc::conflict, instance.name + " is not running");
        }
        const bool tty = flag_at(*json, {"Config", "Tty"});
        Request request;
        request.method = "POST";
        request.path = container_path(id, "/attach?stream=true&stdin=true&stdout=true&stderr=true");
        auto raw = co_await Engine::upgrade(engine, std::move(request));
        if (!raw) co_return std::unexpected(raw.error());
        co_return make_console(engine, std::move(*raw), tty, {});
    }

    asio::awaitable<Result<std::unique_ptr<Console>>> exec(std::string id,
                                                           runtime::ExecSpec spec) override {
        auto engine = engine_;
        Request create;
        create.method = "POST";
        create.path = container_path(id, "/exec");
        create.body = exec_body(spec);
        auto made = co_await Engine::call_json(engine, std::move(create));
        if (!made) co_return std::unexpected(made.error());
        const auto exec_id = text_at(*made, {"Id"});
        Request start;
        start.method = "POST";
        start.path = "/exec/" + http::percent_encode(exec_id) + "/start";
        start.body = Json{{"Detach", false}, {"Tty", spec.tty}};
        auto raw = co_await Engine::upgrade(engine, std::move(start));
        if (!raw) co_return std::unexpected(raw.error());
        co_return make_console(engine, std::move(*raw), spec.tty, exec_id);
    }

    asio::awaitable<Result<StreamPtr<RuntimeEvent>>> events(Timestamp since) override;

  private:
    EnginePtr engine_;
};

/// What ended while no engine watched. It tells of that to nobody when it comes back, and its
/// memory of older events is gone with it; but each container knows when it ended.
asio::awaitable<Result<std::vector<RuntimeEvent>>> missed_ends(EnginePtr engine, Timestamp since) {
    Request request;
    request.path = "/containers/json?all=true&filters=" +
                   http::percent_encode(R"({"status":["exited","dead"]})");
    auto listed = co_await Engine::call_json(engine, std::move(request));
    if (!listed) co_return std::unexpected(listed.error());
    std::vector<RuntimeEvent> missed;
    for (const auto& entry : *listed) {
        auto id = text_at(entry, {"Id"});
        auto json = co_await Engine::inspect(engine, std::move(id));
        if (!json) continue;
        const auto instance = decode_instance(*json);
        if (!instance.finished_at || *instance.finished_at < since) continue;
        RuntimeEvent event;
        event.time = *instance.finished_at;
        event.kind = "die";
        event.id = instance.id;
        event.name = instance.name;
        event.labels = instance.labels;
        event.exit_code = instance.exit_code;
        missed.push_back(std::move(event));
    }
    std::ranges::sort(missed, {}, &RuntimeEvent::time);
    co_return missed;
}

asio::awaitable<Result<StreamPtr<RuntimeEvent>>> DockerStreams::events(Timestamp since) {
    auto engine = engine_;
    Request request;
    request.path = "/events?since=" + unix_time(since) +
                   "&filters=" + http::percent_encode(R"({"type":["container"]})");
    auto body = co_await Engine::open(engine, std::move(request));
    if (!body) co_return std::unexpected(body.error());
    std::vector<RuntimeEvent> missed;
    if (engine->events_broke) {
        auto found = co_await missed_ends(engine, since);
        if (!found) co_return std::unexpected(found.error());
        missed = std::move(*found);
        engine->events_broke = false;
    }
    // The same end may come from the engine as well, a few milliseconds apart.
    auto told = std::make_shared<std::map<std::string, Timestamp>>();
    for (const auto& event : missed) (*told)[event.id] = event.time;
    using Batch = BodyStream<RuntimeEvent>::Batch;
    const auto one = [told](const Json& json, Batch& batch) -> std::optional<Error> {
        auto event = decode_event(json);
        if (!event) return std::nullopt;
        const auto before = told->find(event->id);
        constexpr std::chrono::seconds apart{2};
        if (event->kind == "die" && before != told->end() &&
            std::chrono::abs(event->time - before->second) < apart) {
            return std::nullopt;
        }
        batch.values.push_back(std::move(*event));
        return std::nullopt;
    };
    auto decode = json_lines<RuntimeEvent>(one);
    // An engine that shuts down in good order ends the body properly; it went away all the same.
    auto never_ending = [decode](std::string_view bytes, bool at_end) -> Result<Batch> {
        if (at_end) return fail(Errc::unavailable, "the engine went away");
        return decode(bytes, at_end);
    };
    auto stream = std::make_unique<BodyStream<RuntimeEvent>>(
        std::move(*body), never_ending, [engine](const Error& error) {
            engine->events_broke = engine->events_broke || error.code == Errc::unavailable;
        });
    stream->put_first(std::move(missed));
    co_return stream;
}

}  // namespace

std::unique_ptr<runtime::Streams> make_streams(EnginePtr engine) {
    return std::make_unique<DockerStreams>(std::move(engine));
}

}  // namespace muster::runtime_docker
