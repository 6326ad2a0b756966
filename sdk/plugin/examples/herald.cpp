// Welcomes people and calls out who is on a streak of kills. Remembers the longest streak of this
// world.
//
// [plugin.herald] of muster.toml:
//   welcome = "Welcome, {name}!"   what a person is told who comes; empty: nothing
//   streak = 5                     kills without dying that are called out, and each multiple of it
// Its metrics: longest_streak, announcements.
#include <charconv>
#include <map>
#include <string>

#include "muster/plugin.hpp"

namespace {

// A number of a setting or of the storage; throws for what is none, so that the server names it and
// does not start.
unsigned number_of(std::string_view text, const char* what) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0 ||
        number > 1'000'000)
        throw std::invalid_argument(std::string(what) + " must be a number from 1 on, and is '" +
                                    std::string(text) + "'");
    return number;
}

class Herald : public muster::Plugin {
  public:
    explicit Herald(muster::Host given)
        : Plugin(given),
          welcome_(host.setting("welcome", "Welcome, {name}!")),
          every_(number_of(host.setting("streak", "5"), "streak")) {
        if (const auto longest = host.load("longest"))
            longest_ = number_of(*longest, "the stored streak");
        host.metric("longest_streak", longest_);
        host.metric("announcements", 0);
    }

    void on_join(muster::PlayerId id, bool returned) override {
        if (returned) return;
        if (!welcome_.empty()) welcome(id);
        const auto holder = host.load("holder");
        if (holder)
            host.say(id,
                     "The longest streak here: " + std::to_string(longest_) + ", by " + *holder);
    }

    void on_event(const muster_event& event) override {
        if (event.kind == MUSTER_EVENT_CAME || event.kind == MUSTER_EVENT_WENT)
            streaks_.erase(event.player);
        if (event.kind != MUSTER_EVENT_KILLED) return;
        streaks_.erase(event.other);
        if (event.player != event.other) killed(event.player);
    }

  private:
    void welcome(muster::PlayerId id) {
        std::string text = welcome_;
        const auto who = host.player(id);
        if (const auto at = text.find("{name}"); at != std::string::npos && who)
            text.replace(at, 6, who->name);
        host.say(id, text);
    }

    void killed(muster::PlayerId id) {
        const unsigned streak = ++streaks_[id];
        const auto who = host.player(id);
        if (!who) return;
        if (streak % every_ == 0 &&
            host.say(muster::nobody,
                     who->name + " has killed " + std::to_string(streak) + " in a row!"))
            host.metric("announcements", ++announcements_);
        if (who->is_bot || streak <= longest_) return;
        longest_ = streak;
        host.metric("longest_streak", longest_);
        if (!host.store("longest", std::to_string(longest_)) || !host.store("holder", who->name))
            host.warn("the longest streak is not kept");
    }

    const std::string welcome_;
    const unsigned every_;
    unsigned longest_ = 0;
    unsigned announcements_ = 0;
    std::map<muster::PlayerId, unsigned> streaks_;  // kills since the last death
};

}  // namespace

MUSTER_PLUGIN(Herald, "herald", "1.0")
