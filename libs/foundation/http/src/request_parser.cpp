#include "request_parser.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace muster::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

std::string text(beast::string_view view) {
    return {view.data(), view.size()};
}

Refusal refusal_of(const beast::error_code& error, std::size_t header_max, std::size_t body_max) {
    using beast::http::error;
    if (error == error::header_limit || error == error::buffer_overflow) {
        return {431, Error{Errc::too_large,
                           "the request's head is over " + std::to_string(header_max) + " bytes",
                           {}}};
    }
    if (error == error::body_limit) {
        return {413, Error{Errc::too_large,
                           "the request's body is over " + std::to_string(body_max) + " bytes",
                           {}}};
    }
    if (error == error::bad_version) {
        return {505, Error{Errc::unsupported, "only HTTP/1.1 and HTTP/1.0 are spoken here", {}}};
    }
    return {400, Error{Errc::invalid_argument, "this is no HTTP request: " + error.message(), {}}};
}

}  // namespace

struct RequestParser::State {
    Parser parser;
    std::size_t header_bytes_max;
    std::size_t body_bytes_max;
    std::size_t header_bytes = 0;
    bool began = false;
    bool head_said = false;
    bool waits = false;  // a part of a chunk's head is left, and the parser wants more
    std::string target;
    Fields headers;  // of the head alone: Beast adds trailers to them

    void keep_head();
    [[nodiscard]] std::expected<void, Refusal> check_head() const;
};

void RequestParser::State::keep_head() {
    target = text(parser.get().target());
    for (const auto& field : parser.get()) {
        headers.add(text(field.name_string()), text(field.value()));
    }
}

// What Beast does not look at.
std::expected<void, Refusal> RequestParser::State::check_head() const {
    const auto& message = parser.get();
    const auto hosts = message.count(beast::http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() == 11)) {
        return std::unexpected(
            Refusal{400, Error{Errc::invalid_argument, "a request names one Host", "Host"}});
    }
    const auto expect = message.find(beast::http::field::expect);
    if (expect != message.end() && !same_name(text(expect->value()), "100-continue")) {
        return std::unexpected(
            Refusal{417, Error{Errc::unsupported, "only 100-continue can be expected", "Expect"}});
    }
    if (message.count(beast::http::field::transfer_encoding) > 0 &&
        (!parser.chunked() || message.count(beast::http::field::content_length) > 0 ||
         message.version() != 11)) {
        return std::unexpected(
            Refusal{400, Error{Errc::invalid_argument, "the length of the body is ambiguous",
                               "Transfer-Encoding"}});
    }
    return {};
}

RequestParser::RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max)
    : state_(std::make_unique<State>()) {
    state_->header_bytes_max = header_bytes_max;
    state_->body_bytes_max = body_bytes_max;
    state_->parser.header_limit(static_cast<std::uint32_t>(header_bytes_max));
    state_->parser.body_limit(body_bytes_max);
}

RequestParser::~RequestParser() = default;

std::expected<RequestParser::Progress, Refusal> RequestParser::feed(std::string& bytes) {
    Parser& parser = state_->parser;
    state_->began = state_->began || !bytes.empty();
    // Beast 1.81 asserts that the last chunk, once begun, comes with at least these bytes, which a
    // network does not know of ("0\r\n" and then one byte more). No chunk's head with what must
    // follow it is shorter, so nothing is lost by waiting.
    constexpr std::size_t last_chunk_bytes = 5;
    if (state_->waits && bytes.size() < last_chunk_bytes) return Progress::needs_bytes;
    while (!parser.is_done() && !bytes.empty()) {
        beast::error_code error;
        const std::size_t used =
            parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
        bytes.erase(0, used);
        if (error == beast::http::error::need_more) break;
        if (error) {
            if (!state_->head_said) state_->keep_head();
            return std::unexpected(
                refusal_of(error, state_->header_bytes_max, state_->body_bytes_max));
        }
        if (parser.is_header_done() && !state_->head_said) break;
        if (used == 0) break;
    }
    if (parser.is_header_done() && !state_->head_said) {
        state_->head_said = true;
        state_->keep_head();
        parser.eager(true);
        if (auto checked = state_->check_head(); !checked) return std::unexpected(checked.error());
        return Progress::head;
    }
    state_->waits = parser.is_header_done() && !parser.is_done() && !bytes.empty();
    return parser.is_done() ? Progress::done : Progress::needs_bytes;
}

bool RequestParser::began() const {
    return state_->began;
}

bool RequestParser::keeps_alive() const {
    return state_->parser.is_header_done() && state_->parser.keep_alive();
}

bool RequestParser::is_http_1_1() const {
    return !state_->parser.is_header_done() || state_->parser.get().version() == 11;
}

bool RequestParser::expects_continue() const {
    return is_http_1_1() && !state_->parser.is_done() &&
           state_->parser.get().count(beast::http::field::expect) > 0;
}

const std::string& RequestParser::target() const {
    return state_->target;
}

Request RequestParser::take() {
    auto& message = state_->parser.get();
    Request out;
    out.method = text(message.method_string());
    out.headers = std::move(state_->headers);
    out.body = std::move(message.body());
    return out;
}

}  // namespace muster::http
