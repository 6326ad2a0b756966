#include "api.hpp"

#include <algorithm>

#include "muster/coordinator/coordinator.hpp"
#include "waits.hpp"

namespace muster::faces {
namespace {

constexpr int depth_max = 32;

/// Reads a streamed answer until it ends, is enough, or time is over.
class Collector final : public http::BodyWriter {
  public:
    Collector(asio::any_io_executor executor, Patience patience)
        : never_(std::move(executor)), patience_(patience) {}

    asio::awaitable<Result<void>> write(std::string chunk) override {
        for (const char c : chunk) {
            if (text.size() >= patience_.bytes_max || lines_ >= patience_.lines_max) {
                co_return fail(Errc::cancelled, "it was enough");
            }
            text += c;
            if (c == '\n') ++lines_;
        }
        co_return Result<void>{};
    }
    asio::awaitable<void> closed() override { co_await never_.wait(patience_.limit); }

    std::string text;

  private:
    Bell never_;
    Patience patience_;
    std::size_t lines_ = 0;
};

}  // namespace

Error Reply::error() const {
    Error out;
    out.code = from_name(text_of(body, "code"));
    out.message = text_of(body, "detail");
    out.field = text_of(body, "field");
    if (out.message.empty()) out.message = std::string(http::reason_of(status));
    return out;
}

asio::awaitable<Reply> read_whole(asio::any_io_executor executor, http::Answer answer,
                                  Patience patience) {
    Reply out;
    if (auto* response = std::get_if<http::Response>(&answer)) {
        out.status = response->status;
        out.text = std::move(response->body);
        out.retry_after = std::string(response->headers.find("Retry-After").value_or(""));
    } else {
        auto& stream = std::get<http::StreamResponse>(answer);
        out.status = stream.status;
        Collector collector(executor, patience);
        // However it ended: what came is the answer.
        const auto how = co_await stream.body(collector);
        static_cast<void>(how);
        out.text = std::move(collector.text);
        co_return out;
    }
    out.body = Json::parse(out.text, nullptr, false);
    if (out.body.is_discarded()) out.body = nullptr;
    co_return out;
}

http::Request request_of(std::string method, const std::string& token, std::string remote_address,
                         const Json& body) {
    http::Request request;
    request.method = std::move(method);
    request.remote_address = std::move(remote_address);
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    if (!body.is_null()) {
        request.headers.set("Content-Type", "application/json");
        request.body = to_text(body);
    }
    return request;
}

asio::awaitable<Reply> Api::call(std::string method, std::string target, Json body,
                                 Patience patience) const {
    auto request = request_of(std::move(method), token_, remote_address_, body);
    auto answer = co_await coordinator_->call(std::move(request), std::move(target));
    co_return co_await read_whole(executor_, std::move(answer), patience);
}

std::string to_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> parse_object(std::string_view text) {
    int depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max) {
                return fail(Errc::invalid_argument, "the JSON is more than 32 levels deep");
            }
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    try {
        auto value = Json::parse(text);
        if (value.is_object()) return value;
        return fail(Errc::invalid_argument, "it must be a JSON object");
    } catch (const Json::parse_error& error) {
        // The library's text shows what was sent, which may be a secret.
        return fail(Errc::invalid_argument,
                    "it is not JSON: the mistake is at byte " + std::to_string(error.byte));
    } catch (const Json::exception&) {
        return fail(Errc::invalid_argument, "it is not JSON");
    }
}

std::string text_of(const Json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

http::Response json_answer(int status, const Json& body) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.headers.set("Cache-Control", "no-store");
    response.body = to_text(body);
    return response;
}

struct InnerSocket::Waiting {
    explicit Waiting(asio::any_io_executor executor) : bell(std::move(executor)) {}
    Bell bell;
};

InnerSocket::InnerSocket(asio::any_io_executor executor, std::function<bool(std::string)> hear)
    : waiting_(std::make_unique<Waiting>(std::move(executor))), hear_(std::move(hear)) {}
InnerSocket::~InnerSocket() = default;

asio::awaitable<Result<http::WebSocket::Message>> InnerSocket::receive() {
    while (!closed_) co_await waiting_->bell.wait();
    co_return fail(Errc::cancelled, "the socket is closed");
}

Result<void> InnerSocket::send(std::string data, bool /*binary*/) {
    if (closed_ || !hear_) return fail(Errc::cancelled, "the socket is closed");
    // What is told may end the hearing while it runs.
    const auto hear = hear_;
    if (hear(std::move(data))) return {};
    close(1013, "the reader is too slow");
    return fail(Errc::exhausted, "the reader is too slow");
}

void InnerSocket::close(unsigned code, std::string reason) {
    if (closed_) return;
    closed_ = true;
    code_ = code;
    reason_ = std::move(reason);
    waiting_->bell.ring();
}

}  // namespace muster::faces
