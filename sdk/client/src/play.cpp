#include "play.hpp"

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::sdk {

Play::Play(boost::asio::io_context& context, std::shared_ptr<const rtc::Identity> identity,
           Events& events, Counts& counts, Clock clock)
    : events_(events),
      counts_(counts),
      clock_(std::move(clock)),
      wires_(context,
             [this](std::size_t wire, std::span<std::byte> datagram) {
                 session_.receive(wire, datagram, clock_());
             }),
      session_(std::move(identity), room_, *this, clock_()) {}

Play::~Play() = default;

void Play::on_message(const protocol::Message& message, bool is_stale) {
    if (const auto* told = message.body_as_Snapshot()) return snapshot(*told, is_stale);
    if (message.body_as_Welcome() != nullptr) return welcomed(message);
    if (message.body_as_Notice() != nullptr) noticed(message);
    if (auto words = Translator::words(message)) events_.put(std::move(words));
}

void Play::snapshot(const protocol::Snapshot& told, bool is_stale) {
    if (is_stale) {
        ++counts_.snapshots_late;
        translator_.late(told);
        return;
    }
    auto event = translator_.snapshot(told, session_.mirror(), session_.sequence());
    if (!event) return;
    ++counts_.snapshots;
    has_played_ = true;
    events_.put(std::move(event));
}

void Play::welcomed(const protocol::Message& message) {
    const auto& welcome = *message.body_as_Welcome();
    if (welcome.protocol_version() != protocol::version) {
        ending_ = {MUSTER_CLIENT_PROTOCOL, "the server speaks version " +
                                               std::to_string(welcome.protocol_version()) +
                                               " of the protocol, and this library version " +
                                               std::to_string(protocol::version)};
        return;
    }
    const auto player = std::uint32_t{welcome.player()} << 8U | welcome.generation();
    std::uint32_t why = MUSTER_CLIENT_JOINED;
    if (player_ == player) why = has_crossed_ ? MUSTER_CLIENT_CROSSED : MUSTER_CLIENT_RETURNED;
    if (why == MUSTER_CLIENT_RETURNED) ++counts_.returns;
    player_ = player;
    has_crossed_ = false;
    is_stopping_ = false;
    if (on_welcome) on_welcome();
    events_.put(translator_.welcome(welcome, why, server));
}

void Play::noticed(const protocol::Message& message) {
    const auto& notice = *message.body_as_Notice();
    if (notice.kind() == protocol::NoticeKind::replaced) {
        ending_ = {MUSTER_CLIENT_REPLACED, notice.text()->str()};
    } else if (notice.kind() == protocol::NoticeKind::kicked) {
        ending_ = {MUSTER_CLIENT_KICKED, notice.text()->str()};
    } else if (notice.kind() == protocol::NoticeKind::stopping) {
        is_stopping_ = true;
    }
}

void Play::on_tail(const protocol::Message& message) {
    const auto kind = message.body_type();
    const bool is_said_to_people = kind == protocol::Body::Chat ||
                                   kind == protocol::Body::Newspaper ||
                                   kind == protocol::Body::People;
    if (is_said_to_people) events_.put(Translator::words(message));
}

void Play::on_crossed() {
    has_crossed_ = true;
    server.clear();  // the coordinator told of the first one only
    ++counts_.crossings;
    events_.put(tell_moved());
}

void Play::on_lost(std::string_view why) {
    events_.put(tell_failed(MUSTER_CLIENT_EVENT_LOST, 0, MUSTER_CLIENT_LOST, std::string(why)));
}

void Play::on_note(client::Note note) {
    if (note == client::Note::nonsense) ++counts_.nonsense;
}

}  // namespace muster::sdk
