#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/http/message.hpp"

namespace muster::http {

/// Reads one HTTP/1.1 response (RFC 9112) from bytes as they come; interim 1xx responses but 101
/// are passed over. Decoded body bytes are taken with take_body().
class ResponseReader {
  public:
    /// `no_body`: the answer to a HEAD.
    explicit ResponseReader(bool no_body);
    ~ResponseReader();
    ResponseReader(ResponseReader&&) noexcept;
    ResponseReader& operator=(ResponseReader&&) noexcept;

    static constexpr std::uint32_t header_bytes_max = 64U << 10U;

    /// Takes bytes; `unavailable` when they are no HTTP.
    Result<void> feed(std::string_view bytes);
    /// The peer has ended; `unavailable` when that is in the middle of the response.
    Result<void> feed_end();
    [[nodiscard]] bool has_head() const;
    [[nodiscard]] bool is_done() const;
    /// Whether another request may follow on this connection. Once is_done().
    [[nodiscard]] bool keeps_alive() const;
    [[nodiscard]] const Response& head() const;
    [[nodiscard]] std::string take_body();
    /// The bytes behind the response: of the protocol that was switched to.
    [[nodiscard]] std::string take_rest();
    [[nodiscard]] bool has_bytes() const;  ///< anything came at all

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace muster::http
