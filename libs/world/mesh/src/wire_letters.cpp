#include "wire_judge.hpp"

namespace muster::mesh {
namespace {

using Bytes = flatbuffers::Vector<std::uint8_t>;

/// The numbers in Parcel.kinds.
enum class Kind : std::uint8_t {
    claim,
    verdict,
    crossing,
    crossed,
    offer,
    answer,
    ready,
    talk,
};
template <Kind kind, typename Kept>
inline constexpr bool is_kind =
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(kind), Letter>, Kept>;
static_assert(is_kind<Kind::claim, sim::Claim> && is_kind<Kind::verdict, sim::Verdict> &&
              is_kind<Kind::crossing, Crossing> && is_kind<Kind::crossed, Crossed> &&
              is_kind<Kind::offer, Offer> && is_kind<Kind::answer, Answer> &&
              is_kind<Kind::ready, Ready> && is_kind<Kind::talk, Talk>);

std::string text_of(Judge& judge, const Bytes* bytes) {
    if (bytes == nullptr) return {};
    judge.weigh(bytes->size());
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

std::string text_of(Judge& judge, const flatbuffers::String* text) {
    if (text == nullptr) return {};
    judge.weigh(text->size());
    return text->str();
}

std::vector<std::byte> bytes_of(Judge& judge, const Bytes* bytes) {
    if (bytes == nullptr) return {};
    judge.weigh(bytes->size());
    const auto* data = reinterpret_cast<const std::byte*>(bytes->data());
    return {data, data + bytes->size()};
}

Seat read(Judge& judge, const flat::Seat& seat) {
    judge.expect(size_of(seat.ticket_hash()) <= hash_bytes_max, "seat.ticket_hash",
                 "it is too long");
    judge.expect(size_of(seat.previous_hash()) <= hash_bytes_max, "seat.previous_hash",
                 "it is too long");
    return {.is_bot = seat.is_bot(),
            .ticket_hash = text_of(judge, seat.ticket_hash()),
            .previous_hash = text_of(judge, seat.previous_hash()),
            .lost_for_ms = seat.lost_for_ms(),
            .party = std::string(judge.party(seat.party(), "seat.party"))};
}

// What is within reach of any World, which looks at the rest when it judges: a letter that is
// refused here holds up all that follow it.
sim::Claim read(Judge& judge, const flat::Claim& claim) {
    judge.expect(claim.number() != 0, "claim.number", "numbers begin at 1");
    return {.origin = claim.origin(),
            .number = claim.number(),
            .kind = judge.one_of(claim.kind(), sim::Claim::Kind::capture, "claim.kind"),
            .player = claim.player(),
            .generation = claim.generation(),
            .team = judge.team(claim.team(), "claim.team"),
            .victim = claim.victim(),
            .victim_generation = claim.victim_generation(),
            .life = claim.life(),
            .weapon = judge.weapon(claim.weapon(), "claim.weapon"),
            .damage = claim.damage(),
            .index = claim.index(),
            .projectile = claim.projectile(),
            .match = claim.match(),
            .at = judge.place(claim.at(), "claim.at"),
            .tick = claim.tick()};
}

sim::Verdict read(Judge& judge, const flat::Verdict& verdict) {
    judge.expect(verdict.number() != 0, "verdict.number", "numbers begin at 1");
    return {.origin = verdict.origin(),
            .number = verdict.number(),
            .kind = judge.one_of(verdict.kind(), sim::Claim::Kind::capture, "verdict.kind"),
            .player = verdict.player(),
            .generation = verdict.generation(),
            .victim = verdict.victim(),
            .victim_team = judge.team(verdict.victim_team(), "verdict.victim_team"),
            .weapon = judge.weapon(verdict.weapon(), "verdict.weapon"),
            .damage = verdict.damage(),
            .granted = verdict.granted(),
            .carried = verdict.carried(),
            .index = verdict.index(),
            .match = verdict.match()};
}

Crossing read(Judge& judge, const flat::Traveller& traveller) {
    return {.traveller = read_traveller(judge, traveller)};
}

Crossed read(Judge& judge, const flat::Crossed& crossed) {
    return {.player = judge.somebody(crossed.player(), "crossed.player"),
            .hop = crossed.hop(),
            .adopted = crossed.adopted()};
}

// Of an offer only the length: it is a page's, and who answers it reads it anyway.
Offer read(Judge& judge, const flat::Offer& offer) {
    judge.expect(offer.sdp()->size() <= sdp_bytes_max, "offer.sdp", "at most 16 KiB");
    return {.number = offer.number(),
            .player = judge.somebody(offer.player(), "offer.player"),
            .generation = offer.generation(),
            .sdp = text_of(judge, offer.sdp())};
}

Answer read(Judge& judge, const flat::Answer& answer) {
    judge.expect(size_of(answer.sdp()) <= sdp_bytes_max, "answer.sdp", "at most 16 KiB");
    Answer out{.number = answer.number(),
               .player = judge.somebody(answer.player(), "answer.player"),
               .sdp = text_of(judge, answer.sdp()),
               .error = text_of(judge, answer.error())};
    judge.expect(good_prefix(out.error, error_bytes_max, error_bytes_max) == out.error.size(),
                 "answer.error", "at most 1 KiB of UTF-8 without control characters");
    return out;
}

Ready read(Judge& judge, const flat::Ready& ready) {
    return {.player = judge.somebody(ready.player(), "ready.player"),
            .generation = ready.generation(),
            .is_open = ready.is_open()};
}

Talk read(Judge& judge, const flat::Talk& talk) {
    judge.expect(size_of(talk.bytes()) <= talk_bytes_max, "talk.bytes", "at most 4 KiB");
    return {.team = judge.team(talk.team(), "talk.team"),
            .player = talk.player(),
            .bytes = bytes_of(judge, talk.bytes())};
}

/// Takes letters out of the lists of their kinds.
class Lists {
  public:
    Lists(Judge& judge, const flat::Parcel& parcel) : judge_(judge), parcel_(parcel) {}

    void take(Kind kind, std::vector<Letter>& out) {
        switch (kind) {
            case Kind::claim:
                return next(parcel_.claims(), kind, out);
            case Kind::verdict:
                return next(parcel_.verdicts(), kind, out);
            case Kind::crossing:
                return next(parcel_.crossings(), kind, out);
            case Kind::crossed:
                return next(parcel_.crossed(), kind, out);
            case Kind::offer:
                return next(parcel_.offers(), kind, out);
            case Kind::answer:
                return next(parcel_.answers(), kind, out);
            case Kind::ready:
                return next(parcel_.ready(), kind, out);
            case Kind::talk:
                return next(parcel_.talk(), kind, out);
        }
    }
    [[nodiscard]] std::size_t size() const {
        return size_of(parcel_.claims()) + size_of(parcel_.verdicts()) +
               size_of(parcel_.crossings()) + size_of(parcel_.crossed()) +
               size_of(parcel_.offers()) + size_of(parcel_.answers()) + size_of(parcel_.ready()) +
               size_of(parcel_.talk());
    }

  private:
    template <typename List>
    void next(const List* list, Kind kind, std::vector<Letter>& out) {
        std::uint32_t& at = taken_[static_cast<std::size_t>(kind)];
        judge_.expect(at < size_of(list), "kinds", "there is no such letter");
        if (!judge_.is_content()) return;
        out.emplace_back(read(judge_, *list->Get(at++)));
    }

    Judge& judge_;
    const flat::Parcel& parcel_;
    std::uint32_t taken_[std::variant_size_v<Letter>]{};
};

}  // namespace

Traveller read_traveller(Judge& judge, const flat::Traveller& traveller) {
    const std::size_t size = traveller.record()->size();
    judge.expect(size > 0 && size <= sim::Record::bytes_max, "traveller.record",
                 "a record has 1 to 4,096 bytes");
    return {.hop = traveller.hop(),
            .record = bytes_of(judge, traveller.record()),
            .seat = read(judge, *traveller.seat()),
            .is_spare = traveller.spare()};
}

Parcel read_parcel(Judge& judge, const flat::Parcel& parcel) {
    Parcel out{.to_life = parcel.to_life(),
               .first = parcel.first(),
               .acknowledged = parcel.acknowledged(),
               .acknowledged_life = parcel.acknowledged_life(),
               .letters = {}};
    const auto* kinds = parcel.kinds();
    const std::size_t count = size_of(kinds);
    judge.expect(count <= letters_in_message_max, "letters", "there are too many");
    judge.expect(count == 0 || parcel.first() != 0, "first", "numbers begin at 1");
    judge.expect(parcel.first() <= UINT64_MAX - letters_in_message_max, "first",
                 "it is out of range");
    Lists lists(judge, parcel);
    judge.expect(lists.size() == count, "kinds", "there is another number of letters");
    if (!judge.is_content() || count == 0) return out;
    out.letters.reserve(count);
    for (std::size_t i = 0; i < count && judge.is_content(); ++i) {
        const auto at = static_cast<flatbuffers::uoffset_t>(i);
        lists.take(judge.one_of(kinds->Get(at), Kind::talk, "kinds"), out.letters);
    }
    return out;
}

}  // namespace muster::mesh
