#include "fake_state.hpp"
#include "muster/runtime/test_tar.hpp"

namespace muster::runtime {
namespace {

using StatePtr = std::shared_ptr<FakeRuntime::State>;

class FakeArtifacts final : public Artifacts {
  public:
    explicit FakeArtifacts(StatePtr state) : state_(std::move(state)) {}

    asio::awaitable<Result<std::vector<Artifact>>> list(ArtifactKind kind) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "list_artifacts", "");
        if (!entered) co_return std::unexpected(entered.error());
        std::vector<Artifact> all;
        for (const auto& [id, artifact] : state->artifacts) {
            if (artifact.kind == kind) all.push_back(artifact);
        }
        if (kind != ArtifactKind::image) co_return all;
        for (const auto& [name, program] : state->images) {
            Artifact image;
            image.id = "sha256:" + name;
            image.names = {name};
            image.size_bytes = 1;
            all.push_back(std::move(image));
        }
        co_return all;
    }
    asio::awaitable<Result<std::string>> create(Artifact wanted) override {
        auto state = state_;
        const std::string name = wanted.names.empty() ? std::string() : wanted.names.front();
        auto entered = co_await FakeRuntime::State::enter(state, "create_artifact", name);
        if (!entered) co_return std::unexpected(entered.error());
        if (wanted.kind == ArtifactKind::image) {
            co_return fail(Errc::invalid_argument, "an image is pulled, not created", "kind");
        }
        wanted.id = wanted.kind == ArtifactKind::volume && !name.empty() ? name : state->new_id();
        if (wanted.names.empty()) wanted.names = {wanted.id};
        for (const auto& [id, other] : state->artifacts) {
            if (other.kind != wanted.kind || other.names != wanted.names) continue;
            // As the Engine does: a volume of that name is the one that was asked for.
            if (wanted.kind == ArtifactKind::volume) co_return id;
            co_return fail(Errc::conflict, "there is a network " + name + " already", "name");
        }
        const auto id = wanted.id;
        state->artifacts[id] = std::move(wanted);
        co_return id;
    }
    asio::awaitable<Result<void>> remove(ArtifactKind kind, std::string id) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "remove_artifact", id);
        if (!entered) co_return entered;
        if (kind == ArtifactKind::image) {
            state->images.erase(id.starts_with("sha256:") ? id.substr(7) : id);
        }
        std::erase_if(state->artifacts, [&](const auto& entry) {
            const auto& [known, artifact] = entry;
            return artifact.kind == kind && (known == id || artifact.names.front() == id);
        });
        co_return Result<void>{};
    }
    asio::awaitable<Result<StreamPtr<PullProgress>>> pull(std::string image) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "pull", image);
        if (!entered) co_return std::unexpected(entered.error());
        auto pipe = std::make_shared<Pipe<PullProgress>>(state->executor);
        const auto offered = state->registry.find(image);
        if (offered == state->registry.end()) {
            pipe->end(Error{Errc::not_found, "the registry knows no " + image, "image"});
        } else {
            pipe->push({50, 100, "Downloading"});
            pipe->push({100, 100, "Download complete"});
            pipe->end();
            state->images[image] = offered->second;
        }
        co_return std::make_unique<PipeStream<PullProgress>>(pipe);
    }
    asio::awaitable<Result<bool>> has_image(std::string image) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "has_image", image);
        if (!entered) co_return std::unexpected(entered.error());
        co_return state->images.contains(image);
    }
    asio::awaitable<Result<void>> connect(std::string network, std::string instance,
                                          bool attached) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(
            state, attached ? "connect" : "disconnect", instance);
        if (!entered) co_return entered;
        if (state->find(instance) == nullptr) co_return no_such_instance(instance);
        for (const auto& [id, artifact] : state->artifacts) {
            if (id == network || artifact.names.front() == network) co_return Result<void>{};
        }
        co_return fail(Errc::not_found, "there is no network " + network);
    }

  private:
    StatePtr state_;
};

class FakeArchives final : public Archives {
  public:
    explicit FakeArchives(StatePtr state) : state_(std::move(state)) {}

    asio::awaitable<Result<StreamPtr<std::string>>> get(std::string id, std::string path) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "get", id);
        if (!entered) co_return std::unexpected(entered.error());
        const auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        // As the Engine does: names in the archive begin with the last part of the path.
        const auto parent = path.rfind('/') + 1;
        std::map<std::string, std::string> files;
        for (const auto& [name, content] : instance->files) {
            if (name == path || name.starts_with(path + "/")) files[name.substr(parent)] = content;
        }
        if (files.empty()) co_return fail(Errc::not_found, "there is no " + path, "path");
        auto pipe = std::make_shared<Pipe<std::string>>(state->executor);
        pipe->push(write_tar(files));
        pipe->end();
        co_return std::make_unique<PipeStream<std::string>>(pipe);
    }
    asio::awaitable<Result<void>> put(std::string id, std::string path,
                                      StreamPtr<std::string> tar) override {
        auto state = state_;
        auto entered = co_await FakeRuntime::State::enter(state, "put", id);
        if (!entered) co_return entered;
        auto* instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        std::string bytes;
        for (;;) {
            auto piece = co_await tar->next();
            if (!piece) co_return std::unexpected(piece.error());
            if (!*piece) break;
            bytes += **piece;
        }
        instance = state->find(id);
        if (instance == nullptr) co_return no_such_instance(id);
        const auto folder = path.ends_with('/') ? path : path + "/";
        for (auto& [name, content] : read_tar(bytes)) instance->files[folder + name] = content;
        co_return Result<void>{};
    }

  private:
    StatePtr state_;
};

}  // namespace

std::unique_ptr<Artifacts> fake_artifacts(StatePtr state) {
    return std::make_unique<FakeArtifacts>(std::move(state));
}
std::unique_ptr<Archives> fake_archives(StatePtr state) {
    return std::make_unique<FakeArchives>(std::move(state));
}

}  // namespace muster::runtime
