#include "tally.hpp"

#include <algorithm>

namespace muster::load {

void Joins::merge(const Joins& other) {
    answer.merge(other.answer);
    first.merge(other.first);
    asked += other.asked;
    playing += other.playing;
    failed += other.failed;
    put_off += other.put_off;
    dropped += other.dropped;
    for (const auto& [reason, count] : other.reasons) reasons[reason] += count;
    if (!other.last_refusal.empty()) last_refusal = other.last_refusal;
}

void Joins::count(const std::string& reason) {
    const bool is_new = !reasons.contains(reason);
    ++reasons[is_new && reasons.size() >= reasons_max ? "others" : reason];
}

void Crossings::merge(const Crossings& other) {
    gap.merge(other.gap);
    back.merge(other.back);
    count += other.count;
    unconnected += other.unconnected;
    invitations += other.invitations;
    refused += other.refused;
    strangers += other.strangers;
    doubles += other.doubles;
    for (const auto& [why, number] : other.falls) falls[why] += number;
}

void Measured::merge(const Measured& other) {
    input_to_ack.merge(other.input_to_ack);
    seen_age.merge(other.seen_age);
    gap.merge(other.gap);
    verdict += other.verdict;
    crossings.merge(other.crossings);
    identities.insert(identities.end(), other.identities.begin(), other.identities.end());
    snapshots += other.snapshots;
    entities += other.entities;
    stale_snapshots += other.stale_snapshots;
    bad_messages += other.bad_messages;
    inputs += other.inputs;
    inputs_unsent += other.inputs_unsent;
    freezes += other.freezes;
    datagrams_up += other.datagrams_up;
    datagrams_down += other.datagrams_down;
    bytes_up += other.bytes_up;
    bytes_down += other.bytes_down;
    socket_drops += other.socket_drops;
    notices_overload += other.notices_overload;
    notices_chat += other.notices_chat;
    client_ticks += other.client_ticks;
    witnesses += other.witnesses;
    witnesses_failed += other.witnesses_failed;
    cpu_seconds += other.cpu_seconds;
    cpu_share_max = std::max(cpu_share_max, other.cpu_share_max);
    seconds = std::max(seconds, other.seconds);
    players += other.players;
}

}  // namespace muster::load
