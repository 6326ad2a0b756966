#include "body_stream.hpp"
#include "decode.hpp"
#include "engine.hpp"
#include "muster/http/url.hpp"

namespace muster::runtime_docker {
namespace {

using runtime::Artifact;
using runtime::ArtifactKind;
using runtime::PullProgress;
using runtime::StreamPtr;

class DockerArtifacts final : public runtime::Artifacts {
  public:
    explicit DockerArtifacts(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<std::vector<Artifact>>> list(ArtifactKind kind) override {
        auto engine = engine_;
        Request request;
        request.path = kind == ArtifactKind::image    ? "/images/json"
                       : kind == ArtifactKind::volume ? "/volumes"
                                                      : "/networks";
        auto json = co_await Engine::call_json(engine, std::move(request));
        if (!json) co_return std::unexpected(json.error());
        const auto& entries = kind == ArtifactKind::volume ? at(*json, {"Volumes"}) : *json;
        std::vector<Artifact> all;
        for (const auto& entry : entries) {
            all.push_back(kind == ArtifactKind::image    ? decode_image(entry)
                          : kind == ArtifactKind::volume ? decode_volume(entry)
                                                         : decode_network(entry));
        }
        co_return all;
    }

    asio::awaitable<Result<std::string>> create(Artifact wanted) override {
        if (wanted.kind == ArtifactKind::image) {
            co_return fail(Errc::invalid_argument, "an image is pulled, not created", "kind");
        }
        auto engine = engine_;
        const bool volume = wanted.kind == ArtifactKind::volume;
        Json body;
        if (!wanted.names.empty()) body["Name"] = wanted.names.front();
        if (!wanted.driver.empty()) body["Driver"] = wanted.driver;
        body["Labels"] = wanted.labels;
        if (!volume) body["CheckDuplicate"] = true;
        Request request;
        request.method = "POST";
        request.path = volume ? "/volumes/create" : "/networks/create";
        request.body = std::move(body);
        auto json = co_await Engine::call_json(engine, std::move(request));
        if (!json) co_return std::unexpected(json.error());
        co_return text_at(*json, {volume ? "Name" : "Id"});
    }

    asio::awaitable<Result<void>> remove(ArtifactKind kind, std::string id) override {
        auto engine = engine_;
        Request request;
        request.method = "DELETE";
        request.path = kind == ArtifactKind::image    ? image_path(id)
                       : kind == ArtifactKind::volume ? "/volumes/" + http::percent_encode(id)
                                                      : "/networks/" + http::percent_encode(id);
        auto answer = co_await Engine::call(engine, std::move(request));
        if (answer || answer.error().code == Errc::not_found) co_return Result<void>{};
        co_return std::unexpected(answer.error());
    }

    asio::awaitable<Result<StreamPtr<PullProgress>>> pull(std::string image) override {
        auto engine = engine_;
        Request request;
        request.method = "POST";
        request.path = "/images/create?fromImage=" + http::percent_encode(with_tag(image));
        auto body = co_await Engine::open(engine, std::move(request));
        if (!body) co_return std::unexpected(body.error());
        auto sums = std::make_shared<PullDecoder>();
        using Batch = BodyStream<PullProgress>::Batch;
        const auto one = [sums](const Json& json, Batch& batch) -> std::optional<Error> {
            auto progress = sums->feed(json);
            if (!progress) return progress.error();
            batch.values.push_back(std::move(*progress));
            return std::nullopt;
        };
        co_return std::make_unique<BodyStream<PullProgress>>(std::move(*body),
                                                             json_lines<PullProgress>(one));
    }

    asio::awaitable<Result<bool>> has_image(std::string image) override {
        auto engine = engine_;
        Request request;
        request.path = image_path(image, "/json");
        auto json = co_await Engine::call_json(engine, std::move(request));
        if (json) co_return true;
        if (json.error().code == Errc::not_found) co_return false;
        co_return std::unexpected(json.error());
    }

    asio::awaitable<Result<void>> connect(std::string network, std::string instance,
                                          bool attached) override {
        auto engine = engine_;
        const auto path = "/networks/" + http::percent_encode(network);
        // For an instance that stands the engine takes any name, and fails when it starts.
        Request exists;
        exists.path = path;
        auto known = co_await Engine::call(engine, std::move(exists));
        if (!known) co_return std::unexpected(known.error());
        Request request;
        request.method = "POST";
        request.path = path + (attached ? "/connect" : "/disconnect");
        request.body = Json{{"Container", instance}};
        auto answer = co_await Engine::call(engine, std::move(request));
        if (!answer) co_return std::unexpected(answer.error());
        co_return Result<void>{};
    }

  private:
    EnginePtr engine_;
};

asio::awaitable<Result<std::string>> next_piece(
    std::shared_ptr<runtime::Stream<std::string>> stream) {
    for (;;) {
        auto piece = co_await stream->next();
        if (!piece) co_return std::unexpected(piece.error());
        if (!*piece) co_return std::string();
        // An empty piece would end the upload before its time.
        if (!(*piece)->empty()) co_return std::move(**piece);
    }
}

class DockerArchives final : public runtime::Archives {
  public:
    explicit DockerArchives(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<StreamPtr<std::string>>> get(std::string id, std::string path) override {
        auto engine = engine_;
        Request request;
        request.path = container_path(id, "/archive?path=" + http::percent_encode(path));
        auto body = co_await Engine::open(engine, std::move(request));
        if (!body) co_return std::unexpected(body.error());
        using Batch = BodyStream<std::string>::Batch;
        co_return std::make_unique<BodyStream<std::string>>(
            std::move(*body), [](std::string_view bytes, bool at_end) -> Result<Batch> {
                Batch batch;
                if (!at_end) batch.values.emplace_back(bytes);
                return batch;
            });
    }

    asio::awaitable<Result<void>> put(std::string id, std::string path,
                                      StreamPtr<std::string> tar) override {
        auto engine = engine_;
        Request request;
        request.method = "PUT";
        request.path = container_path(id, "/archive?path=" + http::percent_encode(path));
        std::shared_ptr<runtime::Stream<std::string>> source = std::move(tar);
        http::BodySource pieces = [source] { return next_piece(source); };
        co_return co_await Engine::upload(engine, std::move(request), std::move(pieces));
    }

  private:
    EnginePtr engine_;
};

}  // namespace

std::unique_ptr<runtime::Artifacts> make_artifacts(EnginePtr engine) {
    return std::make_unique<DockerArtifacts>(std::move(engine));
}
std::unique_ptr<runtime::Archives> make_archives(EnginePtr engine) {
    return std::make_unique<DockerArchives>(std::move(engine));
}

}  // namespace muster::runtime_docker
