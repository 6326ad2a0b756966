#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/base/error.hpp"
#include "muster/http/server.hpp"

namespace muster::coordinator {
class Coordinator;
}

namespace muster::faces {

namespace asio = boost::asio;
using Json = nlohmann::json;

/// An answer of the API, read whole.
struct Reply {
    int status = 0;
    Json body;         ///< null when it is no JSON
    std::string text;  ///< as it came
    std::string retry_after;

    [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
    /// Of an answer that is not ok.
    [[nodiscard]] Error error() const;
};

/// How much of a streamed answer is read, and for how long. What came until then is the answer.
struct Patience {
    std::size_t bytes_max = 1U << 20U;
    std::size_t lines_max = 100'000;
    std::chrono::milliseconds limit{10'000};
};
asio::awaitable<Reply> read_whole(asio::any_io_executor executor, http::Answer answer,
                                  Patience patience = {});

/// A request with a bearer token (none when empty) and a JSON body (none when null).
[[nodiscard]] http::Request request_of(std::string method, const std::string& token,
                                       std::string remote_address, const Json& body = nullptr);

/// The API on behalf of whoever holds a token. Borrows the coordinator.
class Api {
  public:
    Api(asio::any_io_executor executor, coordinator::Coordinator& coordinator, std::string token,
        std::string remote_address)
        : executor_(std::move(executor)),
          coordinator_(&coordinator),
          token_(std::move(token)),
          remote_address_(std::move(remote_address)) {}

    asio::awaitable<Reply> call(std::string method, std::string target, Json body = nullptr,
                                Patience patience = {}) const;

  private:
    asio::any_io_executor executor_;
    coordinator::Coordinator* coordinator_;
    std::string token_;
    std::string remote_address_;
};

/// JSON text of our own making: what is no UTF-8 in it is replaced.
[[nodiscard]] std::string to_text(const Json& value);
/// A JSON object from outside, at most 32 deep. The error says where it goes wrong.
[[nodiscard]] Result<Json> parse_object(std::string_view text);
/// A text member; empty when it is absent or something else.
[[nodiscard]] std::string text_of(const Json& object, const char* name);
[[nodiscard]] http::Response json_answer(int status, const Json& body);

/// The server's end of a WebSocket that a face plays itself, for Coordinator::talk and watch_node:
/// what is sent goes to `hear`, and receive() waits for the end.
class InnerSocket final : public http::WebSocket {
  public:
    InnerSocket(asio::any_io_executor executor, std::function<bool(std::string)> hear);
    ~InnerSocket() override;
    asio::awaitable<Result<Message>> receive() override;
    Result<void> send(std::string data, bool binary) override;
    void close(unsigned code, std::string reason) override;

    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] unsigned code() const { return code_; }
    /// Nothing is heard from now on.
    void forget() { hear_ = nullptr; }

  private:
    struct Waiting;
    std::unique_ptr<Waiting> waiting_;
    std::function<bool(std::string)> hear_;  ///< false: it cannot take more
    bool closed_ = false;
    unsigned code_ = 0;
    std::string reason_;
};

}  // namespace muster::faces
