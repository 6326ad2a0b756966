#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/mesh/wire.hpp"
#include "muster/sim/world.hpp"
#include "muster/territory/holdings.hpp"

/// One of the servers that compute one world together: what it owns, what it tells the others, and
/// how players go from one to the next (docs/adr/0005-one-world-on-many-servers.md). Pure: bytes
/// and times in, bytes and calls out.
namespace muster::mesh {

using Instant = territory::Instant;  ///< of the process's own clock, CLOCK_BOOTTIME

struct Options {
    std::string world{};     ///< its name; a token of the bus
    std::uint64_t life = 0;  ///< of this process, never used again; not 0
    /// How far beyond its border a region must know: the view, or the longest way of a shot.
    sim::Length strip = 700 * sim::unit;
    /// How far over the border a player must be before it changes owners, so that nobody who walks
    /// along it does so all the time.
    sim::Length grace = 24 * sim::unit;
    /// A page that has no second connection is waited for so long once its player is beyond the
    /// border; then the player goes without, and the page resumes with its ticket.
    std::chrono::milliseconds patience{2'000};
};

/// What is asked of the coordinator, a few times a second.
struct Question {
    territory::Holdings::Request request{};
    std::vector<territory::RegionLoad> loads{};  ///< `cpu_permille` is left to who carries it
    std::vector<sim::PlayerId> used{};           ///< ids of own players
    std::vector<sim::PlayerId> spare{};          ///< lent ids that nobody has now
    bool wants_ids = false;                      ///< it is running out of them
    /// Servers of this world that were heard of on the bus within half a second. Of one whose link
    /// has closed and whom nobody hears the coordinator knows that it is dead.
    std::vector<std::string> hears{};
};
struct IdLoan {
    sim::PlayerId first = 0;
    std::uint16_t count = 0;
};
struct Decision {
    territory::Answer answer{};
    std::vector<IdLoan> loans{};
};

/// What a Member makes its host do; called from within the Member's functions, on their thread.
/// None of it may call the Member.
class Listener {
  public:
    virtual ~Listener() = default;
    /// On the bus; what cannot be published is dropped.
    virtual void publish(std::string_view subject, std::span<const std::byte> bytes) = 0;
    /// Which subjects to hear from now on; all others no more.
    virtual void listen(const std::vector<std::string>& subjects) = 0;
    virtual void ask(const Question& question) = 0;

    /// Of an own player, when it goes or is copied.
    [[nodiscard]] virtual Seat seat_of(sim::PlayerId player) = 0;
    /// The player may soon be `server`'s: its page should make an offer for a second connection,
    /// to be handed to page_offers() with this number.
    virtual void invite(sim::PlayerId player, std::string_view server, std::uint32_t number) = 0;
    /// Its invitation is void: it turned round, or `server` is none any more.
    virtual void disinvite(sim::PlayerId player) = 0;
    /// What became of the page's offer.
    virtual void offer_answered(sim::PlayerId player, const Answer& answer) = 0;
    /// A ghost's page wants to connect here, too; to be answered by guest_answers().
    virtual void guest_comes(std::string_view from, const Offer& offer) = 0;
    /// The player has gone to `server`: a ghost from now on. With a second connection its page has
    /// all it needs; without one it must resume.
    virtual void departed(sim::PlayerId player, std::string_view server, bool is_connected) = 0;
    /// The player is an own one from now on, and its guest's session, if there is one, its session.
    virtual void arrived(sim::PlayerId player, const Seat& seat) = 0;
    /// The lease of its region is over, or it was somebody else's all the time: its page should
    /// resume elsewhere. A ghost from now on, or gone.
    virtual void orphaned(sim::PlayerId player) = 0;
    /// A ghost is new here, or another player has its id: who it is.
    virtual void introduced(sim::PlayerId player) = 0;
    virtual void talk(const Talk& talk) = 0;
    /// All players of another server as they were a moment ago; empty when it is gone.
    virtual void rolled(std::string_view server, std::span<const Roll::Row> rows) = 0;
    virtual void say(std::string_view text) = 0;  ///< for the log, a few lines for each change
};

struct Statistics {
    std::size_t regions = 0, own = 0, ghosts = 0, guests = 0, under_way = 0, peers = 0;
    std::uint64_t crossings_out = 0, crossings_in = 0, crossings_refused = 0;
    std::uint64_t orphaned = 0, taken_over = 0;  ///< from copies
    std::uint64_t claims = 0, verdicts = 0;
    std::uint64_t messages_in = 0, messages_bad = 0, letters_repeated = 0, letters_waiting = 0;
};

/// One thread, the world's. The world and the listener outlive it. In a tick: received() for each
/// message that came, decided() and withdrawn(), then before_step(), World::step() if that said
/// so, after_step().
class Member {
  public:
    Member(sim::World& world, Options options, Listener& listener);
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    /// Bytes from the bus; what cannot be read is counted and dropped.
    void received(std::span<const std::byte> bytes, Instant now);
    void decided(const Decision& decision, Instant now);
    void withdrawn(const territory::Withdraw& withdraw);
    /// Whether there is a link to the coordinator now. Who has none, and hears nobody on the bus
    /// any more, may be taken for dead: it stands still until one of both is back.
    void linked(bool is_linked);

    /// Whether there is anything to step: a world without a lease stands still.
    [[nodiscard]] bool before_step(Instant now);
    void after_step(Instant now);

    /// The server's id, as the coordinator knows it; empty until the first decision.
    [[nodiscard]] const std::string& server() const;
    /// Whether somebody may join here now. Then World::join() finds an id, if one is left; to be
    /// told of.
    [[nodiscard]] bool takes_players() const;
    void joined(sim::PlayerId player);
    [[nodiscard]] bool owns(sim::PlayerId player) const;

    void page_offers(sim::PlayerId player, std::uint32_t number, std::string sdp);
    void guest_answers(std::string_view to, const Answer& answer);
    /// The second connection of a ghost's page works, or does no longer.
    void guest_changed(sim::PlayerId player, bool is_open);
    /// For all players of all other servers, once.
    void tell_all(Talk talk);
    /// For one server alone, after what was said to it before.
    void tell(std::string_view server, Talk talk);

    [[nodiscard]] Statistics statistics() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::mesh
