#include "control_messages.hpp"

#include <algorithm>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::host {
namespace {

constexpr std::size_t board_rows_max = 20;

template <typename Table>
Bytes finish(flatbuffers::FlatBufferBuilder& builder, flatbuffers::Offset<Table> body) {
    builder.Finish(
        protocol::CreateMessage(builder, protocol::BodyTraits<Table>::enum_value, body.Union()),
        protocol::MessageIdentifier());
    const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {begin, begin + builder.GetSize()};
}

}  // namespace

Bytes write_persons(std::span<const Person> persons, std::span<const sim::PlayerId> ids) {
    flatbuffers::FlatBufferBuilder builder(2'048);
    std::vector<flatbuffers::Offset<protocol::Person>> out;
    for (const sim::PlayerId id : ids) {
        if (id >= persons.size() || !persons[id].present) continue;
        const Person& one = persons[id];
        const auto name = builder.CreateString(one.name);
        out.push_back(protocol::CreatePerson(builder, id, one.generation,
                                             static_cast<protocol::Team>(one.team), one.bot, name));
    }
    if (out.empty()) return {};
    const auto all = builder.CreateVector(out);
    return finish(builder, protocol::CreatePeople(builder, all));
}

Bytes write_board(const Board& board, std::span<const Person> persons, sim::PlayerId own) {
    flatbuffers::FlatBufferBuilder builder(2'048);
    std::vector<flatbuffers::Offset<protocol::ScoreRow>> out;
    const auto add = [&](const Board::Row& row) {
        const auto name =
            builder.CreateString(row.id < persons.size() ? persons[row.id].name : std::string());
        out.push_back(protocol::CreateScoreRow(builder, row.id,
                                               static_cast<protocol::Team>(row.team), row.score,
                                               row.kills, row.deaths, row.captures, name));
    };
    const std::size_t best = std::min(board.rows.size(), board_rows_max);
    for (std::size_t i = 0; i < best; ++i) add(board.rows[i]);
    const std::uint16_t rank = own < board.rank.size() ? board.rank[own] : std::uint16_t{0};
    if (rank > best) add(board.rows[rank - 1U]);
    const auto rows = builder.CreateVector(out);
    return finish(
        builder, protocol::CreateScores(builder, rows, rank,
                                        static_cast<std::uint16_t>(board.rows.size()), board.bots));
}

Bytes write_line(std::string_view name, std::string_view text) {
    flatbuffers::FlatBufferBuilder builder(256);
    const auto from = builder.CreateString(name.data(), name.size());
    const auto said = builder.CreateString(text.data(), text.size());
    return finish(builder, protocol::CreateChat(builder, sim::no_player, from, said));
}

Bytes write_announcement(std::string_view text) {
    flatbuffers::FlatBufferBuilder builder(512);
    const auto from = builder.CreateString("");
    const auto said = builder.CreateString(text.data(), text.size());
    return finish(builder,
                  protocol::CreateChat(builder, sim::no_player, from, said, protocol::Team::none,
                                       protocol::Scope::announcement));
}

Bytes write_party(std::string_view code, std::span<const Parties::Member> members) {
    flatbuffers::FlatBufferBuilder builder(2'048);
    std::vector<flatbuffers::Offset<protocol::PartyMember>> out;
    for (const Parties::Member& member :
         members.first(std::min(members.size(), protocol::party_members_max))) {
        const auto name = builder.CreateString(member.name);
        out.push_back(protocol::CreatePartyMember(builder, member.id, name));
    }
    const auto all = builder.CreateVector(out);
    const auto text = builder.CreateString(code.data(), code.size());
    return finish(builder, protocol::CreateParty(builder, text, all));
}

Bytes write_invitation(std::uint32_t number) {
    flatbuffers::FlatBufferBuilder builder(64);
    return finish(builder, protocol::CreateInvitation(builder, number));
}

Bytes write_answer(std::uint32_t number, std::string_view sdp, std::string_view error) {
    flatbuffers::FlatBufferBuilder builder(sdp.size() + error.size() + 128);
    const auto text = [&builder](std::string_view one) {
        return one.empty() ? flatbuffers::Offset<flatbuffers::String>()
                           : builder.CreateString(one.data(), one.size());
    };
    const auto answer = text(sdp);
    const auto why = text(error);
    return finish(builder, protocol::CreateAnswer(builder, number, answer, why));
}

Bytes write_moved(bool is_connected) {
    flatbuffers::FlatBufferBuilder builder(64);
    return finish(builder, protocol::CreateMoved(builder, is_connected));
}

Bytes write_pong(std::uint64_t time, sim::Tick tick) {
    flatbuffers::FlatBufferBuilder builder(64);
    return finish(builder, protocol::CreatePong(builder, time, tick));
}

}  // namespace muster::host
