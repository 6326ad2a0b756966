#pragma once

#include <map>
#include <string>

#include "house.hpp"
#include "regions.hpp"
#include "world_scale_words.hpp"
#include "world_servers.hpp"

namespace muster::coordinator {

/// Keeps as many servers of a world as somebody asked for: gives brain::decide() what is seen of
/// them and performs what it says. They are ordinary servers of the fleet; each gets a join token
/// of its own, which is forgotten once it was used. On the ledger's executor.
class WorldScales {
  public:
    static constexpr std::string_view kind = "world_scale";
    static constexpr std::size_t worlds_max = 64;
    /// Longer than an image takes to be pulled; then the server is made anew.
    static constexpr std::chrono::hours token_valid{24};
    /// After a removal that failed.
    static constexpr std::chrono::seconds remove_again{30};

    WorldScales(House& house, WorldServers& world_servers, Regions& regions)
        : house_(house), world_servers_(world_servers), regions_(regions) {}
    [[nodiscard]] Result<void> load(store::Store& store);

    /// Keeps the wish and begins. `dialled`: where servers dial when the template does not say.
    /// `conflict` when servers of a spread world would differ in what must be alike;
    /// `not_found` with "template.nodes".
    [[nodiscard]] Result<void> want(const std::string& world, ScaleWish wish,
                                    const Dialled& dialled, const std::string& by);
    /// All its servers are made anew, one by one; with another image, when one is given.
    /// `not_found` when it was never scaled.
    [[nodiscard]] Result<void> renew(const std::string& world,
                                     const std::optional<std::string>& image,
                                     const std::string& by);
    /// Nothing but the template is forgotten. `conflict` while it has or wants servers.
    [[nodiscard]] Result<void> forget(const std::string& world);

    [[nodiscard]] const ScaledWorld* find(const std::string& world) const;
    [[nodiscard]] Json describe(const ScaledWorld& world) const;
    /// Whether a world server is one of ours that is about to go.
    [[nodiscard]] bool is_leaving(const std::string& member_id) const;

    /// To be called every second.
    void time_passed();

  private:
    struct Kept : ScaledWorld {
        std::string saved;    ///< its record, as it is in the store
        std::string problem;  ///< why no server could be made; empty: all is well
    };
    void step(Kept& world);
    void save(Kept& world);
    void note_members(Kept& world);
    [[nodiscard]] brain::SeenServers look(const ScaledWorld& world) const;
    [[nodiscard]] bool is_settled(const ScaledWorld& world) const;
    [[nodiscard]] Json server_json(const ScaledWorld& world, const brain::ScaledServer& one) const;

    void perform(Kept& world, const brain::CreateScaled& action);
    void perform(Kept& world, const brain::DrainScaled& action);
    void perform(Kept& world, const brain::UndrainScaled& action);
    void perform(Kept& world, const brain::RemoveScaled& action);
    void perform(Kept& world, const brain::ForgetScaled& action);
    [[nodiscard]] Result<brain::ScaledServer> create(Kept& world);
    void wipe_token(const brain::ScaledServer& one);

    House& house_;
    WorldServers& world_servers_;
    Regions& regions_;
    std::map<std::string, Kept> worlds_;
    std::map<std::string, Timestamp> removals_;  ///< by server: when it was last asked for
};

void add_world_scale_api(Routes& routes, House& house, WorldScales& scales);

}  // namespace muster::coordinator
