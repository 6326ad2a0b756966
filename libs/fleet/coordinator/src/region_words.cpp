#include "region_words.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {
namespace {

using territory::Rectangle;

constexpr std::uint32_t regions_max = 256;
constexpr std::size_t fingerprint_bytes_max = 64;
constexpr std::size_t word_bytes_max = 64;
constexpr std::size_t name_bytes_max = 128;  // of a server's id
constexpr std::uint32_t players_max_max = 65'534;
constexpr int hears_max = 1'024;
constexpr std::int64_t lease_ms_max = 3'600'000;
/// Of a map; so that sums of a few of them fit.
constexpr std::int32_t coordinate_max = 1 << 28;

std::unexpected<Error> wrong(std::string field, std::string why) {
    return fail(Errc::invalid_argument, field + ": " + std::move(why), field);
}

bool is_near(const Rectangle& area) {
    return std::ranges::all_of(
        std::array{area.left, area.top, area.right, area.bottom},
        [](std::int32_t at) { return at >= -coordinate_max && at <= coordinate_max; });
}

Rectangle area_of(const world_wire::Area& area) {
    return {area.left(), area.top(), area.right(), area.bottom()};
}
void put(const Rectangle& area, world_wire::Area& out) {
    out.set_left(area.left);
    out.set_top(area.top);
    out.set_right(area.right);
    out.set_bottom(area.bottom);
}

Result<std::vector<territory::Holding>> read_holdings(
    const google::protobuf::RepeatedPtrField<world_wire::Holding>& said, const char* field) {
    if (said.size() > static_cast<int>(regions_max)) {
        return wrong(field, "at most " + std::to_string(regions_max) + " of them");
    }
    std::vector<territory::Holding> out;
    for (const world_wire::Holding& one : said) {
        if (one.region() == 0 || one.epoch() == 0) return wrong(field, "none is 0");
        out.push_back({one.region(), one.epoch()});
    }
    return out;
}

Result<std::vector<territory::PlayerId>> read_ids(
    const google::protobuf::RepeatedField<std::uint32_t>& said, std::uint32_t players_max,
    const char* field) {
    if (said.size() > static_cast<int>(players_max)) {
        return wrong(field, "more than there are in the world");
    }
    std::vector<territory::PlayerId> out;
    out.reserve(static_cast<std::size_t>(said.size()));
    for (const std::uint32_t id : said) {
        if (id >= players_max) {
            return wrong(field, "each is less than " + std::to_string(players_max));
        }
        out.push_back(static_cast<territory::PlayerId>(id));
    }
    return out;
}

// ---- records

/// Reads what we wrote: the first member that is missing or otherwise is remembered.
class Record {
  public:
    explicit Record(const Json& json) : json_(json) {}

    template <typename Number>
    Number number(const char* name, Number min = std::numeric_limits<Number>::min(),
                  Number max = std::numeric_limits<Number>::max()) {
        const Json* found = member(name);
        if (found == nullptr || !found->is_number_integer()) return spoil<Number>(name);
        const bool is_negative = !found->is_number_unsigned() && found->get<std::int64_t>() < 0;
        if (is_negative ? !std::in_range<Number>(found->get<std::int64_t>())
                        : !std::in_range<Number>(found->get<std::uint64_t>())) {
            return spoil<Number>(name);
        }
        const auto out = found->get<Number>();
        return out < min || out > max ? spoil<Number>(name) : out;
    }
    std::string text(const char* name, std::size_t bytes_max) {
        const Json* found = member(name);
        if (found == nullptr || !found->is_string()) return spoil<std::string>(name);
        auto out = found->get<std::string>();
        return out.size() > bytes_max ? spoil<std::string>(name) : out;
    }
    bool boolean(const char* name) {
        const Json* found = member(name);
        if (found == nullptr || !found->is_boolean()) return spoil<bool>(name);
        return found->get<bool>();
    }
    const Json& list(const char* name, std::size_t count_max) {
        static const Json none = Json::array();
        const Json* found = member(name);
        if (found != nullptr && found->is_array() && found->size() <= count_max) return *found;
        spoil<bool>(name);
        return none;
    }
    Rectangle area(const char* name) {
        const Json* found = member(name);
        Rectangle out;
        if (found == nullptr || !found->is_array() || found->size() != 4) {
            return spoil<Rectangle>(name);
        }
        std::size_t at = 0;
        for (auto* side : {&out.left, &out.top, &out.right, &out.bottom}) {
            const Json& number = (*found)[at++];
            if (!number.is_number_integer() || number.get<std::int64_t>() < -coordinate_max ||
                number.get<std::int64_t>() > coordinate_max) {
                return spoil<Rectangle>(name);
            }
            *side = number.get<std::int32_t>();
        }
        return out.empty() ? spoil<Rectangle>(name) : out;
    }
    template <typename T>
    T spoil(std::string name) {
        if (spoilt_.empty()) spoilt_ = std::move(name);
        return T{};
    }
    [[nodiscard]] Result<void> done(const std::string& what) const {
        if (spoilt_.empty()) return {};
        return fail(Errc::internal,
                    "the record of " + what + " cannot be used: `" + spoilt_ + "` cannot be ours",
                    spoilt_);
    }

  private:
    const Json* member(const char* name) const {
        if (!json_.is_object()) return nullptr;
        const auto found = json_.find(name);
        return found == json_.end() ? nullptr : &*found;
    }
    const Json& json_;
    std::string spoilt_;
};

Json sides(const Rectangle& area) {
    return Json::array({area.left, area.top, area.right, area.bottom});
}

Result<territory::RegionRecord> read_region(const Json& json, const std::string& world,
                                            const territory::Standing& standing) {
    Record record(json);
    territory::RegionRecord out;
    out.id = record.number<territory::RegionId>("id", 1, standing.region);
    out.area = record.area("area");
    out.epoch = record.number<territory::Epoch>("epoch", 0, standing.epoch);
    out.server = record.text("server", name_bytes_max);
    out.life = record.number<std::uint64_t>("life");
    out.keeper = record.text("keeper", name_bytes_max);
    if (!out.server.empty() && out.epoch == 0) record.spoil<bool>("epoch");
    if (auto done = record.done("a region of the world " + world); !done) {
        return std::unexpected(done.error());
    }
    return out;
}

}  // namespace

Result<SpreadWorld> read_spread(const world_wire::World& world) {
    const world_wire::Spread& spread = world.spread();
    SpreadWorld out;
    out.mode = world.mode();
    out.map = world.map();
    out.players_max = world.players_max();
    out.fingerprint = spread.fingerprint();
    out.spec.name = world.name();
    out.spec.bounds = area_of(spread.bounds());
    out.spec.strip = spread.strip();
    out.spec.regions_min = spread.regions_min();
    if (out.spec.bounds.empty() || !is_near(out.spec.bounds)) {
        return wrong("worlds.spread.bounds", "they have an area, and lie within " +
                                                 std::to_string(coordinate_max) + " units");
    }
    if (out.spec.strip < 1 || out.spec.strip > coordinate_max) {
        return wrong("worlds.spread.strip", "it is at least 1");
    }
    if (out.spec.regions_min < 1 || out.spec.regions_min > regions_max) {
        return wrong("worlds.spread.regions_min", "it is 1 to " + std::to_string(regions_max));
    }
    if (out.fingerprint.empty() || out.fingerprint.size() > fingerprint_bytes_max ||
        !is_utf8(out.fingerprint)) {
        return wrong("worlds.spread.fingerprint", "it is 1 to 64 bytes of text");
    }
    return out;
}

Error difference(const SpreadWorld& declared, const SpreadWorld& brought) {
    const auto error = [&](std::string field, const std::string& there, const std::string& here) {
        return Error{Errc::conflict,
                     "the world " + declared.spec.name +
                         " is computed by other servers, and here it is another one: its " + field +
                         " is " + there + " there and " + here +
                         " here; give all its servers the same settings",
                     "worlds." + field};
    };
    const auto text = [](const Rectangle& area) {
        return std::to_string(area.left) + "," + std::to_string(area.top) + " to " +
               std::to_string(area.right) + "," + std::to_string(area.bottom);
    };
    if (declared.mode != brought.mode) return error("mode", declared.mode, brought.mode);
    if (declared.players_max != brought.players_max) {
        return error("players_max", std::to_string(declared.players_max),
                     std::to_string(brought.players_max));
    }
    if (declared.spec.bounds != brought.spec.bounds) {
        return error("spread.bounds", text(declared.spec.bounds), text(brought.spec.bounds));
    }
    if (declared.spec.strip != brought.spec.strip) {
        return error("spread.strip", std::to_string(declared.spec.strip),
                     std::to_string(brought.spec.strip));
    }
    if (declared.spec.regions_min != brought.spec.regions_min) {
        return error("spread.regions_min", std::to_string(declared.spec.regions_min),
                     std::to_string(brought.spec.regions_min));
    }
    return error("spread.fingerprint", declared.fingerprint + " (of map and rules)",
                 brought.fingerprint);
}

Result<Question> read_question(const world_wire::LeaseQuestion& question,
                               std::uint32_t players_max) {
    Question out;
    if (question.request() == 0) return wrong("lease_question.request", "it is from 1 on");
    out.heard.request = question.request();
    out.heard.draining = question.draining();
    out.wants_ids = question.wants_ids();
    auto holds = read_holdings(question.holds(), "lease_question.holds");
    if (!holds) return std::unexpected(holds.error());
    out.heard.holds = *std::move(holds);
    auto released = read_holdings(question.released(), "lease_question.released");
    if (!released) return std::unexpected(released.error());
    out.heard.released = *std::move(released);
    if (question.loads_size() > static_cast<int>(regions_max)) {
        return wrong("lease_question.loads", "at most " + std::to_string(regions_max));
    }
    for (const world_wire::RegionLoad& one : question.loads()) {
        out.heard.loads.push_back({one.region(), std::min(one.players(), players_max),
                                   std::min(one.cpu_permille(), 1'000U)});
    }
    auto used = read_ids(question.used(), players_max, "lease_question.used");
    if (!used) return std::unexpected(used.error());
    out.used = *std::move(used);
    auto spare = read_ids(question.spare(), players_max, "lease_question.spare");
    if (!spare) return std::unexpected(spare.error());
    out.spare = *std::move(spare);
    if (question.hears_size() > hears_max) {
        return wrong("lease_question.hears", "more servers than there can be");
    }
    out.hears = {question.hears().begin(), question.hears().end()};
    return out;
}

world_wire::ToWorld to_wire(const territory::Answer& answer,
                            const std::vector<territory::IdLoan>& loans) {
    world_wire::ToWorld message;
    world_wire::LeaseAnswer& out = *message.mutable_lease_answer();
    out.set_request(answer.request);
    out.set_number(answer.number);
    out.set_life(answer.life);
    out.set_server(answer.server);
    out.set_lease_ms(static_cast<std::uint32_t>(answer.lease.count()));
    for (const territory::Grant& grant : answer.grants) {
        world_wire::Grant& one = *out.add_grants();
        one.set_world(grant.world);
        one.set_region(grant.region);
        put(grant.area, *one.mutable_area());
        one.set_epoch(grant.epoch);
        one.set_keeper(grant.keeper);
        one.set_leave(grant.leave);
        one.set_successor(grant.successor);
        for (const territory::Neighbour& neighbour : grant.neighbours) {
            world_wire::Neighbour& next = *one.add_neighbours();
            next.set_region(neighbour.region);
            put(neighbour.area, *next.mutable_area());
            next.set_server(neighbour.server);
            next.set_epoch(neighbour.epoch);
        }
    }
    for (const territory::IdLoan& loan : loans) {
        world_wire::IdLoan& one = *out.add_loans();
        one.set_first(loan.first);
        one.set_count(loan.count);
    }
    return message;
}

world_wire::ToWorld to_wire(const territory::Withdraw& withdraw) {
    world_wire::ToWorld message;
    message.mutable_withdraw()->set_region(withdraw.region);
    message.mutable_withdraw()->set_epoch(withdraw.epoch);
    message.mutable_withdraw()->set_successor(withdraw.successor);
    message.mutable_withdraw()->set_life(withdraw.life);
    return message;
}

Json record_of(const territory::Standing& standing) {
    return {{"epoch", standing.epoch},
            {"region", standing.region},
            {"version", standing.version},
            {"lease_ms", standing.lease.count()},
            {"draining", standing.draining}};
}

Result<territory::Standing> read_standing(const Json& json) {
    Record record(json);
    territory::Standing out;
    out.epoch = record.number<std::uint64_t>("epoch");
    out.region = record.number<std::uint64_t>("region");
    out.version = record.number<std::uint64_t>("version");
    out.lease = milliseconds(record.number<std::int64_t>("lease_ms", 0, lease_ms_max));
    for (const Json& one : record.list("draining", 100'000)) {
        if (!one.is_string() || one.get_ref<const std::string&>().empty()) {
            record.spoil<bool>("draining");
        } else {
            out.draining.insert(one.get<std::string>());
        }
    }
    if (auto done = record.done("who owns what"); !done) return std::unexpected(done.error());
    return out;
}

Json record_of(const SpreadWorld& facts, const territory::WorldRecord& kept) {
    Json regions = Json::array();
    for (const territory::RegionRecord& one : kept.regions) {
        regions.push_back({{"id", one.id},
                           {"area", sides(one.area)},
                           {"epoch", one.epoch},
                           {"server", one.server},
                           {"life", one.life},
                           {"keeper", one.keeper}});
    }
    return {{"mode", facts.mode},
            {"map", facts.map},
            {"players_max", facts.players_max},
            {"fingerprint", facts.fingerprint},
            {"bounds", sides(kept.spec.bounds)},
            {"strip", kept.spec.strip},
            {"regions_min", kept.spec.regions_min},
            {"removing", kept.removing},
            {"regions", std::move(regions)}};
}

Result<KeptWorld> read_world(const std::string& name, const Json& json,
                             const territory::Standing& standing) {
    Record record(json);
    KeptWorld out;
    SpreadWorld& facts = out.facts;
    facts.mode = record.text("mode", word_bytes_max);
    facts.map = record.text("map", word_bytes_max);
    facts.players_max = record.number<std::uint32_t>("players_max", 1, players_max_max);
    facts.fingerprint = record.text("fingerprint", fingerprint_bytes_max);
    facts.spec.name = name;
    facts.spec.bounds = record.area("bounds");
    facts.spec.strip = record.number<std::int32_t>("strip", 1, coordinate_max);
    facts.spec.regions_min = record.number<std::uint32_t>("regions_min", 1, regions_max);
    out.record.removing = record.boolean("removing");
    const Json& regions = record.list("regions", regions_max);
    std::set<territory::RegionId> ids;
    for (const Json& one : regions) {
        auto region = read_region(one, name, standing);
        if (!region) return std::unexpected(region.error());
        if (!ids.insert(region->id).second) record.spoil<bool>("regions");
        out.record.regions.push_back(*std::move(region));
    }
    if (auto done = record.done("the world " + name); !done) return std::unexpected(done.error());
    out.record.spec = facts.spec;
    return out;
}

Json to_json(const territory::Listed& region) {
    const Rectangle& area = region.area;
    Json out{
        {"region", region.region},
        {"area",
         {{"left", area.left}, {"top", area.top}, {"right", area.right}, {"bottom", area.bottom}}},
        {"server", region.server.empty() ? Json(nullptr) : Json(region.server)},
        {"epoch", region.epoch},
        {"players", region.players},
        {"keeper", region.keeper.empty() ? Json(nullptr) : Json(region.keeper)},
        {"leaving", region.leaving}};
    if (!region.reason.empty()) out["reason"] = region.reason;
    return out;
}

}  // namespace muster::coordinator
