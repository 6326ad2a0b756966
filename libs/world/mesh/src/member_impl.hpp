#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "land.hpp"
#include "muster/mesh/member.hpp"
#include "post.hpp"

namespace muster::mesh {

/// Of another server, by its place in Member::Impl::peers; 0 is none.
using PeerIndex = std::uint16_t;
inline constexpr PeerIndex nobody = 0;
inline constexpr std::size_t peers_max = 1'024;

struct Peer {
    std::string server;
    std::uint64_t life = 0;
    Instant heard{};
    bool is_gone = true;
    // The roll that comes in, and when its sender made it.
    sim::Tick roll_tick = 0;
    std::uint16_t roll_parts = 0;
    std::vector<Roll::Row> rows;
    Instant rolled_at{-1};  ///< when one was whole
    sim::Tick standing_tick = 0;
};

/// What is known of an id, whoever has it.
struct About {
    Hop hop = 0;
    std::uint8_t generation = 0;
    PeerIndex owner = nobody;  ///< of a ghost; an own player has none
    bool is_own = false;
    bool is_lent = false;        ///< here, to be given to who joins
    bool is_introduced = false;  ///< to the host, as a ghost
    Instant heard{};             ///< of its owner's word
    Instant posed{};
    sim::Tick posed_tick = 0;  ///< the owner's
    std::string name;
    std::uint32_t named_until = 0;  ///< own: told with each pose until then
    // Own: the regions that it was copied with.
    territory::RegionId copied_in = 0, copied_before = 0;
    std::uint32_t copies = 0;  ///< with the former

    // An own player that may soon go.
    PeerIndex invited_by = nobody;
    std::uint32_t invitation = 0;
    bool is_ready = false;  ///< its second connection works there
    Instant invited_at{};
    Instant beyond_since{-1};  ///< out of all own regions; -1: it is not
    // A ghost whose page is connected here, or about to be.
    bool is_guest = false;
    PeerIndex guest_of = nobody;  ///< who asked for it
};

/// A crossing that has not been answered, or somebody of a copy who may have gone on elsewhere.
struct Departure {
    Traveller traveller;
    sim::Vec at{};
    territory::RegionId region = 0;  ///< with which it went; 0: by itself, or from a copy
    std::string of{};                ///< from a copy of that server's; empty: it was here
    std::uint64_t of_life = 0;       ///< of that process
    std::string to{};                ///< empty: nobody yet
    std::uint32_t sent = 0;          ///< times
    Post::Place letter{};            ///< nowhere: to be sent again
    Instant since{};                 ///< when it was sent the last time
    Instant first{};
};
/// One that has come before its region has.
struct Arrival {
    std::string from;
    Traveller traveller;
    sim::Record record;
    Instant since{};
};
/// The last complete copy of a region of somebody else's, or what this server had itself.
struct Kept {
    std::string server;
    std::uint64_t life = 0;  ///< of that server's process
    std::uint64_t epoch = 0;
    std::uint32_t number = 0;
    Instant at{};
    std::vector<Traveller> players;
    // The one that comes in.
    std::uint32_t next_number = 0;
    std::uint16_t next_part = 0;
    std::vector<Traveller> next;
};
/// Adopted, but perhaps in no copy yet.
struct Unconfirmed {
    std::string to;
    Crossed crossed;
    std::uint32_t copies = 0;  ///< made since
};
struct Gain {
    territory::RegionId region = 0;
    territory::Epoch epoch = 0;
    Instant at{};
};
struct OpenClaim {
    sim::Claim claim;
    Instant asked{};
    Instant since{};
};

struct Member::Impl {
    Impl(sim::World& its_world, Options its_options, Listener& its_listener);

    // member.cpp: leases, ids, the order of things
    void decided(const Decision& decision, Instant at);
    void land_changed();
    void let_go(const std::vector<territory::Grant>& lost);
    void lend(const IdLoan& loan);
    void ask();
    [[nodiscard]] bool before_step(Instant at);
    void after_step(Instant at);
    void received(std::span<const std::byte> bytes, Instant at);
    PeerIndex peer_of(std::string_view name, std::uint64_t life);
    [[nodiscard]] PeerIndex find_peer(std::string_view name) const;
    void forget_silent();
    void forget_who_left();
    void publish(std::string_view subject, Body body);
    void send(std::string_view to, Letter letter);
    void flush();
    [[nodiscard]] bool holds_any() const;  ///< a lease that is not over
    [[nodiscard]] bool is_cut_off() const;
    [[nodiscard]] std::string subject(std::string_view kind, std::string_view of) const;

    // ghosts.cpp: whom others tell of, and who is told of own players
    /// Whether what `from` says of a player at that hop counts; then it is its owner.
    bool heed(sim::PlayerId player, PeerIndex from, Hop hop, std::uint8_t generation);
    void hear(PeerIndex from, const Strip& strip);
    void hear(PeerIndex from, const Posed& posed, sim::Tick tick);
    void hear(PeerIndex from, Roll& roll);
    void show(const sim::Event& event);
    void dispel_silent();
    void dispel(sim::PlayerId player);
    void tell_strips();
    void show_successors();
    void gather_events();
    [[nodiscard]] Posed posed_of(sim::PlayerId player);
    [[nodiscard]] bool is_told(const sim::Event& event) const;
    void tell_roll();
    void introduce(sim::PlayerId player);

    // standing.cpp: walls, pickups, the match
    void hear(PeerIndex from, const Standing& standing);
    void hear(PeerIndex from, const std::vector<WallNow>& walls,
              const std::vector<PickupNow>& pickups);
    void tell_standing();
    void sort_things();
    [[nodiscard]] WallNow wall_now(std::uint16_t wall) const;
    [[nodiscard]] PickupNow pickup_now(std::uint16_t pickup) const;

    // travel.cpp: crossings and second connections
    void look_at_borders();
    void look_at(sim::PlayerId player, bool may_invite);
    void invite(sim::PlayerId player, std::string_view server);
    void disinvite(sim::PlayerId player);
    /// `leaves`: the region with which it goes; 0: by itself.
    void depart(sim::PlayerId player, std::string_view server, territory::RegionId leaves = 0);
    void hear(PeerIndex from, Crossing& crossing);
    void hear(PeerIndex from, const Crossed& crossed);
    void hear(PeerIndex from, const Offer& offer);
    void hear(PeerIndex from, const Answer& answer);
    void hear(PeerIndex from, const Ready& ready);
    void hear(PeerIndex from, const Talk& talk);
    void welcome_arrivals();
    bool adopt(const sim::Record& record, const Traveller& traveller);
    void settle_departures();
    void send_departure(Departure& departure, const std::string& to);
    /// Who is to have a departure now; empty: nobody.
    [[nodiscard]] std::string heir_of(const Departure& departure) const;
    /// Whether what has left a region has reached whoever it went to.
    [[nodiscard]] bool has_come(const Departure& departure) const;
    [[nodiscard]] bool is_settled(sim::PlayerId player, const Departure& departure) const;
    [[nodiscard]] bool is_left_by_all(territory::RegionId region) const;
    /// Letters to a server are void: another process answers in its place, or none.
    void letters_came_back(PeerIndex from);
    /// Whether a server was heard of just now.
    [[nodiscard]] bool is_alive(PeerIndex peer) const;
    [[nodiscard]] bool is_silent(std::string_view server) const;
    /// Whether its owner's last roll says so, at that hop or a later one.
    [[nodiscard]] bool is_listed(sim::PlayerId player, Hop hop) const;
    void leave_regions();
    [[nodiscard]] bool may_leave(std::size_t place);
    void release(territory::RegionId region);
    void orphan(sim::PlayerId player);
    void disown(sim::PlayerId player);

    // copies.cpp: for who follows, and from whom one follows
    void tell_copies();
    void tell_copy(std::size_t place, const std::vector<Traveller>& players);
    [[nodiscard]] std::vector<std::vector<Traveller>> copies_of_own();
    void hear(PeerIndex from, Copy& copy);
    /// Players of regions that are lost: the lease may come back to this server.
    void keep_own(const std::vector<territory::Grant>& lost,
                  const std::vector<sim::PlayerId>& players);
    void hand_on(PeerIndex to, Kept& copy);
    /// Who is in it goes on from here when it turns out that nobody has them.
    void keep_spare(Kept& copy);
    void keep_spare(Traveller&& traveller, const sim::Record& record, const Kept& copy);
    void keep_copies_of_the_dead();
    /// For so long at least; or another process has its name.
    [[nodiscard]] bool is_dead(const Kept& copy, milliseconds silence) const;
    void take_over();
    [[nodiscard]] bool is_final(const Kept& copy, const Gain& gain) const;
    std::size_t take_over(Kept& copy, const sim::Box& box, bool is_of_region);
    void forget_copies();

    // claims.cpp
    void carry_claims();
    void hear(PeerIndex from, const sim::Claim& claim);
    void hear(PeerIndex from, const sim::Verdict& verdict);
    void ask_for(OpenClaim& open);
    void settle(const sim::Verdict& verdict);
    [[nodiscard]] std::string judge_of(const sim::Claim& claim) const;
    [[nodiscard]] std::string owner_of(sim::PlayerId player) const;

    void own(sim::PlayerId player, Hop hop);
    void say(const std::string& text) { listener.say(text); }
    [[nodiscard]] bool is_own(sim::PlayerId player) const {
        return player < abouts.size() && abouts[player].is_own;
    }

    sim::World& world;
    const Options options;
    Listener& listener;
    territory::Holdings holdings;
    Land land;
    Post post;
    std::string self;
    Instant now{};
    std::uint32_t steps = 0;
    std::uint32_t idle_steps = 0;  ///< without a region
    Instant asked_at{-1'000};
    milliseconds ask_every;
    bool is_linked = true;
    Instant lonely_at{};  ///< nobody was heard then

    std::vector<About> abouts;         ///< by player id
    std::vector<sim::PlayerId> owned;  ///< ids of own players, in no order
    std::vector<Peer> peers;           ///< [0] is nobody
    std::map<std::string, PeerIndex, std::less<>> peer_by_name;
    std::vector<std::string> listening;
    std::uint32_t next_invitation = 1;

    std::vector<sim::Event> shown;   ///< since the last step, for others' sake
    std::vector<sim::Event> events;  ///< to be told with the next strips

    std::vector<int> wall_regions, pickup_regions;        ///< place in land.own(); -1: not ours
    std::vector<std::uint16_t> walls_told;                ///< own: the health that others know
    std::vector<std::uint8_t> pickups_told;               ///< own: whether they know it available
    std::vector<PeerIndex> wall_tellers, pickup_tellers;  ///< who said that it is not whole
    std::uint64_t match_epoch = 0;
    PeerIndex match_decider = nobody;
    sim::Match told_match;

    std::map<sim::PlayerId, Departure> departures;
    std::map<sim::PlayerId, Arrival> arrivals;
    std::vector<Unconfirmed> unconfirmed;
    struct Leaving {
        Instant since{};
        bool has_begun = false;  ///< everybody goes
    };
    std::map<territory::RegionId, Leaving> leaving;
    std::map<territory::RegionId, Kept> kept;
    std::map<territory::RegionId, std::uint32_t> copy_numbers;
    std::vector<Gain> gains;  ///< whose copies are still to be gone on from
    std::map<std::uint32_t, OpenClaim> open_claims;
    std::deque<std::pair<sim::Verdict, Instant>> loose_verdicts;

    Statistics counts;
};

}  // namespace muster::mesh
