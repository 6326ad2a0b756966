#include "muster/link/cluster_key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"

namespace muster::link {
namespace {

struct Folder {
    std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / ("keys-" + random_text(12));
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
}

TEST(ClusterKeyText, ComesBackAsItWas) {
    const auto key = new_cluster_key();
    EXPECT_EQ(key.bytes.size(), 32U);
    EXPECT_NE(key, new_cluster_key());
    const auto text = to_text(key);
    EXPECT_EQ(text.size(), 48U);
    EXPECT_TRUE(text.starts_with("mck1-"));
    EXPECT_EQ(parse_cluster_key("  " + text + "\r\n"), key);
    EXPECT_EQ(parse_cluster_key(key.bytes), key) << "a key file of 32 bytes";
}

TEST(ClusterKeyText, ThatIsNoKeyIsRefusedWithoutShowingIt) {
    const auto text = to_text(new_cluster_key());
    for (const auto& wrong :
         {std::string(), std::string("  \n"), text.substr(0, 47), text + "A", text.substr(5),
          "mst1" + text.substr(4), text.substr(0, 20) + "!" + text.substr(21), std::string(31, 'x'),
          std::string(33, 'x')}) {
        const auto key = parse_cluster_key(wrong);
        ASSERT_FALSE(key) << wrong;
        EXPECT_EQ(key.error().field, "key");
        if (wrong.size() > 20)
            EXPECT_EQ(key.error().message.find(wrong.substr(5, 12)), std::string::npos);
    }
}

TEST(ClusterKeyFile, IsMadeOnceAndForItsOwnerAlone) {
    const Folder folder;
    const auto first = read_or_make_cluster_key(folder.path / "keys", "cluster_key");
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE(first->is_new);
    EXPECT_EQ(mode_of(folder.path / "keys"), 0700U);
    EXPECT_EQ(mode_of(folder.path / "keys" / "cluster_key"), 0600U);
    EXPECT_EQ(read_file(folder.path / "keys" / "cluster_key"), first->key.bytes);
    const auto again = read_or_make_cluster_key(folder.path / "keys", "cluster_key");
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->is_new);
    EXPECT_EQ(again->key, first->key);
}

TEST(ClusterKeyFile, MayHoldTheTextAndNothingElse) {
    const Folder folder;
    ASSERT_TRUE(make_folder(folder.path));
    const auto key = new_cluster_key();
    ASSERT_TRUE(write_file(folder.path / "pasted", to_text(key) + "\n"));
    EXPECT_EQ(read_cluster_key(folder.path, "pasted"), key);
    ASSERT_TRUE(write_file(folder.path / "broken", "what is this"));
    const auto broken = read_or_make_cluster_key(folder.path, "broken");
    ASSERT_FALSE(broken) << "nobody's file is overwritten";
    EXPECT_EQ(broken.error().field, "key");
    EXPECT_EQ(read_cluster_key(folder.path, "absent").error().code, Errc::not_found);
}

TEST(ClusterKeyFile, IsNeverOneOfAnotherFolder) {
    const Folder folder;
    ASSERT_TRUE(make_folder(folder.path / "keys"));
    ASSERT_TRUE(write_file(folder.path / "outside", new_cluster_key().bytes));
    std::filesystem::create_symlink(folder.path / "outside", folder.path / "keys" / "link");
    EXPECT_FALSE(read_cluster_key(folder.path / "keys", "link"));
    for (const auto* name : {"../outside", "", ".", "..", "a/b", ".hidden", "a b"}) {
        EXPECT_FALSE(is_key_name(name)) << name;
        EXPECT_FALSE(read_cluster_key(folder.path / "keys", name)) << name;
    }
    EXPECT_FALSE(is_key_name(std::string(65, 'a')));
    EXPECT_TRUE(is_key_name("eu-west_2.key"));
}

TEST(ClusterKeyMac, IsOfEverythingThatItStandsFor) {
    const auto key = new_cluster_key();
    const KeyTranscript transcript{"name", "nonce", "challenge", "authority", "key"};
    std::set<std::string> macs{world_server_mac(key, transcript),
                               world_server_mac(new_cluster_key(), transcript),
                               coordinator_mac(key, transcript, "id", "certificate"),
                               coordinator_mac(key, transcript, "id2", "certificate"),
                               coordinator_mac(key, transcript, "id", "certificate2"),
                               // What moves over a border between two parts is another text.
                               coordinator_mac(key, transcript, "idc", "ertificate")};
    for (auto member : {&KeyTranscript::key_name, &KeyTranscript::nonce, &KeyTranscript::challenge,
                        &KeyTranscript::authority_digest, &KeyTranscript::key_digest}) {
        auto other = transcript;
        other.*member += "x";
        macs.insert(world_server_mac(key, other));
        macs.insert(coordinator_mac(key, other, "id", "certificate"));
    }
    EXPECT_EQ(macs.size(), 16U);
    EXPECT_EQ(world_server_mac(key, transcript), world_server_mac(key, transcript));
}

// The figure is Python's hmac's, over the part's length (four bytes, big-endian) and the part.
TEST(ClusterKeyMac, IsHmacSha256) {
    const std::string_view part = "what do ya want for nothing?";
    const auto mac = mac_of("Jefe", std::span(&part, 1));
    EXPECT_EQ(to_hex(as_bytes(mac)),
              "6298cecdfbe401fe7a2c98963b8fc9fce1d110839f3a1ac4f873523359f55750");
}

}  // namespace
}  // namespace muster::link
