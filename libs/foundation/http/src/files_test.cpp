#include "files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "raw_client.hpp"

namespace muster::http {
namespace {

namespace fs = std::filesystem;
using testing::Harness;
using testing::RawClient;
using testing::RawResponse;

class Files : public ::testing::Test {
  protected:
    Files() {
        std::string name = (fs::temp_directory_path() / "muster-files-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        fs::create_directories(root_ / "web" / "assets");
        fs::create_directories(root_ / "web" / ".git");
        put("web/index.html", "<!doctype html>page");
        put("web/plain.txt", "plain text");
        put("web/plain.txt.gz", "compressed text");
        put("web/assets/index-DXk3a8_1.js", "code");
        put("web/assets/logo.svg", "<svg/>");
        fs::create_directories(root_ / "web" / "play");
        put("web/play/index.html", "<!doctype html>game");
        put("web/play/index.html.gz", "compressed game");
        put("web/.git/config", "hidden");
        put("web/sp ace.txt", "space");
        put("secret.txt", "secret");
        fs::create_symlink("../secret.txt", root_ / "web" / "out.txt");
        fs::create_symlink(root_ / "secret.txt", root_ / "web" / "absolute.txt");
        fs::create_directory_symlink("..", root_ / "web" / "up");
        fs::create_symlink("plain.txt", root_ / "web" / "inside.txt");
    }
    ~Files() override { fs::remove_all(root_); }

    void put(const std::string& name, const std::string& content) {
        std::ofstream(root_ / name, std::ios::binary) << content;
    }
    std::optional<Response> get(std::string path, Fields headers = {},
                                const Router::FileOptions& options = {}) {
        Request request;
        request.method = "GET";
        request.path = std::move(path);
        request.headers = std::move(headers);
        auto answer = answer_from_files((root_ / "web").string(), options, request);
        if (!answer) return std::nullopt;
        return std::get<Response>(std::move(*answer));
    }
    std::string header(const std::optional<Response>& response, std::string_view name) {
        return std::string(response->headers.find(name).value_or("-"));
    }

    fs::path root_;
};

TEST_F(Files, AreServedWithTheirTypes) {
    const auto page = get("/");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->body, "<!doctype html>page");
    EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
    const std::string policy = header(page, "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'self'"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(header(get("/assets/logo.svg"), "Content-Type"), "image/svg+xml");
    EXPECT_EQ(get("/sp ace.txt")->body, "space");
    EXPECT_EQ(get("/inside.txt")->body, "plain text");
}

TEST_F(Files, NothingLeavesTheFolder) {
    for (const char* path :
         {"/../secret.txt", "/assets/../../secret.txt", "/out.txt", "/absolute.txt",
          "/up/secret.txt", "/up/web/plain.txt", "//etc/passwd.txt", "/.git/config.txt",
          "/assets/./logo.svg", "/%2e%2e/secret.txt"}) {
        EXPECT_FALSE(get(path)) << path;
    }
    const auto page = get("/.git/config");
    EXPECT_FALSE(page);
}

TEST_F(Files, APathWithoutAnExtensionIsThePage) {
    EXPECT_EQ(get("/servers/srv-1")->body, "<!doctype html>page");
    EXPECT_EQ(get("/assets")->body, "<!doctype html>page");
    EXPECT_FALSE(get("/api/v1/none"));
    EXPECT_FALSE(get("/api"));
    EXPECT_FALSE(get("/none.js"));
}

TEST_F(Files, AFoldersOwnPageWinsOverTheRootsAndOnlyItsOwnPathsGetIt) {
    for (const char* path : {"/play", "/play/", "/play/index.html"}) {
        const auto page = get(path);
        EXPECT_EQ(page->body, "<!doctype html>game") << path;
        EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
        EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
        EXPECT_NE(header(page, "ETag"), "-");
        Fields headers;
        headers.add("Accept-Encoding", "gzip");
        EXPECT_EQ(get(path, headers)->body, "compressed game") << path;
    }
    EXPECT_EQ(get("/play/deeper")->body, "<!doctype html>page");
    EXPECT_EQ(get("/player")->body, "<!doctype html>page");
    EXPECT_EQ(get("/up")->body, "<!doctype html>page");  // a symbolic link out of the folder
}

TEST_F(Files, AnotherOriginMayLoadThemOnlyWhenItIsNamed) {
    EXPECT_EQ(header(get("/plain.txt"), "Access-Control-Allow-Origin"), "-");
    const Router::FileOptions options{.origin = "https://cdn.example"};
    for (const char* path : {"/", "/plain.txt", "/assets/index-DXk3a8_1.js"}) {
        EXPECT_EQ(header(get(path, {}, options), "Access-Control-Allow-Origin"),
                  "https://cdn.example");
        EXPECT_EQ(header(get(path, {}, options), "Cross-Origin-Resource-Policy"), "cross-origin");
    }
}

TEST_F(Files, HashedAssetsMayBeKeptForEver) {
    EXPECT_EQ(header(get("/assets/index-DXk3a8_1.js"), "Cache-Control"),
              "public, max-age=31536000, immutable");
    EXPECT_EQ(header(get("/assets/logo.svg"), "Cache-Control"), "no-cache");
}

TEST_F(Files, TheCompressedOneIsSentToWhoTakesIt) {
    for (const char* takes : {"gzip", "br, GZIP;q=0.8", "*"}) {
        Fields headers;
        headers.add("Accept-Encoding", takes);
        const auto response = get("/plain.txt", headers);
        EXPECT_EQ(response->body, "compressed text") << takes;
        EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
        EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
        EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
    }
    for (const char* takes : {"br", "gzip;q=0", "identity"}) {
        Fields headers;
        headers.add("Accept-Encoding", takes);
        const auto response = get("/plain.txt", headers);
        EXPECT_EQ(response->body, "plain text") << takes;
        EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
        EXPECT_EQ(header(response, "Content-Encoding"), "-");
    }
    Fields headers;
    headers.add("Accept-Encoding", "gzip");
    EXPECT_NE(header(get("/plain.txt", headers), "ETag"), header(get("/plain.txt"), "ETag"));
}

TEST_F(Files, AnETagThatIsKnownSavesTheBody) {
    const std::string tag = header(get("/plain.txt"), "ETag");
    for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
        Fields headers;
        headers.add("If-None-Match", known);
        const auto response = get("/plain.txt", headers);
        EXPECT_EQ(response->status, 304);
        EXPECT_EQ(response->body, "");
        EXPECT_EQ(header(response, "ETag"), tag);
    }
    put("plain-new", "other text");
    fs::rename(root_ / "plain-new", root_ / "web" / "plain.txt");
    put("web/plain.txt", "changed text, other length");
    EXPECT_NE(header(get("/plain.txt"), "ETag"), tag);
}

asio::awaitable<void> over_http(Harness* harness, std::string big) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.get("/")).body, "<!doctype html>page");
    const RawResponse response = co_await client.get("/big.bin");
    EXPECT_EQ(response.headers.find("Content-Length"), std::to_string(big.size()));
    EXPECT_TRUE(response.body == big);
    co_await client.send("HEAD /big.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawResponse head = co_await client.response(true);
    EXPECT_EQ(head.headers.find("Content-Length"), std::to_string(big.size()));
    EXPECT_EQ((co_await client.get("/../secret.txt")).status, 404);
    EXPECT_EQ((co_await client.get("/%2e%2e/secret.txt")).status, 404);
    const RawResponse unknown = co_await client.get("/api/v1/none");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.headers.find("Content-Type"), "application/problem+json");
    co_await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ((co_await client.response()).status, 404);
}

TEST_F(Files, BigOnesGoOutPieceByPiece) {
    std::string big;
    for (int i = 0; big.size() < (3U << 19U); ++i) big += std::to_string(i);
    put("web/big.bin", big);
    Router router;
    router.serve_files((root_ / "web").string());
    Harness harness;
    harness.open(std::move(router));
    harness.run(over_http(&harness, big));
}

}  // namespace
}  // namespace muster::http
