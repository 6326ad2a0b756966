#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/link/link.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator::testing {

namespace asio = boost::asio;
namespace wire = muster::node::v1;

/// A node as the coordinator sees it: a real link client that a test plays. Everything blocks the
/// test by running the context.
class ScriptedNode {
  public:
    ScriptedNode(asio::io_context& context, std::uint16_t port) : context_(context), port_(port) {}
    ~ScriptedNode() { leave(); }
    ScriptedNode(const ScriptedNode&) = delete;
    ScriptedNode& operator=(const ScriptedNode&) = delete;

    /// Joins with a token; the error is the coordinator's. The key stays the same each time, the
    /// request is a new one. `via`: another port than the coordinator's, of a proxy.
    Result<void> enrol(const std::string& join_token, std::uint16_t via = 0);
    /// A fresh certificate for the same key, which the next connect() uses.
    Result<void> renew();
    [[nodiscard]] const std::string& certificate_pem() const { return identity_.certificate_pem; }
    /// Opens a session, says hello and sends its inventory.
    Result<void> connect();
    void leave();

    void send(wire::FromNode message);
    void send_inventory();
    /// Waits for a command and takes it.
    wire::Command next_command();
    /// Waits for any message of that kind and takes it.
    wire::ToNode next(wire::ToNode::MessageCase kind);
    [[nodiscard]] bool has(wire::ToNode::MessageCase kind) const;
    void progress(const std::string& operation_id, const std::string& step, double fraction);
    void finish(const std::string& operation_id, const std::string& error_code = {},
                const std::string& error_message = {});
    void observe(const std::string& server_id, std::uint64_t generation, wire::ServerState state);
    void report_container(wire::ContainerObserved container);
    /// Answers each query from now on.
    void answer_with(std::function<wire::Answer(const wire::Query&)> answer) {
        answer_ = std::move(answer);
    }
    /// Waits until a stream is asked for and opens it.
    std::unique_ptr<link::Carrier> open_stream(wire::OpenStream& asked);
    void write(link::Carrier& carrier, const std::string& bytes, bool is_error = false);

    std::string id;
    wire::Hello hello;
    wire::Inventory inventory;
    bool answers_pings = true;
    [[nodiscard]] bool is_over() const { return inbox_->is_over; }

  private:
    using Received = Inbox<wire::ToNode>;
    asio::awaitable<void> listen(std::shared_ptr<link::Client::Session> session,
                                 std::shared_ptr<Received> inbox);

    asio::io_context& context_;
    std::uint16_t port_;
    pki::Identity identity_;
    std::string authority_pem_;
    std::unique_ptr<link::Client> client_;
    std::shared_ptr<link::Client::Session> session_;
    std::shared_ptr<Received> inbox_ = std::make_shared<Received>();
    std::function<wire::Answer(const wire::Query&)> answer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::coordinator::testing
