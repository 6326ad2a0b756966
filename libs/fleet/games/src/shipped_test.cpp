#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "muster/base/file.hpp"
#include "muster/games/game.hpp"

namespace muster::games {
namespace {

/// Every definition that ships: games/ID.toml at the top.
TEST(ShippedGames, AllReadAndAreNamedLikeTheirFiles) {
    std::set<std::string> from_debian;
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("../../../games")) {
        if (entry.path().extension() != ".toml") continue;
        SCOPED_TRACE(entry.path().string());
        const auto text = read_file(entry.path());
        ASSERT_TRUE(text);
        const auto game = parse_game(*text);
        ASSERT_TRUE(game) << game.error().field << ": " << game.error().message;
        EXPECT_EQ(game->id, entry.path().stem());
        EXPECT_NE(game->description, "");
        EXPECT_NE(game->ready_pattern, "") << "it would count as ready at once";
        EXPECT_FALSE(game->ports.empty());
        EXPECT_GT(game->memory_bytes, 0);
        for (const auto& variable : game->variables)
            EXPECT_FALSE(variable.secret && variable.default_value)
                << variable.name << ": nothing has a default password";
        if (game->image.starts_with("muster/")) from_debian.insert(game->id);
        ++count;
    }
    EXPECT_GE(count, 20);
    EXPECT_GE(from_debian.size(), 4U);
}

}  // namespace
}  // namespace muster::games
