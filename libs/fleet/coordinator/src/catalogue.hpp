#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "json.hpp"
#include "ledger.hpp"
#include "muster/games/game.hpp"

namespace muster::coordinator {

using GamePtr = std::shared_ptr<const games::Game>;

/// The games that can be deployed: those that came with Muster, read once from a folder, and those
/// that people added, which win over one of the same id. What a server was made with is pinned by
/// its digest, so that a changed or removed game changes no server that has it.
class Catalogue {
  public:
    static constexpr std::string_view custom_kind = "game";
    static constexpr std::string_view pinned_kind = "pinned_game";
    static constexpr std::size_t custom_max = 1'000;

    explicit Catalogue(Ledger& ledger) : ledger_(ledger) {}

    /// A file that cannot be read or parsed is an error that names it.
    [[nodiscard]] Result<void> load_folder(const std::filesystem::path& folder);
    [[nodiscard]] Result<void> load(store::Store& store);

    struct Entry {
        GamePtr game;
        bool is_custom = false;
    };
    [[nodiscard]] std::map<std::string, Entry> all() const;
    [[nodiscard]] Entry find(const std::string& id) const;  ///< game is null when there is none
    [[nodiscard]] Result<void> put(games::Game game);
    /// A custom one; `conflict` for those that came with Muster.
    [[nodiscard]] Result<void> erase(const std::string& id);

    /// The digest under which the game is found for ever.
    [[nodiscard]] std::string pin(const GamePtr& game);
    [[nodiscard]] GamePtr pinned(const std::string& digest) const;
    void unpin(const std::string& digest);
    /// Forgets pinned games that nobody names any more.
    void keep_pinned(const std::set<std::string>& digests);

    [[nodiscard]] static std::string digest_of(const games::Game& game);

  private:
    Ledger& ledger_;
    std::map<std::string, GamePtr> shipped_;
    std::map<std::string, GamePtr> custom_;
    std::map<std::string, GamePtr> pinned_;
};

}  // namespace muster::coordinator
