#include "matrix_sim.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "usrsctp_sim.hpp"

namespace muster::sctp::sim {
namespace {

using Policy = Reliability::Policy;

constexpr std::array<Reliability, 8> kinds{{
    {.policy = Policy::reliable, .ordered = true},
    {.policy = Policy::reliable, .ordered = false},
    {.policy = Policy::retransmissions, .limit = 0, .ordered = false},
    {.policy = Policy::retransmissions, .limit = 0, .ordered = true},
    {.policy = Policy::lifetime, .limit = 100, .ordered = false},
    {.policy = Policy::lifetime, .limit = 100, .ordered = true},
    {.policy = Policy::retransmissions, .limit = 2, .ordered = true},
    {.policy = Policy::retransmissions, .limit = 2, .ordered = false},
}};

struct Traffic {
    std::array<std::uint32_t, kinds.size()> sent{};

    void send(End& end, std::uint16_t stream, std::size_t size, Instant now) {
        const auto message = numbered(sent[stream], size);
        if (end.send(stream, 51, message, kinds[stream], now) == Sent::queued) ++sent[stream];
    }
};

std::string check_stream(std::uint16_t stream, const std::vector<std::uint32_t>& numbers,
                         std::uint32_t sent) {
    const std::string where = "stream " + std::to_string(stream) + ": ";
    const std::set<std::uint32_t> different(numbers.begin(), numbers.end());
    if (different.size() != numbers.size()) return where + "a message came twice";
    if (!different.empty() && *different.rbegin() >= sent) return where + "one was never sent";
    if (kinds[stream].ordered && !std::ranges::is_sorted(numbers)) return where + "out of order";
    if (kinds[stream].policy == Policy::reliable && different.size() != sent) {
        return where + std::to_string(different.size()) + " of " + std::to_string(sent) + " came";
    }
    return {};
}

std::string check(const End& receiver, const Traffic& traffic, const std::string& at) {
    std::array<std::vector<std::uint32_t>, kinds.size()> numbers;
    for (const Received& message : receiver.received) {
        const auto number = number_of(message.bytes);
        if (!number || message.ppid != 51 || message.stream >= kinds.size()) {
            return at + "a corrupt message on stream " + std::to_string(message.stream) + " of " +
                   std::to_string(message.bytes.size()) + " bytes";
        }
        numbers[message.stream].push_back(*number);
    }
    for (std::uint16_t stream = 0; stream < kinds.size(); ++stream) {
        auto broken = check_stream(stream, numbers[stream], traffic.sent[stream]);
        if (!broken.empty()) return at + broken;
    }
    return {};
}

struct Run {
    explicit Run(const Case& which)
        :  // usrsctp 0.9.5 takes TSN 0 for the end of what it holds, and aborts: not over the wrap.
          a(make(true, which.seed * 2, which.ends == Ends::ours, false)),
          b(make(which.ends == Ends::ours, which.seed * 2 + 1, true, which.ends == Ends::we_start)),
          link(*a, *b, which.conditions, which.seed) {}

    static std::unique_ptr<End> make(bool own, std::uint64_t seed, bool wraps, bool listens) {
        if (!own) return make_usrsctp_end(listens);
        return std::make_unique<OwnEnd>(static_cast<std::uint32_t>(seed), Options{}, wraps);
    }
    [[nodiscard]] std::string closed() const {
        if (a->closed) return "a closed: " + std::string(name_of(*a->closed));
        if (b->closed) return "b closed: " + std::string(name_of(*b->closed));
        return {};
    }
    /// Every stream carries one more message each way, on a wire that loses nothing.
    std::string still_carries() {
        link.conditions = {};
        link.run_for(Instant{25'000'000});  // longer than any timeout
        const std::size_t before_a = a->received.size(), before_b = b->received.size();
        for (std::uint16_t stream = 0; stream < kinds.size(); ++stream) {
            from_a.send(*a, stream, 40, link.now);
            from_b.send(*b, stream, 40, link.now);
            link.run_for(Instant{300'000});
        }
        if (b->received.size() != before_b + kinds.size()) return "streams to b stall";
        if (a->received.size() == before_a + kinds.size()) return {};
        link.run_for(Instant{30'000'000});
        return "streams to a stall";
    }
    std::unique_ptr<End> a, b;
    Link link;
    Traffic from_a, from_b;
};

}  // namespace

Outcome run_case(const Case& which) {
    Run run(which);
    if (which.ends != Ends::usrsctp_starts) run.a->connect(run.link.now);
    if (which.ends != Ends::we_start) run.b->connect(run.link.now);
    if (!run.link.open()) return {.broken = "it did not open"};
    Random random(which.seed + 77);
    for (int tick = 0; tick < which.ticks; ++tick) {
        for (int i = 0; i < 2; ++i) {
            const auto stream = static_cast<std::uint16_t>(random.below(kinds.size()));
            const auto size = 4 + random.below(which.size_max);
            run.from_a.send(*run.a, stream, size, run.link.now);
            if (i == 0 || which.size_max < 2'000) {
                run.from_b.send(*run.b, stream, 4 + random.below(which.size_max), run.link.now);
            }
        }
        run.link.run_for(Instant{16'667});
    }
    std::string broken;
    for (int i = 0; i < 600 && broken.empty(); ++i) {
        run.link.run_for(Instant{500'000});
        broken = run.closed();
        if (i == 60) run.link.conditions = {};  // some timeouts are at their longest by now
        if (broken.empty() && check(*run.a, run.from_b, "at a, ").empty() &&
            check(*run.b, run.from_a, "at b, ").empty()) {
            break;
        }
    }
    if (broken.empty()) broken = check(*run.a, run.from_b, "at a, ");
    if (broken.empty()) broken = check(*run.b, run.from_a, "at b, ");
    if (broken.empty()) broken = run.still_carries();
    if (broken.empty()) broken = run.closed();
    // In about one of a thousand cases usrsctp, as a sender, stops for good on a wire that has lost
    // much: what it sent is acknowledged, it has more, and nothing comes for longer than any
    // timeout. There is nothing that we could answer.
    if (broken.starts_with("at a,") || broken == "streams to a stall") {
        const bool silent = run.link.now - run.link.last_from[1] > Instant{20'000'000};
        if (which.ends != Ends::ours && silent) return {.broken = {}, .oracle_stalled = true};
    }
    return {.broken = broken};
}

std::string describe(const Case& which) {
    constexpr std::array names{"ours with ours", "we start, usrsctp answers",
                               "usrsctp starts, we answer", "we and usrsctp both start"};
    return std::string(names[static_cast<std::size_t>(which.ends)]) + ", loss " +
           std::to_string(which.conditions.loss) + " %, duplication " +
           std::to_string(which.conditions.duplication) + " %, jitter " +
           std::to_string(which.conditions.jitter.count()) + " us, sizes to " +
           std::to_string(which.size_max) + ", seed " + std::to_string(which.seed);
}

std::vector<Case> matrix(std::uint64_t seed) {
    std::vector<Case> cases;
    for (const Ends ends : {Ends::ours, Ends::we_start, Ends::usrsctp_starts, Ends::both_start}) {
        for (const unsigned loss : {0u, 1u, 5u, 10u, 20u}) {
            for (const bool disorder : {false, true}) {
                for (const std::uint32_t size : {40u, 1'000u, 3'000u, 60'000u}) {
                    cases.push_back({.ends = ends,
                                     .conditions = {.loss = loss,
                                                    .duplication = disorder ? 5u : 0u,
                                                    .delay = Instant{10'000},
                                                    .jitter = Instant{disorder ? 20'000 : 0}},
                                     .size_max = size,
                                     .seed = seed * 1'000 + cases.size(),
                                     .ticks = size > 10'000 ? 40 : 120});
                }
            }
        }
    }
    return cases;
}

}  // namespace muster::sctp::sim
