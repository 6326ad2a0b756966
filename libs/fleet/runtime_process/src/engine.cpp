#include "engine.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <boost/asio/as_tuple.hpp>

#include "beneath.hpp"
#include "cgroup.hpp"
#include "muster/base/file.hpp"

namespace muster::runtime_process {
namespace {

constexpr std::size_t threads = 3;
constexpr std::chrono::seconds answer_deadline{30};

class ProcessRuntime final : public runtime::Runtime {
  public:
    explicit ProcessRuntime(EnginePtr engine)
        : engine_(std::move(engine)),
          instances_(make_instances(engine_)),
          streams_(make_streams(engine_)),
          artifacts_(make_artifacts(engine_)),
          archives_(make_archives(engine_)) {}
    ~ProcessRuntime() override {
        engine_->watch->stop();
        engine_->pool.join();
    }
    ProcessRuntime(const ProcessRuntime&) = delete;
    ProcessRuntime& operator=(const ProcessRuntime&) = delete;

    asio::awaitable<Result<runtime::EngineFacts>> facts() override {
        runtime::EngineFacts facts;
        facts.kind = "process";
        utsname system{};
        facts.version = ::uname(&system) == 0 ? system.release : "unknown";
        facts.api_version = "1";
        facts.supports_pause = can_freeze();
        facts.supports_pull = false;
        co_return facts;
    }
    runtime::Instances& instances() override { return *instances_; }
    runtime::Streams& streams() override { return *streams_; }
    runtime::Artifacts& artifacts() override { return *artifacts_; }
    runtime::Archives& archives() override { return *archives_; }

  private:
    EnginePtr engine_;
    std::unique_ptr<runtime::Instances> instances_;
    std::unique_ptr<runtime::Streams> streams_;
    std::unique_ptr<runtime::Artifacts> artifacts_;
    std::unique_ptr<runtime::Archives> archives_;
};

}  // namespace

Engine::Engine(asio::any_io_executor on, Options with)
    : executor(on),
      options(std::move(with)),
      store(options.state_dir),
      watch(std::make_shared<Watch>(on)),
      pool(threads) {}

Result<Engine::RecordPtr> Engine::find(const std::string& id) const {
    if (const auto found = records.find(id); found != records.end()) return found->second;
    for (const auto& [key, record] : records) {
        if (record->spec.name == id) return record;
    }
    return fail(Errc::not_found, "there is no instance " + id + " here");
}

runtime::Instance Engine::look(const Record& record) const {
    runtime::Instance instance;
    instance.id = record.id;
    instance.name = record.spec.name;
    instance.image = record.spec.image;
    instance.labels = record.spec.labels;
    instance.ports = record.spec.ports;
    instance.created_at = record.created_at;
    const auto run = store.run(record.id);
    if (!run) return instance;
    instance.started_at = run->started_at;
    instance.finished_at = run->finished_at;
    instance.exit_code = run->exit_code;
    instance.out_of_memory = run->out_of_memory;
    instance.error = run->error;
    instance.phase = run->finished_at ? runtime::Phase::exited
                     : run->paused    ? runtime::Phase::paused
                                      : runtime::Phase::running;
    return instance;
}

bool Engine::is_running(const std::string& id) const {
    const auto run = store.run(id);
    return run && !run->finished_at;
}

bool Engine::is_own_image(const std::string& image) const {
    if (options.own_program.empty() || (image != "muster" && !image.starts_with("muster:"))) {
        return false;
    }
    std::error_code none;
    return !fs::exists(options.images_dir / image, none);
}

Result<fs::path> Engine::image_folder(const std::string& image) const {
    if (image == "host" || is_own_image(image)) return fs::path("/");
    const auto none = [&] {
        return fail(Errc::not_found,
                    "there is no image " + image +
                        " here: the process runtime has \"host\" and the "
                        "folders in " +
                        options.images_dir.string(),
                    "image");
    };
    std::string name = image;
    const std::string above = options.images_dir.string() + "/";
    if (name.starts_with(above)) name = name.substr(above.size());
    if (name.empty() || name.starts_with('/')) return none();
    const UniqueFd folder(::open(options.images_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder || !open_beneath(folder.get(), name, O_PATH | O_DIRECTORY)) return none();
    return options.images_dir / name;
}

void Engine::adopt(Record record) {
    watch->add(record.id, store.folder(record.id));
    const std::string id = record.id;
    records[id] = std::make_shared<const Record>(std::move(record));
}

void Engine::forget(const std::string& id) {
    records.erase(id);
    watch->remove(id);
}

Result<std::shared_ptr<Channel>> Channel::open(EnginePtr engine, Engine::RecordPtr record) {
    if (!engine->is_running(record->id)) {
        return fail(Errc::conflict, record->spec.name + " is not running");
    }
    auto fd = connect_in(engine->store.folder(record->id));
    if (!fd) {
        if (engine->is_running(record->id)) return std::unexpected(fd.error());
        return fail(Errc::conflict, record->spec.name + " is not running");
    }
    return std::make_shared<Channel>(engine->executor, std::move(*fd));
}

Channel::Channel(asio::any_io_executor executor, UniqueFd fd)
    : socket_(executor, fd.release()), deadline_(executor) {}

void Channel::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
}

asio::awaitable<Result<std::string>> Channel::receive(std::shared_ptr<Channel> channel) {
    std::string message(message_bytes_max, '\0');
    for (;;) {
        if (channel->is_closed()) co_return fail(Errc::cancelled, "the console was closed here");
        const auto got =
            ::recv(channel->socket_.native_handle(), message.data(), message.size(), MSG_DONTWAIT);
        if (got >= 0) {
            message.resize(static_cast<std::size_t>(got));
            co_return message;
        }
        if (errno == ECONNRESET) co_return std::string();
        if (errno != EAGAIN && errno != EINTR)
            co_return refused("the console broke", Errc::unavailable);
        auto [error] = co_await channel->socket_.async_wait(asio::posix::descriptor_base::wait_read,
                                                            asio::as_tuple(asio::use_awaitable));
        if (error) co_return fail(Errc::cancelled, "the console was closed here");
    }
}

asio::awaitable<Result<void>> Channel::send(std::shared_ptr<Channel> channel, std::string message) {
    for (;;) {
        if (channel->is_closed()) co_return fail(Errc::cancelled, "the console was closed here");
        const auto sent = ::send(channel->socket_.native_handle(), message.data(), message.size(),
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) co_return Result<void>();
        if (errno != EAGAIN && errno != EINTR) {
            co_return refused("the supervisor does not listen", Errc::unavailable);
        }
        auto [error] = co_await channel->socket_.async_wait(
            asio::posix::descriptor_base::wait_write, asio::as_tuple(asio::use_awaitable));
        if (error) co_return fail(Errc::cancelled, "the console was closed here");
    }
}

asio::awaitable<Result<void>> Channel::ask(std::shared_ptr<Channel> channel, std::string message) {
    auto late = std::make_shared<bool>(false);
    channel->deadline_.expires_after(answer_deadline);
    channel->deadline_.async_wait([channel, late](boost::system::error_code error) {
        if (error) return;
        *late = true;
        channel->close();
    });
    auto sent = co_await send(channel, std::move(message));
    auto answer = Result<std::string>(std::string());
    if (sent) answer = co_await receive(channel);
    channel->deadline_.cancel();
    if (*late) co_return fail(Errc::timeout, "the supervisor does not answer");
    if (!sent) co_return sent;
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->empty()) co_return fail(Errc::conflict, "it has just ended");
    if (answer->front() == from_shim::done) co_return Result<void>();
    if (answer->front() == from_shim::failed) {
        co_return std::unexpected(decode_error(answer->substr(1)));
    }
    co_return fail(Errc::internal, "the supervisor answers something else");
}

Result<std::unique_ptr<runtime::Runtime>> open(asio::any_io_executor executor, Options options) {
    if (::geteuid() != 0) {
        return fail(Errc::permission_denied,
                    "the process runtime must run as root: it makes namespaces and control groups, "
                    "and gives each server a user of its own",
                    "runtime");
    }
    if (!options.state_dir.is_absolute() || options.shim_command.empty()) {
        return fail(Errc::invalid_argument,
                    "the process runtime needs an absolute state folder and "
                    "a command for its supervisors",
                    "runtime");
    }
    if (auto made = make_folder(options.state_dir / "instances", 0700); !made) {
        return std::unexpected(made.error());
    }
    auto engine = std::make_shared<Engine>(executor, std::move(options));
    auto lock = Store::lock(engine->store.dir() / "lock");
    if (!lock) return std::unexpected(lock.error());
    engine->lock = std::move(*lock);
    engine->watch->add("", engine->store.dir());
    for (auto& record : engine->store.records()) {
        static_cast<void>(note_if_lost(engine->store, record, SystemClock().now()));
        engine->adopt(std::move(record));
    }
    engine->watch->start([weak = std::weak_ptr(engine)](const std::string& id) {
        const auto alive = weak.lock();
        if (!alive) return;
        const auto record = alive->find(id);
        if (!record) return;
        asio::post(alive->pool, [store = alive->store, known = *record] {
            static_cast<void>(note_if_lost(store, *known, SystemClock().now()));
        });
    });
    return std::make_unique<ProcessRuntime>(std::move(engine));
}

}  // namespace muster::runtime_process
