#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lines.hpp"
#include "muster/host/spread.hpp"
#include "others.hpp"
#include "people.hpp"
#include "spread_inbox.hpp"

namespace muster::host {

/// What became of a guest's offer, from its shard.
struct GuestAnswerCommand {
    std::string to;
    mesh::Answer answer;
};

/// A world's part in a world that is spread over several servers: between its mesh::Member on one
/// side, and its people, bots and the bus on the other. The world's thread; what may be called from
/// other threads says so.
class SpreadWorld final : public Others, mesh::Listener {
  public:
    /// What is around it outlives it. `post` gives the world a command, from any thread.
    struct Around {
        Shared& shared;
        WorldDoor& door;
        sim::World& world;
        bots::Bots& bots;
        Post& post;
        People& people;
        std::function<void(GuestAnswerCommand)> answer;
    };
    SpreadWorld(Around around, Spread spread, std::uint16_t bots_wanted);
    ~SpreadWorld() override;
    SpreadWorld(const SpreadWorld&) = delete;
    SpreadWorld& operator=(const SpreadWorld&) = delete;
    [[nodiscard]] Result<void> start();

    void want_bots(std::uint16_t wanted) { bots_wanted_ = wanted; }

    // In a tick, in this order; the first two and the answers at any time before the third.
    void decided(const mesh::Decision& decision);
    void withdrawn(const territory::Withdraw& withdraw);
    void guest_answered(const GuestAnswerCommand& answer);
    void receive(Instant now);
    /// False: the world is not to be stepped.
    [[nodiscard]] bool before_step();
    void before_bots();  ///< none joins where nobody may
    void after_bots();   ///< the others are told of those that joined
    void after_step();

    /// Players of other servers.
    void add_to(Board& board) const;
    [[nodiscard]] mesh::Statistics statistics() const;                        ///< any thread
    [[nodiscard]] std::uint64_t dropped() const { return inbox_.dropped(); }  ///< any thread

    // Others
    [[nodiscard]] bool takes_players() const override { return member_.takes_players(); }
    [[nodiscard]] bool has(sim::PlayerId player) const override;
    void joined(sim::PlayerId player) override;
    void page_came(sim::PlayerId player) override;
    void said(SharedBytes message, Audience audience) override;
    void visit(const std::function<void(const Contact&)>& each) const override;
    void page_offers(sim::PlayerId player, std::uint32_t number, std::string sdp) override;
    void guest_changed(sim::PlayerId player, bool is_open) override;

  private:
    // mesh::Listener
    void publish(std::string_view subject, std::span<const std::byte> bytes) override;
    void listen(const std::vector<std::string>& subjects) override;
    void ask(const mesh::Question& question) override;
    [[nodiscard]] mesh::Seat seat_of(sim::PlayerId player) override;
    void invite(sim::PlayerId player, std::string_view server, std::uint32_t number) override;
    void disinvite(sim::PlayerId player) override;
    void offer_answered(sim::PlayerId player, const mesh::Answer& answer) override;
    void guest_comes(std::string_view from, const mesh::Offer& offer) override;
    void departed(sim::PlayerId player, std::string_view server, bool is_connected) override;
    void arrived(sim::PlayerId player, const mesh::Seat& seat) override;
    void orphaned(sim::PlayerId player) override;
    void introduced(sim::PlayerId player) override;
    void talk(const mesh::Talk& talk) override;
    void rolled(std::string_view server, std::span<const mesh::Roll::Row> rows) override;
    void say(std::string_view text) override;

    /// What the Member must not be called for while it calls.
    void flush();
    void pass_on(const Lines::Line& line);
    void tell(sim::PlayerId player, const std::vector<Lines::Line>& lines);
    void introduce(sim::PlayerId player, Person person);
    void seen_elsewhere(sim::PlayerId player);
    void publish_statistics();

    Shared& shared_;
    WorldDoor& door_;
    sim::World& world_;
    bots::Bots& bots_;
    Post& post_;
    People& people_;
    const std::function<void(GuestAnswerCommand)> answer_;
    const Spread spread_;

    Lines lines_;
    Instant now_{};
    std::map<sim::PlayerId, std::uint32_t> invitations_;
    std::map<std::string, std::vector<mesh::Roll::Row>, std::less<>> rolls_;
    std::vector<Person> known_;             ///< by id, as the shards were told
    std::vector<Instant> elsewhere_until_;  ///< by id; somebody else's player until then at least
    std::uint16_t bots_wanted_;
    std::size_t present_before_ = 0;  ///< players, before the bots thought
    std::vector<std::pair<std::string, mesh::Answer>> answers_;
    std::vector<std::pair<std::string, mesh::Talk>> talks_;  ///< to which server
    std::deque<SpreadInbox::Message> received_;
    std::vector<std::uint64_t> room_;
    std::uint32_t steps_ = 0;

    mutable std::mutex mutex_;
    mesh::Statistics published_;  // guarded by mutex_

    SpreadInbox inbox_;
    mesh::Member member_;  ///< last: it calls all of the above
};

}  // namespace muster::host
