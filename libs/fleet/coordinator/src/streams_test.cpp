#include <gmock/gmock.h>

#include <boost/asio/detached.hpp>

#include "testing/stand.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator {
namespace {

namespace wire = muster::node::v1;

class Streams : public testing::Stand {
  protected:
    Streams() {
        open();
        node = join();
        id = deploy_ready(*node);
    }
    ~Streams() override { node.reset(); }

    /// A GET whose answer comes while the test plays the node.
    std::shared_ptr<std::optional<Result<http::Response>>> begin(const std::string& target) {
        http::Endpoint endpoint;
        endpoint.at = http::Endpoint::Tcp{"127.0.0.1", coordinator->http_port()};
        client = std::make_unique<http::Client>(context.get_executor(), std::move(endpoint));
        http::ClientRequest request;
        request.target = target;
        request.headers.set("Authorization", "Bearer " + token);
        auto out = std::make_shared<std::optional<Result<http::Response>>>();
        asio::co_spawn(context, client->send(std::move(request), testing::patience),
                       [out](std::exception_ptr, Result<http::Response> response) {
                           out->emplace(std::move(response));
                       });
        return out;
    }
    void end(link::Carrier& carrier, std::optional<int> exit_code = {}) {
        wire::Piece piece;
        piece.set_end(true);
        piece.set_has_exit_code(exit_code.has_value());
        piece.set_exit_code(exit_code.value_or(0));
        EXPECT_TRUE(testing::finish(context, carrier.write(std::move(piece))));
    }

    std::unique_ptr<http::Client> client;
    std::unique_ptr<testing::ScriptedNode> node;
    std::string id;
};

TEST_F(Streams, ShowTheLogsOfAServer) {
    const auto response = begin("/api/v1/servers/" + id + "/logs?tail=2");
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    EXPECT_EQ(asked.logs().container_id(), id);
    EXPECT_EQ(asked.logs().tail(), 2);
    node->write(*carrier, "one");
    node->write(*carrier, "two\n");
    end(*carrier);
    testing::run_until(context, [&] { return response->has_value(); });
    ASSERT_TRUE(**response);
    EXPECT_EQ((**response)->body, "one\ntwo\n");
    EXPECT_EQ(get("/api/v1/servers/" + id + "/logs?tail=x").body["field"], "tail");
    EXPECT_EQ(get("/api/v1/servers/" + id + "/logs?since=yesterday").body["field"], "since");
}

TEST_F(Streams, ShowTheConsoleAndTypeIntoIt) {
    auto socket = websocket("/api/v1/servers/" + id + "/console");
    ASSERT_TRUE(socket);
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    EXPECT_EQ(asked.console().server_id(), id);
    node->write(*carrier, "hello \xc3");
    node->write(*carrier, "\xbc\n");
    EXPECT_EQ(receive(*socket) + receive(*socket), "hello \xc3\xbc\n");
    ASSERT_TRUE(testing::finish(context, socket->send("say sesame-friday\n", false)));
    auto typed = testing::finish(context, carrier->read());
    ASSERT_TRUE(typed && *typed);
    EXPECT_EQ((*typed)->data(), "say sesame-friday\n");
    const auto log = get("/api/v1/audit").text;
    EXPECT_THAT(log, ::testing::HasSubstr("say ********"));
    EXPECT_EQ(log.find("sesame-friday"), std::string::npos);
    end(*carrier);
    EXPECT_THAT(receive_end(*socket), ::testing::HasSubstr("1000"));
}

TEST_F(Streams, LetAViewerOnlyReadTheConsole) {
    auto socket = websocket("/api/v1/servers/" + id + "/console", new_token("viewer"));
    ASSERT_TRUE(socket);
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    node->write(*carrier, "hello");
    EXPECT_EQ(receive(*socket), "hello");
    ASSERT_TRUE(testing::finish(context, socket->send("stop\n", false)));
    EXPECT_THAT(receive_end(*socket), ::testing::HasSubstr("1008"));
}

TEST_F(Streams, CutTheConsoleOfADeletedToken) {
    const auto made = post("/api/v1/tokens", Json{{"name", "x"}, {"role", "operator"}});
    auto socket = websocket("/api/v1/servers/" + id + "/console", made.body["token"]);
    ASSERT_TRUE(socket);
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    node->write(*carrier, "hello");
    EXPECT_EQ(receive(*socket), "hello");
    EXPECT_EQ(call("DELETE", "/api/v1/tokens/" + made.body["id"].get<std::string>()).status, 204);
    EXPECT_THAT(receive_end(*socket), ::testing::HasSubstr("1008"));
    EXPECT_EQ(node->next(wire::ToNode::kCloseStream).close_stream().stream_id(), asked.stream_id());
}

TEST_F(Streams, RunACommandAndTellItsExitCode) {
    auto socket =
        websocket("/api/v1/servers/" + id + "/exec?command=sh&command=-c&command=exit%207");
    ASSERT_TRUE(socket);
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    ASSERT_EQ(asked.exec().command_size(), 3);
    EXPECT_EQ(asked.exec().command(2), "exit 7");
    node->write(*carrier, "out");
    node->write(*carrier, "err", true);
    end(*carrier, 7);
    EXPECT_EQ(receive(*socket), "\x01out");
    EXPECT_EQ(receive(*socket),
              "\x02"
              "err");
    EXPECT_EQ(Json::parse(receive(*socket))["exit_code"], 7);
    EXPECT_THAT(get("/api/v1/audit").text, ::testing::HasSubstr("server.exec"));
}

TEST_F(Streams, TypeALineAndAskTheNodeWhetherItWent) {
    std::string line;
    node->answer_with([&line](const wire::Query& query) {
        line = query.type_console().line();
        wire::Answer answer;
        answer.set_ok(line != "refuse");
        answer.set_error_code("conflict");
        answer.set_error_message("it does not run");
        return answer;
    });
    const std::string path = "/api/v1/servers/" + id + "/console";
    EXPECT_EQ(post(path, Json{{"line", "save"}}).status, 204);
    EXPECT_EQ(line, "save");
    EXPECT_EQ(post(path, Json{{"line", "refuse"}}).status, 409);
    EXPECT_EQ(post(path, Json{{"line", "a\nb"}}).body["field"], "line");
}

TEST_F(Streams, EndFollowedLogsWhenTheTokenIsDeleted) {
    const auto made = post("/api/v1/tokens", Json{{"name", "x"}, {"role", "viewer"}});
    const auto own = std::exchange(token, made.body["token"].get<std::string>());
    const auto response = begin("/api/v1/servers/" + id + "/logs?follow=true");
    token = own;
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    EXPECT_TRUE(asked.logs().follow());
    node->write(*carrier, "one");
    EXPECT_EQ(call("DELETE", "/api/v1/tokens/" + made.body["id"].get<std::string>()).status, 204);
    testing::run_until(context, [&] { return response->has_value(); });
    // Cut short, and the client can tell.
    EXPECT_FALSE(**response);
    EXPECT_EQ(node->next(wire::ToNode::kCloseStream).close_stream().stream_id(), asked.stream_id());
}

}  // namespace
}  // namespace muster::coordinator
