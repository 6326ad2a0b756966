#include "passwords.hpp"

#include <sodium.h>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "worker.hpp"

namespace muster::faces {
namespace {

std::unexpected<Error> wrong() {
    return fail(Errc::unauthenticated, "there is no such node, or this is not its password",
                "password");
}

std::string take_query(http::Request& request, const char* name) {
    std::string out = request.query_one(name).value_or("");
    request.query.erase(name);
    return out;
}

NodeCredentials from_basic(std::string_view header) {
    NodeCredentials out;
    const auto text = trim(header);
    if (to_lower(text.substr(0, 6)) != "basic ") return out;
    const auto decoded = from_base64(trim(text.substr(6)));
    if (!decoded) return out;
    const auto colon = decoded->find(':');
    if (colon == std::string::npos) return out;
    out.node_id = decoded->substr(0, colon);
    out.password = decoded->substr(colon + 1);
    return out;
}

}  // namespace

Result<NodeCredentials> take_credentials(http::Request& request) {
    NodeCredentials of_query;
    of_query.node_id = take_query(request, "node_id");
    of_query.password = take_query(request, "password");
    NodeCredentials out;
    out.node_id = request.headers.find("X-Node-Id").value_or("");
    out.password = request.headers.find("X-Node-Password").value_or("");
    if (out.node_id.empty() && out.password.empty()) {
        out = from_basic(request.headers.find("Authorization").value_or(""));
    }
    if (out.node_id.empty() && out.password.empty()) out = std::move(of_query);
    for (const char* name : {"X-Node-Id", "X-Node-Password", "Authorization"}) {
        request.headers.remove(name);
    }
    if (!out.node_id.empty() && !out.password.empty()) return out;
    return fail(Errc::unauthenticated,
                "send the node's id and password as X-Node-Id and X-Node-Password",
                out.node_id.empty() ? "node_id" : "password");
}

Passwords::Passwords(asio::thread_pool& pool, const Clock& clock, double wrong_per_minute)
    : pool_(pool),
      clock_(clock),
      wrong_(Rate{wrong_per_minute / 60.0, wrong_per_minute}, addresses_max),
      key_(random_bytes(32)) {}

std::string Passwords::digest_of(const NodeCredentials& given, const std::string& hash) const {
    return sha256(key_ + sha256(given.node_id) + sha256(given.password) + sha256(hash));
}

void Passwords::remember(std::string digest) {
    if (!right_.insert(digest).second) return;
    by_age_.push_back(std::move(digest));
    if (by_age_.size() <= remembered_max) return;
    right_.erase(by_age_.front());
    by_age_.pop_front();
}

asio::awaitable<Result<void>> Passwords::check(NodeCredentials given, std::string hash,
                                               std::string address) {
    if (!hash.empty() && given.password.size() <= password_bytes_max) {
        auto digest = digest_of(given, hash);
        if (right_.contains(digest)) co_return Result<void>{};
        if (const auto wait = wrong_.wait(address, clock_.now()); wait.count() > 0) {
            co_return fail(Errc::rate_limited, "too many wrong passwords from this address");
        }
        auto& of_address = checking_[address];
        if (checks_ >= checks_max || of_address >= checks_per_address_max) {
            if (of_address == 0) checking_.erase(address);
            co_return fail(Errc::rate_limited, "too many passwords are being checked");
        }
        ++checks_;
        ++of_address;
        const auto is_right = std::make_shared<bool>(false);
        const auto verify = [is_right, hash, password = given.password] {
            *is_right =
                crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
        };
        try {
            co_await run_on(pool_, verify);
        } catch (...) {
            // The caller was cancelled; its place must not stay taken.
        }
        --checks_;
        if (--checking_[address] == 0) checking_.erase(address);
        if (*is_right) {
            remember(std::move(digest));
            co_return Result<void>{};
        }
    }
    if (!wrong_.take(address, clock_.now())) {
        co_return fail(Errc::rate_limited, "too many wrong passwords from this address");
    }
    co_return wrong();
}

}  // namespace muster::faces
