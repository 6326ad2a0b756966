#include "client_response.hpp"

#include <boost/beast/http/basic_parser.hpp>

namespace muster::http {
namespace {

namespace beast = boost::beast;
using beast::string_view;
using boost::system::error_code;

/// Beast's parser with our own ends: header fields and body bytes go where the caller said.
class Parser final : public beast::http::basic_parser<false> {
  public:
    Parser(Response* head, std::string* body) : head_(head), body_(body) {
        eager(true);
        body_limit(boost::none);
        header_limit(ResponseReader::header_bytes_max);
    }

  private:
    void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int code, string_view, int, error_code& error) override {
        error = {};
        head_->status = code;
    }
    void on_field_impl(beast::http::field, string_view name, string_view value,
                       error_code& error) override {
        error = {};
        head_->headers.add(std::string(name), std::string(value));
    }
    void on_header_impl(error_code& error) override { error = {}; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& error) override {
        error = {};
    }
    std::size_t on_body_impl(string_view bytes, error_code& error) override {
        error = {};
        body_->append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code& error) override {
        error = {};
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& error) override {
        return on_body_impl(bytes, error);
    }
    void on_finish_impl(error_code& error) override { error = {}; }

    Response* head_;
    std::string* body_;
};

}  // namespace

struct ResponseReader::State {
    bool no_body = false;
    bool any = false;
    Response head;
    std::string body;
    std::string input;
    bool waits = false;  ///< the parser left a part of a chunk's head, and wants more
    std::unique_ptr<Parser> parser;

    void start() {
        head = {};
        head.status = 0;
        parser = std::make_unique<Parser>(&head, &body);
        if (no_body) parser->skip(true);
    }
};

ResponseReader::ResponseReader(bool no_body) : state_(std::make_unique<State>()) {
    state_->no_body = no_body;
    state_->start();
}
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;

Result<void> ResponseReader::feed(std::string_view bytes) {
    auto& s = *state_;
    s.any = s.any || !bytes.empty();
    s.input.append(bytes);
    // Beast 1.81 asserts that the last chunk, once begun, comes with at least these bytes, which a
    // network does not know of ("0\r\n" and then one byte more). No chunk's head with what must
    // follow it is shorter, so nothing is lost by waiting.
    constexpr std::size_t last_chunk_bytes = 5;
    if (s.waits && s.input.size() < last_chunk_bytes) return {};
    while (!s.input.empty() && !s.parser->is_done()) {
        error_code error;
        const auto used = s.parser->put(boost::asio::buffer(s.input), error);
        s.input.erase(0, used);
        if (error && error != beast::http::error::need_more) {
            return fail(Errc::unavailable, "the answer is not HTTP: " + error.message());
        }
        if (s.parser->is_done() && s.head.status / 100 == 1 && s.head.status != 101) {
            s.start();
            continue;
        }
        if (error || used == 0) break;
    }
    s.waits = s.parser->is_header_done() && !s.parser->is_done() && !s.input.empty();
    return {};
}

Result<void> ResponseReader::feed_end() {
    auto& s = *state_;
    if (s.parser->is_done()) return {};
    error_code error;
    if (s.parser->got_some()) s.parser->put_eof(error);
    if (error || !s.parser->is_done()) {
        return fail(Errc::unavailable, "the connection was cut before the end of the answer");
    }
    return {};
}

bool ResponseReader::has_head() const {
    return state_->parser->is_header_done();
}
bool ResponseReader::is_done() const {
    return state_->parser->is_done();
}
bool ResponseReader::keeps_alive() const {
    return state_->parser->is_done() && state_->parser->keep_alive() && state_->input.empty() &&
           state_->head.status != 101;
}
const Response& ResponseReader::head() const {
    return state_->head;
}
std::string ResponseReader::take_body() {
    return std::exchange(state_->body, {});
}
std::string ResponseReader::take_rest() {
    return std::exchange(state_->input, {});
}
bool ResponseReader::has_bytes() const {
    return state_->any;
}

}  // namespace muster::http
