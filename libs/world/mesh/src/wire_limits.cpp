#include "wire_limits.hpp"

#include <algorithm>

#include "wire_text.hpp"

namespace muster::mesh {
namespace {

// A table with its offset in a list, its padding, and its vtable if it is the first.
constexpr std::size_t table_bytes = 64;
// Length, terminator and padding of a list of bytes or a text.
constexpr std::size_t list_bytes = 12;

template <typename... Each>
struct Overloaded : Each... {
    using Each::operator()...;
};

bool is_within(const Traveller& traveller) {
    return traveller.record.size() <= sim::Record::bytes_max &&
           traveller.seat.ticket_hash.size() <= hash_bytes_max &&
           traveller.seat.previous_hash.size() <= hash_bytes_max &&
           traveller.seat.party.size() <= party_bytes_max;
}

bool is_within(const Letter& letter) {
    return std::visit(Overloaded{
                          [](const Crossing& crossing) { return is_within(crossing.traveller); },
                          [](const Offer& offer) { return offer.sdp.size() <= sdp_bytes_max; },
                          [](const Answer& answer) { return answer.sdp.size() <= sdp_bytes_max; },
                          [](const Talk& talk) { return talk.bytes.size() <= talk_bytes_max; },
                          [](const auto&) { return true; },
                      },
                      letter);
}

bool is_named_within(const auto& row) {
    return row.name.size() <= name_bytes_max;
}

// A Name, which is a table with its offset, as all have one vtable.
std::size_t named_bytes(const std::string& text) {
    constexpr std::size_t name_bytes = 16;
    return text.empty() ? 0 : name_bytes + list_bytes + text.size();
}

}  // namespace

std::size_t bytes_at_most(const Posed& posed) {
    constexpr std::size_t pose_bytes = 56;
    return pose_bytes + named_bytes(posed.name);
}

std::size_t bytes_at_most(const Roll::Row& row) {
    constexpr std::size_t row_bytes = 20;
    constexpr std::size_t offset_bytes = 4;
    return row_bytes + offset_bytes + list_bytes + row.name.size() + named_bytes(row.party);
}

std::size_t bytes_at_most(const Traveller& traveller) {
    return 2 * table_bytes + 4 * list_bytes + traveller.record.size() +
           traveller.seat.ticket_hash.size() + traveller.seat.previous_hash.size() +
           traveller.seat.party.size();
}

std::size_t bytes_at_most(const Letter& letter) {
    return 1 +
           std::visit(
               Overloaded{
                   [](const sim::Claim&) -> std::size_t { return 44; },
                   [](const sim::Verdict&) -> std::size_t { return 28; },
                   [](const Crossing& crossing) { return bytes_at_most(crossing.traveller); },
                   [](const Crossed&) -> std::size_t { return 8; },
                   [](const Offer& offer) { return table_bytes + list_bytes + offer.sdp.size(); },
                   [](const Answer& answer) {
                       return table_bytes + 2 * list_bytes + answer.sdp.size() +
                              std::min(answer.error.size(), error_bytes_max);
                   },
                   [](const Ready&) -> std::size_t { return 4; },
                   [](const Talk& talk) { return table_bytes + list_bytes + talk.bytes.size(); },
               },
               letter);
}

std::size_t bytes_at_most(const Strip& strip) {
    std::size_t bytes = message_bytes_least + strip.events.size() * event_bytes +
                        strip.walls.size() * wall_bytes + strip.pickups.size() * pickup_bytes;
    for (const Posed& posed : strip.players) bytes += bytes_at_most(posed);
    return bytes;
}

Strip shortened(Strip strip) {
    const std::size_t bytes = bytes_at_most(strip);
    std::size_t excess = bytes - std::min(bytes, message_bytes_max);
    const auto cut = [&excess](auto& list, std::size_t each) {
        const std::size_t count = std::min(list.size(), (excess + each - 1) / each);
        list.resize(list.size() - count);
        excess -= std::min(excess, count * each);
    };
    cut(strip.events, event_bytes);
    cut(strip.pickups, pickup_bytes);
    cut(strip.walls, wall_bytes);
    while (excess > 0 && !strip.players.empty()) {
        excess -= std::min(excess, bytes_at_most(strip.players.back()));
        strip.players.pop_back();
    }
    return strip;
}

bool is_within_limits(const Message& message) {
    const auto is_each_within = [](const auto& list, std::size_t most, auto each) {
        return list.size() <= most && std::ranges::all_of(list, each);
    };
    return is_server(message.server) &&
           std::visit(
               Overloaded{
                   [&](const Strip& strip) {
                       return is_each_within(
                           strip.players, players_in_message_max,
                           [](const Posed& posed) { return is_named_within(posed); });
                   },
                   [&](const Roll& roll) {
                       return is_each_within(
                           roll.rows, players_in_message_max, [](const Roll::Row& row) {
                               return is_named_within(row) && row.party.size() <= party_bytes_max;
                           });
                   },
                   [](const Standing& standing) { return standing.flags.size() <= 2; },
                   [&](const Copy& copy) {
                       return is_each_within(copy.players, players_in_message_max,
                                             [](const Traveller& one) { return is_within(one); });
                   },
                   [&](const Parcel& parcel) {
                       return is_each_within(
                           parcel.letters, letters_in_message_max,
                           [](const Letter& letter) { return is_within(letter); });
                   },
               },
               message.body);
}

}  // namespace muster::mesh
