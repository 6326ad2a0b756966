#include "scripted_server.hpp"

#include "game_generated.h"
#include "muster/base/assert.hpp"
#include "muster/protocol/protocol.hpp"
#include "muster/replication/messages.hpp"

namespace muster::load {
namespace {

constexpr sctp::Reliability reliable{};
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

using flatbuffers::FlatBufferBuilder;

template <typename Table>
replication::Bytes message_of(FlatBufferBuilder& builder, flatbuffers::Offset<Table> body) {
    protocol::FinishMessageBuffer(
        builder,
        protocol::CreateMessage(builder, protocol::BodyTraits<Table>::enum_value, body.Union()));
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

}  // namespace

ScriptedServer::ScriptedServer(std::shared_ptr<const rtc::Identity> identity, std::uint16_t port)
    : address_(rtc::parse_address("127.0.0.1:" + std::to_string(port)).value()),
      endpoint_(std::move(identity), {}, *this) {}

ScriptedServer::~ScriptedServer() = default;

std::string ScriptedServer::accept(const std::string& offer, Instant now) {
    const std::vector<rtc::Candidate> candidates{{.address = "127.0.0.1", .port = address_.port}};
    auto accepted = endpoint_.accept(rtc::parse_offer(offer).value(), candidates, now).value();
    peer_ = accepted.peer;
    is_open = is_gone = false;
    return accepted.sdp;
}

void ScriptedServer::receive(const rtc::Address& from, std::span<std::byte> datagram, Instant now) {
    now_ = now;
    endpoint_.receive(from, datagram, now);
}

void ScriptedServer::handle_timeouts(Instant now) {
    now_ = now;
    endpoint_.handle_timeouts(now);
    endpoint_.flush_all(now);
}

void ScriptedServer::on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) {
    outbox.push_back({to, {datagram.begin(), datagram.end()}});
}

void ScriptedServer::on_open(rtc::PeerId peer) {
    is_open = is_open || peer == peer_;
}

void ScriptedServer::on_message(rtc::PeerId, std::uint16_t, bool,
                                std::span<const std::byte> bytes) {
    // Not read_from_player(), which need not know an Offer.
    const auto message = protocol::aligned(bytes, room_);
    const auto* said = protocol::GetMessage(message.data());
    if (const auto* input = said->body_as_Inputs()) {
        const auto* steps = input->steps();
        inputs.push_back({input->sequence(), input->tick(), input->received(), steps->size(),
                          steps->Get(steps->size() - 1)->seen()});
    } else if (const auto* offer = said->body_as_Offer()) {
        offers.push_back({offer->number(), offer->sdp()->str()});
    } else if (const auto* say = said->body_as_Say()) {
        chats.push_back(say->text()->str());
    }
}

void ScriptedServer::send(const replication::Bytes& message, bool is_control) {
    const auto sent =
        endpoint_.send(peer_, is_control ? protocol::control_stream : protocol::state_stream, false,
                       message, is_control ? reliable : unreliable, now_);
    MUSTER_ASSERT(sent == sctp::Sent::queued);
    endpoint_.flush(peer_, now_);
}

void ScriptedServer::welcome(std::uint16_t player, std::uint8_t generation,
                             std::string_view resume) {
    FlatBufferBuilder builder;
    const auto world = builder.CreateString("arena");
    const auto name = builder.CreateString("load");
    const auto token = builder.CreateString(resume.data(), resume.size());
    protocol::WelcomeBuilder welcome(builder);
    welcome.add_world(world);
    welcome.add_name(name);
    welcome.add_resume(token);
    welcome.add_player(player);
    welcome.add_generation(generation);
    welcome.add_width(1'000);
    welcome.add_height(1'000);
    welcome.add_step(0.05F);
    welcome.add_view(600);
    send(message_of(builder, welcome.Finish()), true);
}

void ScriptedServer::snapshot(std::uint32_t tick, std::uint32_t acknowledged,
                              const std::vector<std::uint16_t>& others) {
    FlatBufferBuilder builder;
    std::vector<protocol::Entity> entities;
    for (const auto id : others) entities.emplace_back(id, 0, 0, 0, 0, 0, 100, 0x80);
    const auto list = builder.CreateVectorOfStructs(entities);
    protocol::SnapshotBuilder snapshot(builder);
    snapshot.add_tick(tick);
    snapshot.add_acknowledged(acknowledged);
    snapshot.add_entities(list);
    send(message_of(builder, snapshot.Finish()), false);
}

void ScriptedServer::chat(std::string_view text) {
    FlatBufferBuilder builder;
    const auto name = builder.CreateString("load");
    const auto words = builder.CreateString(text.data(), text.size());
    send(message_of(builder, protocol::CreateChat(builder, 1, name, words)), true);
}

void ScriptedServer::notice(std::uint8_t snapshot_rate) {
    send(replication::write_notice(static_cast<std::uint8_t>(protocol::NoticeKind::overload_rate),
                                   "busy", snapshot_rate),
         true);
}

void ScriptedServer::invite(std::uint32_t number) {
    FlatBufferBuilder builder;
    send(message_of(builder, protocol::CreateInvitation(builder, number)), true);
}

void ScriptedServer::answer(std::uint32_t number, std::string_view sdp) {
    FlatBufferBuilder builder;
    const auto text = builder.CreateString(sdp.data(), sdp.size());
    send(message_of(builder, protocol::CreateAnswer(builder, number, text)), true);
}

void ScriptedServer::moved(bool is_connected) {
    FlatBufferBuilder builder;
    send(message_of(builder, protocol::CreateMoved(builder, is_connected)), true);
}

}  // namespace muster::load
