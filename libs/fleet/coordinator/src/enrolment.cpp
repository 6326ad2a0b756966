#include "enrolment.hpp"

#include <set>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "muster/link/world_link.hpp"

namespace muster::coordinator {
namespace {

constexpr std::string_view token_prefix = "mst1-";
constexpr std::size_t name_bytes_max = 128;

/// What a node calls itself is shown to people: one line, not too long.
std::string tidy_name(std::string_view name) {
    std::string out;
    for (const char c : to_utf8(name)) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    }
    out = to_utf8(std::string(trim(out)).substr(0, name_bytes_max));
    return out.empty() ? "node" : out;
}

std::string noun_of(MemberKind kind) {
    return kind == MemberKind::node ? "node" : "world server";
}

/// Of a record; those of before there were world servers do not say it.
MemberKind kind_in(const Json& body) {
    return member_kind_from_name(body.value("kind", std::string())).value_or(MemberKind::node);
}

}  // namespace

std::string_view name_of(MemberKind kind) {
    return kind == MemberKind::node ? "node" : "world_server";
}

std::optional<MemberKind> member_kind_from_name(std::string_view name) {
    if (name == "node") return MemberKind::node;
    if (name == "world_server") return MemberKind::world_server;
    return std::nullopt;
}

Result<void> Enrolment::load(store::Store& store) {
    const auto time = [](const Json& body, const char* name) {
        return from_rfc3339(body.value(name, std::string())).value_or(Timestamp{});
    };
    auto records = store.load(token_kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        auto body = parse_record(token_kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        JoinToken token;
        token.kind = kind_in(*body);
        token.id = record.id;
        token.name = body->value("name", std::string());
        token.hash = body->value("hash", std::string());
        token.by = body->value("by", std::string());
        token.created_at = time(*body, "created_at");
        token.expires_at = time(*body, "expires_at");
        token.node_id = body->value("node_id", std::string());
        token.key_digest = body->value("key_digest", std::string());
        tokens_.emplace(record.id, std::move(token));
    }
    records = store.load(identity_kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        auto body = parse_record(identity_kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        Identity identity;
        identity.kind = kind_in(*body);
        identity.name = body->value("name", std::string());
        identity.key_digest = body->value("key_digest", std::string());
        identity.password_hash = body->value("password_hash", std::string());
        identity.joined_at = time(*body, "joined_at");
        identity.is_revoked = body->value("revoked", false);
        identity.cluster_key = body->value("cluster_key", std::string());
        identity.issued_at = time(*body, "issued_at");
        identities_.emplace(record.id, std::move(identity));
    }
    return {};
}

void Enrolment::store_token(const JoinToken& token) {
    ledger_.put(std::string(token_kind), token.id,
                to_text(Json{{"kind", coordinator::name_of(token.kind)},
                             {"name", token.name},
                             {"hash", token.hash},
                             {"by", token.by},
                             {"created_at", to_rfc3339(token.created_at)},
                             {"expires_at", to_rfc3339(token.expires_at)},
                             {"node_id", token.node_id},
                             {"key_digest", token.key_digest}}));
}

void Enrolment::store_identity(const std::string& node_id, const Identity& identity) {
    Json body{
        {"kind", coordinator::name_of(identity.kind)}, {"name", identity.name},
        {"key_digest", identity.key_digest},           {"password_hash", identity.password_hash},
        {"joined_at", to_rfc3339(identity.joined_at)}, {"revoked", identity.is_revoked}};
    if (!identity.cluster_key.empty()) {
        body["cluster_key"] = identity.cluster_key;
        body["issued_at"] = to_rfc3339(identity.issued_at);
    }
    ledger_.put(std::string(identity_kind), node_id, to_text(body));
}

Result<Enrolment::Made> Enrolment::make_token(std::string name, std::chrono::seconds valid,
                                              std::string by, MemberKind kind) {
    forget_old();
    if (tokens_.size() >= tokens_max) {
        return fail(Errc::exhausted, "there are " + std::to_string(tokens_max) +
                                         " join tokens already; delete some first");
    }
    const auto secret = to_base64url(random_bytes(32));
    JoinToken token;
    token.kind = kind;
    token.id = new_id("join");
    token.name = std::move(name);
    token.hash = sha256_hex(secret);
    token.by = std::move(by);
    token.created_at = clock_.now();
    token.expires_at = token.created_at + valid;
    Made made{token.id, std::string(token_prefix) + authority_.digest_hex() + "-" + secret,
              token.expires_at};
    store_token(token);
    tokens_.emplace(made.id, std::move(token));
    return made;
}

Result<void> Enrolment::erase_token(const std::string& id) {
    if (tokens_.erase(id) == 0) return fail(Errc::not_found, "there is no join token " + id);
    ledger_.erase(std::string(token_kind), id);
    return {};
}

Result<std::string> Enrolment::user_of_token(const std::string& id) const {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return fail(Errc::not_found, "there is no join token " + id);
    if (found->second.node_id.empty() && found->second.expires_at <= clock_.now()) {
        return fail(Errc::permission_denied, "the join token " + id + " has expired");
    }
    return found->second.node_id;
}

std::vector<Json> Enrolment::tokens() const {
    std::vector<Json> out;
    for (const auto& [id, token] : tokens_) {
        out.push_back(
            Json{{"id", id},
                 {"kind", coordinator::name_of(token.kind)},
                 {"name", token.name},
                 {"created_at", to_rfc3339(token.created_at)},
                 {"expires_at", to_rfc3339(token.expires_at)},
                 {"created_by", token.by},
                 {"node_id", token.node_id.empty() ? Json(nullptr) : Json(token.node_id)}});
    }
    return out;
}

Result<wire::EnrollReply> Enrolment::enrol(const wire::EnrollRequest& request, MemberKind kind) {
    const std::string_view text = request.join_token();
    const auto refused =
        fail(Errc::unauthenticated, "this join token is wrong, used or expired", "join_token");
    const auto prefix = std::string(token_prefix) + authority_.digest_hex() + "-";
    if (!text.starts_with(prefix)) return refused;
    const auto hash = sha256_hex(text.substr(prefix.size()));
    JoinToken* found = nullptr;
    for (auto& [id, token] : tokens_) {
        if (equal_secret(token.hash, hash)) found = &token;
    }
    if (found == nullptr) return refused;
    if (found->kind != kind) {
        return fail(
            Errc::permission_denied,
            "this join token is for a " + noun_of(found->kind) + ", not for a " + noun_of(kind),
            "join_token");
    }
    // Not of the request: a signature is another one each time, though the key is the same.
    const auto digest = pki::key_digest(request.signing_request_der());
    if (!digest) return std::unexpected(digest.error());
    if (!found->node_id.empty()) {
        if (found->key_digest != *digest || !admit(found->node_id, kind)) {
            return refused;
        }
        return reply(found->node_id, request.signing_request_der(), kind);
    }
    if (found->expires_at <= clock_.now()) return refused;

    const auto known = member_of_key(*digest, kind);
    const auto node_id =
        known.empty() ? new_id(kind == MemberKind::node ? "node" : "world") : known;
    auto made = reply(node_id, request.signing_request_der(), kind);
    if (!made) return made;
    found->node_id = node_id;
    found->key_digest = *digest;
    store_token(*found);
    Identity& identity = identities_[node_id];
    identity.kind = kind;
    // Who made the token knows best what the node is to be called.
    identity.name = tidy_name(found->name.empty() ? request.name() : found->name);
    identity.key_digest = *digest;
    identity.password_hash = request.password_hash();
    identity.joined_at = clock_.now();
    store_identity(node_id, identity);
    return made;
}

Result<wire::EnrollReply> Enrolment::enrol_with_key(const wire::EnrollRequest& request,
                                                    const std::string& key_name,
                                                    const std::string& digest) {
    constexpr auto kind = MemberKind::world_server;
    for (const auto& [id, identity] : identities_) {
        if (identity.kind != kind || identity.key_digest != digest) continue;
        return renew(id, request.signing_request_der(), kind);
    }
    if (members_of_key(key_name).size() >= members_of_key_max) {
        return fail(Errc::exhausted,
                    "the key " + key_name + " has " + std::to_string(members_of_key_max) +
                        " world servers already",
                    "key_name");
    }
    const auto id = new_id("world");
    auto made = reply(id, request.signing_request_der(), kind);
    if (!made) return made;
    const auto name = free_name(request.name().empty() ? "world" : tidy_name(request.name()));
    Identity& identity = identities_[id];
    identity.kind = kind;
    identity.name = name;
    identity.key_digest = digest;
    identity.joined_at = identity.issued_at = clock_.now();
    identity.cluster_key = key_name;
    store_identity(id, identity);
    return made;
}

std::string Enrolment::free_name(const std::string& name) const {
    std::set<std::string_view> taken;
    for (const auto& [id, identity] : identities_) {
        if (identity.kind == MemberKind::world_server && !identity.is_revoked) {
            taken.insert(identity.name);
        }
    }
    std::string out = name;
    for (unsigned number = 2; taken.contains(out); ++number) {
        out = name + "-" + std::to_string(number);
    }
    return out;
}

std::vector<std::string> Enrolment::members_of_key(const std::string& key_name) const {
    std::vector<std::string> out;
    for (const auto& [id, identity] : identities_) {
        if (identity.cluster_key == key_name && !identity.is_revoked) out.push_back(id);
    }
    return out;
}

void Enrolment::forget_old_members() {
    std::erase_if(identities_, [this](const auto& item) {
        const Identity& identity = item.second;
        if (identity.cluster_key.empty() || clock_.now() - identity.issued_at < member_remembered) {
            return false;
        }
        ledger_.erase(std::string(identity_kind), item.first);
        return true;
    });
}

std::string Enrolment::member_of_key(const std::string& key_digest, MemberKind kind) const {
    for (const auto& [id, identity] : identities_) {
        if (identity.kind == kind && identity.key_digest == key_digest && !identity.is_revoked) {
            return id;
        }
    }
    return {};
}

Result<wire::EnrollReply> Enrolment::reply(const std::string& id, std::string_view request_der,
                                           MemberKind kind) const {
    const std::string prefix(kind == MemberKind::node ? "node:" : link::world_prefix);
    auto certificate = authority_.issue_for_member(prefix + id, request_der, clock_.now());
    if (!certificate) return std::unexpected(certificate.error());
    wire::EnrollReply out;
    out.set_node_id(id);
    out.set_certificate_pem(*std::move(certificate));
    out.set_ca_pem(authority_.certificate_pem());
    return out;
}

Result<wire::EnrollReply> Enrolment::renew(const std::string& id, std::string_view request_der,
                                           MemberKind kind) {
    if (auto admitted = admit(id, kind); !admitted) return std::unexpected(admitted.error());
    auto made = reply(id, request_der, kind);
    if (Identity& identity = identities_[id]; made && !identity.cluster_key.empty()) {
        identity.issued_at = clock_.now();
        store_identity(id, identity);
    }
    return made;
}

Result<void> Enrolment::admit(const std::string& id, MemberKind kind) const {
    const auto found = identities_.find(id);
    if (found == identities_.end() || found->second.kind != kind) {
        return fail(Errc::permission_denied,
                    "this " + noun_of(kind) + " does not belong here; let it join again");
    }
    if (found->second.is_revoked) {
        return fail(Errc::permission_denied, "this " + noun_of(kind) + " was revoked");
    }
    return {};
}

bool Enrolment::knows(const std::string& node_id) const {
    return identities_.contains(node_id);
}

void Enrolment::revoke(const std::string& node_id) {
    const auto found = identities_.find(node_id);
    if (found == identities_.end() || found->second.is_revoked) return;
    found->second.is_revoked = true;
    store_identity(node_id, found->second);
}

std::string Enrolment::name_of(const std::string& node_id) const {
    const auto found = identities_.find(node_id);
    return found == identities_.end() ? std::string() : found->second.name;
}

std::string Enrolment::password_hash(const std::string& node_id) const {
    const auto found = identities_.find(node_id);
    return found == identities_.end() ? std::string() : found->second.password_hash;
}

void Enrolment::set_password_hash(const std::string& node_id, std::string hash) {
    const auto found = identities_.find(node_id);
    if (found == identities_.end() || hash.empty() || found->second.password_hash == hash) return;
    found->second.password_hash = std::move(hash);
    store_identity(node_id, found->second);
}

void Enrolment::forget_old() {
    forget_old_members();
    std::erase_if(tokens_, [this](const auto& item) {
        if (clock_.now() - item.second.expires_at < remembered) return false;
        ledger_.erase(std::string(token_kind), item.first);
        return true;
    });
}

}  // namespace muster::coordinator
