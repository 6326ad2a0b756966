#include "idempotency.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {
namespace {

std::string digest_of(const http::Request& request) {
    std::string all;
    for (const auto& [name, value] : request.query) all += name + "=" + value + "&";
    return sha256_hex(all + "\n" + request.body);
}

/// What a client needs of a response besides its body.
constexpr std::array<std::string_view, 3> kept_headers{"Content-Type", "Location", "ETag"};

}  // namespace

Result<std::string> Idempotency::name_of(const http::Request& request, std::string_view token_id,
                                         std::string_view key) {
    const bool is_visible =
        std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
    if (key.empty() || key.size() > key_bytes_max || !is_visible) {
        return fail(Errc::invalid_argument, "it must be 1 to 255 visible characters",
                    "Idempotency-Key");
    }
    // Hashed, so that a record's id has one length and no characters of a stranger's choice.
    return sha256_hex(std::string(token_id) + "\n" + request.method + " " + request.path + "\n" +
                      std::string(key));
}

Result<void> Idempotency::load(store::Store& store) {
    auto records = store.load(kind);
    if (!records) return std::unexpected(records.error());
    std::vector<std::pair<std::string, Kept>> all;
    for (const auto& record : *records) {
        auto body = parse_record(kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        Kept kept;
        kept.digest = body->value("digest", std::string());
        kept.is_answered = true;
        kept.at = from_rfc3339(body->value("at", std::string())).value_or(Timestamp{});
        kept.response.status = body->value("status", 200);
        kept.response.body = body->value("body", std::string());
        for (const auto header : kept_headers) {
            const auto value = body->value(std::string(header), std::string());
            if (!value.empty()) kept.response.headers.set(std::string(header), value);
        }
        all.emplace_back(record.id, std::move(kept));
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    for (auto& [name, kept] : all) keep(name, std::move(kept));
    forget_old();
    return {};
}

void Idempotency::keep(const std::string& name, Kept kept) {
    kept.bytes = kept.response.body.size() + 512;
    bytes_ += kept.bytes;
    kept.place = order_.insert(order_.end(), name);
    kept_.insert_or_assign(name, std::move(kept));
}

void Idempotency::forget(const std::string& name) {
    const auto found = kept_.find(name);
    if (found == kept_.end()) return;
    bytes_ -= found->second.bytes;
    order_.erase(found->second.place);
    kept_.erase(found);
}

void Idempotency::forget_old() {
    const auto now = clock_.now();
    while (!order_.empty()) {
        const std::string name = order_.front();
        const auto& oldest = kept_.at(name);
        const bool is_due =
            now - oldest.at > kept_for || kept_.size() > count_max || bytes_ > bytes_max;
        if (!is_due) return;
        if (!oldest.is_answered && kept_.size() <= count_max) return;
        ledger_.erase(std::string(kind), name);
        forget(name);
    }
}

Result<std::optional<http::Response>> Idempotency::begin(const std::string& name,
                                                         const http::Request& request) {
    forget_old();
    auto digest = digest_of(request);
    if (const auto found = kept_.find(name); found != kept_.end()) {
        if (found->second.digest != digest) {
            return fail(Errc::unprocessable,
                        "this key was used before, with other content; take a new one",
                        "Idempotency-Key");
        }
        if (!found->second.is_answered) {
            return fail(Errc::conflict, "the first request with this key is still being answered",
                        "Idempotency-Key");
        }
        return std::optional<http::Response>(found->second.response);
    }
    Kept kept;
    kept.digest = std::move(digest);
    kept.at = clock_.now();
    keep(name, std::move(kept));
    return std::optional<http::Response>();
}

void Idempotency::finish(const std::string& name, const http::Response& response, bool secret) {
    const auto found = kept_.find(name);
    if (found == kept_.end()) return;
    Kept& kept = found->second;
    kept.is_answered = true;
    kept.response.status = response.status;
    kept.response.body = response.body;
    for (const auto header : kept_headers) {
        if (const auto value = response.headers.find(header)) {
            kept.response.headers.set(std::string(header), std::string(*value));
        }
    }
    bytes_ += response.body.size();
    kept.bytes += response.body.size();
    if (secret) return;
    Json body{{"digest", kept.digest},
              {"at", to_rfc3339(kept.at)},
              {"status", response.status},
              {"body", response.body}};
    for (const auto& [header, value] : kept.response.headers.all()) body[header] = value;
    ledger_.put(std::string(kind), name, to_text(body));
}

void Idempotency::abandon(const std::string& name) {
    const auto found = kept_.find(name);
    if (found != kept_.end() && !found->second.is_answered) forget(name);
}

}  // namespace muster::coordinator
