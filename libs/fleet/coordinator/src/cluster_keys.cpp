#include "cluster_keys.hpp"

#include <algorithm>
#include <set>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"

namespace muster::coordinator {
namespace {

std::unexpected<Error> absent(const std::string& name) {
    return fail(Errc::not_found, "there is no key " + name, "name");
}

Result<void> check_name(const std::string& name) {
    if (link::is_key_name(name)) return {};
    return fail(Errc::invalid_argument,
                "a key's name is 1 to 64 of letters, digits, '.', '-' and '_', and does not begin "
                "with '.'",
                "name");
}

}  // namespace

ClusterKeys::ClusterKeys(Ledger& ledger, const Authority& authority, const Clock& clock,
                         std::filesystem::path folder)
    : ledger_(ledger),
      authority_(authority),
      clock_(clock),
      folder_(std::move(folder)),
      challenges_(random_bytes(32)),
      wrong_({wrong_proofs_per_minute / 60, wrong_proofs_per_minute}, addresses_max) {}

// ---- what is kept

Result<void> ClusterKeys::load(store::Store& store) {
    const auto records = store.load(kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        const auto body = parse_record(kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        const auto time = [](const Json& from, const char* name) {
            return from_rfc3339(from.value(name, std::string()));
        };
        const auto bytes = [](const Json& from) {
            return from_base64url(from.value("key", std::string())).value_or(std::string());
        };
        Kept kept;
        kept.bytes = bytes(*body);
        kept.by = body->value("by", std::string());
        kept.created_at = time(*body, "created_at").value_or(Timestamp{});
        kept.rotated_at = time(*body, "rotated_at");
        for (const Json& old : body->value("old", Json::array())) {
            kept.old.push_back({old.value("digest", std::string()), bytes(old),
                                time(old, "until").value_or(Timestamp{})});
        }
        kept_.emplace(record.id, std::move(kept));
    }
    return {};
}

void ClusterKeys::store(const std::string& name, const Kept& kept) {
    Json old = Json::array();
    for (const Old& one : kept.old) {
        old.push_back(Json{{"digest", one.digest},
                           {"key", to_base64url(one.bytes)},
                           {"until", to_rfc3339(one.until)}});
    }
    Json body{{"key", to_base64url(kept.bytes)},
              {"by", kept.by},
              {"created_at", to_rfc3339(kept.created_at)},
              {"old", std::move(old)}};
    if (kept.rotated_at) body["rotated_at"] = to_rfc3339(*kept.rotated_at);
    ledger_.put(std::string(kind), name, to_text(body));
}

std::vector<std::string> ClusterKeys::files() const {
    std::vector<std::string> out;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end;
         at.increment(error)) {
        const auto name = at->path().filename().string();
        if (good_file(name)) out.push_back(name);
        if (out.size() == records_max) break;
    }
    return out;
}

std::optional<link::ClusterKey> ClusterKeys::good_file(const std::string& name) const {
    auto key = link::read_cluster_key(folder_, name);
    if (!key) return std::nullopt;
    const auto known = kept_.find(name);
    if (known == kept_.end()) return *std::move(key);
    const auto digest = sha256_hex(key->bytes);
    for (const Old& one : known->second.old) {
        if (one.digest == digest && one.until <= clock_.now()) return std::nullopt;
    }
    return *std::move(key);
}

std::vector<link::ClusterKey> ClusterKeys::good_keys(const std::string& name) const {
    std::vector<link::ClusterKey> out;
    if (auto file = good_file(name)) out.push_back(*std::move(file));
    const auto known = kept_.find(name);
    if (known == kept_.end()) return out;
    if (known->second.is_live()) out.push_back({known->second.bytes});
    for (const Old& one : known->second.old) {
        if (!one.bytes.empty() && one.until > clock_.now()) out.push_back({one.bytes});
    }
    return out;
}

void ClusterKeys::retire(Kept& kept, const std::string& bytes, Timestamp until) const {
    const auto digest = sha256_hex(bytes);
    std::erase_if(kept.old, [&](const Old& one) { return one.digest == digest; });
    for (Old& one : kept.old) {
        if (one.until <= clock_.now()) one.bytes.clear();
    }
    if (kept.old.size() >= old_max) kept.old.erase(kept.old.begin());
    kept.old.push_back({digest, until > clock_.now() ? bytes : std::string(), until});
}

Result<void> ClusterKeys::make_room() {
    const auto live =
        std::ranges::count_if(kept_, [](const auto& one) { return one.second.is_live(); });
    if (live >= static_cast<std::ptrdiff_t>(keys_max)) {
        return fail(Errc::exhausted,
                    "there are " + std::to_string(keys_max) + " keys already; revoke some first");
    }
    if (kept_.size() < records_max) return {};
    auto oldest = kept_.end();
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
        if (at->second.is_live()) continue;
        if (oldest == kept_.end() || at->second.created_at < oldest->second.created_at) oldest = at;
    }
    ledger_.erase(std::string(kind), oldest->first);
    kept_.erase(oldest);
    return {};
}

// ---- what people do

Result<ClusterKeys::Made> ClusterKeys::add(const std::string& name,
                                           std::optional<link::ClusterKey> given, std::string by) {
    if (auto good = check_name(name); !good) return std::unexpected(good.error());
    const auto known = kept_.find(name);
    if ((known != kept_.end() && known->second.is_live()) || good_file(name)) {
        return fail(Errc::conflict,
                    "there is a key " + name + " already; rotate it, or revoke it first", "name");
    }
    if (known == kept_.end()) {
        if (auto room = make_room(); !room) return std::unexpected(room.error());
    }
    Kept kept = known == kept_.end() ? Kept{} : known->second;
    if (given) {
        const auto digest = sha256_hex(given->bytes);
        if (std::ranges::any_of(kept.old, [&](const Old& one) { return one.digest == digest; })) {
            return fail(Errc::conflict,
                        "this very key was rotated or revoked before; it is never good again",
                        "key");
        }
    }
    Made made{given ? *std::move(given) : link::new_cluster_key(), clock_.now(), {}};
    kept.bytes = made.key.bytes;
    kept.by = std::move(by);
    kept.created_at = made.created_at;
    kept.rotated_at.reset();
    store(name, kept);
    kept_[name] = std::move(kept);
    return made;
}

Result<ClusterKeys::Good> ClusterKeys::good_key(const std::string& name) {
    const auto known = kept_.find(name);
    const bool is_live = known != kept_.end() && known->second.is_live();
    auto file = good_file(name);
    if (!is_live && !file) return absent(name);
    if (known == kept_.end()) {
        if (auto room = make_room(); !room) return std::unexpected(room.error());
    }
    Good out{known == kept_.end() ? Kept{} : known->second, is_live, std::move(file)};
    if (!is_live) out.kept.created_at = clock_.now();
    return out;
}

Result<ClusterKeys::Made> ClusterKeys::rotate(const std::string& name, std::chrono::seconds grace,
                                              std::string by) {
    auto good = good_key(name);
    if (!good) return std::unexpected(good.error());
    auto& [kept, is_live, file] = *good;
    const auto now = clock_.now();
    const auto until = now + grace;
    if (is_live) retire(kept, kept.bytes, until);
    if (file && (!is_live || file->bytes != kept.bytes)) retire(kept, file->bytes, until);
    // With no grace nothing that was good before is good now.
    if (grace.count() == 0) {
        for (Old& one : kept.old) {
            one.until = std::min(one.until, now);
            one.bytes.clear();
        }
    }
    Made made{link::new_cluster_key(), kept.created_at, std::nullopt};
    if (grace.count() > 0) made.old_until = until;
    kept.bytes = made.key.bytes;
    kept.by = std::move(by);
    kept.rotated_at = now;
    store(name, kept);
    kept_[name] = std::move(kept);
    return made;
}

Result<void> ClusterKeys::revoke(const std::string& name) {
    auto good = good_key(name);
    if (!good) return std::unexpected(good.error());
    auto& [kept, is_live, file] = *good;
    const auto now = clock_.now();
    if (is_live) retire(kept, std::exchange(kept.bytes, std::string()), now);
    if (file) retire(kept, file->bytes, now);
    for (Old& one : kept.old) {
        one.until = std::min(one.until, now);
        one.bytes.clear();
    }
    store(name, kept);
    kept_[name] = std::move(kept);
    // Remembered as no good, and so it is none even where it cannot be removed.
    std::error_code ignored;
    if (file) std::filesystem::remove(folder_ / name, ignored);
    return {};
}

std::vector<Json> ClusterKeys::list() const {
    const auto in_files = files();
    std::set<std::string> names(in_files.begin(), in_files.end());
    for (const auto& [name, kept] : kept_) {
        if (kept.is_live()) names.insert(name);
    }
    std::vector<Json> out;
    for (const std::string& name : names) {
        const auto known = kept_.find(name);
        const Kept* kept =
            known != kept_.end() && known->second.is_live() ? &known->second : nullptr;
        std::optional<Timestamp> old_until;
        for (const Old& one : kept == nullptr ? std::vector<Old>{} : kept->old) {
            if (one.until > clock_.now()) old_until = std::max(old_until, std::optional(one.until));
        }
        out.push_back(Json{
            {"name", name},
            {"source", kept == nullptr ? "file" : "store"},
            {"created_at", kept == nullptr ? Json(nullptr) : Json(to_rfc3339(kept->created_at))},
            {"created_by", kept == nullptr ? Json(nullptr) : Json(kept->by)},
            {"rotated_at", kept == nullptr ? Json(nullptr) : time_or_null(kept->rotated_at)},
            {"old_until", time_or_null(old_until)}});
    }
    return out;
}

// ---- what world servers prove

Result<link::world_wire::ChallengeReply> ClusterKeys::challenge(
    const link::world_wire::ChallengeRequest& request) const {
    if (!link::is_key_name(request.key_name())) {
        return fail(Errc::invalid_argument, "this is no name of a key", "key_name");
    }
    if (request.nonce().size() != link::KeyTranscript::nonce_size) {
        return fail(Errc::invalid_argument, "the nonce is 32 bytes", "nonce");
    }
    link::world_wire::ChallengeReply out;
    out.set_challenge(challenges_.make(clock_.now(), random_bytes(KeyChallenges::random_size),
                                       request.key_name(), request.nonce()));
    return out;
}

// One MAC at least, so that a name that is not there costs what a wrong proof costs.
std::optional<link::ClusterKey> ClusterKeys::proven(const wire::KeyProof& proof,
                                                    const link::KeyTranscript& said) const {
    auto keys = good_keys(proof.key_name());
    const bool is_decoy = keys.empty();
    if (is_decoy) keys.push_back(link::new_cluster_key());
    std::optional<link::ClusterKey> out;
    for (auto& key : keys) {
        const bool is_right = equal_secret(link::world_server_mac(key, said), proof.mac());
        if (is_right && !is_decoy) out = std::move(key);
    }
    return out;
}

Result<wire::EnrollReply> ClusterKeys::enrol(const link::EnrolRequest& request,
                                             Enrolment& enrolment) {
    const wire::KeyProof& proof = request.message.key_proof();
    if (!challenges_.knows(proof, clock_.now())) {
        return fail(Errc::unavailable, "this challenge is not of now; ask for another");
    }
    const auto digest = pki::key_digest(request.message.signing_request_der());
    if (!digest) return std::unexpected(digest.error());
    const link::KeyTranscript said{proof.key_name(), proof.nonce(), proof.challenge(),
                                   authority_.digest_hex(), *digest};
    const auto key = proven(proof, said);
    if (!key) {
        const auto now = clock_.now();
        if (!wrong_.take(request.address, now)) {
            return fail(Errc::rate_limited,
                        "too many wrong proofs from this address; try again in a minute",
                        "key_name");
        }
        return fail(Errc::unauthenticated,
                    "this coordinator has no key of that name, or another one under it",
                    "key_name");
    }
    auto reply = enrolment.enrol_with_key(request.message, proof.key_name(), *digest);
    if (!reply) return reply;
    reply->set_key_mac(
        link::coordinator_mac(*key, said, reply->node_id(), reply->certificate_pem()));
    return reply;
}

}  // namespace muster::coordinator
