#include "muster/rtc/sdp.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "muster/rtc/endpoint.hpp"

namespace muster::rtc {
namespace {

std::string recorded(std::string_view name) {
    std::ifstream file(std::filesystem::path("corpus/sdp") / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string without(std::string text, std::string_view prefix, std::string_view instead = "") {
    const std::size_t start = text.find(prefix);
    EXPECT_NE(start, std::string::npos);
    const std::size_t end = text.find("\r\n", start) + 2;
    return text.replace(start, end - start, instead);
}

Answer an_answer() {
    return {.ufrag = "abcd1234",
            .password = "abcdefghijklmnopqrstuvwxyz",
            .fingerprint = {std::byte{0xAB}, std::byte{0x01}},
            .candidates = {{"192.0.2.7", 7'000}, {"2001:db8::7", 7'000}},
            .max_message_size = 262'144,
            .session = 42};
}

TEST(Sdp, ReadsTheOfferOfEachBrowser) {
    const auto chrome = parse_offer(recorded("chrome"));
    ASSERT_TRUE(chrome) << chrome.error().message;
    EXPECT_EQ(chrome->ufrag, "Gk7+");
    EXPECT_EQ(chrome->password, "asd88fgpdd777uzjYhagZg45");
    EXPECT_EQ(chrome->max_message_size, 262'144U);
    EXPECT_EQ(chrome->fingerprint[1], std::byte{7});
    EXPECT_EQ(chrome->fingerprint[31], std::byte{31 * 7});
    EXPECT_TRUE(chrome->rejected.empty());

    const auto firefox = parse_offer(recorded("firefox"));
    ASSERT_TRUE(firefox) << firefox.error().message;
    EXPECT_EQ(firefox->fingerprint, chrome->fingerprint);  // said for the whole session
    EXPECT_EQ(firefox->max_message_size, 1'073'741'823U);

    const auto safari = parse_offer(recorded("safari"));
    ASSERT_TRUE(safari) << safari.error().message;
    EXPECT_EQ(safari->mid, "1");
    EXPECT_EQ(safari->media, 1U);
    EXPECT_EQ(safari->max_message_size, std::numeric_limits<std::size_t>::max());
    ASSERT_EQ(safari->rejected.size(), 1U);
    EXPECT_EQ(safari->rejected[0].line, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63");

    ASSERT_TRUE(parse_offer(recorded("libdatachannel")));
}

TEST(Sdp, AnswersOtherMediaWithPortZeroInTheOrderOfTheOffer) {
    const auto offer = parse_offer(recorded("safari"));
    ASSERT_TRUE(offer);
    const std::string text = write_answer(*offer, an_answer());
    const std::size_t audio = text.find("m=audio 0 UDP/TLS/RTP/SAVPF 111 63\r\n");
    const std::size_t data = text.find("m=application 7000 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    ASSERT_NE(audio, std::string::npos);
    ASSERT_NE(data, std::string::npos);
    EXPECT_LT(audio, data);
    EXPECT_NE(text.find("a=group:BUNDLE 1\r\n"), std::string::npos);
}

TEST(Sdp, AnAnswerSaysWhatTheServerIs) {
    const auto offer = parse_offer(recorded("chrome"));
    ASSERT_TRUE(offer);
    const std::string text = write_answer(*offer, an_answer());
    for (const char* line :
         {"a=ice-lite\r\n", "a=setup:passive\r\n", "a=fingerprint:sha-256 AB:01:00:",
          "a=candidate:1 1 udp 2130706431 192.0.2.7 7000 typ host\r\n",
          "a=candidate:2 1 udp 2130706175 2001:db8::7 7000 typ host\r\n", "a=sctp-port:5000\r\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
    }
    const auto read = parse_answer(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->remote.fingerprint, an_answer().fingerprint);
    EXPECT_EQ(read->remote.max_message_size, 262'144U);
    EXPECT_EQ(read->candidates, an_answer().candidates);
}

TEST(Sdp, AnswersTheOldFormInTheOldForm) {
    const auto offer = parse_offer(recorded("old"));
    ASSERT_TRUE(offer) << offer.error().message;
    EXPECT_TRUE(offer->old_protocol);
    EXPECT_EQ(offer->sctp_port, 5'001);
    const std::string text = write_answer(*offer, an_answer());
    EXPECT_NE(text.find("m=application 7000 DTLS/SCTP 5001\r\n"), std::string::npos);
    EXPECT_NE(text.find("a=sctpmap:5001 webrtc-datachannel 16\r\n"), std::string::npos);
    EXPECT_EQ(text.find("a=sctp-port"), std::string::npos);
}

TEST(Sdp, AnOwnOfferCanBeRead) {
    const auto offer = parse_offer(write_offer(an_answer()));
    ASSERT_TRUE(offer) << offer.error().message;
    EXPECT_EQ(offer->ufrag, "abcd1234");
    EXPECT_EQ(offer->fingerprint, an_answer().fingerprint);
    EXPECT_EQ(offer->max_message_size, 262'144U);
}

TEST(Sdp, NamesTheLineThatIsMissing) {
    for (const char* line :
         {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "m=application"}) {
        const auto offer = parse_offer(without(recorded("chrome"), line));
        ASSERT_FALSE(offer) << line;
        EXPECT_NE(offer.error().message.find(line), std::string::npos) << offer.error().message;
        EXPECT_EQ(offer.error().code, Errc::invalid_argument);
    }
}

TEST(Sdp, NamesTheLineThatIsWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"a=ice-ufrag", "a=ice-ufrag:abc"},
        {"a=ice-ufrag", "a=ice-ufrag:ab:d"},
        {"a=ice-pwd", "a=ice-pwd:tooshort"},
        {"a=fingerprint", "a=fingerprint:sha-1 AA:BB"},
        {"a=fingerprint", "a=fingerprint:sha-256 AA:BB"},
        {"a=setup", "a=setup:passive"},
        {"a=sctp-port", "a=sctp-port:70000"},
        {"a=max-message-size", "a=max-message-size:many"},
        {"s=-", "nonsense"},
        {"s=-", "a=ice-lite"},
    };
    for (const auto& [prefix, line] : cases) {
        const auto offer =
            parse_offer(without(recorded("chrome"), prefix, std::string(line) + "\r\n"));
        ASSERT_FALSE(offer) << line;
        EXPECT_TRUE(offer.error().message.starts_with("line ")) << offer.error().message;
    }
}

TEST(Sdp, RefusesWhatIsTooLong) {
    EXPECT_FALSE(parse_offer(recorded("chrome") + std::string(64 * 1024, 'a')));
    std::string many = recorded("chrome");
    for (int i = 0; i < 1'000; ++i) many += "a=x\r\n";
    const auto offer = parse_offer(many);
    ASSERT_FALSE(offer);
    EXPECT_NE(offer.error().message.find("1,000 lines"), std::string::npos);
}

TEST(Address, IsTheSameAfterBeingWritten) {
    for (const char* text : {"192.0.2.7:7000", "[2001:db8::7]:1", "0.0.0.0:65535", "[::1]:80"}) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_text(*address), text);
    }
    for (const char* text :
         {"", "1.2.3.4", "1.2.3.4:", "1.2.3.4:70000", "::1:80", "[::1]", "x:1"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
}

}  // namespace
}  // namespace muster::rtc
