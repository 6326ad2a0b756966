#include <sys/stat.h>

#include <algorithm>

#include "cgroup.hpp"
#include "confine.hpp"
#include "engine.hpp"
#include "launch.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "root.hpp"
#include "spawn.hpp"

namespace muster::runtime_process {
namespace {

using runtime::Instance;
using runtime::InstanceSpec;
using runtime::Phase;
using runtime::Power;

/// How long what was killed may take to be gone: writing back memory, disks that hang.
constexpr std::chrono::seconds kill_patience{60};

Timestamp now() {
    return SystemClock().now();
}

Result<void> check_mount(const runtime::Mount& mount) {
    const auto wrong = [&](const std::string& why) {
        return fail(Errc::invalid_argument, "the mount " + mount.target + " " + why, "mounts");
    };
    const fs::path target(mount.target);
    if (!fs::path(mount.source).is_absolute()) return wrong("has no absolute source");
    if (!target.is_absolute() || target.lexically_normal() != target || mount.target == "/" ||
        mount.target.ends_with('/')) {
        return wrong("has no plain absolute target");
    }
    for (const std::string own : {"/proc", "/dev", "/sys"}) {
        if (mount.target == own || mount.target.starts_with(own + "/")) {
            return wrong("would hide what the system gives every server");
        }
    }
    return {};
}

Result<void> check(const InstanceSpec& spec) {
    const auto wrong = [](std::string why, std::string field) {
        return fail(Errc::invalid_argument, std::move(why), std::move(field));
    };
    if (spec.name.empty() || spec.name.size() > 200)
        return wrong("there is no usable name", "name");
    for (const auto& mount : spec.mounts) {
        if (auto checked = check_mount(mount); !checked) return checked;
    }
    for (const auto& capability : spec.capabilities) {
        if (auto checked = check_capability(capability); !checked) return checked;
    }
    for (const auto& [name, value] : spec.environment) {
        if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != name.npos ||
            value.find('\0') != value.npos) {
            return wrong("\"" + name + "\" cannot be a variable", "environment." + name);
        }
    }
    if (!spec.working_folder.empty() && !spec.working_folder.starts_with('/')) {
        return wrong("the working folder is not absolute", "working_folder");
    }
    if (!spec.network.empty() && spec.network != "host") {
        return fail(Errc::unsupported,
                    "the process runtime has no networks; servers use the host's", "network");
    }
    if (spec.limits.memory_bytes < 0 || spec.limits.cpus < 0 || spec.limits.pids < 0) {
        return wrong("a limit is negative", "limits");
    }
    return {};
}

/// The same name gets the same user again when it is free, so that its data need not change hands.
std::uint32_t choose_uid(const Engine& engine, const std::string& name) {
    const std::string hash = sha256(name);
    std::uint32_t offset = 0;
    for (std::size_t i = 0; i < 4; ++i) offset = offset << 8U | static_cast<unsigned char>(hash[i]);
    for (std::uint32_t i = 0; i < engine.options.uid_count; ++i) {
        const auto uid = engine.options.uid_first + (offset + i) % engine.options.uid_count;
        const bool used = std::ranges::any_of(
            engine.records, [&](const auto& entry) { return entry.second->uid == uid; });
        if (!used) return uid;
    }
    return 0;
}

Result<ImageConfig> config_of(const fs::path& folder) {
    if (folder == "/") return ImageConfig{};
    constexpr std::size_t config_bytes_max = 1 << 20;
    const auto text = read_file(folder / "muster-image.json", config_bytes_max);
    if (!text && text.error().code == Errc::not_found) return ImageConfig{};
    if (!text) return std::unexpected(text.error());
    return decode_image(*text);
}

/// By its folder, so that a start after an upgrade takes the new one.
void add_own_program(Record& record, const fs::path& program) {
    const fs::path shown = "/muster";
    record.image.entrypoint = {(shown / program.filename()).string()};
    record.spec.mounts.push_back({program.parent_path().string(), shown.string(), true});
}

Result<void> keep(const Store& store, const Record& record) {
    // Only its own user may look into its folders; nobody else on the host.
    auto made = make_folder(store.folder(record.id), 0711);
    if (made) made = make_folder(store.folder(record.id) / "files", 0711);
    if (made) made = prepare_folders(store, record);
    if (made) made = write_file(store.folder(record.id) / "spec.json", encode(record), 0600);
    if (!made) {
        std::error_code ignored;
        fs::remove_all(store.folder(record.id), ignored);
        return made;
    }
    store.append_event(record, "create", record.created_at);
    return {};
}

/// Nothing of it runs any more.
Result<void> erase(const Store& store, const Record& record) {
    for (int i = 0; i < 12'000 && store.is_supervised(record.id); ++i) ::usleep(5'000);
    if (store.is_supervised(record.id)) {
        return fail(Errc::timeout, record.spec.name + " cannot be killed");
    }
    std::error_code error;
    // Without its record a folder is no instance, however far the rest gets.
    fs::remove(store.folder(record.id) / "spec.json", error);
    fs::remove_all(store.folder(record.id), error);
    if (error) return fail(Errc::internal, "cannot remove its files: " + error.message());
    store.append_event(record, "destroy", now());
    return {};
}

class ProcessInstances final : public runtime::Instances {
  public:
    explicit ProcessInstances(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<std::string>> create(InstanceSpec spec) override {
        return create(engine_, std::move(spec));
    }
    asio::awaitable<Result<void>> power(std::string id, PowerRequest request) override {
        return power(engine_, std::move(id), std::move(request));
    }
    asio::awaitable<Result<void>> remove(std::string id) override {
        return remove(engine_, std::move(id));
    }
    asio::awaitable<Result<Instance>> inspect(std::string id) override {
        auto record = engine_->find(id);
        if (!record) co_return std::unexpected(record.error());
        co_return engine_->look(**record);
    }
    asio::awaitable<Result<std::vector<Instance>>> list() override {
        std::vector<Instance> all;
        for (const auto& [id, record] : engine_->records) all.push_back(engine_->look(*record));
        co_return all;
    }

  private:
    using RecordPtr = Engine::RecordPtr;

    static asio::awaitable<Result<std::string>> create(EnginePtr engine, InstanceSpec spec) {
        auto folder = engine->image_folder(spec.image);
        if (!folder) co_return std::unexpected(folder.error());
        if (auto checked = check(spec); !checked) co_return std::unexpected(checked.error());
        auto image = config_of(*folder);
        if (!image) co_return std::unexpected(image.error());
        if (engine->find(spec.name)) {
            co_return fail(Errc::conflict, "there is an instance " + spec.name + " already",
                           "name");
        }
        Record record;
        record.id = to_hex(as_bytes(random_bytes(16)));
        record.uid = choose_uid(*engine, spec.name);
        record.gid = record.uid;
        if (record.uid == 0) co_return fail(Errc::exhausted, "no user id is left for it");
        record.spec = std::move(spec);
        record.image_folder = folder->string();
        record.image = std::move(*image);
        if (engine->is_own_image(record.spec.image)) {
            add_own_program(record, engine->options.own_program);
        }
        record.log_bytes_max = engine->options.log_bytes_max;
        record.created_at = now();
        // Known from here on, so that nobody takes its name or its user meanwhile.
        auto shared = std::make_shared<const Record>(record);
        engine->records[record.id] = shared;
        auto work = [engine, shared] { return keep(engine->store, *shared); };
        auto kept = co_await blocking(engine, std::move(work));
        if (!kept) {
            engine->forget(record.id);
            co_return std::unexpected(kept.error());
        }
        engine->adopt(record);
        co_return record.id;
    }

    static asio::awaitable<Result<void>> power(EnginePtr engine, std::string id,
                                               PowerRequest request) {
        auto found = engine->find(id);
        if (!found) co_return std::unexpected(found.error());
        auto record = *found;
        if (!request.signal.empty() && !signal_number(request.signal)) {
            co_return fail(Errc::invalid_argument,
                           "\"" + request.signal + "\" is not a signal such as SIGINT", "signal");
        }
        switch (request.power) {
            case Power::start:
                co_return co_await start(engine, record);
            case Power::stop:
                co_return co_await stop(engine, record, request);
            case Power::restart: {
                auto stopped = co_await stop(engine, record, request);
                if (!stopped) co_return stopped;
                co_return co_await start(engine, record);
            }
            case Power::kill:
                co_return co_await kill(engine, record, request.signal);
            case Power::pause:
                co_return co_await tell(engine, record, std::string(1, to_shim::pause));
            case Power::unpause:
                co_return co_await tell(engine, record, std::string(1, to_shim::resume));
        }
        co_return Result<void>{};
    }

    static Result<void> check_ports(const Engine& engine, const Record& record) {
        for (const auto& port : record.spec.ports) {
            const auto same = [&](const runtime::PortBinding& other) {
                return other.outside == port.outside && other.protocol == port.protocol;
            };
            bool taken = is_port_taken(port);
            for (const auto& [id, other] : engine.records) {
                taken = taken || (id != record.id && std::ranges::any_of(other->spec.ports, same) &&
                                  (engine.is_running(id) || engine.starting.contains(id)));
            }
            if (taken) {
                return fail(Errc::conflict,
                            "port " + std::to_string(port.outside) + " is taken on this host",
                            "ports." + port.name);
            }
        }
        return {};
    }

    static asio::awaitable<Result<void>> start(EnginePtr engine, RecordPtr record) {
        while (engine->starting.contains(record->id)) {
            co_await pause_for_change(engine, record->id, milliseconds(50));
        }
        const auto phase = engine->look(*record).phase;
        if (phase == Phase::running) co_return Result<void>{};
        if (phase == Phase::paused) {
            co_return fail(Errc::conflict, record->spec.name + " is paused");
        }
        if (auto free = check_ports(*engine, *record); !free) co_return free;
        engine->starting.insert(record->id);
        auto work = [engine, record] {
            return launch_shim(engine->options.shim_command, engine->store.dir(), record->id);
        };
        auto started = co_await blocking(engine, std::move(work));
        engine->starting.erase(record->id);
        co_return started;
    }

    static asio::awaitable<void> pause_for_change(EnginePtr engine, std::string id,
                                                  milliseconds limit) {
        auto timer = std::make_shared<asio::steady_timer>(engine->executor);
        co_await Watch::changed(engine->watch, std::move(id), timer, limit);
    }

    /// Whether it has ended when the patience has.
    static asio::awaitable<bool> await_end(EnginePtr engine, std::string id,
                                           milliseconds patience) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (engine->is_running(id)) {
            const auto left =
                std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
            if (left.count() <= 0) co_return false;
            co_await pause_for_change(engine, id, std::min(left, milliseconds(1'000)));
        }
        co_return true;
    }

    /// For what runs only; `conflict` otherwise.
    static asio::awaitable<Result<void>> tell(EnginePtr engine, RecordPtr record,
                                              std::string message) {
        auto channel = Channel::open(engine, record);
        if (!channel) co_return std::unexpected(channel.error());
        co_return co_await Channel::ask(*channel, std::move(message));
    }

    static asio::awaitable<Result<void>> kill(EnginePtr engine, RecordPtr record,
                                              std::string signal) {
        const int number = signal_number(signal).value_or(SIGKILL);
        auto told = co_await tell(engine, record, to_shim::signal + std::to_string(number));
        // It ends by itself or stands already: that is what was asked.
        if (!told && told.error().code != Errc::conflict) {
            co_await pause_for_change(engine, record->id, milliseconds(100));
            if (engine->is_running(record->id)) co_return told;
        }
        if (number != SIGKILL) co_return Result<void>{};
        const bool ended = co_await await_end(engine, record->id, kill_patience);
        if (ended) co_return Result<void>{};
        co_return fail(Errc::timeout, record->spec.name + " does not die");
    }

    static asio::awaitable<Result<void>> stop(EnginePtr engine, RecordPtr record,
                                              PowerRequest request) {
        if (!engine->is_running(record->id)) co_return Result<void>{};
        if (engine->look(*record).phase == Phase::paused) {
            // What is frozen hears no signal: a stop would only wait and kill.
            auto thawed = co_await tell(engine, record, std::string(1, to_shim::resume));
            if (!thawed && thawed.error().code != Errc::conflict) co_return thawed;
        }
        const int number = signal_number(request.signal).value_or(SIGTERM);
        auto told = co_await tell(engine, record, to_shim::signal + std::to_string(number));
        if (!told && told.error().code != Errc::conflict) co_return told;
        const bool ended = co_await await_end(engine, record->id, request.grace);
        if (ended) co_return Result<void>{};
        co_return co_await kill(engine, record, "");
    }

    static asio::awaitable<Result<void>> remove(EnginePtr engine, std::string id) {
        auto found = engine->find(id);
        if (!found) co_return Result<void>{};
        auto record = *found;
        while (engine->starting.contains(record->id)) {
            co_await pause_for_change(engine, record->id, milliseconds(50));
        }
        if (engine->is_running(record->id)) {
            auto killed = co_await kill(engine, record, "");
            if (!killed) co_return killed;
        }
        auto work = [engine, record] { return erase(engine->store, *record); };
        auto erased = co_await blocking(engine, std::move(work));
        if (!erased) co_return erased;
        engine->forget(record->id);
        co_return Result<void>{};
    }

    EnginePtr engine_;
};

}  // namespace

std::unique_ptr<runtime::Instances> make_instances(EnginePtr engine) {
    return std::make_unique<ProcessInstances>(std::move(engine));
}

}  // namespace muster::runtime_process
