#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::load {

/// Numbered chat lines: one player says them, everybody hears them on the reliable channel. A line
/// that anybody heard and a connection, open before and after it, did not is a lost message.
class ChatCheck {
  public:
    /// `run` tells these lines from anybody else's.
    explicit ChatCheck(std::string run) : prefix_("load " + std::move(run) + " ") {}

    [[nodiscard]] std::string line(std::uint32_t number) const {
        return prefix_ + std::to_string(number);
    }
    [[nodiscard]] std::optional<std::uint32_t> number_of(std::string_view text) const;

    /// What one connection heard.
    struct Ear {
        std::uint32_t first = 0;             ///< 0: nothing yet
        std::uint32_t last = 0;              ///< the same
        std::vector<std::uint32_t> skipped;  ///< at most `skipped_max`
    };
    /// `may_overtake`: two servers' words come by two channels, each in its order.
    void heard(Ear& ear, std::uint32_t number, bool may_overtake = false);
    /// A connection ended; `until` is the last number that it must have heard if anybody did (0
    /// when it left by itself and may have missed the newest); `from_first`: it was open before
    /// the first line was said.
    void ended(const Ear& ear, std::uint32_t until, bool from_first);

    void merge(const ChatCheck& other);
    [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
    [[nodiscard]] std::uint32_t newest() const { return heard_.empty() ? 0 : *heard_.rbegin(); }
    [[nodiscard]] std::uint64_t lost() const;
    /// Came after a later one: the channel is ordered.
    [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }
    [[nodiscard]] std::uint64_t doubled() const { return doubled_; }

    static constexpr std::size_t skipped_max = 1'000;

  private:
    std::string prefix_;
    std::set<std::uint32_t> heard_;       ///< by anybody
    std::vector<std::uint32_t> skipped_;  ///< by those that ended, with repetitions
    std::uint64_t deliveries_ = 0, out_of_order_ = 0, doubled_ = 0;
};

}  // namespace muster::load
