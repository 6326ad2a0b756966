#include "catalogue.hpp"

#include <algorithm>
#include <vector>

#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"

namespace muster::coordinator {
namespace {

Result<GamePtr> game_from_record(const store::Record& record) {
    auto body = parse_record(record.kind, record.id, record.body);
    if (!body) return std::unexpected(body.error());
    const auto toml = body->value("toml", std::string());
    auto game = toml.empty() ? games::from_json(body->at("game")) : games::parse_game(toml);
    if (!game) {
        return fail(Errc::internal, "the stored game " + record.id + " cannot be read: " +
                                        game.error().field + ": " + game.error().message);
    }
    return std::make_shared<const games::Game>(*std::move(game));
}

Json record_of(const games::Game& game) {
    if (!game.source.empty()) return Json{{"toml", game.source}};
    return Json{{"game", games::to_json(game)}};
}

}  // namespace

Result<void> Catalogue::load_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".toml") files.push_back(entry.path());
    }
    if (error) {
        return fail(Errc::not_found, "the folder of games " + folder.string() +
                                         " cannot be read: " + error.message());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        auto text = read_file(file, games::game_bytes_max);
        if (!text) return std::unexpected(text.error());
        auto game = games::parse_game(*text);
        if (!game) {
            return fail(game.error().code, file.string() + ": " + game.error().message,
                        game.error().field);
        }
        const auto id = game->id;
        shipped_[id] = std::make_shared<const games::Game>(*std::move(game));
    }
    return {};
}

Result<void> Catalogue::load(store::Store& store) {
    for (const auto kind : {custom_kind, pinned_kind}) {
        auto records = store.load(kind);
        if (!records) return std::unexpected(records.error());
        for (const auto& record : *records) {
            auto game = game_from_record(record);
            if (!game) return std::unexpected(game.error());
            (kind == custom_kind ? custom_ : pinned_)[record.id] = *std::move(game);
        }
    }
    return {};
}

std::map<std::string, Catalogue::Entry> Catalogue::all() const {
    std::map<std::string, Entry> out;
    for (const auto& [id, game] : shipped_) out[id] = Entry{game, false};
    for (const auto& [id, game] : custom_) out[id] = Entry{game, true};
    return out;
}

Catalogue::Entry Catalogue::find(const std::string& id) const {
    if (const auto found = custom_.find(id); found != custom_.end()) return {found->second, true};
    if (const auto found = shipped_.find(id); found != shipped_.end()) {
        return {found->second, false};
    }
    return {};
}

Result<void> Catalogue::put(games::Game game) {
    if (!custom_.contains(game.id) && custom_.size() >= custom_max) {
        return fail(Errc::exhausted, "there are " + std::to_string(custom_max) +
                                         " games already; delete some first");
    }
    const auto id = game.id;
    ledger_.put(std::string(custom_kind), id, to_text(record_of(game)));
    custom_[id] = std::make_shared<const games::Game>(std::move(game));
    return {};
}

Result<void> Catalogue::erase(const std::string& id) {
    if (custom_.erase(id) > 0) {
        ledger_.erase(std::string(custom_kind), id);
        return {};
    }
    if (shipped_.contains(id)) {
        return fail(Errc::conflict, "this game came with Muster and cannot be deleted");
    }
    return fail(Errc::not_found, "there is no game " + id);
}

std::string Catalogue::digest_of(const games::Game& game) {
    return sha256_hex(to_text(games::to_json(game)));
}

std::string Catalogue::pin(const GamePtr& game) {
    auto digest = digest_of(*game);
    if (pinned_.emplace(digest, game).second) {
        ledger_.put(std::string(pinned_kind), digest, to_text(record_of(*game)));
    }
    return digest;
}

GamePtr Catalogue::pinned(const std::string& digest) const {
    const auto found = pinned_.find(digest);
    return found == pinned_.end() ? nullptr : found->second;
}

void Catalogue::unpin(const std::string& digest) {
    if (pinned_.erase(digest) > 0) ledger_.erase(std::string(pinned_kind), digest);
}

void Catalogue::keep_pinned(const std::set<std::string>& digests) {
    std::erase_if(pinned_, [&](const auto& item) {
        if (digests.contains(item.first)) return false;
        ledger_.erase(std::string(pinned_kind), item.first);
        return true;
    });
}

}  // namespace muster::coordinator
