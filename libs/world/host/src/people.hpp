#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "muster/bots/bots.hpp"
#include "muster/mesh/wire.hpp"
#include "muster/sim/world.hpp"
#include "others.hpp"
#include "parties.hpp"
#include "shared.hpp"

namespace muster::protocol {
enum class NoticeKind : std::uint8_t;
}

namespace muster::host {

/// The mail of a world to its shards. What a ring has no place for waits here, in order.
class Post {
  public:
    Post(Shared& shared, WorldDoor& door)
        : shared_(shared), door_(door), late_(door.links.size()) {}

    /// False when far too much waits already: the shard does not take its mail.
    bool send(std::size_t shard, Mail mail);
    void send_all(const Mail& mail, bool also_without_sessions = false);
    void deliver();  ///< tries again, and wakes the shards that got something

  private:
    static constexpr std::size_t late_max = 65'536;

    Shared& shared_;
    WorldDoor& door_;
    std::vector<std::deque<Mail>> late_;
};

class ExtensionDesk;

struct JoinCommand {
    JoinRequest request;
    rtc::Offer offer;
    Answer answer;
};

/// The people of a world: whose player is whose, and over which connection. The world's thread.
class People {
  public:
    People(Shared& shared, WorldDoor& door, sim::World& world, bots::Bots& bots, Post& post,
           ExtensionDesk& extension, sim::Length chat_near);

    void join(JoinCommand command, Instant now);
    void leave(const std::string& ticket);
    void submit(const InputNote& note);
    void handle(Note& note, Instant now);
    /// Removes those who were lost for too long.
    void expire(Instant now);

    // Of a world that is spread over several servers (people_spread.cpp).

    /// Before anybody comes; `others` outlive this.
    void set_others(Others& others) { others_ = &others; }
    /// Expects the page of another server's player with this offer. Answered like a join, without a
    /// ticket.
    void expect_guest(sim::PlayerId player, std::string_view from, rtc::Offer offer, Answer answer);
    [[nodiscard]] mesh::Seat seat_of(sim::PlayerId player, Instant now) const;
    /// The player is one of here from now on; whether its page is, too.
    bool arrive(sim::PlayerId player, const mesh::Seat& seat, Instant now);
    /// The player is one of here no more. Its page goes on with its second connection, or resumes.
    void depart(sim::PlayerId player, bool is_connected);
    /// To the page of a player who plays.
    void tell(sim::PlayerId player, SharedBytes message);

    // Who hears what (people_talk.cpp).

    /// To those of here whom it is for, but for `except`, by ascending id.
    void pass_on(const Audience& audience, const SharedBytes& message,
                 std::vector<sim::PlayerId> except);
    /// Whether it is for this player of here.
    [[nodiscard]] bool is_for(const Audience& audience, sim::PlayerId player) const;
    /// All people of the world, of every server, whose connection has come once; each once.
    void visit(const std::function<void(const Contact&)>& each) const;

    // Of those who run the world (people_orders.cpp).

    void announce(std::string_view text);
    Result<PersonFacts> kick(const Kick& kick);
    [[nodiscard]] std::vector<PersonFacts> facts() const;

    [[nodiscard]] std::size_t count() const { return count_; }  ///< also those who are lost
    [[nodiscard]] std::uint64_t inputs() const { return inputs_; }

  private:
    struct Seat {
        enum class State : std::uint8_t { empty, opening, live, lost };
        State state = State::empty;
        SessionId session = 0;
        SessionId pending = 0;  ///< expected, and not open yet
        std::string ticket;     ///< of the pending session, for its Welcome
        std::string ticket_hash;
        std::string previous_hash;  ///< good for another try until the pending session is open
        Instant remove_at{};
        std::uint32_t sequence = 0;  ///< of the newest input
        Instant stands_from{};       ///< lost since it came: what it still wants is over by then
        SessionId departed = 0;      ///< of who has gone elsewhere, and may not know it yet
        std::string party;           ///< the code, also of who has gone; empty: in none
    };
    /// The connection of a page whose player is another server's and may come here.
    struct Guest {
        SessionId session = 0;
        bool is_open = false;
        std::uint8_t generation = 0;
    };

    [[nodiscard]] Result<sim::PlayerId> find(const std::string& resume);
    [[nodiscard]] Result<sim::PlayerId> take_place(const JoinRequest& request);
    [[nodiscard]] SessionId new_session();
    /// False when the shard takes no mail; then nothing has come of it.
    [[nodiscard]] bool expect(mail::Expect expect);
    void begin(sim::PlayerId player);
    /// Whether it was a guest's.
    bool guest_opened(const note::Opened& note);
    bool guest_ended(const note::Ended& note);
    void submit_of_guest(const InputNote& note);
    void expire_guests(Instant now);
    void stand_still(Instant now);
    void offered(note::Offered& note);
    void send_away(SessionId session, bool is_connected);
    void opened(const note::Opened& note);
    void ended(const note::Ended& note, Instant now);
    struct Addressed {
        Audience audience{};
        replication::Address shown{};
    };
    /// An error says, for the speaker, why nobody hears it.
    [[nodiscard]] Result<Addressed> address(const note::Said& note) const;
    [[nodiscard]] Result<Addressed> address_person(const note::Said& note) const;
    void refuse(sim::PlayerId player, protocol::NoticeKind kind, std::string_view why);
    void said(const note::Said& note);
    void wants(const note::Party& note);
    [[nodiscard]] SharedBytes party_of(sim::PlayerId player) const;
    void tell_parties(Instant now);
    void said(const note::Custom& note);
    /// Its page is told `notice`, if there is one.
    void remove(sim::PlayerId player, SharedBytes notice = nullptr);
    [[nodiscard]] PersonFacts facts_of(sim::PlayerId player) const;
    void end(SessionId session, SharedBytes notice);

    Shared& shared_;
    WorldDoor& door_;
    sim::World& world_;
    bots::Bots& bots_;
    Post& post_;
    ExtensionDesk& extension_;
    const sim::Length chat_near_;
    Others* others_ = nullptr;
    std::vector<Seat> seats_;
    std::unordered_map<sim::PlayerId, Guest> guests_;
    Instant guests_looked_at_{};
    Parties parties_;
    Instant parties_told_at_{};
    bool has_parties_ = false;  ///< a player of here was in one a second ago
    std::size_t count_ = 0;
    std::size_t lost_ = 0;
    std::uint64_t inputs_ = 0;
};

}  // namespace muster::host
