#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "muster/link/world_link.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator::testing {

namespace asio = boost::asio;
namespace world_wire = muster::world::v1;

/// Of the certificate that scripted worlds' answers name.
inline constexpr std::string_view fingerprint =
    "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:"
    "EF";
[[nodiscard]] std::string answer_of(const std::string& server);

/// A world server as the coordinator sees it: a real link client that a test plays. Everything
/// blocks the test by running the context.
class ScriptedWorld {
  public:
    ScriptedWorld(asio::io_context& context, std::uint16_t port);
    ~ScriptedWorld() { leave(); }
    ScriptedWorld(const ScriptedWorld&) = delete;
    ScriptedWorld& operator=(const ScriptedWorld&) = delete;

    Result<void> enrol(const std::string& join_token);
    Result<void> enrol_with_key(const std::string& name, const link::ClusterKey& key);
    Result<void> renew();
    /// Opens a session and says hello; waits for the welcome, or for the end of the session.
    Result<void> connect();
    void leave();
    /// Where the coordinator listens now.
    void port(std::uint16_t port) { port_ = port; }

    void send(world_wire::FromWorld message);
    /// So many people in each world, and in all.
    void load(std::uint32_t people, double cpu = 0.1);
    world_wire::ToWorld next(world_wire::ToWorld::MessageCase kind);
    /// Answers each offer from now on, with a place or with that error; silent: not at all.
    enum class Answers { places, full, silent };
    Answers answers = Answers::places;
    /// Offers to resume are answered with this code and field, when it is set.
    std::optional<Error> resume_answer;
    /// Is given what is said of leases, which is not kept then.
    std::function<void(const world_wire::ToWorld&)> hears_leases;
    [[nodiscard]] bool is_over() const { return inbox_->is_over; }
    [[nodiscard]] bool has_session() const { return session_ && !is_over(); }
    /// Why the session ended.
    [[nodiscard]] const Error& why() const { return inbox_->why; }
    [[nodiscard]] const std::optional<world_wire::JoinOffer>& last_offer() const {
        return inbox_->offer;
    }

    std::string id;
    world_wire::Hello hello;

  private:
    struct Received : Inbox<world_wire::ToWorld> {
        std::optional<world_wire::JoinOffer> offer;
        Error why;
    };
    Result<void> take(Result<link::wire::EnrollReply> reply);
    asio::awaitable<void> listen(std::shared_ptr<link::WorldClient::Session> session,
                                 std::shared_ptr<Received> inbox);

    asio::io_context& context_;
    std::uint16_t port_;
    pki::Identity identity_;
    std::string authority_pem_;
    std::unique_ptr<link::WorldClient> client_;
    std::shared_ptr<link::WorldClient::Session> session_;
    std::shared_ptr<Received> inbox_ = std::make_shared<Received>();
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::coordinator::testing
