#include "muster/brain/records.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "chance.hpp"

namespace muster::brain {
namespace {

class Made {
  public:
    explicit Made(std::uint64_t seed) : chance_(seed) {}

    std::string text() {
        static constexpr const char* pieces[] = {
            "", "a", "\xC3\xA9", "\"", "\\", "\n", "{{X}}", "\t", "\xF0\x9F\x8E\xAE", "null", " "};
        std::string made;
        for (auto left = chance_.below(5); left > 0; --left) {
            made += pieces[chance_.below(std::size(pieces))];
        }
        return made;
    }
    std::string id() { return "id" + text(); }
    std::map<std::string, std::string> labels() {
        std::map<std::string, std::string> made;
        for (auto left = chance_.below(3); left > 0; --left) {
            made[text()] = text();
        }
        return made;
    }
    template <typename Number>
    Number number() {
        return static_cast<Number>(chance_.next());
    }
    std::int64_t size() { return static_cast<std::int64_t>(chance_.next() >> 1U); }
    double real() { return static_cast<double>(chance_.below(1'000'000)) / 1'024; }
    bool flag() { return chance_.one_in(2); }
    Timestamp time() { return Timestamp(milliseconds(number<std::int64_t>() / 1'000'000)); }
    template <typename Enum>
    Enum word(Enum last) {
        return static_cast<Enum>(chance_.below(static_cast<std::uint64_t>(last) + 1));
    }
    std::vector<GivenPort> given() {
        std::vector<GivenPort> ports;
        for (auto left = chance_.below(3); left > 0; --left) {
            ports.push_back(
                {text(), number<std::uint16_t>(), number<std::uint16_t>(), word(Protocol::udp)});
        }
        return ports;
    }

    Node node() {
        Node made;
        made.id = id();
        made.name = text();
        made.facts = {
            text(), text(), text(), labels(), text(),
            text(), size(), real(), size(),   {number<std::uint16_t>(), number<std::uint16_t>()}};
        made.labels = labels();
        made.cordoned = flag();
        made.state = word(NodeState::revoked);
        made.created_at = time();
        made.last_seen = time();
        made.details = text();
        made.version = number<std::uint64_t>();
        return made;
    }
    std::vector<std::uint16_t> numbers() {
        std::vector<std::uint16_t> made(number<std::uint8_t>() % 4U);
        for (std::uint16_t& one : made) one = number<std::uint16_t>();
        return made;
    }
    Server server() {
        Server made;
        made.id = id();
        made.spec = {text(),   text(), text(), text(), labels(),
                     labels(), size(), real(), {},     text()};
        made.spec.ports.push_back({text(), number<std::uint16_t>(), number<std::uint16_t>(),
                                   word(Protocol::both), flag(), numbers()});
        made.desired = word(Desired::removed);
        made.node_id = text();
        made.ports = given();
        made.generation = number<std::uint64_t>();
        made.spec_generation = number<std::uint64_t>();
        made.created_at = time();
        made.updated_at = time();
        made.version = number<std::uint64_t>();
        return made;
    }
    Observed observed() {
        return {number<std::uint64_t>(), word(ServerState::unknown), text(), text(),
                number<int>(),           number<std::uint32_t>(),    time(), given()};
    }
    Operation operation() {
        Operation made;
        made.id = id();
        made.kind = word(OperationKind::pull);
        made.server_id = text();
        made.node_id = text();
        made.container_id = text();
        made.image = text();
        made.start = flag();
        made.with_data = flag();
        made.force = flag();
        made.grace_seconds = number<std::uint32_t>();
        made.generation = number<std::uint64_t>();
        made.state = word(OperationState::cancelled);
        if (flag()) {
            made.error = Error{word(Errc::internal), text(), text()};
        }
        made.by = text();
        made.created_at = time();
        if (flag()) {
            made.started_at = time();
            made.finished_at = time();
        }
        made.order = number<std::uint64_t>();
        made.step = text();
        made.detail = text();
        return made;
    }

  private:
    Chance chance_;
};

TEST(Records, AnyRecordComesBackAsItWas) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Made made(seed);
        const Node node = made.node();
        EXPECT_EQ(node_from_json(to_json(node)).value_or(Node{}), node) << to_json(node);
        const Server server = made.server();
        EXPECT_EQ(server_from_json(to_json(server)).value_or(Server{}), server) << to_json(server);
        const Observed observed = made.observed();
        EXPECT_EQ(observed_from_json(to_json(observed)).value_or(Observed{}), observed);
        const Operation operation = made.operation();
        EXPECT_EQ(operation_from_json(to_json(operation)).value_or(Operation{}), operation)
            << to_json(operation);
    }
}

TEST(Records, WhatIsMissingHasItsDefaultAndWhatIsNewIsIgnored) {
    Node node;
    node.id = "a";
    EXPECT_EQ(node_from_json(R"({"id":"a"})").value_or(Node{}), node);
    EXPECT_EQ(
        node_from_json(R"({"id":"a","facts":null,"from":{"the":["future"]}})").value_or(Node{}),
        node);
    EXPECT_EQ(observed_from_json("{}").value_or(Observed{.generation = 5}), Observed{});
    const auto operation = operation_from_json(R"({"id":"o","kind":"stop"})");
    ASSERT_TRUE(operation);
    EXPECT_EQ(operation->state, OperationState::queued);
    EXPECT_FALSE(operation->started_at);
}

TEST(Records, AnyMemberMayBeMissing) {
    Made made(7);
    const auto text = to_json(made.server());
    const auto whole = nlohmann::json::parse(text);
    for (const auto& [name, value] : whole.items()) {
        auto less = whole;
        less.erase(name);
        EXPECT_EQ(server_from_json(less.dump()).has_value(), name != "id") << name;
    }
}

TEST(Records, AWrongMemberIsNamed) {
    const auto field = [](const auto& result) { return result ? "none" : result.error().field; };
    EXPECT_EQ(field(node_from_json(R"({"id":"a","facts":{"memory_bytes":-1}})")),
              "facts.memory_bytes");
    EXPECT_EQ(field(node_from_json(R"({"id":"a","facts":{"port_first":65536}})")),
              "facts.port_first");
    EXPECT_EQ(field(node_from_json(R"({"id":"a","labels":{"x":1}})")), "labels");
    EXPECT_EQ(field(node_from_json(R"({"id":"a","state":"sleepy"})")), "state");
    EXPECT_EQ(field(node_from_json(R"({"id":7})")), "id");
    EXPECT_EQ(field(node_from_json("{}")), "id");
    EXPECT_EQ(field(server_from_json(R"({"id":"a","spec":{"ports":[{},{"inside":"x"}]}})")),
              "spec.ports.1.inside");
    EXPECT_EQ(field(server_from_json(R"({"id":"a","spec":{"ports":[{"preferred":[70000]}]}})")),
              "spec.ports.0.preferred");
    EXPECT_EQ(field(server_from_json(R"({"id":"a","ports":[{"protocol":"both"}]})")),
              "ports.0.protocol");
    EXPECT_EQ(field(server_from_json(R"({"id":"a","spec":{"cpus":-1}})")), "spec.cpus");
    EXPECT_EQ(field(operation_from_json(R"({"id":"a","created_at":1e400})")), "");
    EXPECT_EQ(field(operation_from_json(R"({"id":"a","created_at":1.5})")), "created_at");
    EXPECT_EQ(field(operation_from_json(R"({"id":"a","error":{"code":"sad"}})")), "error.code");
    EXPECT_FALSE(observed_from_json("[]"));
    EXPECT_FALSE(observed_from_json("{"));
    EXPECT_FALSE(observed_from_json(""));
}

TEST(Records, TextThatIsNoUtf8IsStillWritten) {
    Observed observed;
    observed.reason = "bad \xFF byte";
    const auto back = observed_from_json(to_json(observed));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->reason, "bad \xEF\xBF\xBD byte");
}

}  // namespace
}  // namespace muster::brain
