#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "decode.hpp"
#include "engine.hpp"
#include "muster/http/url.hpp"

namespace muster::runtime_docker {
namespace {

using runtime::Instance;
using runtime::Phase;
using runtime::Power;

/// How much longer than its grace a stop may take: the engine has to kill and clean up then.
constexpr milliseconds stop_margin{60'000};
constexpr milliseconds start_deadline{120'000};

std::string seconds_of(milliseconds grace) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(grace).count());
}

/// Only letters, digits and + may be in a signal's name or number.
bool is_signal(std::string_view name) {
    return name.size() <= 16 && std::ranges::all_of(name, [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
           });
}

/// Docker 20.10 that was killed while it started a container says "task ID: already exists" or "id
/// already in use" to every later start of it, as a fault of its own (500).
bool is_remnant(std::string_view message) {
    return (message.starts_with("task ") && message.ends_with(": already exists")) ||
           message.ends_with("id already in use");
}

class DockerInstances final : public runtime::Instances {
  public:
    explicit DockerInstances(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<std::string>> create(runtime::InstanceSpec spec) override {
        auto engine = engine_;
        Request request;
        request.method = "POST";
        request.path = "/containers/create?name=" + http::percent_encode(spec.name);
        request.body = create_body(spec);
        request.deadline = start_deadline;
        auto answer = co_await Engine::call_json(engine, std::move(request));
        if (!answer) {
            auto error = answer.error();
            if (error.code == Errc::not_found) {
                error.message = "there is no image " + spec.image + " here";
                error.field = "image";
            }
            if (error.code == Errc::conflict) error.field = "name";
            co_return std::unexpected(std::move(error));
        }
        auto id = text_at(*answer, {"Id"});
        if (id.empty()) co_return fail(Errc::internal, "the engine gave no id");
        co_return id;
    }

    asio::awaitable<Result<void>> power(std::string id, PowerRequest request) override {
        if (!is_signal(request.signal)) {
            co_return fail(Errc::invalid_argument,
                           "\"" + request.signal + "\" is not a signal such as SIGINT", "signal");
        }
        auto engine = engine_;
        switch (request.power) {
            case Power::start:
                co_return co_await start(engine, id);
            case Power::stop:
                co_return co_await stop(engine, id, request);
            case Power::restart: {
                auto stopped = co_await stop(engine, id, request);
                if (!stopped) co_return stopped;
                co_return co_await start(engine, id);
            }
            case Power::kill:
                co_return co_await kill(engine, id, request.signal);
            case Power::pause:
                co_return co_await pause(engine, id, true);
            case Power::unpause:
                co_return co_await pause(engine, id, false);
        }
        co_return Result<void>{};
    }

    asio::awaitable<Result<void>> remove(std::string id) override {
        auto engine = engine_;
        Request request;
        request.method = "DELETE";
        request.path = container_path(id, "?force=true");
        request.deadline = start_deadline;
        auto answer = co_await Engine::call(engine, std::move(request));
        if (answer || answer.error().code == Errc::not_found) co_return Result<void>{};
        co_return std::unexpected(answer.error());
    }

    asio::awaitable<Result<Instance>> inspect(std::string id) override {
        auto engine = engine_;
        auto json = co_await Engine::inspect(engine, id);
        if (!json) co_return std::unexpected(json.error());
        co_return decode_instance(*json);
    }

    asio::awaitable<Result<std::vector<Instance>>> list() override {
        auto engine = engine_;
        Request request;
        request.path = "/containers/json?all=true";
        auto listed = co_await Engine::call_json(engine, std::move(request));
        if (!listed) co_return std::unexpected(listed.error());
        std::vector<Instance> all;
        if (!listed->is_array()) co_return fail(Errc::internal, "the engine's list is none");
        for (const auto& entry : *listed) {
            // The list says neither exit codes nor times; what went meanwhile is left out.
            auto id = text_at(entry, {"Id"});
            auto json = co_await Engine::inspect(engine, std::move(id));
            if (json) {
                all.push_back(decode_instance(*json));
            } else if (json.error().code != Errc::not_found) {
                co_return std::unexpected(json.error());
            }
        }
        co_return all;
    }

  private:
    static asio::awaitable<Result<void>> post(EnginePtr engine, std::string path,
                                              milliseconds deadline) {
        Request request;
        request.method = "POST";
        request.path = std::move(path);
        request.deadline = deadline;
        auto answer = co_await Engine::call(engine, std::move(request));
        if (!answer) co_return std::unexpected(answer.error());
        co_return Result<void>{};
    }
    static asio::awaitable<Result<Instance>> look(EnginePtr engine, std::string id) {
        auto json = co_await Engine::inspect(engine, std::move(id));
        if (!json) co_return std::unexpected(json.error());
        co_return decode_instance(*json);
    }

    static asio::awaitable<Result<void>> start(EnginePtr engine, std::string id) {
        auto started = co_await post(engine, container_path(id, "/start"), start_deadline);
        if (started) co_return started;
        if (is_remnant(started.error().message)) {
            co_return fail(Errc::conflict, started.error().message);
        }
        if (started.error().field != "ports") co_return started;
        // The engine knows numbers only; the game's word for the port is in the instance's labels.
        auto error = started.error();
        auto instance = co_await look(engine, id);
        if (instance) {
            for (const auto& port : instance->ports) {
                if (error.message.starts_with("port " + std::to_string(port.outside) + " ")) {
                    error.field = "ports." + port.name;
                }
            }
        }
        co_return std::unexpected(std::move(error));
    }

    static asio::awaitable<Result<void>> stop(EnginePtr engine, std::string id,
                                              PowerRequest request) {
        auto instance = co_await look(engine, id);
        if (!instance) co_return std::unexpected(instance.error());
        if (instance->phase == Phase::paused) {
            // What is frozen hears no signal: a stop would only wait and kill.
            auto thawed = co_await pause(engine, id, false);
            if (!thawed) co_return thawed;
        } else if (instance->phase != Phase::running && instance->phase != Phase::restarting) {
            co_return Result<void>{};
        }
        if (request.signal.empty()) {
            co_return co_await post(engine,
                                    container_path(id, "/stop?t=" + seconds_of(request.grace)),
                                    request.grace + stop_margin);
        }
        // API 1.41 has no signal for stop, so its three steps are done here.
        auto signalled = co_await kill(engine, id, request.signal);
        if (!signalled) co_return signalled;
        const auto patience = std::max(request.grace, milliseconds(1));
        auto ended = co_await post(engine, container_path(id, "/wait"), patience);
        if (ended || ended.error().code != Errc::timeout) co_return ended;
        co_return co_await kill(engine, id, "SIGKILL");
    }

    static asio::awaitable<Result<void>> kill(EnginePtr engine, std::string id,
                                              std::string signal) {
        if (signal.empty()) signal = "SIGKILL";
        auto path = container_path(id, "/kill?signal=" + http::percent_encode(signal));
        auto killed = co_await post(engine, std::move(path), call_deadline);
        // 409: it does not run, so there is nothing left to be done.
        if (!killed && killed.error().code == Errc::conflict) co_return Result<void>{};
        co_return killed;
    }

    static asio::awaitable<Result<void>> pause(EnginePtr engine, std::string id, bool paused) {
        auto path = container_path(id, paused ? "/pause" : "/unpause");
        auto done = co_await post(engine, std::move(path), call_deadline);
        if (done || done.error().code == Errc::not_found) co_return done;
        // Engines answer with different statuses when it is so already; the instance knows.
        auto instance = co_await look(engine, id);
        if (!instance) co_return std::unexpected(instance.error());
        if (instance->phase == (paused ? Phase::paused : Phase::running)) co_return Result<void>{};
        if (instance->phase == Phase::running || instance->phase == Phase::paused) co_return done;
        co_return fail(Errc::conflict, instance->name + " is not running");
    }

    EnginePtr engine_;
};

}  // namespace

std::unique_ptr<runtime::Instances> make_instances(EnginePtr engine) {
    return std::make_unique<DockerInstances>(std::move(engine));
}

}  // namespace muster::runtime_docker
