#include "audit.hpp"

#include <memory>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {

std::string Audit::hash_of(std::string_view previous, const Json& body) {
    // nlohmann keeps members sorted by name and writes no spaces: that is the canonical form.
    return sha256_hex(std::string(previous) + to_text(body));
}

Result<void> Audit::load(store::Store& store) {
    auto records = store.load(head_kind);
    if (!records) return std::unexpected(records.error());
    if (records->empty()) return {};
    auto head = parse_record(head_kind, records->front().id, records->front().body);
    if (!head) return std::unexpected(head.error());
    sequence_ = head->value("sequence", std::int64_t{0});
    head_ = head->value("hash", std::string(genesis));
    return {};
}

void Audit::note(std::string by, std::string action, std::string object, Json detail) {
    if (to_text(detail).size() > detail_bytes_max) detail = Json::object({{"cut", true}});
    ++sequence_;
    Json body{{"sequence", sequence_},     {"time", to_rfc3339(clock_.now())},
              {"by", to_utf8(by)},         {"action", std::move(action)},
              {"object", to_utf8(object)}, {"detail", Json::parse(to_text(detail))}};
    head_ = hash_of(head_, body);
    body["hash"] = head_;
    store::Entry entry;
    entry.sequence = sequence_;
    entry.body = to_text(body);
    ledger_.append(std::move(entry));
    const Json head{{"sequence", sequence_}, {"hash", head_}};
    ledger_.put(std::string(head_kind), "head", head.dump());
}

asio::awaitable<Audit::Page> Audit::read(std::int64_t after, std::size_t limit) {
    auto page = std::make_shared<Page>();
    co_await ledger_.on_writer([page, after, limit](store::Store& store) {
        auto entries = store.read_log(log, after, limit);
        if (!entries) {
            page->items = std::unexpected(entries.error());
            return;
        }
        for (const auto& entry : *entries) {
            auto body = parse_record(log, std::to_string(entry.sequence), entry.body);
            page->items->push_back(body ? *std::move(body) : Json(nullptr));
            page->last = entry.sequence;
            ++page->count;
        }
    });
    co_return std::move(*page);
}

asio::awaitable<Result<Audit::Verdict>> Audit::verify() {
    static constexpr std::size_t page_size = 1000;
    const std::int64_t last = sequence_;
    const std::string head = head_;
    // Entries that are still queued are part of the chain that is verified.
    if (auto settled = co_await ledger_.settled(); !settled) {
        co_return std::unexpected(settled.error());
    }
    Verdict verdict;
    std::string previous{genesis};
    while (verdict.entries < last) {
        const auto page = co_await read(verdict.entries, page_size);
        if (!page.items) co_return std::unexpected(page.items.error());
        if (page.count == 0) break;
        for (const Json& item : *page.items) {
            if (verdict.entries == last) break;
            const auto expected = verdict.entries + 1;
            Json body = item;
            std::string hash;
            if (body.is_object()) {
                hash = body.value("hash", std::string());
                body.erase("hash");
            }
            if (!body.is_object() || body.value("sequence", std::int64_t{0}) != expected ||
                hash != hash_of(previous, body)) {
                verdict.first_bad = expected;
                co_return verdict;
            }
            previous = hash;
            verdict.entries = expected;
        }
    }
    if (verdict.entries != last || previous != head) {
        verdict.first_bad = verdict.entries + (verdict.entries == last ? 0 : 1);
        co_return verdict;
    }
    verdict.valid = true;
    co_return verdict;
}

}  // namespace muster::coordinator
