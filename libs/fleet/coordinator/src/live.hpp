#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tokens.hpp"

namespace muster::coordinator {

/// The connections that stay open (WebSockets, followed logs) by the token that opened them: when
/// the token goes, so do they.
class Live {
  public:
    /// Ends the registration when it goes out of scope. Must not outlive the Live.
    class Handle {
      public:
        Handle(Live& live, std::string token_id, std::uint64_t number)
            : live_(&live), token_id_(std::move(token_id)), number_(number) {}
        ~Handle();
        Handle(const Handle&) = delete;
        Handle& operator=(const Handle&) = delete;

      private:
        Live* live_;
        std::string token_id_;
        std::uint64_t number_;
    };

    /// `cut` is called at most once, and never after the handle is gone.
    [[nodiscard]] std::unique_ptr<Handle> add(const std::string& token_id,
                                              std::function<void()> cut);
    void cut(const std::string& token_id);
    /// Of tokens that have expired meanwhile.
    void cut_expired(const Tokens& tokens);
    [[nodiscard]] std::size_t count() const;

  private:
    std::map<std::string, std::map<std::uint64_t, std::function<void()>>> open_;
    std::uint64_t next_ = 1;
};

}  // namespace muster::coordinator
