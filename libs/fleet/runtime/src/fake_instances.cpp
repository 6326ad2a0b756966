#include "fake_state.hpp"
#include "muster/base/assert.hpp"

namespace muster::runtime {
namespace {

using StatePtr = std::shared_ptr<FakeRuntime::State>;

constexpr int killed = 128 + 9;

std::string_view call_of(Power power) {
    switch (power) {
        case Power::start:
            return "start";
        case Power::stop:
            return "stop";
        case Power::restart:
            return "restart";
        case Power::kill:
            return "kill";
        case Power::pause:
            return "pause";
        case Power::unpause:
            return "unpause";
    }
    return "start";
}

Result<void> start(FakeRuntime::State& state, FakeInstance& instance) {
    if (instance.now.phase == Phase::running) return {};
    if (instance.now.phase == Phase::paused) {
        return fail(Errc::conflict, instance.now.name + " is paused; unpause it instead");
    }
    for (const auto& port : instance.wanted.ports) {
        for (const auto& [id, other] : state.instances) {
            if (other.get() == &instance || !other->runs()) continue;
            for (const auto& taken : other->wanted.ports) {
                if (taken.outside != port.outside || taken.protocol != port.protocol) continue;
                const auto number = std::to_string(port.outside);
                return fail(Errc::conflict, "port " + number + " is taken", "ports." + port.name);
            }
        }
    }
    instance.now.phase = Phase::running;
    instance.now.exit_code = 0;
    instance.now.out_of_memory = false;
    instance.now.started_at = state.clock->now();
    instance.now.finished_at.reset();
    instance.ignores_signals = false;
    ++instance.starts;
    state.tell("start", instance);
    const auto program = state.program_of(instance);
    if (program.on_start) program.on_start(instance);
    return {};
}

void send(FakeRuntime::State& state, FakeInstance& instance, const std::string& signal) {
    if (!instance.runs()) return;
    if (signal == "SIGKILL") {
        state.finish(instance, killed, false);
    } else if (!instance.ignores_signals) {
        const auto program = state.program_of(instance);
        if (program.on_signal) program.on_signal(instance, signal);
    }
}

void stop(FakeRuntime::State& state, FakeInstance& instance, const std::string& signal) {
    send(state, instance, signal.empty() ? "SIGTERM" : signal);
    send(state, instance, "SIGKILL");
}

Result<void> pause(FakeRuntime::State& state, FakeInstance& instance, bool paused) {
    if (!instance.runs()) return fail(Errc::conflict, instance.now.name + " is not running");
    const auto wanted = paused ? Phase::paused : Phase::running;
    if (instance.now.phase == wanted) return {};
    instance.now.phase = wanted;
    state.tell(paused ? "pause" : "unpause", instance);
    return {};
}

class FakeInstances final : public Instances {
  public:
    explicit FakeInstances(StatePtr state) : state_(std::move(state)) {}

    asio::awaitable<Result<std::string>> create(InstanceSpec spec) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "create", spec.name);
        if (!entered) co_return std::unexpected(entered.error());
        if (!state->images.contains(spec.image)) {
            co_return fail(Errc::not_found, "there is no image " + spec.image, "image");
        }
        if (state->find(spec.name) != nullptr) {
            co_return fail(Errc::conflict, "the name " + spec.name + " is taken", "name");
        }
        auto made = std::make_unique<FakeInstance>();
        made->state = state.get();
        made->wanted = spec;
        made->now.id = state->new_id();
        made->now.name = spec.name;
        made->now.image = spec.image;
        made->now.labels = spec.labels;
        made->now.ports = spec.ports;
        made->now.created_at = state->clock->now();
        const auto id = made->now.id;
        auto& kept = *(state->instances[id] = std::move(made));
        state->tell("create", kept);
        co_return id;
    }

    asio::awaitable<Result<void>> power(std::string id, PowerRequest request) override {
        auto state = state_;
        const std::string call(call_of(request.power));
        auto entered = co_await FakeRuntime::State::enter(state, call, id);
        if (!entered) co_return entered;
        auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        switch (request.power) {
            case Power::start:
                co_return start(*state, *instance);
            case Power::stop:
                stop(*state, *instance, request.signal);
                break;
            case Power::restart:
                stop(*state, *instance, request.signal);
                co_return start(*state, *instance);
            case Power::kill:
                send(*state, *instance, request.signal.empty() ? "SIGKILL" : request.signal);
                break;
            case Power::pause:
                co_return pause(*state, *instance, true);
            case Power::unpause:
                co_return pause(*state, *instance, false);
        }
        co_return Result<void>{};
    }

    asio::awaitable<Result<void>> remove(std::string id) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "remove", id);
        if (!entered) co_return entered;
        auto* instance = state->find(id);
        if (instance == nullptr) co_return Result<void>{};
        state->finish(*instance, killed, false);
        state->tell("destroy", *instance);
        state->instances.erase(std::string(instance->now.id));
        co_return Result<void>{};
    }

    asio::awaitable<Result<Instance>> inspect(std::string id) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "inspect", id);
        if (!entered) co_return std::unexpected(entered.error());
        const auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        co_return instance->now;
    }

    asio::awaitable<Result<std::vector<Instance>>> list() override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "list", "");
        if (!entered) co_return std::unexpected(entered.error());
        std::vector<Instance> all;
        for (const auto& [id, instance] : state->instances) all.push_back(instance->now);
        co_return all;
    }

  private:
    StatePtr state_;
};

}  // namespace

std::unique_ptr<Instances> fake_instances(StatePtr state) {
    return std::make_unique<FakeInstances>(std::move(state));
}

}  // namespace muster::runtime
