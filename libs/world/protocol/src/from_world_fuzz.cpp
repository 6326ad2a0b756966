#include <cstdint>

#include "game_generated.h"
#include "muster/base/assert.hpp"
#include "muster/protocol/protocol.hpp"

namespace {

using namespace muster::protocol;

std::uint64_t sum = 0;

void touch(const flatbuffers::String* text) {
    if (text != nullptr)
        for (const char c : *text) sum += static_cast<std::uint8_t>(c);
}

template <typename T>
void touch(const flatbuffers::Vector<T>* list) {
    if (list == nullptr || list->size() == 0) return;
    const auto* bytes = list->Data();
    using Element = std::remove_pointer_t<T>;
    for (std::size_t n = 0; n < list->size() * sizeof(Element); ++n) sum += bytes[n];
}

void touch(const Welcome& welcome) {
    touch(welcome.world());
    touch(welcome.name());
    touch(welcome.map());
    touch(welcome.resume());
    touch(welcome.walls());
    touch(welcome.pickups());
    touch(welcome.flags());
    sum += welcome.tick() + welcome.player();
}

void touch_lists(const Message& message) {
    if (const auto* people = message.body_as_People())
        for (const auto* person : *people->people()) {
            touch(person->name());
            sum += person->id();
        }
    if (const auto* scores = message.body_as_Scores())
        for (const auto* row : *scores->rows()) touch(row->name());
    if (const auto* paper = message.body_as_Newspaper())
        for (const auto* news : *paper->news()) {
            touch(news->player_name());
            touch(news->other_name());
            sum += news->tick();
        }
}

void touch(const Message& message) {
    if (const auto* welcome = message.body_as_Welcome()) touch(*welcome);
    touch_lists(message);
    if (const auto* match = message.body_as_MatchState()) {
        sum += match->clock()->ends_tick();
        touch(match->flags());
    }
    if (const auto* chat = message.body_as_Chat()) {
        touch(chat->name());
        touch(chat->text());
        touch(chat->whom_name());
    }
    if (const auto* party = message.body_as_Party()) {
        touch(party->code());
        if (party->members() != nullptr)
            for (const auto* member : *party->members()) touch(member->name());
    }
    if (const auto* notice = message.body_as_Notice()) touch(notice->text());
    if (const auto* invitation = message.body_as_Invitation()) sum += invitation->number();
    if (const auto* answer = message.body_as_Answer()) {
        touch(answer->sdp());
        touch(answer->error());
        sum += answer->number();
    }
    if (const auto* moved = message.body_as_Moved()) sum += moved->connected() ? 1 : 0;
    if (const auto* pong = message.body_as_Pong()) sum += pong->time() + pong->tick();
    if (const auto* custom = message.body_as_Custom()) {
        MUSTER_ASSERT(custom->payload() == nullptr ||
                      custom->payload()->size() <= custom_bytes_max);
        touch(custom->payload());
        sum += custom->command();
    }
    if (const auto* snapshot = message.body_as_Snapshot()) {
        if (snapshot->own() != nullptr) sum += snapshot->own()->weapons();
        touch(snapshot->entities());
        touch(snapshot->gone());
        touch(snapshot->shots());
        touch(snapshot->effects());
    }
}

}  // namespace

/// What a world sends is refused with a reason, or every field of it can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::uint64_t> room;
    const auto message =
        read_from_world(aligned({reinterpret_cast<const std::byte*>(data), size}, room));
    if (!message) {
        MUSTER_ASSERT(!message.error().message.empty());
        MUSTER_ASSERT(message.error().code == muster::Errc::invalid_argument);
        return 0;
    }
    touch(**message);
    volatile auto keep = sum;
    static_cast<void>(keep);
    return 0;
}
