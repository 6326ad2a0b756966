#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "json.hpp"
#include "ledger.hpp"
#include "muster/base/time.hpp"

namespace muster::coordinator {

enum class Role { viewer, operating, admin, allocator };
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> role_from_name(std::string_view name);

/// What a route asks of who calls it.
enum class Access { anyone, signed_in, view, operate, admin };
[[nodiscard]] bool permits(Role role, Access access);

/// Who calls.
struct Principal {
    std::string id;  ///< of the token
    std::string name;
    Role role = Role::viewer;
    std::optional<std::set<std::string>> servers;  ///< nullopt: all of them

    [[nodiscard]] bool sees(const std::string& server_id) const {
        return !servers || servers->contains(server_id);
    }
};

/// Bearer tokens: 256 random bits behind the token's id, kept as SHA-256 (a slow hash guards
/// passwords that people choose; these cannot be guessed).
class Tokens {
  public:
    static constexpr std::string_view kind = "token";
    static constexpr std::size_t count_max = 10'000;
    static constexpr std::size_t servers_max = 1'000;

    Tokens(Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

    [[nodiscard]] Result<void> load(store::Store& store);
    [[nodiscard]] bool has_admin() const;

    struct Wanted {
        std::string name;
        Role role = Role::viewer;
        std::optional<std::set<std::string>> servers;
        std::optional<std::chrono::seconds> expires_in;
        std::string by;
    };
    struct Made {
        std::string id;
        std::string token;  ///< shown once, here
    };
    [[nodiscard]] Result<Made> create(Wanted wanted);
    [[nodiscard]] Result<void> erase(const std::string& id);

    [[nodiscard]] std::optional<Principal> verify(std::string_view token) const;
    /// Of a token that was verified before; nullopt once it is deleted or has expired.
    [[nodiscard]] std::optional<Principal> find(const std::string& id) const;
    /// What people call that token, or null once it is deleted; what is no token's id
    /// ("coordinator") is its own name.
    [[nodiscard]] Json name_of(const std::string& id) const;
    /// It was used now. Remembered to the minute, and written by keep_uses() alone.
    void used(const std::string& id);
    /// Queues what used() remembered; to be called now and then, and at the end.
    void keep_uses();
    [[nodiscard]] std::optional<Json> describe(const std::string& id) const;
    /// In the order of their ids, after `cursor`.
    [[nodiscard]] std::vector<Json> list(std::string_view after, std::size_t limit) const;

    /// Called with the id of each token that is deleted.
    void when_erased(std::function<void(const std::string&)> listener);

  private:
    struct Token {
        Principal who;
        std::string hash;
        Timestamp created_at{};
        std::optional<Timestamp> expires_at;
        std::string created_by;
        std::optional<Timestamp> last_used_at;
        bool is_use_kept = true;
    };
    void keep(const Token& token);
    [[nodiscard]] static Json describe(const Token& token);

    Ledger& ledger_;
    const Clock& clock_;
    std::map<std::string, Token, std::less<>> tokens_;
    std::vector<std::function<void(const std::string&)>> listeners_;
};

}  // namespace muster::coordinator
