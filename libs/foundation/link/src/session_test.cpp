#include "link_testing.hpp"

namespace muster::link {
namespace {

using namespace testing;

// ---- messages

asio::awaitable<void> talk(Bed& bed, int messages) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    for (int i = 0; i < messages; ++i) {
        EXPECT_TRUE(session->send(pong(static_cast<std::uint64_t>(i))));
    }
    for (int i = 0; i < messages; ++i) {
        const auto answer = co_await session->receive();
        EXPECT_TRUE(answer);
        if (!answer) co_return;
        EXPECT_EQ(answer->ping().id(), static_cast<std::uint64_t>(i));
    }
    session->close();
    const auto over = co_await session->receive();
    EXPECT_EQ(over.error().code, Errc::cancelled);
    EXPECT_FALSE(session->send(pong(0)));
}
TEST(Session, KeepsTheOrderBothWays) {
    Bed bed;
    std::string node_id;
    std::string address;
    bed.handlers.session = [&](std::shared_ptr<NodeSession> session) {
        node_id = session->node_id();
        address = session->address();
        return Bed::echo(std::move(session));
    };
    bed.open();
    bed.run(talk(bed, 500));
    EXPECT_EQ(node_id, "nod-1");
    EXPECT_EQ(address, "127.0.0.1");
}

asio::awaitable<void> send_too_large(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    wire::FromNode huge;
    huge.mutable_hello()->set_name(std::string(100'000, 'x'));
    const auto sent = session->send(huge);
    EXPECT_TRUE(sent) << "the client has no such limit";
    const auto over = co_await session->receive();
    EXPECT_FALSE(over) << "the server refuses what it may not hold";

    auto again = co_await bed.session(*client);
    EXPECT_TRUE(again->send(pong(1)));
    const auto notice = co_await again->receive();
    EXPECT_EQ(notice->ping().id(), 1U) << "what was too large to send did not hurt the session";
}
TEST(Session, TooLargeAMessageIsRefusedByWhoSendsAndByWhoReceives) {
    Bed bed;
    bed.options.message_bytes_max = 50'000;
    bed.handlers.session = [](std::shared_ptr<NodeSession> session) {
        wire::ToNode huge;
        huge.mutable_goodbye()->set_reason(std::string(60'000, 'x'));
        const auto sent = session->send(std::move(huge));
        EXPECT_EQ(sent.error().code, Errc::too_large);
        return Bed::echo(std::move(session));
    };
    bed.open();
    bed.run(send_too_large(bed));
}

// ---- limits

asio::awaitable<void> flood(std::shared_ptr<NodeSession> session, std::optional<Error>& how) {
    wire::ToNode message;
    message.mutable_goodbye()->set_reason(std::string(1'000, 'x'));
    for (int i = 0; i < 100'000 && !how; ++i) {
        const auto sent = session->send(message);
        if (!sent) how = sent.error();
        if (i % 100 == 0) co_await pause(0ms);
    }
    EXPECT_FALSE(co_await session->receive());
}
asio::awaitable<void> do_not_read(Bed& bed, std::optional<Error>& how) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    while (!how) co_await pause(1ms);
    Result<wire::ToNode> last = co_await session->receive();
    while (last) last = co_await session->receive();
    EXPECT_NE(last.error().code, Errc::internal) << last.error().message;
}
TEST(Session, ANodeThatDoesNotReadIsExhaustedAndLetGo) {
    Bed bed;
    std::optional<Error> how;
    bed.handlers.session = [&how](std::shared_ptr<NodeSession> session) {
        return flood(std::move(session), how);
    };
    bed.open();
    bed.run(do_not_read(bed, how));
    ASSERT_TRUE(how);
    EXPECT_EQ(how->code, Errc::exhausted);
}

asio::awaitable<void> hold(std::shared_ptr<NodeSession>, bool& flag) {
    while (!flag) co_await pause(1ms);
}
asio::awaitable<void> flood_the_coordinator(Bed& bed, bool& release) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    wire::FromNode message = pong(1);
    message.mutable_hello()->set_name(std::string(1'000, 'x'));
    std::optional<Error> how;
    for (int i = 0; i < 100'000 && !how; ++i) {
        const auto sent = session->send(message);
        if (!sent) how = sent.error();
        if (i % 100 == 0) co_await pause(0ms);
    }
    EXPECT_TRUE(how);
    if (how) EXPECT_EQ(how->code, Errc::exhausted);
    release = true;
}
TEST(Session, ACoordinatorThatDoesNotReadHoldsTheNodeBack) {
    Bed bed;
    bool release = false;
    bed.handlers.session = [&release](std::shared_ptr<NodeSession> session) {
        return hold(std::move(session), release);
    };
    bed.open();
    bed.run(flood_the_coordinator(bed, release));
}

struct Talker {
    std::unique_ptr<Client> client;
    std::unique_ptr<Client::Session> session;
};
asio::awaitable<void> one_of_many(Bed& bed, int number, std::vector<Talker>& there) {
    Talker talker;
    talker.client = bed.client("nod-" + std::to_string(number));
    talker.session = co_await bed.session(*talker.client);
    for (std::uint64_t i = 0; i < 5; ++i) {
        EXPECT_TRUE(talker.session->send(pong(i)));
        const auto answer = co_await talker.session->receive();
        EXPECT_TRUE(answer && answer->ping().id() == i);
    }
    there.push_back(std::move(talker));  // and stays
}
// The bench holds a thousand and more; here it matters that they are beside each other.
constexpr int many_sessions = 16;
asio::awaitable<void> many(Bed& bed) {
    std::vector<Talker> there;
    int ended = 0;
    for (int i = 0; i < many_sessions; ++i) {
        asio::co_spawn(bed.context, one_of_many(bed, i, there),
                       [&ended](std::exception_ptr failed) {
                           EXPECT_FALSE(failed);
                           ++ended;
                       });
    }
    while (ended < many_sessions) co_await pause(5ms);
    for (const Talker& talker : there) {
        EXPECT_TRUE(talker.session->send(pong(9)));
        EXPECT_TRUE(co_await talker.session->receive());
    }
}
TEST(Session, ManyAtOnce) {
    Bed bed;
    bed.open();
    bed.run(many(bed));
}

asio::awaitable<void> one_too_many(Bed& bed) {
    const auto first = bed.client("nod-1");
    const auto second = bed.client("nod-2");
    auto session = co_await bed.session(*first);
    const auto refused = co_await second->session(patience);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    session->close();
    auto later = co_await second->session(patience);
    while (!later) {
        co_await pause(1ms);
        later = co_await second->session(patience);
    }
}
TEST(Session, NoMoreThanTheMaximum) {
    Bed bed;
    bed.options.sessions_max = 1;
    bed.open();
    bed.run(one_too_many(bed));
}

// ---- endings

asio::awaitable<void> freeze_the_wire(Bed& bed, bool& noticed) {
    Proxy proxy(bed.context, bed.server->port());
    Client::Options options = bed.client_options(bed.node_identity("nod-1"));
    options.address = proxy.address();
    const auto client = Client::open(bed.context.get_executor(), options).value();
    auto session = co_await bed.session(*client);
    EXPECT_TRUE(session->send(pong(1)));
    EXPECT_TRUE(co_await session->receive());
    proxy.freeze();
    const auto over = co_await session->receive();
    EXPECT_EQ(over.error().code, Errc::unavailable) << over.error().message;
    while (!noticed) co_await pause(1ms);
}
asio::awaitable<void> echo_then_note(std::shared_ptr<NodeSession> session, bool& noticed) {
    co_await Bed::echo(std::move(session));
    noticed = true;
}
TEST(Session, BothEndsNoticeADeadWire) {
    Bed bed;
    bool noticed = false;
    bed.options.keepalive = 100ms;
    bed.options.keepalive_timeout = 1'000ms;
    bed.handlers.session = [&noticed](std::shared_ptr<NodeSession> session) {
        return echo_then_note(std::move(session), noticed);
    };
    bed.open();
    bed.run(freeze_the_wire(bed, noticed));
}

// Pings come from both ends all the time here; a server that counted them as abuse would end the
// connection after the third.
asio::awaitable<void> stay_idle(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    co_await pause(400ms);
    EXPECT_TRUE(session->send(pong(1)));
    EXPECT_TRUE(co_await session->receive());
}
TEST(Session, AnIdleOneStaysOpen) {
    Bed bed;
    bed.options.keepalive = 20ms;
    bed.options.keepalive_timeout = 60s;
    bed.open();
    bed.run(stay_idle(bed));
}

asio::awaitable<void> revoke(Bed& bed) {
    const auto client = bed.client("nod-1");
    const auto other = bed.client("nod-2");
    auto session = co_await bed.session(*client);
    auto untouched = co_await bed.session(*other);
    auto carrier = co_await client->carry("str-1");
    wire::Piece piece;
    piece.set_data("x");
    EXPECT_TRUE(co_await (*carrier)->write(std::move(piece)));
    EXPECT_TRUE(co_await (*carrier)->read());

    bed.refused["nod-1"] = true;
    bed.server->revoke("nod-1", "revoked by the test");
    const auto over = co_await session->receive();
    const Error expected{Errc::permission_denied, "revoked by the test", {}};
    EXPECT_EQ(over.error(), expected);
    EXPECT_FALSE(co_await (*carrier)->read());
    const auto again = co_await client->session(patience);
    EXPECT_EQ(again.error().code, Errc::permission_denied);
    const auto renewed = co_await client->renew("der", patience);
    EXPECT_EQ(renewed.error().code, Errc::permission_denied);

    EXPECT_TRUE(untouched->send(pong(3)));
    EXPECT_TRUE(co_await untouched->receive());
}
TEST(Session, RevokingEndsItAndItsCarriersAtOnce) {
    Bed bed;
    bed.open();
    bed.run(revoke(bed));
}

asio::awaitable<void> open_twice(Bed& bed) {
    const auto first = bed.client("nod-1");
    const auto second = bed.client("nod-1");
    auto older = co_await bed.session(*first);
    auto newer = co_await bed.session(*second);
    const auto over = co_await older->receive();
    EXPECT_EQ(over.error().code, Errc::conflict);
    EXPECT_TRUE(newer->send(pong(3)));
    EXPECT_TRUE(co_await newer->receive());
}
TEST(Session, ANewerOneOfTheSameNodeEndsTheOlder) {
    Bed bed;
    bed.open();
    bed.run(open_twice(bed));
}

asio::awaitable<void> say_goodbye(std::shared_ptr<NodeSession> session) {
    co_await session->receive();
    for (std::uint64_t i = 0; i < 100; ++i) EXPECT_TRUE(session->send(ping(i)));
    session->close("that was all");
    EXPECT_FALSE(session->send(ping(0)));
    EXPECT_FALSE(co_await session->receive());
}
asio::awaitable<void> hear_goodbye(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    EXPECT_TRUE(session->send(pong(1)));
    for (std::uint64_t i = 0; i < 100; ++i) {
        const auto message = co_await session->receive();
        EXPECT_TRUE(message && message->ping().id() == i);
    }
    const auto over = co_await session->receive();
    const Error expected{Errc::unavailable, "that was all", {}};
    EXPECT_EQ(over.error(), expected);
}
TEST(Session, ClosingSendsWhatWaitsAndTheReason) {
    Bed bed;
    bed.handlers.session = say_goodbye;
    bed.open();
    bed.run(hear_goodbye(bed));
}

asio::awaitable<void> fail_in_handler(std::shared_ptr<NodeSession> session) {
    co_await session->receive();
    throw std::runtime_error("a secret detail");
}
asio::awaitable<void> hear_of_failure(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    EXPECT_TRUE(session->send(pong(1)));
    const auto over = co_await session->receive();
    EXPECT_EQ(over.error().code, Errc::internal);
    EXPECT_EQ(over.error().message.find("secret"), std::string::npos);
}
TEST(Session, AnExceptionOfTheHandlerEndsOnlyThatSession) {
    Bed bed;
    bed.handlers.session = fail_in_handler;
    bed.open();
    bed.run(hear_of_failure(bed));
}

asio::awaitable<void> restart(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    const std::uint16_t port = bed.server->port();
    co_await bed.server->stop(5s);
    const auto over = co_await session->receive();
    EXPECT_EQ(over.error().code, Errc::unavailable);
    EXPECT_FALSE(co_await client->session(1s));

    bed.server.reset();
    bed.options.port = port;
    bed.open();
    auto again = co_await client->session(patience);
    while (!again) {
        co_await pause(10ms);
        again = co_await client->session(patience);
    }
    EXPECT_TRUE((*again)->send(pong(1)));
    EXPECT_TRUE(co_await (*again)->receive());
}
TEST(Session, AClientReconnectsAfterTheServersRestart) {
    Bed bed;
    bed.open();
    bed.run(restart(bed));
}

asio::awaitable<void> leave_open(Bed& bed, std::unique_ptr<Client>& client,
                                 std::unique_ptr<Client::Session>& session,
                                 std::unique_ptr<Carrier>& carrier) {
    client = bed.client("nod-1");
    session = co_await bed.session(*client);
    carrier = std::move(*co_await client->carry("str-1"));
    EXPECT_TRUE(session->send(pong(1)));
    EXPECT_TRUE(co_await session->receive());
}
TEST(Server, MayBeDestroyedWithLiveSessionsAndAnIdleExecutor) {
    for (const bool server_first : {true, false}) {
        Bed bed;
        bed.open();
        std::unique_ptr<Client> client;
        std::unique_ptr<Client::Session> session;
        std::unique_ptr<Carrier> carrier;
        bed.run(leave_open(bed, client, session, carrier));
        if (server_first) bed.server.reset();
        client.reset();
        bed.server.reset();
    }
}

asio::awaitable<void> wait_in_vain(Bed& bed) {
    asio::ip::tcp::acceptor silent(bed.context,
                                   asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    Client::Options options = bed.client_options(bed.node_identity("nod-1"));
    options.address = "127.0.0.1:" + std::to_string(silent.local_endpoint().port());
    const auto client = Client::open(bed.context.get_executor(), options).value();
    const auto session = co_await client->session(100ms);
    EXPECT_EQ(session.error().code, Errc::timeout);
    const auto renewed = co_await client->renew("der", 100ms);
    EXPECT_EQ(renewed.error().code, Errc::timeout);
    wire::EnrollRequest request;
    const auto enrolled = co_await Client::enrol(bed.context.get_executor(), options.address, "00",
                                                 std::move(request), 100ms);
    EXPECT_EQ(enrolled.error().code, Errc::timeout);
}
TEST(Client, EveryWaitHasItsDeadline) {
    Bed bed;
    bed.open();
    bed.run(wait_in_vain(bed));
}

}  // namespace
}  // namespace muster::link
