#include "tickets.hpp"

#include <gmock/gmock.h>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp now{std::chrono::seconds(1'800'000'000)};

TicketKey new_key() {
    auto key = pki::new_signing_key().value();
    return {key_id(key.public_key), key, now, {}};
}
TicketClaims some_claims() {
    TicketClaims out;
    out.issuer = "muster-abc";
    out.issued_at = now;
    out.expires_at = now + 1h;
    out.world = "ctf";
    out.server = "world-1";
    out.player = 7;
    out.secret = "0000-0007-xyz";
    out.fingerprint = "AB:CD";
    return out;
}
std::string part_of(const std::string& ticket, int index) {
    std::size_t begin = 0;
    for (int i = 0; i < index; ++i) begin = ticket.find('.', begin) + 1;
    return ticket.substr(begin, ticket.find('.', begin) - begin);
}

class Tickets : public ::testing::Test {
  protected:
    Result<TicketClaims> read(const std::string& text, Timestamp at = now) {
        return read_ticket(text, keys, "muster-abc", at);
    }
    /// The payload may be anything; the signature is good.
    std::string signed_with(const std::string& payload) {
        const auto text = part_of(ticket, 0) + "." + to_base64url(payload);
        return text + "." + to_base64url(pki::sign(keys[0].key, text).value());
    }
    std::vector<TicketKey> keys{new_key(), new_key()};
    std::string ticket = write_ticket(some_claims(), keys[0]).value();
};

TEST_F(Tickets, ComeBackAsTheyWereGiven) {
    const auto read_back = read(ticket);
    ASSERT_TRUE(read_back) << read_back.error().message;
    EXPECT_EQ(*read_back, some_claims());
    EXPECT_EQ(*read(write_ticket(some_claims(), keys[1]).value()), some_claims());
}

TEST_F(Tickets, AreWhatTheStandardsSay) {
    const auto header = Json::parse(from_base64url(part_of(ticket, 0)).value());
    EXPECT_EQ(header, (Json{{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", keys[0].id}}));
    const auto payload = Json::parse(from_base64url(part_of(ticket, 1)).value());
    EXPECT_EQ(payload["exp"], 1'800'003'600);
    EXPECT_EQ(payload["fp"], "AB:CD");
    // RFC 8037, appendix A.3.
    EXPECT_EQ(key_id(from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").value()),
              "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    const auto shown = public_key_set(keys);
    EXPECT_EQ(shown["keys"][0]["kid"], keys[0].id);
    EXPECT_EQ(shown["keys"][0]["x"], to_base64url(keys[0].key.public_key));
    EXPECT_EQ(shown.dump().find(to_base64url(keys[0].key.seed)), std::string::npos);
}

TEST_F(Tickets, ThatWereChangedAnywhereAreNone) {
    for (std::size_t i = 0; i < ticket.size(); ++i) {
        auto changed = ticket;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (changed == ticket) continue;
        const auto refused = read(changed);
        ASSERT_FALSE(refused) << i;
        EXPECT_EQ(refused.error().code, Errc::unauthenticated);
    }
    for (const std::string& text :
         {std::string(), std::string("."), std::string(".."), ticket + ".", ticket + "~",
          "." + ticket, ticket.substr(0, ticket.rfind('.')), ticket + " ", ticket + "~a b",
          ticket + "~" + std::string(257, 'x'), std::string(5'000, 'x')}) {
        EXPECT_FALSE(read(text)) << text;
    }
}

TEST_F(Tickets, AreNotCheckedAsTheirHeaderWishes) {
    const auto payload = part_of(ticket, 1);
    const auto none = to_base64url(R"({"alg":"none","typ":"JWT"})") + "." + payload + ".";
    EXPECT_FALSE(read(none));
    const auto header = to_base64url(R"({"typ":"JWT","alg":"EdDSA","kid":")" + keys[0].id + "\"}");
    const auto text = header + "." + payload;
    EXPECT_FALSE(read(text + "." + to_base64url(pki::sign(keys[0].key, text).value())));
    keys.erase(keys.begin());
    EXPECT_FALSE(read(ticket)) << "its key is not there any more";
}

TEST_F(Tickets, EndWhenTheySay) {
    EXPECT_TRUE(read(ticket, now + 59min));
    const auto ended = read(ticket, now + 1h);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, Errc::unauthenticated);
    EXPECT_THAT(ended.error().message, ::testing::HasSubstr("ended on 2027-01-15"));
    EXPECT_FALSE(read_ticket(ticket, keys, "muster-another", now));
}

TEST_F(Tickets, TakeTheTokenOfALaterWelcomeBehindThem) {
    const auto later = read(ticket + "~0000-0007-of.another");
    ASSERT_TRUE(later) << later.error().message;
    auto wanted = some_claims();
    wanted.secret = "0000-0007-of.another";
    EXPECT_EQ(*later, wanted);
}

TEST_F(Tickets, WithWrongClaimsAreNoneThoughTheyAreSigned) {
    EXPECT_TRUE(read(signed_with(from_base64url(part_of(ticket, 1)).value())));
    for (const std::string payload :
         {"", "[]", "{}", R"({"exp":1800003600})", R"({"player":-1})", "{\"world\":\"\xff\"}"}) {
        const auto refused = read(signed_with(payload));
        ASSERT_FALSE(refused) << payload;
        EXPECT_EQ(refused.error().code, Errc::unauthenticated);
    }
}

TEST(Fingerprint, IsTheOneOfTheDescription) {
    const std::string hex = "ab:CD:" + [] {
        std::string out;
        for (int i = 0; i < 30; ++i) out += i == 0 ? "01" : ":01";
        return out;
    }();
    const auto line = "a=fingerprint:SHA-256 " + hex + "\r\n";
    EXPECT_EQ(fingerprint_in("v=0\r\n" + line + "a=ice-lite\r\n").value_or("").substr(0, 6),
              "AB:CD:");
    EXPECT_TRUE(fingerprint_in("v=0\r\n" + line + line)) << "twice the same";
    EXPECT_FALSE(fingerprint_in("v=0\r\n"));
    EXPECT_FALSE(fingerprint_in("a=fingerprint:sha-1 01:02\r\n"));
    EXPECT_FALSE(fingerprint_in("a=fingerprint:sha-256 ab:cd\r\n"));
    EXPECT_FALSE(fingerprint_in("a=fingerprint:sha-256 " + hex + ":01\r\n"));
    auto other = line;
    other.replace(line.size() - 4, 2, "02");
    EXPECT_FALSE(fingerprint_in(line + other)) << "two certificates";
}

}  // namespace
}  // namespace muster::coordinator
