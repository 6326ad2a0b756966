#include "snapshot_layout.hpp"

#include <cstring>

#include "game_generated.h"
#include "muster/base/assert.hpp"

// The layout (FlatBuffers' "Internals"; offsets are relative to where they stand, forward):
//    0 offset of the Message      4 "MSW1"
//    8 the Message's vtable: its size 8, the table's size 10, body_type at 8, body at 4
//   16 the Message: to its vtable, offset of the body, type, a byte of padding
//   26 the Snapshot's vtable: as many fields as there are up to the last
//    . the Snapshot (at a multiple of 4): to its vtable, tick, acknowledged, own, offsets of lists
//    . the lists that are not empty: entities, shots, effects, gone
namespace muster::replication {
namespace {

constexpr std::size_t message_vtable = 8, message_table = 16, snapshot_vtable = 26;

// The fields by their order in the schema.
enum Field : std::size_t { tick, acknowledged, own, entities, gone, shots, effects, count };
static_assert(protocol::Snapshot::VT_TICK == 4 && protocol::Snapshot::VT_OWN == 4 + 2 * own &&
              protocol::Snapshot::VT_ENTITIES == 4 + 2 * entities &&
              protocol::Snapshot::VT_GONE == 4 + 2 * gone &&
              protocol::Snapshot::VT_SHOTS == 4 + 2 * shots &&
              protocol::Snapshot::VT_EFFECTS == 4 + 2 * effects);
static_assert(protocol::Message::VT_BODY_TYPE == 4 && protocol::Message::VT_BODY == 6);

constexpr std::size_t padded(std::size_t size) {
    return (size + 3) & ~std::size_t{3};
}

std::size_t vtable_size(const SnapshotCounts& counts) {
    const Field last = counts.effects != 0    ? effects
                       : counts.shots != 0    ? shots
                       : counts.gone != 0     ? gone
                       : counts.entities != 0 ? entities
                       : counts.own           ? own
                                              : acknowledged;
    return 4 + 2 * (last + 1);
}

std::size_t table_size(const SnapshotCounts& counts) {
    const std::size_t lists = (counts.entities != 0 ? 1U : 0U) + (counts.shots != 0 ? 1U : 0U) +
                              (counts.effects != 0 ? 1U : 0U) + (counts.gone != 0 ? 1U : 0U);
    return 12 + (counts.own ? sizeof(SelfRecord) : 0) + 4 * lists;
}

std::size_t list_size(std::size_t elements, std::size_t size) {
    return elements == 0 ? 0 : 4 + padded(elements * size);
}

class Writer {
  public:
    explicit Writer(std::byte* data) : data_(data) {}
    template <typename T>
    void put(std::size_t at, T value) {
        std::memcpy(data_ + at, &value, sizeof(value));
    }
    void offset(std::size_t at, std::size_t to) { put(at, static_cast<std::uint32_t>(to - at)); }
    // A list of `elements` at the end; where the elements go.
    std::byte* list(std::size_t field_at, std::size_t elements, std::size_t size) {
        offset(field_at, end);
        put(end, static_cast<std::uint32_t>(elements));
        std::byte* first = data_ + end + 4;
        const auto bytes = elements * size;
        end += 4 + padded(bytes);
        for (std::size_t n = bytes; n < padded(bytes); ++n) first[n] = std::byte{0};
        return first;
    }
    std::size_t end = 0;

  private:
    std::byte* data_;
};

template <typename T>
void copy(std::byte* to, std::span<const T> from) {
    std::memcpy(to, from.data(), from.size_bytes());
}

void write_head(Writer& writer, std::size_t table) {
    writer.offset(0, message_table);
    writer.put(4, std::array{'M', 'S', 'W', '1'});
    writer.put(message_vtable, std::array<std::uint16_t, 4>{8, 10, 8, 4});
    writer.put(message_table, static_cast<std::int32_t>(message_table - message_vtable));
    writer.offset(message_table + 4, table);
    writer.put(message_table + 8, static_cast<std::uint16_t>(protocol::Body::Snapshot));
}

}  // namespace

std::size_t snapshot_size(const SnapshotCounts& counts) {
    return padded(snapshot_vtable + vtable_size(counts)) + table_size(counts) +
           list_size(counts.entities, sizeof(EntityRecord)) +
           list_size(counts.shots, sizeof(ShotRecord)) +
           list_size(counts.effects, sizeof(EffectRecord)) +
           list_size(counts.gone, sizeof(sim::PlayerId));
}

std::size_t write_snapshot(const SnapshotContent& content, std::span<std::byte> out) {
    const SnapshotCounts counts{.own = content.own != nullptr,
                                .entities = content.entities.size(),
                                .shots = content.shots.size(),
                                .effects = content.effects.size(),
                                .gone = content.gone.size()};
    MUSTER_ASSERT(snapshot_size(counts) <= out.size());
    Writer writer(out.data());
    const auto fields = vtable_size(counts);
    const auto table = padded(snapshot_vtable + fields);
    write_head(writer, table);

    std::array<std::uint16_t, 2 + Field::count> vtable{};
    std::size_t at = 4;
    const auto place = [&](Field field, std::size_t size) {
        vtable[2 + field] = static_cast<std::uint16_t>(at);
        at += size;
        return table + at - size;
    };
    writer.put(table, static_cast<std::int32_t>(table - snapshot_vtable));
    writer.put(place(tick, 4), content.tick);
    writer.put(place(acknowledged, 4), content.acknowledged);
    if (counts.own) writer.put(place(own, sizeof(SelfRecord)), *content.own);
    writer.end = table + table_size(counts);
    if (counts.entities != 0) {
        auto* to = writer.list(place(entities, 4), counts.entities, sizeof(EntityRecord));
        for (const auto index : content.entities) {
            std::memcpy(to, &content.records[index], sizeof(EntityRecord));
            to += sizeof(EntityRecord);
        }
    }
    if (counts.shots != 0)
        copy(writer.list(place(shots, 4), counts.shots, sizeof(ShotRecord)), content.shots);
    if (counts.effects != 0)
        copy(writer.list(place(effects, 4), counts.effects, sizeof(EffectRecord)), content.effects);
    if (counts.gone != 0)
        copy(writer.list(place(gone, 4), counts.gone, sizeof(sim::PlayerId)), content.gone);
    vtable[0] = static_cast<std::uint16_t>(fields);
    vtable[1] = static_cast<std::uint16_t>(at);
    std::memcpy(out.data() + snapshot_vtable, vtable.data(), fields);
    for (auto n = snapshot_vtable + fields; n < table; ++n) out[n] = std::byte{0};
    return writer.end;
}

}  // namespace muster::replication
