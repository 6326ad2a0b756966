#include <charconv>
#include <filesystem>

#include "house.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"

namespace muster::coordinator {
namespace {

asio::awaitable<Result<http::Answer>> list_audit(House& house, Call& call) {
    if (auto known = call.only({"after", "limit", "cursor"}); !known) {
        co_return std::unexpected(known.error());
    }
    const auto limit = call.limit();
    if (!limit) co_return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) co_return std::unexpected(cursor.error());
    const auto text = cursor->empty() ? call.query("after") : *cursor;
    std::int64_t after = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, after);
    if (!text.empty() && (error != std::errc{} || stop != end || after < 0)) {
        co_return fail(Errc::invalid_argument, "it must be a sequence number",
                       cursor->empty() ? "after" : "cursor");
    }
    auto page = co_await house.audit.read(after, *limit);
    if (!page.items) co_return std::unexpected(page.items.error());
    for (auto& item : *page.items) {
        // Beside the entry: its hash covers what was noted, and names may be given anew.
        if (item.is_object()) item["by_name"] = house.tokens.name_of(item.value("by", ""));
    }
    const bool is_last = page.count < *limit || page.last >= house.audit.last_sequence();
    co_return http::Answer(list_response(*std::move(page.items),
                                         is_last ? std::string() : std::to_string(page.last), 0));
}

asio::awaitable<Result<http::Answer>> verify_audit(House& house) {
    const auto verdict = co_await house.audit.verify();
    if (!verdict) co_return std::unexpected(verdict.error());
    Json first_bad = nullptr;
    if (verdict->first_bad) first_bad = *verdict->first_bad;
    co_return http::Answer(json_response(200, Json{{"valid", verdict->valid},
                                                   {"entries", verdict->entries},
                                                   {"first_bad", std::move(first_bad)}}));
}

asio::awaitable<Result<http::Answer>> backup(House& house, Call& call) {
    const auto folder = house.options.data_dir / "backups";
    std::string time = to_rfc3339(house.clock.now());
    std::erase_if(time, [](char c) { return c == ':' || c == '-' || c == '.'; });
    const auto file = folder / ("muster-" + time + "-" + random_text(4) + ".db");
    auto done = std::make_shared<Result<std::uintmax_t>>(std::uintmax_t{0});
    co_await house.ledger.on_writer([folder, file, done](store::Store& store) {
        if (auto made = make_folder(folder, 0700); !made) {
            *done = std::unexpected(made.error());
            return;
        }
        if (auto copied = store.backup(file); !copied) {
            *done = std::unexpected(copied.error());
            return;
        }
        std::error_code error;
        *done = std::filesystem::file_size(file, error);
        if (error) *done = fail(Errc::internal, "the copy cannot be read: " + error.message());
    });
    if (!*done) co_return std::unexpected(done->error());
    call.audit_detail = Json{{"path", file.string()}};
    co_return http::Answer(
        json_response(201, Json{{"path", file.string()}, {"size_bytes", **done}}));
}

}  // namespace

void add_audit_api(Routes& routes, House& house) {
    routes.get_later("/api/v1/audit", Access::admin,
                     [&house](Call& call) { return list_audit(house, call); });
    routes.get_later("/api/v1/audit/verify", Access::admin,
                     [&house](Call&) { return verify_audit(house); });
    routes.change_later("POST", "/api/v1/backup", Access::admin, "store.backup",
                        [&house](Call& call) { return backup(house, call); });
}

}  // namespace muster::coordinator
