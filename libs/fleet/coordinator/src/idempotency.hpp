#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "json.hpp"
#include "ledger.hpp"
#include "muster/base/time.hpp"
#include "muster/http/message.hpp"

namespace muster::coordinator {

/// Answers by Idempotency-Key, kept a day and at most `count_max` and `bytes_max` of them (the
/// oldest go first). They are stored with the change that they answer, except where an answer shows
/// a secret once: such a one is only kept in memory.
class Idempotency {
  public:
    static constexpr std::string_view kind = "idempotency";
    static constexpr std::chrono::hours kept_for{24};
    static constexpr std::size_t key_bytes_max = 255;
    static constexpr std::size_t count_max = 10'000;
    static constexpr std::size_t bytes_max = 32U << 20U;

    Idempotency(Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}
    [[nodiscard]] Result<void> load(store::Store& store);

    /// Names one request: who, which route with its ids, which key. An error when the key is no
    /// good.
    [[nodiscard]] static Result<std::string> name_of(const http::Request& request,
                                                     std::string_view token_id,
                                                     std::string_view key);
    /// Nothing: it is new, and now taken (until finish or abandon). A response: it was answered
    /// before. `unprocessable`: the key stands for other content; `conflict`: it is being answered.
    [[nodiscard]] Result<std::optional<http::Response>> begin(const std::string& name,
                                                              const http::Request& request);
    void finish(const std::string& name, const http::Response& response, bool secret);
    void abandon(const std::string& name);

  private:
    struct Kept {
        std::string digest;  ///< of the request's query and body
        bool is_answered = false;
        http::Response response;
        Timestamp at{};
        std::size_t bytes = 0;
        std::list<std::string>::iterator place;
    };
    void forget_old();
    void forget(const std::string& name);
    void keep(const std::string& name, Kept kept);

    Ledger& ledger_;
    const Clock& clock_;
    std::map<std::string, Kept> kept_;
    std::list<std::string> order_;  ///< oldest first
    std::size_t bytes_ = 0;
};

}  // namespace muster::coordinator
