#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/mesh/member.hpp"
#include "muster/territory/territory.hpp"

/// Only for tests: servers of one world, the coordinator that leases them its regions, a bus, and
/// pages that play on them, in a time of their own, with whatever a seed makes of lines and
/// processes.
namespace muster::mesh::simulation {

inline constexpr std::size_t players = 24;

struct Faults {
    unsigned lost_per_mille = 0;
    unsigned twice_per_mille = 0;
    std::uint32_t delay_max = 1;  ///< ticks; messages overtake each other
    unsigned crashes = 0;  ///< servers that are killed, above all while a region changes hands, and
                           ///< come back as new processes
    unsigned drains = 0;
    unsigned partitions = 0;  ///< one server is cut off from the others and the coordinator
    unsigned restarts = 0;    ///< of the coordinator, which is away for a while
};

class Fleet;

/// A page, and what it remembers: it has one or two connections, and plays on.
struct Page {
    sim::PlayerId player = sim::no_player;
    std::uint8_t generation = 0;
    std::string active{};   ///< server; empty: it resumes
    std::string standby{};  ///< a second connection works there
    std::uint32_t sequence = 0;
    sim::Input input{};
    std::uint32_t resume_at = 0;    ///< tick
    std::uint32_t alone_since = 0;  ///< tick
};

class Server final : public Listener {
  public:
    Server(Fleet& fleet, std::string name, std::uint64_t life);

    void publish(std::string_view subject, std::span<const std::byte> bytes) override;
    void listen(const std::vector<std::string>& subjects) override;
    void ask(const Question& question) override;
    Seat seat_of(sim::PlayerId player) override;
    void invite(sim::PlayerId player, std::string_view server, std::uint32_t number) override;
    void disinvite(sim::PlayerId player) override;
    void offer_answered(sim::PlayerId player, const Answer& answer) override;
    void guest_comes(std::string_view from, const Offer& offer) override;
    void departed(sim::PlayerId player, std::string_view server, bool is_connected) override;
    void arrived(sim::PlayerId player, const Seat& seat) override;
    void orphaned(sim::PlayerId player) override;
    void introduced(sim::PlayerId) override {}
    void talk(const Talk& talk) override;
    void rolled(std::string_view server, std::span<const Roll::Row> rows) override;
    void say(std::string_view text) override;

    Fleet& fleet;
    std::string name;
    std::uint64_t life;
    std::uint64_t session = 0;
    sim::World world;
    std::set<std::string, std::less<>> subjects;
    std::map<std::string, std::size_t, std::less<>> rolls;  ///< rows by server
    std::map<sim::PlayerId, std::string> seats;             ///< tickets of own players
    std::set<sim::PlayerId> connected;                      ///< own players whose page is here
    std::set<sim::PlayerId> guests;  ///< pages whose player is not here (yet)
    void tell_of(sim::PlayerId player, std::string_view what);

    std::map<sim::PlayerId, std::string> invited;  ///< to which server, the last time
    std::size_t talks = 0;
    Member member;
};

class Fleet {
  public:
    Fleet(std::uint64_t seed, std::size_t servers, Faults faults, std::size_t regions = 4);

    void tick();
    void run(std::uint32_t ticks) {
        for (std::uint32_t i = 0; i < ticks; ++i) tick();
    }
    /// No more faults, and everything that was cut is whole.
    void heal();
    /// Until nobody is on the way; the pages stand still for it.
    void rest();
    void kill(const std::string& name);
    void drain(const std::string& name) { tell(territory::AskDrain{name}); }
    void cut_off(const std::string& name);
    void restart_coordinator(std::uint32_t away_for);
    /// Everybody joins, each at the server that has its turn.
    void populate();

    /// Empty when all is as promised: nobody has two owners, nobody is lost, no input done twice.
    /// `is_quiet`: nothing may be under way any more.
    [[nodiscard]] std::string wrong(bool is_quiet);
    [[nodiscard]] std::vector<std::string> owners_of(sim::PlayerId player) const;
    [[nodiscard]] Page* page_of(sim::PlayerId player);
    [[nodiscard]] Server* find(std::string_view name);
    void send(std::uint32_t delay_least, bool may_be_lost, std::function<void()> deliver);
    [[nodiscard]] bool reach(const std::string& one, const std::string& other) const {
        if (other == "coordinator" && back_at_ > tick_) return false;
        return one == other || (!cut.contains(one) && !cut.contains(other));
    }
    void tell(decltype(territory::Event::what) what);
    [[nodiscard]] Instant now() const { return Instant(1'000 + tick_ * 1'000 / 60); }
    [[nodiscard]] std::uint32_t at() const { return tick_; }

    Faults faults;
    sim::Map map;
    std::map<std::string, std::unique_ptr<Server>, std::less<>> servers;
    std::vector<Page> pages;
    std::set<std::string> cut;
    bool pages_walk = true;
    std::uint32_t taken_over_at = 0;  ///< tick
    std::size_t crossings = 0, connected_crossings = 0, resumed = 0, killed = 0;
    /// What else the bus loses; of whom, to what subject.
    std::function<bool(const std::string& from, std::string_view subject, const Message&)> loses;
    std::uint32_t longest_gap = 0;  ///< ticks in which a page's player was nobody's
    std::vector<std::string> log;
    sim::PlayerId watched = sim::no_player;

  private:
    void start(const std::string& name);
    void befall();
    void befall_hand_overs();
    void end_what_is_over();
    void heal_cut(const std::string& name);
    void come_back();
    void play();
    void resume(Page& page);
    void perform(const std::vector<territory::Action>& actions);

    sim::Random random_;
    std::uint32_t tick_ = 0;
    std::uint32_t calm_until_ = 0;  ///< nothing befalls anybody
    std::uint32_t died_at_ = 0;     ///< somebody
    std::uint32_t back_at_ = 0;     ///< the coordinator, when that is to come
    std::uint32_t healed_ = 0;      ///< when a partition ended
    std::uint64_t next_life_ = 1;
    std::uint64_t next_session_ = 1;
    sim::PlayerId next_id_ = 0;
    territory::State state_;
    territory::Standing kept_standing_;
    std::map<std::string, territory::WorldRecord> kept_worlds_;
    std::multimap<std::uint32_t, std::function<void()>> under_way_;
    std::map<std::string, std::uint32_t> comes_back_;
    std::map<std::string, std::uint32_t> healed_at_;
    std::map<std::string, std::vector<IdLoan>> loans_;
};

/// What came of a minute of faults.
struct Outcome {
    std::string wrong;  ///< the promise that broke, and the story; empty: none
    std::size_t crossings = 0, connected_crossings = 0, resumed = 0, killed = 0;
};
/// `watched`: whose ways are told in the story, too.
[[nodiscard]] Outcome play_out(std::uint64_t seed, sim::PlayerId watched = sim::no_player);

}  // namespace muster::mesh::simulation
