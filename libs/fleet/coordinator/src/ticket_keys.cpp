#include "ticket_keys.hpp"

#include <algorithm>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {

Result<void> TicketKeys::load(store::Store& store) {
    auto records = store.load(kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        const auto body = parse_record(kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        const auto seed = from_base64url(body->value("seed", std::string()));
        auto key = pki::signing_key(seed.value_or(std::string()));
        if (!key || key_id(key->public_key) != record.id) {
            return fail(Errc::internal, "the record ticket_key " + record.id + " has another key");
        }
        TicketKey one{record.id, *std::move(key), {}, {}};
        one.made_at = from_rfc3339(body->value("made_at", std::string())).value_or(Timestamp{});
        if (body->contains("retired_at")) {
            one.retired_at = from_rfc3339(body->value("retired_at", std::string()));
        }
        keys_.push_back(std::move(one));
    }
    std::ranges::sort(keys_, [](const TicketKey& a, const TicketKey& b) {
        if (a.retired_at.has_value() != b.retired_at.has_value()) return !a.retired_at;
        return a.made_at > b.made_at;
    });
    forget_old();
    if (!keys_.empty() && !keys_.front().retired_at) return {};
    if (auto made = rotate(false); !made) return std::unexpected(made.error());
    return {};
}

void TicketKeys::keep(const TicketKey& key) {
    Json body{{"seed", to_base64url(key.key.seed)}, {"made_at", to_rfc3339(key.made_at)}};
    if (key.retired_at) body["retired_at"] = to_rfc3339(*key.retired_at);
    ledger_.put(std::string(kind), key.id, to_text(body));
}

Result<std::string> TicketKeys::sign(TicketClaims claims) const {
    claims.issuer = issuer_;
    claims.issued_at = clock_.now();
    claims.expires_at = claims.issued_at + good_for;
    return write_ticket(claims, keys_.front());
}

Result<TicketClaims> TicketKeys::read(std::string_view text) const {
    return read_ticket(text, keys_, issuer_, clock_.now());
}

Result<TicketKey> TicketKeys::rotate(bool end_old) {
    forget_old();
    if (!end_old && keys_.size() >= keys_max) {
        return fail(Errc::conflict,
                    "tickets of " + std::to_string(keys_.size()) +
                        " keys are good at this time, and more are not kept; wait until some of "
                        "them have ended, or end them with end_old",
                    "end_old");
    }
    auto key = pki::new_signing_key();
    if (!key) return std::unexpected(key.error());
    const auto now = clock_.now();
    TicketKey fresh{key_id(key->public_key), std::move(*key), now, {}};
    if (end_old) {
        for (const TicketKey& one : keys_) ledger_.erase(std::string(kind), one.id);
        keys_.clear();
    }
    if (!keys_.empty() && !keys_.front().retired_at) {
        keys_.front().retired_at = now;
        keep(keys_.front());
    }
    keep(fresh);
    keys_.insert(keys_.begin(), fresh);
    return fresh;
}

void TicketKeys::forget_old() {
    std::erase_if(keys_, [this](const TicketKey& one) {
        if (!one.retired_at || clock_.now() < *one.retired_at + good_for) return false;
        ledger_.erase(std::string(kind), one.id);
        return true;
    });
}

Json TicketKeys::public_keys() const {
    return public_key_set(keys_);
}

}  // namespace muster::coordinator
