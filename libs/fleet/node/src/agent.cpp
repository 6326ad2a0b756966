#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/thread_pool.hpp>

#include "identity.hpp"
#include "muster/base/file.hpp"
#include "muster/node/node.hpp"
#include "uplink.hpp"

namespace muster::node {
namespace {

constexpr milliseconds sample_pause{1'000};
constexpr unsigned disk_every = 60;  // samples

/// Held for as long as an agent works on the folder; the system lets go of it when the process
/// ends.
class FolderLock {
  public:
    FolderLock() = default;
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    Result<void> take(const std::filesystem::path& path) {
        fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd_ < 0 || ::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
            return fail(Errc::conflict,
                        "the data folder " + path.parent_path().string() +
                            " cannot be used, or another node works on it",
                        "data_dir");
        }
        return {};
    }

  private:
    int fd_ = -1;
};

asio::awaitable<std::int64_t> measure(std::filesystem::path folder) {
    co_return folder_bytes(folder);
}

}  // namespace

class Agent::Body {
  public:
    Body(asio::any_io_executor executor, Options options, runtime::Runtime& runtime,
         const Clock& clock)
        : options_(std::move(options)),
          runtime_(runtime),
          clock_(clock),
          system_timers_(executor),
          timers_(options_.timers != nullptr ? *options_.timers : system_timers_),
          tasks_(executor),
          wake_(executor),
          over_(executor),
          uplink_(tasks_, options_, timers_, clock_) {
        if (!options_.log) options_.log = [](const std::string&) {};
    }

    asio::awaitable<Result<void>> run() {
        running_ = true;
        auto how = co_await work();
        if (host_) host_->stop();
        uplink_.stop();
        co_await tasks_.drain();
        running_ = false;
        over_.wake();
        if (stopped_ && !how && how.error().code == Errc::cancelled) how = {};
        co_return how;
    }

    asio::awaitable<void> stop() {
        stopped_ = true;
        uplink_.stop();
        wake_.wake();
        while (running_) co_await over_.wait();
    }

    [[nodiscard]] const std::string& password() const { return password_.password; }

  private:
    asio::awaitable<Result<void>> work() {
        if (auto made = make_folder(options_.data_dir, 0711); !made) co_return made;
        if (auto locked = lock_.take(options_.data_dir / "node.lock"); !locked) co_return locked;
        const std::filesystem::path folder = options_.data_dir / "identity";
        auto password = load_or_make_password(folder);
        if (!password) co_return std::unexpected(password.error());
        password_ = std::move(*password);
        auto known = link::load_membership(folder, "node");
        if (!known) co_return std::unexpected(known.error());
        link::Membership identity;
        if (*known) {
            identity = std::move(**known);
            auto fresh = co_await uplink_.join_again(folder, identity, password_.hash);
            if (fresh) identity = std::move(*fresh);
        } else {
            auto enrolled = co_await uplink_.enrol(folder, password_.hash);
            if (!enrolled) co_return std::unexpected(enrolled.error());
            identity = std::move(*enrolled);
        }
        if (options_.on_enrolled) options_.on_enrolled(identity.id);
        Host::Options host;
        host.data_dir = options_.data_dir;
        host.node_id = identity.id;
        host.port_first = options_.port_first;
        host.port_last = options_.port_last;
        host.operations_max = options_.operations_max;
        host.log = options_.log;
        host.send = [this](wire::FromNode message) { uplink_.send(std::move(message)); };
        auto opened = Host::open(tasks_, std::move(host), runtime_, clock_, timers_);
        if (!opened) co_return std::unexpected(opened.error());
        host_ = std::move(*opened);
        host_->begin();
        uplink_.serve(*host_, std::move(identity), folder, password_.hash);
        tasks_.spawn(take_samples(this));
        // The greeting says which engine it is.
        co_await host_->first_look();
        co_await uplink_.run();
        while (!stopped_) co_await wake_.wait();
        co_return Result<void>();
    }

    static asio::awaitable<void> take_samples(Body* self) {
        for (unsigned count = 0; !self->stopped_; ++count) {
            wire::Samples samples = self->host_->sample();
            if (self->uplink_.connected()) {
                wire::FromNode message;
                *message.mutable_samples() = std::move(samples);
                self->uplink_.send(std::move(message));
            }
            if (count % disk_every == 0) self->tasks_.spawn(measure_disks(self));
            co_await self->wake_.wait(self->timers_, sample_pause);
        }
    }

    // Walking through big folders takes long, so it is done beside, and one after the other.
    static asio::awaitable<void> measure_disks(Body* self) {
        if (self->measuring_) co_return;
        self->measuring_ = true;
        std::vector<std::shared_ptr<Server>> servers;
        for (const auto& [id, server] : self->host_->servers()) servers.push_back(server);
        for (const auto& server : servers) {
            if (self->stopped_) break;
            const std::filesystem::path folder =
                self->host_->around().data_folder(server->data_name());
            server->disk_used =
                co_await asio::co_spawn(self->beside_, measure(folder), asio::use_awaitable);
        }
        self->measuring_ = false;
    }

    Options options_;
    runtime::Runtime& runtime_;
    const Clock& clock_;
    SystemTimers system_timers_;
    Timers& timers_;
    Tasks tasks_;
    Gate wake_;
    Gate over_;
    Uplink uplink_;
    FolderLock lock_;
    NodePassword password_;
    std::unique_ptr<Host> host_;
    asio::thread_pool beside_{1};
    bool measuring_ = false;
    bool running_ = false;
    bool stopped_ = false;
};

Agent::Agent(asio::any_io_executor executor, Options options, runtime::Runtime& runtime,
             const Clock& clock)
    : body_(std::make_unique<Body>(std::move(executor), std::move(options), runtime, clock)) {}

Agent::~Agent() = default;

asio::awaitable<Result<void>> Agent::run() {
    return body_->run();
}
asio::awaitable<void> Agent::stop() {
    return body_->stop();
}
const std::string& Agent::password() const {
    return body_->password();
}

}  // namespace muster::node
