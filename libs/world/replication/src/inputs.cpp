// What a player says.
#include <algorithm>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"
#include "muster/replication/mirror.hpp"

namespace muster::replication {
namespace {

template <typename T>
Bytes finish(flatbuffers::FlatBufferBuilder& builder, protocol::Body kind,
             flatbuffers::Offset<T> body) {
    builder.Finish(protocol::CreateMessage(builder, kind, body.Union()),
                   protocol::MessageIdentifier());
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

}  // namespace

Bytes write_inputs(std::uint32_t sequence, sim::Tick newest, std::uint32_t received,
                   std::span<const InputStep> steps) {
    flatbuffers::FlatBufferBuilder builder(256);
    // The newest ones, when there are more than a message takes.
    steps = steps.last(std::min(steps.size(), protocol::steps_max));
    std::vector<protocol::InputStep> list;
    list.reserve(steps.size());
    for (const auto& step : steps) list.emplace_back(step.aim, step.buttons, step.slot, step.seen);
    const auto offset = builder.CreateVectorOfStructs(list);
    return finish(builder, protocol::Body::Inputs,
                  protocol::CreateInputs(builder, sequence, newest, received, offset));
}

Bytes write_ping(std::uint64_t time) {
    flatbuffers::FlatBufferBuilder builder(64);
    return finish(builder, protocol::Body::Ping, protocol::CreatePing(builder, time));
}

Bytes write_say(std::string_view text, const Address& to) {
    flatbuffers::FlatBufferBuilder builder(256);
    const auto words = builder.CreateString(text.data(), text.size());
    const auto name = to.whom_name.empty() ? flatbuffers::Offset<flatbuffers::String>{}
                                           : builder.CreateString(to.whom_name);
    return finish(
        builder, protocol::Body::Say,
        protocol::CreateSay(builder, words, static_cast<protocol::Scope>(to.scope), to.whom, name));
}

Bytes write_party(std::string_view code) {
    flatbuffers::FlatBufferBuilder builder(64);
    const auto text = builder.CreateString(code.data(), code.size());
    return finish(builder, protocol::Body::Party, protocol::CreateParty(builder, text));
}

Bytes write_bye() {
    flatbuffers::FlatBufferBuilder builder(64);
    return finish(builder, protocol::Body::Bye, protocol::CreateBye(builder));
}

Bytes write_custom(std::uint8_t command, std::span<const std::byte> payload) {
    flatbuffers::FlatBufferBuilder builder(payload.size() + 128);
    const auto* begin = reinterpret_cast<const std::uint8_t*>(payload.data());
    const auto bytes = builder.CreateVector(begin, payload.size());
    return finish(builder, protocol::Body::Custom, protocol::CreateCustom(builder, command, bytes));
}

}  // namespace muster::replication
