#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

/// What starts servers on a node: the port that the Docker and the process adapters implement, and
/// that a fake implements for tests. Everything runs on the node's one executor and never blocks
/// it.
namespace muster::runtime {

namespace asio = boost::asio;

enum class Protocol { tcp, udp };

struct PortBinding {
    std::string name;           ///< the game's word for it: "game", "query"
    std::uint16_t inside = 0;   ///< where the program listens
    std::uint16_t outside = 0;  ///< on the host
    Protocol protocol = Protocol::tcp;
    std::string address = "0.0.0.0";  ///< of the host
    bool operator==(const PortBinding&) const = default;
};

struct Mount {
    std::string source;  ///< absolute folder of the host, inside the server's own data
    std::string target;  ///< absolute path inside
    bool read_only = false;
    bool operator==(const Mount&) const = default;
};

struct ResourceLimits {
    std::int64_t memory_bytes = 0;  ///< 0: unlimited
    double cpus = 0;                ///< cores; 0: unlimited
    std::int64_t pids = 512;
    bool operator==(const ResourceLimits&) const = default;
};

/// One instance to create. The adapter adds: all capabilities dropped but those of `capabilities`,
/// no new privileges, no restart by the engine, console input kept open.
struct InstanceSpec {
    std::string name;  ///< unique on this engine: "muster-" + server id
    std::string
        image;  ///< reference, or for the process adapter a folder (root file system) or "host"
    std::vector<std::string> entrypoint;  ///< empty: the image's
    std::vector<std::string> command;     ///< empty: the image's
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> labels;
    std::string working_folder;  ///< empty: the image's
    std::string user;            ///< empty: the image's
    std::vector<PortBinding> ports;
    std::vector<Mount> mounts;
    std::vector<std::string> capabilities;  ///< e.g. "NET_BIND_SERVICE"
    ResourceLimits limits;
    bool tty = false;
    std::string network;  ///< empty: the engine's default
    bool operator==(const InstanceSpec&) const = default;
};

enum class Phase { created, running, paused, restarting, removing, exited, dead };
[[nodiscard]] std::string_view name_of(Phase phase);
[[nodiscard]] std::optional<Phase> phase_from_name(std::string_view name);

/// One instance as it is now.
struct Instance {
    std::string id;
    std::string name;
    std::string image;
    std::map<std::string, std::string> labels;
    Phase phase = Phase::created;
    int exit_code = 0;
    bool out_of_memory = false;
    std::string error;  ///< why the engine could not start it
    Timestamp created_at{};
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> finished_at;
    std::vector<PortBinding> ports;
    bool operator==(const Instance&) const = default;
};

/// Values that come over time, read at the caller's pace. `nullopt` is the regular end. Destroying
/// it ends the stream; close() makes a pending next() end with `cancelled`. One reader.
template <typename T>
class Stream {
  public:
    virtual ~Stream() = default;
    virtual asio::awaitable<Result<std::optional<T>>> next() = 0;
    virtual void close() = 0;
};
template <typename T>
using StreamPtr = std::unique_ptr<Stream<T>>;

enum class Power { start, stop, restart, kill, pause, unpause };

/// Creates, runs and removes instances. Each function is safe to repeat: starting what runs,
/// stopping what stands, removing what is gone succeed.
class Instances {
  public:
    virtual ~Instances() = default;
    /// The new instance's id. `not_found` when the image is not here; `conflict` when the name is
    /// taken.
    virtual asio::awaitable<Result<std::string>> create(InstanceSpec spec) = 0;
    /// `grace` is for stop and restart: so long until it is killed. `signal` for stop and kill: ""
    /// is the runtime's own (TERM, KILL), or e.g. "SIGINT". start: `conflict` names a port that is
    /// taken; without a field it says that this instance cannot be started any more.
    struct PowerRequest {
        Power power = Power::start;
        std::chrono::milliseconds grace{10'000};
        std::string signal;
    };
    virtual asio::awaitable<Result<void>> power(std::string id, PowerRequest request) = 0;
    virtual asio::awaitable<Result<void>> remove(
        std::string id) = 0;  ///< kills it first if it runs
    virtual asio::awaitable<Result<Instance>> inspect(std::string id) = 0;  ///< id or name
    virtual asio::awaitable<Result<std::vector<Instance>>> list() = 0;      ///< all, ours or not
};

struct LogLine {
    Timestamp time{};
    bool is_error = false;  ///< came from standard error
    std::string text;       ///< without its newline; at most 16 KiB, longer lines come in pieces
};
struct LogQuery {
    std::optional<std::int64_t> tail;  ///< the last so many lines before following; nullopt: all
    std::optional<Timestamp> since;
    bool follow = false;
};

struct Stats {
    Timestamp time{};
    double cpu_percent = 0;  ///< 100 is one core
    std::int64_t memory_bytes = 0;
    std::int64_t memory_limit_bytes = 0;
    std::int64_t network_received_bytes = 0;  ///< since it started
    std::int64_t network_sent_bytes = 0;
    std::int64_t disk_read_bytes = 0;
    std::int64_t disk_written_bytes = 0;
    std::int64_t pids = 0;
};

struct RuntimeEvent {
    Timestamp time{};
    std::string kind;  ///< "create" "start" "die" "oom" "pause" "unpause" "destroy"
    std::string id;    ///< of the instance
    std::string name;
    std::map<std::string, std::string> labels;
    std::optional<int> exit_code;
};

/// The console of an instance or of a command in it.
class Console {
  public:
    virtual ~Console() = default;
    struct Output {
        bool is_error = false;
        std::string bytes;
    };
    virtual asio::awaitable<Result<std::optional<Output>>> read() = 0;
    virtual asio::awaitable<Result<void>> write(std::string bytes) = 0;
    virtual void close() = 0;
    /// Of an exec, after read() gave nullopt; nullopt for the console of an instance.
    virtual asio::awaitable<Result<std::optional<int>>> exit_code() = 0;
};

struct ExecSpec {
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;
    std::string working_folder;
    std::string user;
    bool tty = false;
};

/// What an instance says over time, and what one says to it.
class Streams {
  public:
    virtual ~Streams() = default;
    virtual asio::awaitable<Result<StreamPtr<LogLine>>> logs(std::string id, LogQuery query) = 0;
    virtual asio::awaitable<Result<StreamPtr<Stats>>> stats(
        std::string id) = 0;  ///< about once a second
    virtual asio::awaitable<Result<std::unique_ptr<Console>>> attach(std::string id) = 0;
    virtual asio::awaitable<Result<std::unique_ptr<Console>>> exec(std::string id,
                                                                   ExecSpec spec) = 0;
    /// Everything since `since` and then what happens, without a gap while the engine is up. Ends
    /// with `unavailable` when the engine goes away; the caller opens anew from the time of the
    /// last event.
    virtual asio::awaitable<Result<StreamPtr<RuntimeEvent>>> events(Timestamp since) = 0;
};

struct PullProgress {
    std::int64_t done_bytes = 0;
    std::int64_t total_bytes = 0;  ///< 0: not known yet
    std::string status;            ///< a word for people: "Downloading"
};

enum class ArtifactKind { image, volume, network };
struct Artifact {
    ArtifactKind kind = ArtifactKind::image;
    std::string id;
    std::vector<std::string> names;  ///< tags of an image, the name of a volume or network
    std::string driver;
    std::int64_t size_bytes = 0;
    std::map<std::string, std::string> labels;
    Timestamp created_at{};
};

/// Images, volumes and networks.
class Artifacts {
  public:
    virtual ~Artifacts() = default;
    virtual asio::awaitable<Result<std::vector<Artifact>>> list(ArtifactKind kind) = 0;
    /// A volume or a network; images come by pull(). The id.
    virtual asio::awaitable<Result<std::string>> create(Artifact wanted) = 0;
    virtual asio::awaitable<Result<void>> remove(ArtifactKind kind, std::string id) = 0;
    /// Ends with nullopt when the image is there; next() fails with the registry's reason.
    virtual asio::awaitable<Result<StreamPtr<PullProgress>>> pull(std::string image) = 0;
    virtual asio::awaitable<Result<bool>> has_image(std::string image) = 0;
    virtual asio::awaitable<Result<void>> connect(std::string network, std::string instance,
                                                  bool attached) = 0;
};

/// Tar archives in and out of an instance's file system.
class Archives {
  public:
    virtual ~Archives() = default;
    virtual asio::awaitable<Result<StreamPtr<std::string>>> get(std::string id,
                                                                std::string path) = 0;
    virtual asio::awaitable<Result<void>> put(std::string id, std::string path,
                                              StreamPtr<std::string> tar) = 0;
};

struct EngineFacts {
    std::string kind;  ///< "docker" or "process"
    std::string version;
    std::string api_version;
    bool supports_pause = true;
    bool supports_pull = true;
};

/// One engine, as the node holds it. The parts live as long as the runtime.
class Runtime {
  public:
    virtual ~Runtime() = default;
    virtual asio::awaitable<Result<EngineFacts>>
    facts() = 0;  ///< `unavailable` when it does not answer
    virtual Instances& instances() = 0;
    virtual Streams& streams() = 0;
    virtual Artifacts& artifacts() = 0;
    virtual Archives& archives() = 0;
};

}  // namespace muster::runtime
