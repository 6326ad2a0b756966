// A whole connection over a stream in memory: whatever a client sends, in whatever pieces, the
// connection ends, and all that it wrote begins like an HTTP response.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>

#include "connection.hpp"
#include "muster/base/assert.hpp"

namespace {

using namespace muster::http;
using boost::system::error_code;
using muster::Result;

class MemoryStream final : public ByteStream {
  public:
    MemoryStream(asio::io_context& context, std::string input, std::size_t piece,
                 std::string* output)
        : context_(context), input_(std::move(input)), piece_(piece), output_(output) {}

    asio::any_io_executor executor() override { return context_.get_executor(); }
    void handshake(Done done) override { end(std::move(done), {}, 0); }
    void read_some(asio::mutable_buffer into, Done done) override {
        const std::size_t size = std::min({into.size(), piece_, input_.size()});
        if (closed_ || size == 0) return end(std::move(done), asio::error::eof, 0);
        asio::buffer_copy(into, asio::buffer(input_.data(), size));
        input_.erase(0, size);
        end(std::move(done), {}, size);
    }
    void write_some(std::span<const asio::const_buffer> from, Done done) override {
        if (closed_) return end(std::move(done), asio::error::broken_pipe, 0);
        std::size_t size = 0;
        for (const auto& buffer : from) {
            // Not always all at once, as a socket does.
            const std::size_t part = std::min<std::size_t>(buffer.size(), 1000);
            output_->append(static_cast<const char*>(buffer.data()), part);
            size += part;
            if (part < buffer.size()) break;
        }
        end(std::move(done), {}, size);
    }
    void finish(Done done) override { end(std::move(done), {}, 0); }
    void close() override { closed_ = true; }

  private:
    void end(Done done, error_code error, std::size_t size) {
        asio::post(context_,
                   [done = std::move(done), error, size]() mutable { done(error, size); });
    }

    asio::io_context& context_;
    std::string input_;
    std::size_t piece_;
    std::string* output_;
    bool closed_ = false;
};

asio::awaitable<Answer> echo(Request request) {
    co_return Response{200, {}, std::move(request.body)};
}

asio::awaitable<Result<void>> two_chunks(BodyWriter* writer) {
    co_await writer->write("one");
    co_return co_await writer->write("two");
}

asio::awaitable<Answer> stream(Request) {
    co_return StreamResponse{200, {}, [](BodyWriter& writer) { return two_chunks(&writer); }};
}

asio::awaitable<void> socket(Request, std::shared_ptr<WebSocket> peer) {
    while (auto message = co_await peer->receive()) {
        if (!peer->send(std::move(message->data), message->binary)) break;
    }
}

std::shared_ptr<const Site> site() {
    static const std::shared_ptr<const Site> made = [] {
        Router router;
        router.add("GET", "/", echo);
        router.add("POST", "/echo/{id}", echo);
        router.add("GET", "/stream", stream);
        router.add_websocket("/socket", socket);
        Limits limits;
        limits.header_bytes_max = 2000;
        limits.body_bytes_max = 3000;
        limits.websocket_message_bytes_max = 1000;
        return std::make_shared<const Site>(std::move(router), limits);
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = data[0] == 0 ? 1 : data[0] * 16U;
    asio::io_context context;
    std::string output;
    auto input = std::string(reinterpret_cast<const char*>(data + 1), size - 1);
    auto connection = std::make_shared<Connection>(
        site(), std::make_unique<MemoryStream>(context, std::move(input), piece, &output),
        "192.0.2.1", false);
    bool ended = false;
    asio::co_spawn(context, connection->run(connection),
                   [&ended](std::exception_ptr error) { ended = !error; });
    context.run();
    MUSTER_ASSERT(ended);
    MUSTER_ASSERT(output.empty() || output.starts_with("HTTP/1.1 "));
    return 0;
}
