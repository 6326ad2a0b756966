#include "api.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A coordinator that does not answer within this is said to be away.
constexpr auto call_deadline = 60s;

Result<json> parsed(const http::Response& response) {
    json body = json::parse(response.body, nullptr, false);
    if (response.status < 400) {
        if (response.body.empty()) return json::object();
        if (body.is_discarded()) return fail(Errc::internal, "the answer is not JSON");
        return body;
    }
    if (body.is_object() && body.contains("detail")) {
        return fail(from_name(body.value("code", "internal")), body.value("detail", ""),
                    body.value("field", ""));
    }
    return fail(Errc::internal, "the coordinator answered " + std::to_string(response.status));
}

asio::awaitable<void> type_into(std::shared_ptr<http::WebSocketClient> socket,
                                std::shared_ptr<asio::posix::stream_descriptor> input) {
    std::array<char, 4096> buffer{};
    while (true) {
        boost::system::error_code error;
        const std::size_t n = co_await input->async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
        const auto sent = co_await socket->send(std::string(buffer.data(), n));
        if (!sent) co_return;
    }
}

asio::awaitable<Result<void>> read_all(http::Client& client, http::ClientRequest request,
                                       const std::function<void(std::string_view)>& sink) {
    auto body = co_await client.open(std::move(request), call_deadline);
    if (!body) co_return std::unexpected(body.error());
    http::Response head = (*body)->head();
    while (true) {
        auto piece = co_await (*body)->read(0ms);
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) break;
        if (head.status < 400) {
            sink(*piece);
        } else {
            head.body += *piece;
        }
    }
    if (head.status < 400) co_return Result<void>();
    co_return std::unexpected(parsed(head).error());
}

}  // namespace

Api::Api(http::Endpoint endpoint, std::string token)
    : endpoint_(std::move(endpoint)),
      token_(std::move(token)),
      client_(std::make_unique<http::Client>(context_.get_executor(), endpoint_)) {}

Api::~Api() = default;

template <typename T>
T Api::run(asio::awaitable<T> work) {
    std::optional<T> out;
    asio::co_spawn(context_, std::move(work), [&out](std::exception_ptr error, T value) {
        if (error) std::rethrow_exception(error);
        out.emplace(std::move(value));
    });
    context_.restart();
    while (!out && context_.run_one() > 0) {
    }
    return out ? std::move(*out) : T(fail(Errc::internal, "the call ended without an answer"));
}

http::Fields Api::headers() const {
    http::Fields fields;
    if (!token_.empty()) fields.set("Authorization", "Bearer " + token_);
    return fields;
}

Result<json> Api::get(const std::string& path) {
    auto response = run(client_->send({"GET", path, headers(), ""}, call_deadline));
    if (!response) return std::unexpected(response.error());
    return parsed(*response);
}

Result<json> Api::post(const std::string& path, const json& body) {
    auto fields = headers();
    fields.set("Content-Type", "application/json");
    auto response = run(client_->send({"POST", path, fields, body.dump()}, call_deadline));
    if (!response) return std::unexpected(response.error());
    return parsed(*response);
}

Result<json> Api::patch(const std::string& path, const json& body, const std::string& version) {
    auto fields = headers();
    fields.set("Content-Type", "application/merge-patch+json");
    if (!version.empty()) fields.set("If-Match", "\"" + version + "\"");
    auto response = run(client_->send({"PATCH", path, fields, body.dump()}, call_deadline));
    if (!response) return std::unexpected(response.error());
    return parsed(*response);
}

Result<json> Api::remove(const std::string& path) {
    auto response = run(client_->send({"DELETE", path, headers(), ""}, call_deadline));
    if (!response) return std::unexpected(response.error());
    return parsed(*response);
}

Result<std::string> Api::send(std::string method, std::string path, std::string body,
                              std::string content_type) {
    auto fields = headers();
    if (!content_type.empty()) fields.set("Content-Type", std::move(content_type));
    http::ClientRequest request{std::move(method), std::move(path), std::move(fields),
                                std::move(body)};
    auto response = run(client_->send(std::move(request), call_deadline));
    if (!response) return std::unexpected(response.error());
    if (response->status >= 400) return std::unexpected(parsed(*response).error());
    return response->body;
}

Result<std::vector<json>> Api::list(const std::string& path) {
    std::vector<json> items;
    std::string cursor;
    while (true) {
        std::string target = path + (path.contains('?') ? "&" : "?") + "limit=500";
        if (!cursor.empty()) target += "&cursor=" + http::percent_encode(cursor);
        auto page = get(target);
        if (!page) return std::unexpected(page.error());
        for (json& item : (*page)["items"]) items.push_back(std::move(item));
        const json& next = (*page)["next_cursor"];
        if (!next.is_string()) return items;
        cursor = next.get<std::string>();
    }
}

Result<void> Api::stream(const std::string& path,
                         const std::function<void(std::string_view)>& sink) {
    return run(read_all(*client_, {"GET", path, headers(), ""}, sink));
}

Result<void> Api::watch(const std::string& path,
                        const std::function<bool(std::string_view)>& sink) {
    auto socket = run(http::WebSocketClient::connect(context_.get_executor(), endpoint_, path,
                                                     headers(), call_deadline));
    if (!socket) return std::unexpected(socket.error());
    while (true) {
        auto message = run((*socket)->receive());
        if (!message) return std::unexpected(message.error());
        if (!sink(*message)) {
            (*socket)->close();
            return {};
        }
    }
}

Result<void> Api::converse(const std::string& path, int input,
                           const std::function<bool(std::string_view)>& sink, bool binary_prefix) {
    auto connected = run(http::WebSocketClient::connect(context_.get_executor(), endpoint_, path,
                                                        headers(), call_deadline));
    if (!connected) return std::unexpected(connected.error());
    const std::shared_ptr<http::WebSocketClient> socket = std::move(*connected);
    auto descriptor = std::make_shared<asio::posix::stream_descriptor>(context_);
    boost::system::error_code error;
    // A file cannot be polled; a console that is fed from one just shows what comes.
    descriptor->assign(::dup(input), error);
    if (!error) asio::co_spawn(context_, type_into(socket, descriptor), asio::detached);
    while (true) {
        auto message = run(socket->receive());
        if (!message) {
            descriptor->close(error);
            if (message.error().code == Errc::cancelled) return {};
            return std::unexpected(message.error());
        }
        std::string_view text = *message;
        if (binary_prefix && !text.empty() && (text.front() == 1 || text.front() == 2)) {
            text.remove_prefix(1);
        }
        if (!sink(text)) {
            descriptor->close(error);
            socket->close();
            return {};
        }
    }
}

}  // namespace muster::cli
