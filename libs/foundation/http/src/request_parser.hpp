#pragma once

#include <expected>
#include <memory>
#include <string>

#include "muster/http/message.hpp"

namespace muster::http {

/// Why a request is not served, and with which status: some have no Errc (431, 505, ...).
struct Refusal {
    int status = 400;
    Error error;
};

/// Reads one HTTP/1.1 request (RFC 9112) from bytes as they come. No sockets, no clock.
class RequestParser {
  public:
    RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    enum class Progress { needs_bytes, head, done };
    /// Takes what it can from the front of `bytes`. Says `head` once, between head and body. What
    /// follows the request stays in `bytes`. After a refusal the connection cannot go on.
    std::expected<Progress, Refusal> feed(std::string& bytes);

    [[nodiscard]] bool began() const;        ///< has seen any byte
    [[nodiscard]] bool keeps_alive() const;  ///< may another request follow on this connection
    [[nodiscard]] bool is_http_1_1() const;
    [[nodiscard]] bool expects_continue() const;
    [[nodiscard]] const std::string& target() const;  ///< as sent, for the log and 400s
    /// What was read, also after a refusal (as far as it got): method, headers, body; not yet
    /// `path` and `query`.
    [[nodiscard]] Request take();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace muster::http
