#include "muster/pki/pki.hpp"

#include <gtest/gtest.h>

#include "muster/base/encoding.hpp"

namespace muster::pki {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp now{std::chrono::seconds{1'800'000'000}};
// Requests from `openssl req`: one for CN=node:other with the name DNS:muster-coordinator, and one
// with an RSA key of 1024 bits.
constexpr const char* other_subject_request =
    "MIIBADCBpwIBADAVMRMwEQYDVQQDDApub2RlOm90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEa+EQywUh"
    "Ga1CydCeGLzvwEW2DlOmAJoqTvJslme98ASR2jNS5PD01NDL5ntZFcmdeGeucvf3/nPtSeqGsM5gw6AwMC4GCSqG"
    "SIb3DQEJDjEhMB8wHQYDVR0RBBYwFIISbXVzdGVyLWNvb3JkaW5hdG9yMAoGCCqGSM49BAMCA0gAMEUCIQDLamrV"
    "1Xe8JR6r2P/Rqs8mPzZwAk0dJqA6ZHdV1qmccwIgQYR/nalV9VfY8E6r8BMNnw3z1D/4FmOVChPEaoqtQQE=";
constexpr const char* weak_request =
    "MIIBTjCBuAIBADAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDE5UgWsDr7RDDx"
    "AUTe6BXT6w/nEne6e6RMMOCVGV9DyvCORwkDxtqFYmXKEfkl5Bp12CuvBLD8PcK9WRKmei/id1ZUIJ0VxY7V8H49"
    "5WOQ8IxLDPV6kCfPE3EvNHaGcdYVfk+w2i50OtLT9TyNA1zdacaPAjfb0m/f8KVzzWSGfQIDAQABoAAwDQYJKoZI"
    "hvcNAQELBQADgYEAWHJyZNjyAWmZRTzt9DmkmuKCxjconLQlJznSxQ+d8H4obT1DEXA4mvk8+pjxt07BtsnZBmhT"
    "hXfmu0Nx/Eplolau2RuhNi09ud0Av2AIdFXX44R1/4KXXqaV4WRRMOW5FgL39OtcPhYcuv0dD8XM16WqxC0LVNdU"
    "uPhiHrSEq/U=";

const Subject node{"node:nod-1", {}, {}};

Identity authority(std::string_view name = "Muster test authority") {
    return new_authority(name, now, std::chrono::days{3650}).value();
}

TEST(Authority, SignsForTheUseAndTheTimeThatWereSaid) {
    const Identity ca = authority();
    const std::string key = new_private_key().value();
    const std::string certificate = issue(ca, key, node, Usage::client, now, 24h).value();

    EXPECT_TRUE(verify(certificate, ca.certificate_pem, Usage::client, now));
    EXPECT_TRUE(verify(certificate, ca.certificate_pem, Usage::client, now + 23h));
    EXPECT_TRUE(matches(certificate, key));
    const auto expired = verify(certificate, ca.certificate_pem, Usage::client, now + 25h);
    ASSERT_FALSE(expired);
    EXPECT_EQ(expired.error().code, Errc::invalid_argument);
    EXPECT_NE(expired.error().message.find("expired"), std::string::npos);
    EXPECT_FALSE(verify(certificate, ca.certificate_pem, Usage::client, now - 1h));
    EXPECT_FALSE(verify(certificate, ca.certificate_pem, Usage::server, now));
}

TEST(Authority, AnotherOfTheSameNameVouchesForNothing) {
    const Identity ours = authority();
    const Identity theirs = authority();
    const std::string key = new_private_key().value();
    const std::string certificate = issue(theirs, key, node, Usage::client, now, 24h).value();
    EXPECT_FALSE(verify(certificate, ours.certificate_pem, Usage::client, now));
}

TEST(Authority, ALeafCannotSignFurther) {
    const Identity ca = authority();
    Identity leaf;
    leaf.private_key_pem = new_private_key().value();
    leaf.certificate_pem = issue(ca, leaf.private_key_pem, node, Usage::client, now, 24h).value();
    const std::string forged =
        issue(leaf, new_private_key().value(), node, Usage::client, now, 1h).value();
    EXPECT_FALSE(verify(forged, leaf.certificate_pem, Usage::client, now));
}

TEST(Authority, NothingOutlivesIt) {
    const Identity ca = new_authority("short", now, std::chrono::days{1}).value();
    const std::string key = new_private_key().value();
    const auto long_lived = facts(issue(ca, key, node, Usage::client, now, 1000h).value());
    ASSERT_TRUE(long_lived);
    EXPECT_EQ(long_lived->not_after, now + 24h);
    const auto late = issue(ca, key, node, Usage::client, now + 48h, 1h);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().field, "authority");
}

TEST(Facts, SayWhatWasIssued) {
    const Identity ca = authority();
    const Subject subject{
        "coordinator.example", {"coordinator.example", "muster-coordinator"}, {"192.0.2.7", "::1"}};
    const std::string certificate =
        issue(ca, new_private_key().value(), subject, Usage::server, now, 90min).value();
    const auto read = facts(certificate);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->common_name, subject.common_name);
    EXPECT_EQ(read->dns_names, subject.dns_names);
    EXPECT_EQ(read->addresses, subject.addresses);
    EXPECT_EQ(read->not_before, now - backdated);
    EXPECT_EQ(read->not_after, now + 90min);
    EXPECT_EQ(read->serial_hex.size(), 32U);
    EXPECT_NE(read->serial_hex, facts(ca.certificate_pem)->serial_hex);
}

TEST(Facts, TheDigestIsThatOfTheDerBytes) {
    const std::string pem = authority().certificate_pem;
    std::string body;
    for (std::size_t at = 0; at < pem.size();) {
        const std::size_t end = pem.find('\n', at);
        const std::string line = pem.substr(at, end - at);
        if (!line.starts_with("-----")) body += line;
        at = end + 1;
    }
    EXPECT_EQ(facts(pem)->digest_hex, sha256_hex(from_base64(body).value()));
}

TEST(Facts, TheFirstOfAChainCounts) {
    const Identity a = authority("first");
    const Identity b = authority("second");
    EXPECT_EQ(facts(a.certificate_pem + b.certificate_pem)->common_name, "first");
}

TEST(SigningRequest, GivesTheKeyAndNothingElse) {
    const Identity ca = authority();
    const std::string key = new_private_key().value();
    const std::string request = signing_request(key).value();
    const auto issued = issue_for_request(ca, request, node, Usage::client, now, 24h);
    ASSERT_TRUE(issued);
    EXPECT_TRUE(matches(*issued, key));
    EXPECT_EQ(facts(*issued)->common_name, "node:nod-1");
    EXPECT_TRUE(verify(*issued, ca.certificate_pem, Usage::client, now));
}

TEST(SigningRequest, AnotherSubjectInItHasNoSay) {
    const std::string request = from_base64(other_subject_request).value();
    const auto issued = issue_for_request(authority(), request, node, Usage::client, now, 24h);
    ASSERT_TRUE(issued) << issued.error().message;
    EXPECT_EQ(facts(*issued)->common_name, "node:nod-1");
    EXPECT_TRUE(facts(*issued)->dns_names.empty());
}

TEST(SigningRequest, IsRefusedWhenBrokenForeignOrWeak) {
    const Identity ca = authority();
    const std::string good = signing_request(new_private_key().value()).value();
    std::string tampered = good;
    tampered[tampered.size() - 3] = static_cast<char>(tampered[tampered.size() - 3] ^ 1);
    const std::string weak = from_base64(weak_request).value();
    for (const std::string& bad :
         {std::string{}, std::string{"hello"}, good.substr(0, 60), good + "x", tampered, weak}) {
        const auto issued = issue_for_request(ca, bad, node, Usage::client, now, 24h);
        ASSERT_FALSE(issued);
        EXPECT_EQ(issued.error().code, Errc::invalid_argument);
        EXPECT_EQ(issued.error().field, "signing_request_der");
    }
    const auto huge =
        issue_for_request(ca, std::string(20'000, 'x'), node, Usage::client, now, 24h);
    EXPECT_EQ(huge.error().code, Errc::too_large);
}

TEST(Subject, BadNamesAreRefusedByField) {
    const Identity ca = authority();
    const std::string key = new_private_key().value();
    const auto field_of = [&](const Subject& subject) {
        const auto issued = issue(ca, key, subject, Usage::server, now, 1h);
        return issued ? std::string{"issued"} : issued.error().field;
    };
    EXPECT_EQ(field_of(Subject{"", {}, {}}), "common_name");
    EXPECT_EQ(field_of(Subject{std::string("a\0b", 3), {}, {}}), "common_name");
    EXPECT_EQ(field_of(Subject{std::string(65, 'a'), {}, {}}), "common_name");
    EXPECT_EQ(field_of(Subject{"a", {"no spaces"}, {}}), "dns_names");
    EXPECT_EQ(field_of(Subject{"a", {}, {"example.com"}}), "addresses");
    EXPECT_EQ(field_of(Subject{std::string(64, 'a'), {"a.b"}, {"10.0.0.1"}}), "issued");
}

TEST(Matches, TellsAWrongKeyAndUnreadableOnesApart) {
    const Identity ca = authority();
    const auto wrong = matches(ca.certificate_pem, new_private_key().value());
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().field, "private_key");
    EXPECT_EQ(matches("nothing", ca.private_key_pem).error().field, "certificate");
    EXPECT_EQ(matches(ca.certificate_pem, "nothing").error().field, "private_key");
    EXPECT_TRUE(matches(ca.certificate_pem, ca.private_key_pem));
}

}  // namespace
}  // namespace muster::pki
