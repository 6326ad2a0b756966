#include "extension_desk.hpp"

#include <map>
#include <utility>

#include "chat_text.hpp"
#include "control_messages.hpp"
#include "muster/protocol/protocol.hpp"
#include "muster/replication/mirror.hpp"
#include "people.hpp"

namespace muster::host {
namespace {

constexpr std::size_t name_characters_max = 24;

}  // namespace

ExtensionDesk::ExtensionDesk(Shared& shared, WorldDoor& door, const sim::World& world, Post& post,
                             std::shared_ptr<Extension> extension)
    : shared_(shared),
      door_(door),
      world_(world),
      post_(post),
      extension_(std::move(extension)),
      people_(world.players().size()),
      each_(extension_ ? world.players().size() : 0, Bucket(to_one)) {
    door.has_extension = extension_ != nullptr;
}

Result<void> ExtensionDesk::open() {
    if (!extension_) return {};
    auto opened = extension_->open(*this);
    open_ = opened.has_value();
    return opened;
}

void ExtensionDesk::close() {
    if (std::exchange(open_, false)) extension_->close();
}

void ExtensionDesk::joined(sim::PlayerId player, bool returned) {
    if (!open_) return;
    people_[player] = true;
    if (!returned) each_[player] = Bucket(to_one);
    extension_->on_join(player, returned);
}

void ExtensionDesk::left(sim::PlayerId player) {
    if (!open_ || !people_[player]) return;
    extension_->on_leave(player);
    people_[player] = false;
}

void ExtensionDesk::said(const ExtensionMessage& message) {
    if (!open_) return;
    door_.customs.fetch_add(1, std::memory_order_relaxed);
    extension_->on_message(message);
}

void ExtensionDesk::stepped() {
    if (open_) extension_->on_events(world_.events());
}

void ExtensionDesk::ticked() {
    if (!open_) return;
    extension_->on_tick();
    deliver();
    // Buckets count by wall time in milliseconds; a server's own time does as well.
    stamp_ = Timestamp(std::chrono::duration_cast<std::chrono::milliseconds>(now()));
}

std::vector<PluginStatistics> ExtensionDesk::statistics() const {
    return extension_ ? extension_->statistics() : std::vector<PluginStatistics>{};
}

Elapsed ExtensionDesk::now() const {
    return std::chrono::duration_cast<Elapsed>(shared_.now());
}

bool ExtensionDesk::is_person(sim::PlayerId player) const {
    return player < people_.size() && people_[player];
}

Sent ExtensionDesk::admit(sim::PlayerId to) {
    const bool is_for_all = to == sim::no_player;
    if (!is_for_all && !is_person(to)) return Sent::absent;
    Bucket& bucket = is_for_all ? all_ : each_[to];
    const bool is_admitted = outgoing_.size() < outgoing_max && bucket.take(stamp_);
    return is_admitted ? Sent::queued : Sent::limited;
}

Sent ExtensionDesk::send(sim::PlayerId to, std::uint8_t command,
                         std::span<const std::byte> payload) {
    if (payload.size() > protocol::custom_bytes_max) return Sent::unfit;
    const Sent admitted = admit(to);
    if (admitted != Sent::queued) return admitted;
    outgoing_.push_back(
        {to, std::make_shared<const Bytes>(replication::write_custom(command, payload))});
    return Sent::queued;
}

Sent ExtensionDesk::say(sim::PlayerId to, std::string_view name, std::string_view text) {
    const auto from = clean_text(name, name_characters_max);
    const auto words = clean_text(text, protocol::chat_characters_max);
    if (!from || !words) return Sent::unfit;
    const Sent admitted = admit(to);
    if (admitted != Sent::queued) return admitted;
    outgoing_.push_back({to, std::make_shared<const Bytes>(write_line(*from, *words))});
    return Sent::queued;
}

Sent ExtensionDesk::report(std::string_view plugin, std::uint8_t command,
                           std::span<const std::byte> payload) {
    if (payload.size() > protocol::custom_bytes_max) return Sent::unfit;
    if (!reports_.take(stamp_)) return Sent::limited;
    const bool is_heard = shared_.newsstand.put(
        {door_.name, std::string(plugin), command, {payload.begin(), payload.end()}});
    return is_heard ? Sent::queued : Sent::absent;
}

// In the order in which it was said; what goes to single players goes together.
void ExtensionDesk::deliver() {
    for (std::size_t i = 0; i < outgoing_.size();) {
        if (outgoing_[i].to == sim::no_player) {
            post_.send_all(mail::TellAll{std::move(outgoing_[i++].message)});
            continue;
        }
        std::multimap<sim::PlayerId, SharedBytes> sorted;  // keeps the order of each player's
        for (; i < outgoing_.size() && outgoing_[i].to != sim::no_player; ++i) {
            sorted.emplace(outgoing_[i].to, std::move(outgoing_[i].message));
        }
        post_.send_all(mail::TellSome{{sorted.begin(), sorted.end()}});
    }
    outgoing_.clear();
}

}  // namespace muster::host
