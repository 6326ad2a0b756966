#include "peon_stops.hpp"

#include <algorithm>
#include <memory>

#include "api.hpp"
#include "muster/base/file.hpp"
#include "worker.hpp"

namespace muster::faces {
namespace {

// The clock may be set meanwhile: it is looked at again after so long.
constexpr std::chrono::milliseconds look_again{30'000};
constexpr std::size_t file_bytes_max = 4U << 20U;

}  // namespace

PeonStops::PeonStops(asio::any_io_executor executor, asio::thread_pool& pool, const Clock& clock,
                     std::filesystem::path file)
    : executor_(executor),
      pool_(pool),
      clock_(clock),
      file_(std::move(file)),
      changed_(executor),
      saved_(executor) {}

Result<void> PeonStops::load() {
    auto text = read_file(file_, file_bytes_max);
    if (!text) {
        if (text.error().code == Errc::not_found) return {};
        return std::unexpected(text.error());
    }
    const auto all = parse_object(*text);
    if (!all) return fail(Errc::internal, file_.string() + ": " + all.error().message);
    for (const auto& [server_id, one] : all->items()) {
        const auto at = from_rfc3339(text_of(one, "at"));
        if (!at || stops_.size() >= count_max) continue;
        stops_[server_id] = Stop{*at, text_of(one, "token_id")};
    }
    return {};
}

asio::awaitable<Result<void>> PeonStops::save() {
    is_stale_ = true;
    // One writer at a time; whoever waits finds that the last one has written for it, or writes.
    while (is_saving_) co_await saved_.wait();
    if (!is_stale_) co_return Result<void>{};
    is_stale_ = false;
    is_saving_ = true;
    Json all = Json::object();
    for (const auto& [server_id, stop] : stops_) {
        all[server_id] = Json{{"at", to_rfc3339(stop.at)}, {"token_id", stop.token_id}};
    }
    const auto how = std::make_shared<Result<void>>();
    const auto write = [how, file = file_, text = to_text(all)] {
        *how = write_file(file, text, 0600);
    };
    try {
        co_await run_on(pool_, write);
    } catch (...) {
        is_saving_ = false;
        is_stale_ = true;
        saved_.ring();
        throw;
    }
    is_saving_ = false;
    if (!*how) is_stale_ = true;
    saved_.ring();
    co_return *how;
}

asio::awaitable<Result<void>> PeonStops::set(std::string server_id, Stop stop) {
    if (!stops_.contains(server_id) && stops_.size() >= count_max) {
        co_return fail(Errc::exhausted,
                       "there are " + std::to_string(count_max) + " pending stops already");
    }
    stops_[server_id] = std::move(stop);
    changed_.ring();
    co_return co_await save();
}

asio::awaitable<void> PeonStops::forget(std::string server_id) {
    if (stops_.erase(server_id) == 0) co_return;
    changed_.ring();
    // If it cannot be written now, it is with the next change; the stop of a server that is gone or
    // stopped does no harm.
    static_cast<void>(co_await save());
}

std::optional<Timestamp> PeonStops::of(const std::string& server_id) const {
    const auto found = stops_.find(server_id);
    if (found == stops_.end()) return std::nullopt;
    return found->second.at;
}

std::vector<std::string> PeonStops::due() const {
    std::vector<std::string> out;
    const auto now = clock_.now();
    for (const auto& [server_id, stop] : stops_) {
        if (stop.at <= now) out.push_back(server_id);
    }
    return out;
}

std::chrono::milliseconds PeonStops::until_next() const {
    auto out = look_again;
    const auto now = clock_.now();
    for (const auto& [server_id, stop] : stops_) {
        out = std::min(out, std::chrono::milliseconds(stop.at - now));
    }
    return std::max(out, std::chrono::milliseconds(1));
}

asio::awaitable<void> PeonStops::run(Act act) {
    while (!is_stopping_) {
        for (const auto& server_id : due()) {
            const auto found = stops_.find(server_id);
            if (found == stops_.end() || is_stopping_) continue;
            const auto begun = found->second;
            const auto done = co_await act(server_id, begun.token_id);
            const auto after = stops_.find(server_id);
            // It may have been replaced meanwhile.
            if (after == stops_.end() || after->second.at != begun.at) continue;
            if (done == Done::later && begun.tries < tries_max) {
                after->second.at = clock_.now() + retry;
                after->second.tries = begun.tries + 1;
            } else {
                co_await forget(server_id);
            }
        }
        if (is_stopping_) break;
        co_await changed_.wait(until_next());
    }
}

void PeonStops::stop() {
    is_stopping_ = true;
    changed_.ring();
}

}  // namespace muster::faces
