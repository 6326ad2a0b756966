#include <algorithm>

#include "engine.hpp"

namespace muster::runtime_process {
namespace {

using runtime::Artifact;
using runtime::ArtifactKind;
using runtime::PullProgress;

/// An image that is here needs no pull: it has ended at once.
class NothingToPull final : public runtime::Stream<PullProgress> {
  public:
    asio::awaitable<Result<std::optional<PullProgress>>> next() override {
        co_return std::optional<PullProgress>();
    }
    void close() override {}
};

std::unexpected<Error> no(const std::string& what) {
    return fail(Errc::unsupported, "the process runtime " + what);
}

/// A folder is an image when it says so or looks like a system; else it holds images, as in
/// "muster/valheim:1".
bool is_image(const fs::path& folder) {
    std::error_code none;
    return fs::exists(folder / "muster-image.json", none) || fs::exists(folder / "bin", none) ||
           fs::exists(folder / "usr", none);
}

void list_folder(const fs::path& folder, const std::string& prefix, std::vector<Artifact>& all) {
    constexpr std::size_t depth_max = 4;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code none;
        if (entry->is_symlink(none) || !entry->is_directory(none)) continue;
        const std::string name = prefix + entry->path().filename().string();
        if (!is_image(entry->path())) {
            const auto depth = static_cast<std::size_t>(std::ranges::count(name, '/'));
            if (depth < depth_max) list_folder(entry->path(), name + "/", all);
            continue;
        }
        Artifact image;
        image.id = name;
        image.names = {name};
        image.driver = "folder";
        const auto changed = fs::last_write_time(entry->path(), none);
        image.created_at =
            std::chrono::time_point_cast<milliseconds>(std::chrono::file_clock::to_sys(changed));
        all.push_back(std::move(image));
    }
}

std::vector<Artifact> list_images(const fs::path& folder) {
    std::vector<Artifact> all(1);
    all[0].id = "host";
    all[0].names = {"host"};
    all[0].driver = "host";
    list_folder(folder, "", all);
    return all;
}

class ProcessArtifacts final : public runtime::Artifacts {
  public:
    explicit ProcessArtifacts(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<std::vector<Artifact>>> list(ArtifactKind kind) override {
        if (kind != ArtifactKind::image) co_return std::vector<Artifact>();
        co_return list_images(engine_->options.images_dir);
    }
    asio::awaitable<Result<std::string>> create(Artifact) override {
        co_return no("has no volumes and networks");
    }
    asio::awaitable<Result<void>> remove(ArtifactKind, std::string) override {
        co_return no("has no volumes and networks, and leaves the folders of images alone");
    }
    asio::awaitable<Result<runtime::StreamPtr<PullProgress>>> pull(std::string image) override {
        if (engine_->image_folder(image)) co_return std::make_unique<NothingToPull>();
        co_return no("downloads no images: put the root file system of " + image + " into " +
                     (engine_->options.images_dir / image).string());
    }
    asio::awaitable<Result<bool>> has_image(std::string image) override {
        co_return engine_->image_folder(image).has_value();
    }
    asio::awaitable<Result<void>> connect(std::string, std::string, bool) override {
        co_return no("has no networks; servers use the host's");
    }

  private:
    EnginePtr engine_;
};

}  // namespace

std::unique_ptr<runtime::Artifacts> make_artifacts(EnginePtr engine) {
    return std::make_unique<ProcessArtifacts>(std::move(engine));
}

}  // namespace muster::runtime_process
