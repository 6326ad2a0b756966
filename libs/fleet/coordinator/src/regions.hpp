#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/territory/id_ledger.hpp"
#include "muster/territory/place.hpp"
#include "muster/territory/territory.hpp"
#include "region_words.hpp"

namespace muster::coordinator {

/// Who owns which region of a spread world: feeds `territory` with events and performs its actions.
/// What it gives is durable before anybody is told of it. A commit that fails is tried again by the
/// ledger until it is in; until then nobody hears of what it would have made durable, and what had
/// been granted before is renewed as ever. So nobody is told what a restart would not know.
///
/// Everything is called on the ledger's executor.
class Regions {
  public:
    using Now = std::function<territory::Instant()>;  ///< CLOCK_BOOTTIME, never goes back
    using Send = std::function<void(const std::string& server, std::uint64_t session,
                                    world_wire::ToWorld message)>;

    Regions(Ledger& ledger, const Options& options, Now now = boot_time);
    [[nodiscard]] static territory::Instant boot_time();

    /// Before anything else.
    [[nodiscard]] Result<void> load(store::Store& store);
    /// `send` may drop what cannot be sent; `changed`: another list of who owns what.
    void on_send(Send send) { send_ = std::move(send); }
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    // ---- from world servers. `session` rises with every session of any of them, and is never 0.

    /// A server that computes a part of that world: the first one declares it. `conflict` names the
    /// field in which it is another world than the one that others compute or may still own; when
    /// nobody can own any of that one, the new one takes its place.
    [[nodiscard]] Result<void> came(const std::string& server, std::uint64_t session,
                                    std::uint64_t life, const SpreadWorld& world,
                                    std::string host = {});
    /// `invalid_argument` names the field, and nothing happened.
    [[nodiscard]] Result<void> heard(const std::string& server, std::uint64_t session,
                                     const world_wire::LeaseQuestion& question);
    /// Its link has closed; one that says nothing for two seconds is taken for it. When the other
    /// servers of its world do not hear it on their bus either, it is dead, and its leases end
    /// before their time: a server that has neither stands still.
    void gone(const std::string& server, std::uint64_t session);
    /// At least four times a second.
    void time_passed();

    // ---- from people

    /// Its regions go to others one by one, or it may be given some again. Remembered over
    /// restarts. `not_found`: it never computed a part of a spread world.
    [[nodiscard]] Result<void> drain(const std::string& server, bool draining);
    [[nodiscard]] bool is_draining(const std::string& server) const;

    [[nodiscard]] const SpreadWorld* world(std::string_view name) const;
    /// In the order of top, then left.
    [[nodiscard]] std::vector<territory::Listed> regions_of(std::string_view world) const;
    [[nodiscard]] std::vector<territory::Listed> regions_at(const std::string& server) const;
    /// Servers that hold a region of it, are in contact, and take players or not.
    [[nodiscard]] std::vector<std::string> holders(std::string_view world) const;
    /// Those of them that players may be sent to; the error says why there are none.
    [[nodiscard]] Result<std::vector<std::string>> open_servers(std::string_view world) const;
    /// Each region has an owner that is in contact.
    [[nodiscard]] bool is_whole(std::string_view world) const;

    static constexpr std::string_view standing_kind = "territory";
    static constexpr std::string_view standing_id = "standing";
    static constexpr std::string_view world_kind = "territory_world";

  private:
    struct Server {
        std::uint64_t session = 0;
        std::uint64_t life = 0;
        std::string world;
        bool wants_ids = false;
        std::set<std::string> hears{};
        territory::Instant heard_at{};   ///< of its last question
        territory::Instant last_word{};  ///< the same, or when it came
    };
    struct Missing {
        std::uint64_t life = 0;
        std::string world;
        territory::Instant since{};
    };
    struct Durable {
        territory::Epoch epoch = 0;
        milliseconds lease{0};
    };

    /// Decides and performs; gives back why it was rejected.
    Result<void> tell(decltype(territory::Event::what) what);
    bool keep(const std::vector<territory::Action>& actions);
    [[nodiscard]] bool is_durable(const territory::Answer& answer) const;
    void send(const territory::Answer& answer);
    void committed(const Durable& durable);
    void miss_the_silent();
    void end_leases_of_the_dead();
    [[nodiscard]] bool is_dead(const std::string& server, const Missing& missing) const;
    [[nodiscard]] bool is_ownerless(std::string_view world) const;
    [[nodiscard]] bool is_in_contact(const std::string& server) const;

    Ledger& ledger_;
    Now now_;
    territory::State state_;
    std::map<std::string, SpreadWorld, std::less<>> worlds_;
    std::map<std::string, territory::IdLedger, std::less<>> ids_;  ///< by world
    std::map<std::string, Server> servers_;                        ///< with a session
    std::map<std::string, Missing> missing_;                       ///< since it closed
    Durable durable_;
    /// The newest answer to each server that must wait for a commit.
    std::map<std::string, territory::Answer> waiting_;
    Send send_;
    std::function<void()> changed_;
};

}  // namespace muster::coordinator
