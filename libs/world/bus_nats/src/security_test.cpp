#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "muster/base/random.hpp"
#include "muster/base/time.hpp"
#include "muster/bus/test_recorder.hpp"
#include "muster/bus_nats/bus_nats.hpp"
#include "muster/pki/pki.hpp"
#include "nats_server.hpp"

namespace muster::bus_nats {
namespace {

using bus::becomes;
using bus::bytes_of;
using bus::patience;
using bus::Recorder;
using testing::HasSubstr;
using testing::Not;

Options at(const NatsServer& server) {
    return {.servers = {server.url()},
            .reconnect_wait = milliseconds(10),
            .reconnect_jitter = milliseconds(10)};
}

Error refusal(const Options& options) {
    const auto made = connect(options);
    EXPECT_FALSE(made);
    return made ? Error{} : made.error();
}

TEST(Credentials, WrongOnesAreNamedAndNotRepeated) {
    const NatsServer server({"--user", "world", "--pass", "right-one"});
    auto options = at(server);
    EXPECT_EQ(refusal(options).code, Errc::unauthenticated);
    EXPECT_EQ(refusal(options).field, "user");
    options.user = "world";
    options.password = "wrong-one";
    const auto refused = refusal(options);
    EXPECT_EQ(refused.code, Errc::unauthenticated);
    EXPECT_EQ(refused.field, "password");
    EXPECT_THAT(refused.message, Not(HasSubstr("wrong-one")));
    EXPECT_THAT(refused.message, HasSubstr(server.url()));
    options.start_disconnected = true;
    EXPECT_EQ(refusal(options).field, "password") << "to wait would not mend it";
    options.password = "right-one";
    const auto bus = connect(options);
    ASSERT_TRUE(bus) << bus.error().message;
    EXPECT_THAT((*bus)->health().peer, Not(HasSubstr("right-one")));
}

TEST(Credentials, ATokenOpensAndAWrongOneIsNamed) {
    const NatsServer server({"--auth", "right-token"});
    auto options = at(server);
    options.token = "wrong-token";
    const auto refused = refusal(options);
    EXPECT_EQ(refused.code, Errc::unauthenticated);
    EXPECT_EQ(refused.field, "token");
    EXPECT_THAT(refused.message, Not(HasSubstr("wrong-token")));
    options.token = "right-token";
    EXPECT_TRUE(connect(options));
}

TEST(Credentials, ABusWhoseCredentialsAreRefusedForAWhileSaysSoAndGoesOnTrying) {
    NatsServer server({"--auth", "right-token"});
    auto options = at(server);
    options.token = "right-token";
    const auto bus = connect(options);
    ASSERT_TRUE(bus);
    server.kill();
    server.start({"--auth", "another"});
    ASSERT_TRUE(becomes([&] { return (*bus)->health().reason.contains("refuses the token"); }));
    EXPECT_THAT((*bus)->health().reason, Not(HasSubstr("right-token")));
    server.kill();
    server.start({"--auth", "right-token"});
    EXPECT_TRUE((*bus)->flush(patience));
}

/// An authority, and a server with a certificate of it.
struct Trust {
    explicit Trust(const std::string& address) {
        std::filesystem::create_directories(folder);
        const auto now = SystemClock().now();
        const auto authority = pki::new_authority("bus test", now, std::chrono::days(1));
        const auto key = pki::new_private_key();
        EXPECT_TRUE(authority && key);
        const auto certificate = pki::issue(
            *authority, *key, {.common_name = "nats", .dns_names = {}, .addresses = {address}},
            pki::Usage::server, now, std::chrono::minutes(60));
        EXPECT_TRUE(certificate);
        std::ofstream(ca) << authority->certificate_pem;
        std::ofstream(folder / "certificate.pem") << *certificate;
        std::ofstream(folder / "key.pem") << *key;
    }
    ~Trust() { std::filesystem::remove_all(folder); }
    Trust(const Trust&) = delete;
    Trust& operator=(const Trust&) = delete;
    [[nodiscard]] std::vector<std::string> arguments() const {
        return {"--tls", "--tlscert", folder / "certificate.pem", "--tlskey", folder / "key.pem"};
    }

    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / new_id("muster-nats-tls");
    std::filesystem::path ca = folder / "ca.pem";
};

TEST(Tls, AServerOfOurAuthorityIsTrusted) {
    const Trust trust("127.0.0.1");
    const NatsServer server(trust.arguments());
    auto options = at(server);
    options.ca_file = trust.ca;
    const auto bus = connect(options);
    ASSERT_TRUE(bus) << bus.error().message;
    Recorder recorder;
    auto own = (*bus)->subscribe("secret", recorder.receiver());
    ASSERT_TRUE(own);
    ASSERT_TRUE((*bus)->publish("secret", bytes_of("x")));
    EXPECT_EQ(recorder.wait_for(1).size(), 1U);
}

TEST(Tls, AServerOfAnotherAuthorityIsNot) {
    const Trust trust("127.0.0.1"), other("127.0.0.1");
    const NatsServer server(trust.arguments());
    auto options = at(server);
    options.ca_file = other.ca;
    EXPECT_EQ(refusal(options).code, Errc::unauthenticated);
    EXPECT_EQ(refusal(options).field, "ca_file");
}

TEST(Tls, AServerWithTheCertificateOfAnotherHostIsNot) {
    const Trust trust("127.0.0.2");
    const NatsServer server(trust.arguments());
    auto options = at(server);
    options.ca_file = trust.ca;
    EXPECT_EQ(refusal(options).code, Errc::unauthenticated);
    EXPECT_EQ(refusal(options).field, "ca_file");
}

TEST(Tls, AMissingFileOfAuthoritiesIsNamed) {
    auto options = Options{.servers = {"127.0.0.1:1"}};
    options.ca_file = "/nowhere/ca.pem";
    const auto refused = refusal(options);
    EXPECT_EQ(refused.code, Errc::not_found);
    EXPECT_EQ(refused.field, "ca_file");
    EXPECT_THAT(refused.message, HasSubstr("/nowhere/ca.pem"));
}

TEST(Tls, AServerThatWantsItIsNotTrustedBlindlyAndOneWithoutItIsNamed) {
    const Trust trust("127.0.0.1");
    const NatsServer with(trust.arguments()), without;
    EXPECT_EQ(refusal(at(with)).field, "ca_file")
        << "TLS that the server asks for is no less strict";
    auto options = at(without);
    options.ca_file = trust.ca;
    EXPECT_THAT(refusal(options).message, HasSubstr("has no TLS"));
}

TEST(Server, OneThatTakesNoMessagesOf1MiBIsRefused) {
    const NatsServer server({}, "max_payload: 1000");
    const auto refused = refusal(at(server));
    EXPECT_EQ(refused.code, Errc::unsupported);
    EXPECT_THAT(refused.message, HasSubstr("at most 1000 bytes"));
}

TEST(Server, WhatOthersSayOnSubjectsThatAreNoneOfOursIsDroppedAndCounted) {
    const NatsServer server;
    const auto bus = connect(at(server));
    ASSERT_TRUE(bus);
    Recorder recorder;
    auto own = (*bus)->subscribe("a.*", recorder.receiver());
    ASSERT_TRUE(own);
    ASSERT_TRUE((*bus)->flush(patience));
    const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string said = "CONNECT {\"verbose\":false}\r\nPUB a.$b 1\r\nx\r\nPUB a." +
                             std::string(300, 'b') + " 1\r\nx\r\nPUB a.b 4\r\ngood\r\n";
    ASSERT_EQ(send(other, said.data(), said.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(said.size()));
    const std::vector<Recorder::Received> expected{{"a.b", "good"}};
    EXPECT_EQ(recorder.wait_for(1), expected);
    EXPECT_EQ((*bus)->statistics().dropped_in, 2U);
    close(other);
}

}  // namespace
}  // namespace muster::bus_nats
