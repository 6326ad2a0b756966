// What a world says in words, and what lists say, for a program in C.
#include "game_generated.h"
#include "look.hpp"
#include "translator.hpp"

namespace muster::sdk {
namespace {

using std::string_view;

string_view text_of(const flatbuffers::String* text) {
    return text != nullptr ? text->string_view() : string_view{};
}

std::unique_ptr<Stored> people_of(const protocol::People& people) {
    auto told = std::make_unique<ToldList<muster_client_people, muster_client_person>>(
        MUSTER_CLIENT_EVENT_PEOPLE);
    for (const auto* one : *people.people()) {
        told->elements.push_back({told->keep(one->name()->string_view()),
                                  one->id(),
                                  one->generation(),
                                  static_cast<std::uint8_t>(one->team()),
                                  one->bot() ? std::uint8_t{1} : std::uint8_t{0},
                                  {}});
    }
    told->what = {told->elements.data(), static_cast<std::uint32_t>(told->elements.size())};
    return told;
}

std::unique_ptr<Stored> chat_of(const protocol::Chat& chat) {
    auto told = std::make_unique<Told<muster_client_chat>>(MUSTER_CLIENT_EVENT_CHAT);
    told->what = {told->keep(chat.name()->string_view()), told->keep(chat.text()->string_view()),
                  chat.from(), static_cast<std::uint8_t>(chat.team()),
                  chat.to() == protocol::Scope::team ? std::uint8_t{1} : std::uint8_t{0}};
    return told;
}

std::unique_ptr<Stored> news_of(const protocol::Newspaper& paper) {
    auto told = std::make_unique<ToldList<muster_client_news, muster_client_fact>>(
        MUSTER_CLIENT_EVENT_NEWS);
    for (const auto* one : *paper.news()) {
        told->elements.push_back({told->keep(text_of(one->player_name())),
                                  told->keep(text_of(one->other_name())),
                                  one->x(),
                                  one->y(),
                                  one->tick(),
                                  one->player(),
                                  one->other(),
                                  one->index(),
                                  static_cast<std::uint8_t>(one->fact()),
                                  static_cast<std::uint8_t>(one->team()),
                                  static_cast<std::uint8_t>(one->weapon()),
                                  {}});
    }
    told->what = {told->elements.data(), static_cast<std::uint32_t>(told->elements.size())};
    return told;
}

std::unique_ptr<Stored> custom_of(const protocol::Custom& custom) {
    auto told =
        std::make_unique<ToldList<muster_client_custom, std::uint8_t>>(MUSTER_CLIENT_EVENT_CUSTOM);
    if (const auto* payload = custom.payload())
        told->elements.assign(payload->begin(), payload->end());
    told->what = {told->elements.data(), static_cast<std::uint32_t>(told->elements.size()),
                  custom.command()};
    return told;
}

std::unique_ptr<Stored> notice_of(const protocol::Notice& notice) {
    auto told = std::make_unique<Told<muster_client_notice>>(MUSTER_CLIENT_EVENT_NOTICE);
    told->what = {told->keep(notice.text()->string_view()),
                  static_cast<std::uint32_t>(notice.kind()), notice.snapshot_rate()};
    return told;
}

std::unique_ptr<Stored> match_of(const protocol::MatchState& match) {
    auto told = std::make_unique<ToldList<muster_client_match, muster_client_flag>>(
        MUSTER_CLIENT_EVENT_MATCH);
    if (const auto* flags = match.flags()) {
        for (const auto* one : *flags) told->elements.push_back(flag_of(*one));
    }
    const auto& clock = *match.clock();
    auto& what = told->what;
    what.number = clock.number();
    what.ends_tick = clock.ends_tick();
    what.winner = clock.winner();
    what.red = clock.red();
    what.blue = clock.blue();
    what.phase = static_cast<std::uint8_t>(clock.phase());
    what.winner_team = static_cast<std::uint8_t>(clock.winner_team());
    what.flags = told->elements.data();
    what.flag_count = static_cast<std::uint32_t>(told->elements.size());
    return told;
}

std::unique_ptr<Stored> scores_of(const protocol::Scores& scores) {
    auto told = std::make_unique<ToldList<muster_client_scores, muster_client_score>>(
        MUSTER_CLIENT_EVENT_SCORES);
    for (const auto* one : *scores.rows()) {
        told->elements.push_back({told->keep(one->name()->string_view()),
                                  one->score(),
                                  one->id(),
                                  one->kills(),
                                  one->deaths(),
                                  one->captures(),
                                  static_cast<std::uint8_t>(one->team()),
                                  {}});
    }
    told->what = {told->elements.data(), static_cast<std::uint32_t>(told->elements.size()),
                  scores.own_rank(), scores.players(), scores.bots()};
    return told;
}

}  // namespace

std::unique_ptr<Stored> Translator::words(const protocol::Message& message) {
    switch (message.body_type()) {
        case protocol::Body::People:
            return people_of(*message.body_as_People());
        case protocol::Body::Chat:
            return chat_of(*message.body_as_Chat());
        case protocol::Body::Newspaper:
            return news_of(*message.body_as_Newspaper());
        case protocol::Body::Custom:
            return custom_of(*message.body_as_Custom());
        case protocol::Body::Notice:
            return notice_of(*message.body_as_Notice());
        case protocol::Body::MatchState:
            return match_of(*message.body_as_MatchState());
        case protocol::Body::Scores:
            return scores_of(*message.body_as_Scores());
        default:
            return nullptr;
    }
}

std::unique_ptr<Stored> tell_worlds(const std::vector<client::World>& worlds) {
    auto told = std::make_unique<ToldList<muster_client_worlds, muster_client_world>>(
        MUSTER_CLIENT_EVENT_WORLDS);
    for (const auto& one : worlds) {
        told->elements.push_back({told->keep(one.name),
                                  told->keep(one.mode),
                                  told->keep(one.map),
                                  one.people,
                                  one.bots,
                                  one.players_max,
                                  one.servers,
                                  one.asleep ? std::uint8_t{1} : std::uint8_t{0},
                                  one.spread ? std::uint8_t{1} : std::uint8_t{0},
                                  {}});
    }
    told->what = {told->elements.data(), static_cast<std::uint32_t>(told->elements.size())};
    return told;
}

std::unique_ptr<Stored> tell_servers(const std::vector<client::Server>& servers,
                                     const std::vector<std::int32_t>& pings) {
    auto told = std::make_unique<ToldList<muster_client_servers, muster_client_server>>(
        MUSTER_CLIENT_EVENT_SERVERS);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto& one = servers[i];
        told->elements.push_back(
            {told->keep(one.id),
             told->keep(one.name),
             told->keep(one.version),
             told->keep(one.location),
             told->keep(one.addresses.empty() ? std::string{} : one.addresses.front()),
             one.players,
             one.capacity,
             one.load,
             pings[i],
             one.udp_port,
             one.draining ? std::uint8_t{1} : std::uint8_t{0},
             {}});
    }
    told->what = {told->elements.data(), static_cast<std::uint32_t>(told->elements.size())};
    return told;
}

std::unique_ptr<Stored> tell_failed(std::uint32_t kind, std::uint32_t request, std::int32_t code,
                                    const std::string& message) {
    auto told = std::make_unique<Told<muster_client_failed>>(kind);
    told->what = {code, request, told->keep(message)};
    return told;
}

std::unique_ptr<Stored> tell_moved() {
    auto told = std::make_unique<Stored>();
    told->event.kind = MUSTER_CLIENT_EVENT_MOVED;
    return told;
}

std::unique_ptr<Stored> tell_disconnected(std::int32_t code, const std::string& message,
                                          const client::Refusal& refusal) {
    auto told = std::make_unique<ToldList<muster_client_disconnected, muster_client_alternative>>(
        MUSTER_CLIENT_EVENT_DISCONNECTED);
    for (const auto& one : refusal.alternatives) {
        told->elements.push_back(
            {told->keep(one.world), told->keep(one.server), one.people, one.players_max});
    }
    told->what = {code, static_cast<std::uint32_t>(refusal.retry_after.count()),
                  told->keep(message), told->elements.data(),
                  static_cast<std::uint32_t>(told->elements.size())};
    return told;
}

}  // namespace muster::sdk
