#include "engine.hpp"

#include <charconv>

#include "decode.hpp"
#include "muster/http/url.hpp"
#include "muster/runtime_docker/docker.hpp"

namespace muster::runtime_docker {
namespace {

struct ApiVersion {
    int major = 0;
    int minor = 0;
    auto operator<=>(const ApiVersion&) const = default;
};

constexpr ApiVersion wanted{1, 41};
constexpr ApiVersion oldest_spoken{1, 40};

std::optional<ApiVersion> parse_version(std::string_view text) {
    ApiVersion version;
    const auto* const end = text.data() + text.size();
    const auto [dot, major_error] = std::from_chars(text.data(), end, version.major);
    if (major_error != std::errc{} || dot == end || *dot != '.') return std::nullopt;
    const auto [last, minor_error] = std::from_chars(dot + 1, end, version.minor);
    if (minor_error != std::errc{} || last != end) return std::nullopt;
    return version;
}

/// Reads a refusal's text, of which only the beginning matters.
asio::awaitable<Error> refusal(std::unique_ptr<http::IncomingBody> body, milliseconds deadline) {
    constexpr std::size_t text_bytes_max = 64U << 10U;
    std::string text;
    while (text.size() < text_bytes_max) {
        auto piece = co_await body->read(deadline);
        if (!piece || piece->empty()) break;
        text += *piece;
    }
    co_return decode_error(body->head().status, text);
}

class DockerRuntime final : public runtime::Runtime {
  public:
    explicit DockerRuntime(EnginePtr engine)
        : engine_(engine),
          instances_(make_instances(engine)),
          streams_(make_streams(engine)),
          artifacts_(make_artifacts(engine)),
          archives_(make_archives(engine)) {}
    asio::awaitable<Result<runtime::EngineFacts>> facts() override {
        return Engine::facts(engine_);
    }
    runtime::Instances& instances() override { return *instances_; }
    runtime::Streams& streams() override { return *streams_; }
    runtime::Artifacts& artifacts() override { return *artifacts_; }
    runtime::Archives& archives() override { return *archives_; }

  private:
    EnginePtr engine_;
    std::unique_ptr<runtime::Instances> instances_;
    std::unique_ptr<runtime::Streams> streams_;
    std::unique_ptr<runtime::Artifacts> artifacts_;
    std::unique_ptr<runtime::Archives> archives_;
};

}  // namespace

Result<std::string> choose_version(std::string_view oldest, std::string_view newest) {
    const auto most = parse_version(newest);
    if (!most) return fail(Errc::unsupported, "what answers there is no Docker Engine");
    if (*most < oldest_spoken) {
        return fail(Errc::unsupported, "the engine speaks the API only up to " +
                                           std::string(newest) + "; 1.40 or newer is needed");
    }
    const auto least = parse_version(oldest).value_or(ApiVersion{1, 12});
    const auto chosen = std::max(std::min(wanted, *most), least);
    return "/v" + std::to_string(chosen.major) + "." + std::to_string(chosen.minor);
}

asio::awaitable<Result<runtime::EngineFacts>> Engine::facts(EnginePtr self) {
    http::ClientRequest request;
    request.target = "/version";
    auto answer = co_await self->client_.send(std::move(request), call_deadline);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status != 200)
        co_return std::unexpected(decode_error(answer->status, answer->body));
    auto json = parse_json(answer->body);
    if (!json) co_return std::unexpected(json.error());
    auto prefix = choose_version(text_at(*json, {"MinAPIVersion"}), text_at(*json, {"ApiVersion"}));
    if (!prefix) co_return std::unexpected(prefix.error());
    self->prefix_ = *prefix;
    self->facts_.kind = "docker";
    self->facts_.version = text_at(*json, {"Version"});
    self->facts_.api_version = self->prefix_.substr(2);
    co_return self->facts_;
}

asio::awaitable<Result<std::string>> Engine::version_prefix(EnginePtr self) {
    if (self->prefix_.empty()) {
        auto known = co_await facts(self);
        if (!known) co_return std::unexpected(known.error());
    }
    co_return self->prefix_;
}

asio::awaitable<Result<http::ClientRequest>> Engine::prepare(EnginePtr self, Request request) {
    auto prefix = co_await version_prefix(self);
    if (!prefix) co_return std::unexpected(prefix.error());
    http::ClientRequest out;
    out.method = std::move(request.method);
    out.target = *prefix + request.path;
    if (request.body) {
        out.headers.add("Content-Type", "application/json");
        out.body = dump(*request.body);
    }
    co_return out;
}

asio::awaitable<Result<std::string>> Engine::call(EnginePtr self, Request request) {
    const auto deadline = request.deadline;
    auto prepared = co_await prepare(self, std::move(request));
    if (!prepared) co_return std::unexpected(prepared.error());
    auto answer = co_await self->client_.send(std::move(*prepared), deadline);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status >= 400)
        co_return std::unexpected(decode_error(answer->status, answer->body));
    co_return std::move(answer->body);
}

asio::awaitable<Result<Json>> Engine::call_json(EnginePtr self, Request request) {
    auto body = co_await call(self, std::move(request));
    if (!body) co_return std::unexpected(body.error());
    co_return parse_json(*body);
}

asio::awaitable<Result<std::unique_ptr<http::IncomingBody>>> Engine::open(EnginePtr self,
                                                                          Request request) {
    const auto deadline = request.deadline;
    auto prepared = co_await prepare(self, std::move(request));
    if (!prepared) co_return std::unexpected(prepared.error());
    auto body = co_await self->client_.open(std::move(*prepared), deadline);
    if (!body || (*body)->head().status < 400) co_return body;
    auto error = co_await refusal(std::move(*body), deadline);
    co_return std::unexpected(std::move(error));
}

asio::awaitable<Result<void>> Engine::upload(EnginePtr self, Request request,
                                             http::BodySource source) {
    const auto deadline = request.deadline;
    auto prepared = co_await prepare(self, std::move(request));
    if (!prepared) co_return std::unexpected(prepared.error());
    prepared->headers.add("Content-Type", "application/x-tar");
    auto body = co_await self->client_.upload(std::move(*prepared), std::move(source), deadline);
    if (!body) co_return std::unexpected(body.error());
    if ((*body)->head().status < 400) co_return Result<void>{};
    auto error = co_await refusal(std::move(*body), deadline);
    co_return std::unexpected(std::move(error));
}

asio::awaitable<Result<std::unique_ptr<http::RawConnection>>> Engine::upgrade(EnginePtr self,
                                                                              Request request) {
    const auto deadline = request.deadline;
    auto prepared = co_await prepare(self, std::move(request));
    if (!prepared) co_return std::unexpected(prepared.error());
    auto raw = co_await self->client_.upgrade(std::move(*prepared), deadline);
    if (raw) co_return raw;
    // The client hands the body's text over as it came; ours is JSON with a message in it.
    auto error = raw.error();
    const auto json = parse_json(error.message);
    if (json && !text_at(*json, {"message"}).empty()) error.message = text_at(*json, {"message"});
    co_return std::unexpected(std::move(error));
}

asio::awaitable<Result<Json>> Engine::inspect(EnginePtr self, std::string id) {
    Request request;
    request.path = container_path(id, "/json");
    co_return co_await call_json(self, std::move(request));
}

std::string container_path(const std::string& id, std::string_view rest) {
    return "/containers/" + http::percent_encode(id) + std::string(rest);
}

std::string image_path(const std::string& name, std::string_view rest) {
    std::string path = "/images/";
    for (const char c : name) {
        path += c == '/' || c == ':' ? std::string(1, c)
                                     : http::percent_encode(std::string_view(&c, 1));
    }
    return path + std::string(rest);
}

std::string unix_time(Timestamp time) {
    const auto all = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
    auto thousandths = std::to_string(all % 1000);
    thousandths.insert(0, 3 - thousandths.size(), '0');
    return std::to_string(all / 1000) + "." + thousandths + "000000";
}

Result<std::unique_ptr<runtime::Runtime>> open(asio::any_io_executor executor, Options options) {
    auto endpoint = http::Endpoint::parse(options.base_url, options.ca_pem);
    if (!endpoint) {
        return fail(Errc::invalid_argument, endpoint.error().message, "docker.base_url");
    }
    if (auto* tls = std::get_if<http::Endpoint::Tls>(&endpoint->at)) {
        tls->certificate_pem = std::move(options.certificate_pem);
        tls->private_key_pem = std::move(options.private_key_pem);
    }
    auto engine = std::make_shared<Engine>(std::move(executor), std::move(*endpoint));
    return std::make_unique<DockerRuntime>(std::move(engine));
}

}  // namespace muster::runtime_docker
