#include "link_testing.hpp"

namespace muster::link {
namespace {

using namespace testing;

wire::Piece piece_of(std::string data) {
    wire::Piece out;
    out.set_data(std::move(data));
    return out;
}

// The bytes at any place are known, so that a lost or swapped piece shows.
std::string pattern(std::size_t from, std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = static_cast<char>(((from + i) * 2'654'435'761U) >> 24U);
    }
    return out;
}

asio::awaitable<void> write_all(Carrier& carrier, std::size_t total, bool& over) {
    for (std::size_t at = 0; at < total;) {
        const std::size_t size = std::min<std::size_t>(total - at, 200'000);
        const auto written = co_await carrier.write(piece_of(pattern(at, size)));
        EXPECT_TRUE(written);
        if (!written) break;
        at += size;
    }
    carrier.finish({});
    over = true;
}
asio::awaitable<void> carry_much(Bed& bed, std::size_t total) {
    const auto client = bed.client("nod-1");
    auto carrier = std::move(*co_await client->carry("str-1"));
    bool over = false;
    asio::co_spawn(bed.context, write_all(*carrier, total, over), asio::detached);
    std::size_t came = 0;
    bool same = true;
    for (;;) {
        const auto piece = co_await carrier->read();
        EXPECT_TRUE(piece);
        if (!piece || !*piece) break;
        EXPECT_LE((*piece)->data().size(), data_max);
        same = same && (*piece)->data() == pattern(came, (*piece)->data().size());
        came += (*piece)->data().size();
    }
    EXPECT_EQ(came, total);
    EXPECT_TRUE(same);
    while (!over) co_await pause(1ms);
}
TEST(Carrier, BringsMuchMoreThanItsWindowsThereAndBack) {
    Bed bed;
    std::string stream_id;
    bed.handlers.carrier = [&](std::string node_id, std::string id,
                               std::shared_ptr<Carrier> carrier) {
        EXPECT_EQ(node_id, "nod-1");
        stream_id = std::move(id);
        return Bed::echo_pieces(std::move(carrier));
    };
    bed.open();
    bed.run(carry_much(bed, 8'000'000));
    EXPECT_EQ(stream_id, "str-1");
}

asio::awaitable<void> write_endlessly(std::shared_ptr<Carrier> carrier, std::size_t& written) {
    while (co_await carrier->write(piece_of(std::string(data_max, 'x')))) ++written;
}
asio::awaitable<void> read_late(Bed& bed, std::size_t& written) {
    const auto client = bed.client("nod-1");
    auto carrier = std::move(*co_await client->carry("str-1"));
    // Until nothing moves any more.
    std::size_t before = 0;
    int still = 0;
    while (written == 0 || still < 20) {
        co_await pause(10ms);
        still = written == before ? still + 1 : 0;
        before = written;
    }
    EXPECT_LT(written, 1'000U) << "64 MB were taken from who writes while nobody read";
    for (std::size_t i = 0; i < before + 10; ++i) {
        const auto piece = co_await carrier->read();
        EXPECT_TRUE(piece && *piece);
        if (!piece || !*piece) co_return;
    }
    EXPECT_GT(written, before) << "reading lets the writer go on";
}
TEST(Carrier, ASlowReaderHoldsTheWriterBack) {
    Bed bed;
    std::size_t written = 0;
    bed.handlers.carrier = [&written](std::string, std::string, std::shared_ptr<Carrier> carrier) {
        return write_endlessly(std::move(carrier), written);
    };
    bed.open();
    bed.run(read_late(bed, written));
}

asio::awaitable<void> answer_kinds(std::string stream_id, std::shared_ptr<Carrier> carrier) {
    EXPECT_TRUE(co_await carrier->write(piece_of("output")));
    if (stream_id == "exit") {
        wire::Piece end;
        end.set_end(true);
        end.set_has_exit_code(true);
        end.set_exit_code(3);
        EXPECT_TRUE(co_await carrier->write(std::move(end)));
        EXPECT_FALSE(co_await carrier->write(piece_of("more"))) << "after its end";
        carrier->finish({});
    } else if (stream_id == "fails") {
        carrier->finish(fail(Errc::not_found, "there is no such file"));
    } else if (stream_id == "throws") {
        throw std::runtime_error("a secret detail");
    }
    // Else it breaks off.
}
asio::awaitable<void> read_kinds(Bed& bed) {
    const auto client = bed.client("nod-1");
    {
        auto carrier = std::move(*co_await client->carry("exit"));
        const auto output = co_await carrier->read();
        EXPECT_EQ((*output)->data(), "output");
        const auto last = co_await carrier->read();
        EXPECT_TRUE(last && *last && (*last)->has_exit_code() && (*last)->exit_code() == 3);
        const auto end = co_await carrier->read();
        EXPECT_TRUE(end && !*end);
    }
    {
        auto carrier = std::move(*co_await client->carry("fails"));
        EXPECT_TRUE(co_await carrier->read());
        const auto failed = co_await carrier->read();
        const Error expected{Errc::not_found, "there is no such file", {}};
        EXPECT_EQ(failed.error(), expected);
    }
    for (const char* kind : {"throws", "breaks"}) {
        auto carrier = std::move(*co_await client->carry(kind));
        auto piece = co_await carrier->read();
        while (piece && *piece) piece = co_await carrier->read();
        EXPECT_FALSE(piece) << kind << ": a stream that broke off looks whole";
    }
}
TEST(Carrier, TellsARegularEndAnExitAFailureAndABreakApart) {
    Bed bed;
    bed.handlers.carrier = [](std::string, std::string id, std::shared_ptr<Carrier> carrier) {
        return answer_kinds(std::move(id), std::move(carrier));
    };
    bed.open();
    bed.run(read_kinds(bed));
}

asio::awaitable<void> collect(std::shared_ptr<Carrier> carrier, bool& came,
                              std::optional<Error>& how) {
    auto piece = co_await carrier->read();
    while (piece && *piece) {
        came = true;
        piece = co_await carrier->read();
    }
    how = piece ? Error{} : piece.error();
}
asio::awaitable<void> drop_on_the_way(Bed& bed, bool& came, std::optional<Error>& how) {
    const auto client = bed.client("nod-1");
    auto carrier = std::move(*co_await client->carry("str-1"));
    EXPECT_TRUE(co_await carrier->write(piece_of("half")));
    while (!came) co_await pause(1ms);
    carrier.reset();
    while (!how) co_await pause(1ms);
    EXPECT_EQ(how->code, Errc::unavailable);
}
TEST(Carrier, OneThatTheNodeDropsIsAnErrorToTheCoordinator) {
    Bed bed;
    bool came = false;
    std::optional<Error> how;
    bed.handlers.carrier = [&](std::string, std::string, std::shared_ptr<Carrier> carrier) {
        return collect(std::move(carrier), came, how);
    };
    bed.open();
    bed.run(drop_on_the_way(bed, came, how));
}

asio::awaitable<void> keep(std::shared_ptr<Carrier> carrier, std::shared_ptr<Carrier>& kept) {
    kept = std::move(carrier);
    co_return;
}
asio::awaitable<void> use_after_handler(Bed& bed, std::shared_ptr<Carrier>& kept) {
    const auto client = bed.client("nod-1");
    auto carrier = std::move(*co_await client->carry("str-1"));
    while (!kept) co_await pause(1ms);
    EXPECT_TRUE(co_await kept->write(piece_of("late")));
    kept->finish({});
    const auto piece = co_await carrier->read();
    EXPECT_EQ((*piece)->data(), "late");
    carrier->finish({});
    const auto end = co_await kept->read();
    EXPECT_TRUE(end && !*end);
    kept.reset();
}
TEST(Carrier, MayOutliveItsHandler) {
    Bed bed;
    std::shared_ptr<Carrier> kept;
    bed.handlers.carrier = [&kept](std::string, std::string, std::shared_ptr<Carrier> carrier) {
        return keep(std::move(carrier), kept);
    };
    bed.open();
    bed.run(use_after_handler(bed, kept));
}

asio::awaitable<void> note_stop(Server& server, bool& stopped) {
    co_await server.stop(patience);
    stopped = true;
}
asio::awaitable<void> end_while_stopping(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto session = co_await bed.session(*client);
    auto carrier = std::move(*co_await client->carry("str-1"));
    EXPECT_TRUE(co_await carrier->write(piece_of("one")));
    EXPECT_TRUE(co_await carrier->read());
    bool stopped = false;
    asio::co_spawn(bed.context, note_stop(*bed.server, stopped), asio::detached);
    EXPECT_FALSE(co_await session->receive());
    EXPECT_FALSE(stopped);
    EXPECT_TRUE(co_await carrier->write(piece_of("two")));
    const auto answer = co_await carrier->read();
    EXPECT_EQ((*answer)->data(), "two");
    carrier->finish({});
    const auto end = co_await carrier->read();
    EXPECT_TRUE(end && !*end);
    carrier.reset();
    while (!stopped) co_await pause(1ms);
}
TEST(Server, StoppingLetsCarriersEnd) {
    Bed bed;
    bed.open();
    bed.run(end_while_stopping(bed));
}

asio::awaitable<void> cut_while_stopping(Bed& bed) {
    const auto client = bed.client("nod-1");
    auto carrier = std::move(*co_await client->carry("str-1"));
    EXPECT_TRUE(co_await carrier->write(piece_of("one")));
    EXPECT_TRUE(co_await carrier->read());
    co_await bed.server->stop(50ms);
    EXPECT_FALSE(co_await carrier->read());
}
TEST(Server, StoppingCutsWhatDoesNotEnd) {
    Bed bed;
    bed.open();
    bed.run(cut_while_stopping(bed));
}

}  // namespace
}  // namespace muster::link
