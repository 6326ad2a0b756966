#include "tokens.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"

namespace muster::coordinator {
namespace {

constexpr std::string_view token_prefix = "mtk1-";
constexpr std::size_t id_suffix_bytes = 12;  // of muster::new_id
constexpr std::size_t secret_bytes = 32;

constexpr std::array<std::pair<Role, std::string_view>, 4> role_names{
    {{Role::viewer, "viewer"},
     {Role::operating, "operator"},
     {Role::admin, "admin"},
     {Role::allocator, "allocator"}}};

}  // namespace

std::string_view name_of(Role role) {
    for (const auto& [known, name] : role_names) {
        if (known == role) return name;
    }
    return "viewer";
}

std::optional<Role> role_from_name(std::string_view name) {
    for (const auto& [known, text] : role_names) {
        if (text == name) return known;
    }
    return std::nullopt;
}

bool permits(Role role, Access access) {
    switch (access) {
        case Access::anyone:
        case Access::signed_in:
            return true;
        case Access::view:
            return role != Role::allocator;
        case Access::operate:
            return role == Role::operating || role == Role::admin;
        case Access::admin:
            return role == Role::admin;
    }
    return false;
}

Result<void> Tokens::load(store::Store& store) {
    auto records = store.load(kind);
    if (!records) return std::unexpected(records.error());
    for (const auto& record : *records) {
        auto body = parse_record(kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        Token token;
        token.who.id = record.id;
        token.who.name = body->value("name", std::string());
        const auto role = role_from_name(body->value("role", std::string()));
        if (!role) return fail(Errc::internal, "the stored token " + record.id + " has no role");
        token.who.role = *role;
        if (const auto servers = body->find("servers");
            servers != body->end() && servers->is_array()) {
            token.who.servers = servers->get<std::set<std::string>>();
        }
        token.hash = body->value("hash", std::string());
        token.created_at =
            from_rfc3339(body->value("created_at", std::string())).value_or(Timestamp{});
        if (const auto until = body->find("expires_at");
            until != body->end() && until->is_string()) {
            token.expires_at = from_rfc3339(until->get<std::string>());
        }
        if (const auto last = body->find("last_used_at");
            last != body->end() && last->is_string()) {
            token.last_used_at = from_rfc3339(last->get<std::string>());
        }
        token.created_by = body->value("created_by", std::string());
        tokens_.emplace(record.id, std::move(token));
    }
    return {};
}

bool Tokens::has_admin() const {
    return std::any_of(tokens_.begin(), tokens_.end(), [this](const auto& item) {
        const Token& token = item.second;
        return token.who.role == Role::admin && !token.who.servers &&
               (!token.expires_at || *token.expires_at > clock_.now());
    });
}

Result<Tokens::Made> Tokens::create(Wanted wanted) {
    if (tokens_.size() >= count_max) {
        return fail(Errc::exhausted, "there are " + std::to_string(count_max) +
                                         " tokens already; delete some first");
    }
    Made made;
    made.id = new_id("tok");
    const auto secret = to_base64url(random_bytes(secret_bytes));
    made.token =
        std::string(token_prefix) + made.id.substr(made.id.size() - id_suffix_bytes) + "-" + secret;
    Token token;
    token.who = Principal{made.id, std::move(wanted.name), wanted.role, std::move(wanted.servers)};
    token.hash = sha256_hex(secret);
    token.created_at = clock_.now();
    if (wanted.expires_in) token.expires_at = token.created_at + *wanted.expires_in;
    token.created_by = std::move(wanted.by);
    keep(token);
    tokens_.emplace(made.id, std::move(token));
    return made;
}

void Tokens::keep(const Token& token) {
    Json body = describe(token);
    body["hash"] = token.hash;
    ledger_.put(std::string(kind), token.who.id, to_text(body));
}

void Tokens::used(const std::string& id) {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return;
    const auto minute = floor<std::chrono::minutes>(clock_.now());
    if (found->second.last_used_at == minute) return;
    found->second.last_used_at = minute;
    found->second.is_use_kept = false;
}

void Tokens::keep_uses() {
    for (auto& [id, token] : tokens_) {
        if (!std::exchange(token.is_use_kept, true)) keep(token);
    }
}

Json Tokens::name_of(const std::string& id) const {
    const auto found = tokens_.find(id);
    if (found != tokens_.end()) return found->second.who.name;
    return id.starts_with("tok-") ? Json(nullptr) : Json(id);
}

Result<void> Tokens::erase(const std::string& id) {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return fail(Errc::not_found, "there is no token " + id);
    const bool is_admin = found->second.who.role == Role::admin;
    if (is_admin) {
        auto kept = tokens_.extract(found);
        if (!has_admin()) {
            tokens_.insert(std::move(kept));
            return fail(Errc::conflict,
                        "it is the last token that can make others; create another admin first");
        }
    } else {
        tokens_.erase(found);
    }
    ledger_.erase(std::string(kind), id);
    for (const auto& listener : listeners_) listener(id);
    return {};
}

std::optional<Principal> Tokens::verify(std::string_view token) const {
    if (!token.starts_with(token_prefix)) return std::nullopt;
    token.remove_prefix(token_prefix.size());
    if (token.size() < id_suffix_bytes + 2 || token[id_suffix_bytes] != '-') return std::nullopt;
    const auto found = tokens_.find("tok-" + std::string(token.substr(0, id_suffix_bytes)));
    if (found == tokens_.end()) return std::nullopt;
    if (!equal_secret(sha256_hex(token.substr(id_suffix_bytes + 1)), found->second.hash)) {
        return std::nullopt;
    }
    return find(found->first);
}

std::optional<Principal> Tokens::find(const std::string& id) const {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return std::nullopt;
    if (found->second.expires_at && *found->second.expires_at <= clock_.now()) return std::nullopt;
    return found->second.who;
}

Json Tokens::describe(const Token& token) {
    Json servers = nullptr;
    if (token.who.servers) servers = *token.who.servers;
    return Json{{"id", token.who.id},
                {"name", token.who.name},
                {"role", coordinator::name_of(token.who.role)},
                {"servers", std::move(servers)},
                {"created_at", to_rfc3339(token.created_at)},
                {"expires_at", time_or_null(token.expires_at)},
                {"last_used_at", time_or_null(token.last_used_at)},
                {"created_by", token.created_by}};
}

std::optional<Json> Tokens::describe(const std::string& id) const {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return std::nullopt;
    return describe(found->second);
}

std::vector<Json> Tokens::list(std::string_view after, std::size_t limit) const {
    std::vector<Json> out;
    for (auto at = tokens_.upper_bound(after); at != tokens_.end() && out.size() < limit; ++at) {
        out.push_back(describe(at->second));
    }
    return out;
}

void Tokens::when_erased(std::function<void(const std::string&)> listener) {
    listeners_.push_back(std::move(listener));
}

}  // namespace muster::coordinator
