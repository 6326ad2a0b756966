// Does what messages tell it to, and tells everybody what it hears: a text by the command that it
// answers.
#include <string>
#include <thread>

#include "muster/plugin.hpp"

namespace {

class Puppet : public muster::Plugin {
  public:
    explicit Puppet(muster::Host given) : Plugin(given) {
        tell("made in " + std::string(host.world()));
    }
    ~Puppet() override { host.info("ended"); }

    void on_join(muster::PlayerId id, bool returned) override {
        tell((returned ? "returned " : "joined ") + name_of(id));
    }
    void on_leave(muster::PlayerId id) override { tell("left " + name_of(id)); }
    void on_event(const muster_event& event) override {
        if (event.kind == MUSTER_EVENT_CAME) tell("came " + name_of(event.player));
    }
    void on_timer(std::uint32_t timer) override { tell("timer " + std::to_string(timer)); }
    void on_info(int level, std::string_view text) override {
        tell("info " + std::to_string(level) + " " + std::string(text));
    }

    void on_message(const muster::Message& message) override {
        const std::string all(message.payload);
        const auto gap = all.find(' ');
        const std::string word = all.substr(0, gap);
        const std::string rest = gap == std::string::npos ? "" : all.substr(gap + 1);
        switch (message.command) {
            case 'f':
                tell(message.from_coordinator ? "from the coordinator"
                                              : "from " + name_of(message.player));
                break;
            case 's':
                tell(host.store(word, rest) ? "stored" : "not stored");
                break;
            case 'l':
                tell(host.load(word).value_or("nothing"));
                break;
            case 'r':
                tell(host.forget(word) ? "removed" : "not removed");
                break;
            case 'k':
                list(word);
                break;
            case 't':
                tell("started " +
                     std::to_string(host.start_timer(static_cast<std::uint32_t>(std::stoul(word)),
                                                     static_cast<std::uint32_t>(std::stoul(rest)))
                                        .value_or(0)));
                break;
            case 'e':
                tell(host.stop_timer(static_cast<std::uint32_t>(std::stoul(word))) ? "stopped"
                                                                                   : "not stopped");
                break;
            case 'm':
                host.metric(word.c_str(), std::stod(rest));
                break;
            case 'i':
                host.warn(all);
                break;
            case 'c':
                tell(host.setting(word.c_str(), "nothing"));
                break;
            case 'y':
                tell(host.say(message.player, all) ? "said" : "not said");
                break;
            case 'o':
                tell(host.report(9, all) ? "reported" : "not reported");
                break;
            case 'p':
                people();
                break;
            case 'w':
                elsewhere();
                break;
            default:
                break;
        }
    }

  private:
    void tell(std::string_view text) { host.send(muster::nobody, 0, text); }
    std::string name_of(muster::PlayerId id) const {
        const auto who = host.player(id);
        return who ? who->name : "nobody";
    }
    void list(std::string_view prefix) {
        std::string out;
        for (const auto& [key, value] : host.stored(prefix)) out += key + "=" + value + ";";
        tell(out);
    }
    void people() {
        std::string out;
        for (const auto id : host.people()) out += name_of(id) + ";";
        tell(out);
    }
    // The server's functions do nothing on a thread of one's own.
    void elsewhere() {
        bool worked = false;
        std::thread([&] {
            worked = host.send(muster::nobody, 0, "from elsewhere") || host.store("x", "y") ||
                     host.load("x") || !host.people().empty() || host.start_timer(1, 1);
        }).join();
        tell(worked ? "worked elsewhere" : "refused elsewhere");
    }
};

}  // namespace

MUSTER_PLUGIN(Puppet, "puppet", "2.1")
