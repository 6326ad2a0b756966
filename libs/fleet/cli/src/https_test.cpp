#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <sstream>
#include <thread>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "muster/cli/cli.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/store_sqlite/store_sqlite.hpp"

namespace muster::cli {
namespace {

/// A real coordinator with HTTPS of its own, on a thread of its own: the command line blocks.
class Https : public ::testing::Test {
  protected:
    Https() {
        folder = std::filesystem::temp_directory_path() / ("muster-cli-" + random_text(12));
        EXPECT_TRUE(make_folder(folder));
        auto opened = store_sqlite::open_store(folder / "muster.db");
        EXPECT_TRUE(opened);
        store = *std::move(opened);
        coordinator::Options options;
        options.data_dir = folder;
        options.http_port = 0;
        options.grpc_host = "127.0.0.1";
        options.grpc_port = 0;
        options.own_https = true;
        auto made = coordinator::Coordinator::open(context.get_executor(), std::move(options),
                                                   *store, clock);
        EXPECT_TRUE(made) << made.error().message;
        served = *std::move(made);
        url = "https://127.0.0.1:" + std::to_string(served->http_port());
        ca = (folder / "authority" / "ca.pem").string();
        // It returns when it was stopped.
        boost::asio::co_spawn(context, served->run(),
                              [this](std::exception_ptr) { context.stop(); });
        thread = std::thread([this] { context.run(); });
    }
    ~Https() override {
        boost::asio::co_spawn(context, served->stop(std::chrono::seconds(2)),
                              boost::asio::detached);
        thread.join();
        served.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    /// The exit code; `said` is all that it printed.
    int run_words(std::vector<std::string> words) {
        std::istringstream in;
        std::ostringstream out;
        const int code =
            run(std::move(words), {in, out, out, false, {{"HOME", folder.string()}}, folder, "0"});
        said = out.str();
        return code;
    }

    boost::asio::io_context context{1};
    SystemClock clock;
    std::filesystem::path folder;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<coordinator::Coordinator> served;
    std::thread thread;
    std::string url;
    std::string ca;
    std::string said;
};

TEST_F(Https, TrustsTheAuthorityThatItIsGivenAndNoOther) {
    const std::string token(trim(*read_file(folder / "admin.token")));
    EXPECT_EQ(run_words({"whoami", "--url", url, "--token", token, "--ca", ca}), 0) << said;
    EXPECT_NE(said.find("first admin"), std::string::npos) << said;
    EXPECT_EQ(run_words({"whoami", "--url", url, "--token", token}), 1);
    EXPECT_NE(said.find("--ca FILE"), std::string::npos) << said;
    EXPECT_EQ(said.find(token), std::string::npos);
    EXPECT_EQ(run_words({"login", "--url", url, "--token", token, "--ca", ca}), 0) << said;
    EXPECT_EQ(run_words({"tokens", "list"}), 0) << said;
}

TEST_F(Https, TrustsTheCoordinatorOfThisMachine) {
    ASSERT_TRUE(write_file(folder / "ready.json",
                           R"({"http":")" + url + R"(","ca":")" + ca + R"("})", 0644));
    EXPECT_EQ(run_words({"whoami"}), 0) << said;
    EXPECT_EQ(run_words({"nodes", "list", "--url", url}), 0) << said;
}

TEST_F(Https, NamedKeysAreShownOnceTakenFromFilesRotatedAndRevoked) {
    ASSERT_TRUE(write_file(folder / "ready.json",
                           R"({"http":")" + url + R"(","ca":")" + ca + R"("})", 0644));
    const auto keys = [this](std::vector<std::string> words) {
        words.insert(words.begin(), {"worlds", "keys"});
        return run_words(std::move(words));
    };
    EXPECT_EQ(keys({"add", "arena"}), 0) << said;
    EXPECT_EQ(said.find("mck1-"), 0U) << said;
    EXPECT_NE(said.find("keys/arena"), std::string::npos) << said;
    EXPECT_EQ(keys({"list"}), 0) << said;
    EXPECT_NE(said.find("arena"), std::string::npos) << said;
    EXPECT_EQ(said.find("mck1-"), std::string::npos) << said;

    const auto file = folder / "brought";
    ASSERT_TRUE(write_file(file, random_bytes(32)));
    EXPECT_EQ(keys({"add", "brought", "--file", file.string()}), 0) << said;
    EXPECT_EQ(said.find("mck1-"), std::string::npos) << said;
    ASSERT_TRUE(write_file(file, "no key"));
    EXPECT_EQ(keys({"add", "bad", "--file", file.string()}), 1);
    EXPECT_EQ(keys({"add", "absent", "--file", (folder / "absent").string()}), 1);
    EXPECT_NE(said.find("absent"), std::string::npos) << said;

    EXPECT_EQ(keys({"rotate", "arena", "--grace", "0"}), 0) << said;
    EXPECT_NE(said.find("good no more"), std::string::npos) << said;
    EXPECT_EQ(keys({"rotate", "nowhere"}), 1);
    EXPECT_NE(keys({"revoke", "arena"}), 0) << "without --yes";
    EXPECT_EQ(keys({"revoke", "arena", "--servers", "--yes"}), 0) << said;
    EXPECT_EQ(keys({"revoke", "brought", "--yes"}), 0) << said;
    EXPECT_EQ(keys({"list"}), 0) << said;
    EXPECT_NE(said.find("There are no keys"), std::string::npos) << said;
}

}  // namespace
}  // namespace muster::cli
