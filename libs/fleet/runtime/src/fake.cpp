#include "muster/runtime/fake.hpp"

#include <charconv>

#include "fake_state.hpp"
#include "muster/base/assert.hpp"

namespace muster::runtime {
namespace {

void game_starts(FakeProcess& process) {
    auto& count = process.file("/data/starts.txt");
    int starts = 0;
    std::from_chars(count.data(), count.data() + count.size(), starts);
    count = std::to_string(starts + 1) + "\n";
    const auto port = process.spec().environment.find("PORT");
    process.print("Loading...");
    process.print("Done! Server ready on port " +
                  (port == process.spec().environment.end() ? "7000" : port->second));
}

void game_saves(FakeProcess& process) {
    process.print("Saving world");
    process.file("/data/world.txt") = "saved\n";
    process.print("Bye");
    process.exit(0);
}

void game_obeys(FakeProcess& process, std::string_view line) {
    process.print("> " + std::string(line));
    if (line == "stop") game_saves(process);
    if (line == "crash") {
        process.print("Fatal: crashed as asked", true);
        process.exit(7);
    }
    if (line == "hang") process.ignores_signals = true;
    if (line.starts_with("err ")) process.print(std::string(line.substr(4)), true);
    if (line.starts_with("say ")) process.print(std::string(line.substr(4)));
    if (line.starts_with("spam ")) {
        int lines = 0;
        std::from_chars(line.data() + 5, line.data() + line.size(), lines);
        for (int i = 1; i <= lines; ++i) process.print("spam " + std::to_string(i));
    }
}

template <typename T>
void drop_ended(std::vector<PipePtr<T>>& pipes) {
    std::erase_if(pipes, [](const auto& pipe) { return pipe->ended; });
}

template <typename T>
void end_all(std::vector<PipePtr<T>>& pipes, const std::optional<Error>& why) {
    for (auto& pipe : pipes) pipe->end(why);
    pipes.clear();
}

}  // namespace

FakeProgram FakeProgram::game() {
    FakeProgram program;
    program.on_start = &game_starts;
    program.on_line = &game_obeys;
    program.on_signal = [](FakeProcess& process, std::string_view) { game_saves(process); };
    return program;
}

void FakeInstance::print(std::string text, bool is_error) {
    const LogLine line{state->clock->now(), is_error, std::move(text)};
    logs.push_back(line);
    if (logs.size() > FakeRuntime::State::log_lines_max) logs.pop_front();
    drop_ended(followers);
    drop_ended(consoles);
    for (auto& follower : followers) follower->push(line);
    for (auto& console : consoles) console->push({is_error, line.text + "\n"});
}

void FakeInstance::exit(int code) {
    state->finish(*this, code, false);
}

FakeInstance* FakeRuntime::State::find(const std::string& id_or_name) const {
    const auto by_id = instances.find(id_or_name);
    if (by_id != instances.end()) return by_id->second.get();
    for (const auto& [id, instance] : instances) {
        if (instance->now.name == id_or_name) return instance.get();
    }
    return nullptr;
}

FakeProgram FakeRuntime::State::program_of(const FakeInstance& instance) const {
    const auto image = images.find(instance.wanted.image);
    return image == images.end() ? FakeProgram() : image->second;
}

std::string FakeRuntime::State::new_id() {
    auto number = std::to_string(++last_id);
    return std::string(64 - number.size(), '0') + number;
}

void FakeRuntime::State::tell(std::string kind, const FakeInstance& instance,
                              std::optional<int> exit_code) {
    RuntimeEvent event;
    event.time = clock->now();
    event.kind = std::move(kind);
    event.id = instance.now.id;
    event.name = instance.now.name;
    event.labels = instance.now.labels;
    event.exit_code = exit_code;
    events.push_back(event);
    drop_ended(event_readers);
    for (auto& reader : event_readers) reader->push(event);
}

void FakeRuntime::State::type(FakeInstance& instance, const std::string& bytes) {
    instance.half_line += bytes;
    for (auto end = instance.half_line.find('\n'); end != std::string::npos;
         end = instance.half_line.find('\n')) {
        const auto line = instance.half_line.substr(0, end);
        instance.half_line.erase(0, end + 1);
        instance.typed.push_back(line);
        const auto program = program_of(instance);
        if (instance.runs() && program.on_line) program.on_line(instance, line);
    }
}

void FakeRuntime::State::finish(FakeInstance& instance, int code, bool out_of_memory) {
    if (!instance.runs()) return;
    instance.now.phase = Phase::exited;
    instance.now.exit_code = code;
    instance.now.out_of_memory = out_of_memory;
    instance.now.finished_at = clock->now();
    if (out_of_memory) tell("oom", instance);
    tell("die", instance, code);
    end_all(instance.followers, std::nullopt);
    end_all(instance.consoles, std::nullopt);
    end_all(instance.watchers, std::nullopt);
}

asio::awaitable<Result<void>> FakeRuntime::State::enter(std::shared_ptr<State> self,
                                                        std::string call, std::string about) {
    const auto* instance = self->find(about);
    self->calls.push_back(call + " " + (instance != nullptr ? instance->now.name : about));
    // Every call takes a turn of the loop, as one over a socket would.
    co_await asio::post(self->executor, asio::use_awaitable);
    while (self->held.contains(call)) {
        auto gate = self->held.at(call);
        auto opened = co_await Pipe<int>::next(gate);
        MUSTER_ASSERT(opened.has_value());
    }
    if (!self->available) co_return fail(Errc::unavailable, "the engine does not answer");
    auto& failures = self->failures[call];
    if (failures.empty()) co_return Result<void>{};
    auto error = failures.front();
    failures.pop_front();
    co_return std::unexpected(std::move(error));
}

FakeRuntime::FakeRuntime(asio::any_io_executor executor, const Clock& clock)
    : state_(std::make_shared<State>()) {
    state_->executor = std::move(executor);
    state_->clock = &clock;
    instances_ = fake_instances(state_);
    streams_ = fake_streams(state_);
    artifacts_ = fake_artifacts(state_);
    archives_ = fake_archives(state_);
}

FakeRuntime::~FakeRuntime() = default;

asio::awaitable<Result<EngineFacts>> FakeRuntime::facts() {
    auto entered = co_await State::enter(state_, "facts", "");
    if (!entered) co_return std::unexpected(entered.error());
    EngineFacts facts;
    facts.kind = "fake";
    facts.version = "1.0";
    facts.api_version = "1.0";
    co_return facts;
}

Instances& FakeRuntime::instances() {
    return *instances_;
}
Streams& FakeRuntime::streams() {
    return *streams_;
}
Artifacts& FakeRuntime::artifacts() {
    return *artifacts_;
}
Archives& FakeRuntime::archives() {
    return *archives_;
}

void FakeRuntime::add_image(std::string name, FakeProgram program) {
    state_->images[std::move(name)] = std::move(program);
}

void FakeRuntime::offer_image(std::string name, FakeProgram program) {
    state_->registry[std::move(name)] = std::move(program);
}

void FakeRuntime::set_available(bool available) {
    state_->available = available;
    if (available) return;
    const Error gone{Errc::unavailable, "the engine went away", {}};
    end_all(state_->event_readers, gone);
    for (auto& [id, instance] : state_->instances) {
        end_all(instance->followers, gone);
        end_all(instance->consoles, gone);
        end_all(instance->watchers, gone);
    }
}

void FakeRuntime::fail_next(std::string call, Error error, int times) {
    auto& failures = state_->failures[std::move(call)];
    for (int i = 0; i < times; ++i) failures.push_back(error);
}

void FakeRuntime::hold(std::string call) {
    state_->held.emplace(std::move(call), std::make_shared<Pipe<int>>(state_->executor));
}

void FakeRuntime::release(std::string call) {
    const auto gate = state_->held.find(call);
    if (gate == state_->held.end()) return;
    auto pipe = gate->second;
    state_->held.erase(gate);
    pipe->end();
}

void FakeRuntime::print(const std::string& instance, std::string text, bool is_error) {
    auto* found = state_->find(instance);
    MUSTER_ASSERT(found != nullptr);
    found->print(std::move(text), is_error);
}

void FakeRuntime::exit(const std::string& instance, int code, bool out_of_memory) {
    auto* found = state_->find(instance);
    MUSTER_ASSERT(found != nullptr);
    state_->finish(*found, code, out_of_memory);
}

void FakeRuntime::push_stats(const std::string& instance, Stats stats) {
    auto* found = state_->find(instance);
    MUSTER_ASSERT(found != nullptr);
    drop_ended(found->watchers);
    for (auto& watcher : found->watchers) watcher->push(stats);
}

const std::vector<std::string>& FakeRuntime::calls() const {
    return state_->calls;
}

int FakeRuntime::starts(const std::string& instance) const {
    const auto* found = state_->find(instance);
    return found == nullptr ? 0 : found->starts;
}

const InstanceSpec* FakeRuntime::spec(const std::string& instance) const {
    const auto* found = state_->find(instance);
    return found == nullptr ? nullptr : &found->wanted;
}

std::vector<std::string> FakeRuntime::typed(const std::string& instance) const {
    const auto* found = state_->find(instance);
    return found == nullptr ? std::vector<std::string>() : found->typed;
}

}  // namespace muster::runtime
