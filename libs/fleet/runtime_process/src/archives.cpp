#include <fcntl.h>

#include "beneath.hpp"
#include "engine.hpp"
#include "root.hpp"
#include "tar.hpp"

namespace muster::runtime_process {
namespace {

/// An archive that comes in is kept in an unnamed file first: what reads it blocks.
constexpr std::int64_t archive_bytes_max = std::int64_t{64} << 30;

using PackerPtr = std::shared_ptr<Packer>;

class PackedStream final : public runtime::Stream<std::string> {
  public:
    PackedStream(EnginePtr engine, PackerPtr packer) : state_(std::make_shared<State>()) {
        state_->engine = std::move(engine);
        state_->packer = std::move(packer);
    }
    ~PackedStream() override { state_->closed = true; }
    PackedStream(const PackedStream&) = delete;
    PackedStream& operator=(const PackedStream&) = delete;

    asio::awaitable<Result<std::optional<std::string>>> next() override { return next(state_); }
    void close() override { state_->closed = true; }

  private:
    struct State {
        EnginePtr engine;
        PackerPtr packer;
        bool closed = false;
    };
    static asio::awaitable<Result<std::optional<std::string>>> next(std::shared_ptr<State> state) {
        if (state->closed) co_return fail(Errc::cancelled, "the stream was closed here");
        auto work = [packer = state->packer] { return packer->next(); };
        auto bytes = co_await blocking(state->engine, std::move(work));
        if (state->closed) co_return fail(Errc::cancelled, "the stream was closed here");
        if (!bytes) co_return std::unexpected(bytes.error());
        if (bytes->empty()) co_return std::optional<std::string>();
        co_return std::optional(std::move(*bytes));
    }

    std::shared_ptr<State> state_;
};

Result<PackerPtr> pack(const Store& store, const Record& record, const std::string& path) {
    auto place = place_of(store, record, path);
    if (!place) return std::unexpected(place.error());
    auto name = fs::path(path).lexically_normal();
    if (!name.has_filename()) name = name.parent_path();
    auto packer = Packer::open(std::move(place->base), place->path,
                               name.filename().empty() ? "." : name.filename());
    if (!packer) return std::unexpected(packer.error());
    return PackerPtr(std::move(*packer));
}

Result<void> keep(const std::shared_ptr<UniqueFd>& spool, const std::string& bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const auto written = ::write(spool->get(), bytes.data() + at, bytes.size() - at);
        if (written <= 0) return refused("cannot keep the archive", Errc::exhausted);
        at += static_cast<std::size_t>(written);
    }
    return {};
}

Result<void> unpack_into(const Store& store, const Record& record, const std::string& path,
                         int spool) {
    auto place = place_of(store, record, path);
    if (!place) return std::unexpected(place.error());
    if (!place->writable) {
        return fail(Errc::permission_denied, path + " is read-only for the server", "path");
    }
    auto folder = open_beneath(place->base.get(), place->path, O_RDONLY | O_DIRECTORY);
    if (!folder) return std::unexpected(folder.error());
    if (::lseek(spool, 0, SEEK_SET) != 0) return refused("cannot read the archive");
    return unpack(spool, folder->get(), {record.uid, record.gid});
}

class ProcessArchives final : public runtime::Archives {
  public:
    explicit ProcessArchives(EnginePtr engine) : engine_(std::move(engine)) {}

    asio::awaitable<Result<runtime::StreamPtr<std::string>>> get(std::string id,
                                                                 std::string path) override {
        return get(engine_, std::move(id), std::move(path));
    }
    asio::awaitable<Result<void>> put(std::string id, std::string path,
                                      runtime::StreamPtr<std::string> tar) override {
        return put(engine_, std::move(id), std::move(path), std::move(tar));
    }

  private:
    static asio::awaitable<Result<runtime::StreamPtr<std::string>>> get(EnginePtr engine,
                                                                        std::string id,
                                                                        std::string path) {
        auto record = engine->find(id);
        if (!record) co_return std::unexpected(record.error());
        auto work = [engine, known = *record, path] { return pack(engine->store, *known, path); };
        auto packer = co_await blocking(engine, std::move(work));
        if (!packer) co_return std::unexpected(packer.error());
        co_return std::make_unique<PackedStream>(engine, *packer);
    }

    static asio::awaitable<Result<void>> put(EnginePtr engine, std::string id, std::string path,
                                             runtime::StreamPtr<std::string> tar) {
        auto record = engine->find(id);
        if (!record) co_return std::unexpected(record.error());
        auto spool = std::make_shared<UniqueFd>(
            ::open(engine->store.dir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
        if (!*spool) co_return refused("cannot keep the archive", Errc::exhausted);
        for (std::int64_t size = 0;;) {
            auto bytes = co_await tar->next();
            if (!bytes) co_return std::unexpected(bytes.error());
            if (!*bytes) break;
            size += static_cast<std::int64_t>((*bytes)->size());
            if (size > archive_bytes_max)
                co_return fail(Errc::too_large, "the archive is too large");
            auto work = [spool, piece = std::move(**bytes)] { return keep(spool, piece); };
            auto kept = co_await blocking(engine, std::move(work));
            if (!kept) co_return kept;
        }
        auto work = [engine, known = *record, path, spool] {
            return unpack_into(engine->store, *known, path, spool->get());
        };
        co_return co_await blocking(engine, std::move(work));
    }

    EnginePtr engine_;
};

}  // namespace

std::unique_ptr<runtime::Archives> make_archives(EnginePtr engine) {
    return std::make_unique<ProcessArchives>(std::move(engine));
}

}  // namespace muster::runtime_process
