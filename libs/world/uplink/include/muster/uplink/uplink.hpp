#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/host/world_server.hpp"
#include "muster/mesh/member.hpp"
#include "muster/territory/state.hpp"

/// A world server's end of the link to its coordinator.
namespace muster::uplink {

namespace asio = boost::asio;

/// What a spread world asks of its coordinator, on its way from the world's thread. Only the newest
/// question waits, for each says all there is to say.
class Questions {
  public:
    /// Any thread; never waits.
    void ask(mesh::Question question);
    /// Any thread. Whether a recent question was answered: without that the coordinator may soon
    /// take this server for dead, unless others hear it (mesh::Member::linked()).
    [[nodiscard]] bool is_linked() const;

  private:
    friend class Uplink;
    std::optional<mesh::Question> take();
    /// `wake` is called from within ask(), when nothing waited before.
    void on_ask(std::function<void()> wake);
    void answered(milliseconds asked_at) { answered_at_ = asked_at.count(); }

    std::atomic<std::int64_t> answered_at_{std::numeric_limits<std::int64_t>::min() / 2};
    std::mutex mutex_;
    std::optional<mesh::Question> newest_;
    std::function<void()> wake_;
};

/// The one world of this process, when others compute it, too: what the hello says of it.
struct SpreadWorld {
    std::uint64_t life = 0;         ///< of this process: mesh::Options
    territory::Rectangle bounds{};  ///< whole units of the map
    std::int32_t strip = 0;         ///< likewise
    std::uint32_t regions_min = 1;
    std::string fingerprint;  ///< of all that must be alike on all its servers; at most 64 bytes
    std::vector<territory::Rectangle> wishes;  ///< what it would like to have; at most 16
    std::shared_ptr<Questions> questions;
    /// What the coordinator decided; called on the executor.
    std::function<void(const mesh::Decision&)> on_decision;
    std::function<void(const territory::Withdraw&)> on_withdraw;
};

struct Options {
    std::filesystem::path folder;  ///< of its identity
    /// host:port of the link of each coordinator, one at least: they share a store, and one leads.
    std::vector<std::string> coordinators;
    std::string join_token;  ///< needed once; ignored when the folder holds an identity that is
                             ///< still good (not expired, not refused by the coordinator)
    /// Without a join token it joins by this key (muster/link/cluster_key.hpp), which is made when
    /// it is not there; it also brings back an identity that has expired. Empty: by a token alone.
    std::string key_name;
    std::filesystem::path key_folder;
    std::string name;  ///< for people; empty: the host's
    std::string version;
    std::string location;  ///< where it stands, for people; at most 32 bytes
    std::vector<std::string>
        addresses;                ///< numeric, where players send; empty: where it dials from
    std::uint16_t http_port = 0;  ///< of its own page and API; 0: none
    bool http_secure = false;
    std::optional<SpreadWorld> spread;
    /// Called on the executor: a session with the coordinator began or ended.
    std::function<void(bool connected)> on_connection;
    /// For people; never a secret.
    std::function<void(host::LogLevel, std::string_view)> log;
};

/// Everything runs on the executor, which must run one handler at a time and outlive the world
/// server. The world server and the clock outlive run().
class Uplink {
  public:
    Uplink(asio::any_io_executor executor, Options options, host::WorldServer& worlds,
           const Clock& clock);
    ~Uplink();  ///< after run() has returned

    /// Until stop(). An error is for good: the folder cannot be used, or the join token or the key
    /// is missing or refused (field "join_token" or "key_name"). A coordinator that does not answer
    /// is waited for; one that refuses this world server later is left alone, while the worlds go
    /// on.
    asio::awaitable<Result<void>> run();
    /// Ends run() and waits for it.
    asio::awaitable<void> stop();

  private:
    class Body;
    std::shared_ptr<Body> body_;
};

}  // namespace muster::uplink
