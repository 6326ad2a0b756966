#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "json.hpp"
#include "muster/base/time.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/http/client.hpp"
#include "muster/store/fake.hpp"
#include "testing/schema.hpp"
#include "testing/scripted_node.hpp"

namespace muster::coordinator::testing {

struct Reply {
    int status = 0;
    http::Fields headers;
    std::string text;
    Json body;  ///< null when it is no JSON
};

/// A whole coordinator over SQLite in a temporary folder, with real HTTP and gRPC on loopback.
/// Every answer is held against openapi.json.
class Stand : public ::testing::Test {
  protected:
    Stand();
    ~Stand() override;

    /// Options may be changed before.
    void open();
    /// A request of whoami over HTTPS that trusts that authority alone; 0 when TLS refuses.
    int status_over_https(const std::string& authority_pem);
    void close();

    Reply call(const std::string& method, const std::string& target, const Json& body = nullptr,
               http::Fields headers = {});
    Reply get(const std::string& target) { return call("GET", target); }
    Reply post(const std::string& target, const Json& body = nullptr, http::Fields headers = {}) {
        return call("POST", target, body, std::move(headers));
    }
    Reply raw(const std::string& method, const std::string& target, const std::string& body,
              http::Fields headers);
    /// As somebody else: the token is given back afterwards.
    Reply as(const std::string& token, const std::string& method, const std::string& target,
             const Json& body = nullptr);
    std::string new_token(const std::string& role, const Json& servers = nullptr);
    std::unique_ptr<http::WebSocketClient> websocket(const std::string& target,
                                                     const std::string& token = {});
    std::string receive(http::WebSocketClient& socket);
    /// The end of a socket, with its reason; messages before it are thrown away.
    std::string receive_end(http::WebSocketClient& socket);
    /// Until an event of that type about that object came.
    Json receive_event(http::WebSocketClient& socket, const std::string& type,
                       const std::string& id);

    std::unique_ptr<ScriptedNode> join(const std::string& name = "scripted");
    /// Deploys the test game and plays the node until it is ready; the id.
    std::string deploy_ready(ScriptedNode& node, const std::string& name = "friday");
    Json wait_for(const std::string& target, const std::string& member, const Json& value);

    asio::io_context context;
    std::filesystem::path folder;
    SystemClock clock;
    Options options;
    std::shared_ptr<store::FakeDisk> fake_disk;  ///< when set before open(): in place of SQLite
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Coordinator> coordinator;
    std::string token;
    const Contract& contract;  ///< the same for all tests: reading openapi.json takes a while

  private:
    static const Contract& described();
    bool is_running_ = false;
};

}  // namespace muster::coordinator::testing
