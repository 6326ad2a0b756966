#include "streams.hpp"

#include <algorithm>

#include "convert.hpp"

namespace muster::node {
namespace {

using runtime::Console;
using CarrierPtr = std::shared_ptr<link::Carrier>;

wire::Piece piece_of(std::string bytes, bool is_error = false) {
    wire::Piece piece;
    piece.set_data(std::move(bytes));
    piece.set_is_error(is_error);
    return piece;
}

/// What somebody types, to where it goes, until either ends.
asio::awaitable<void> type_into(CarrierPtr carrier, std::shared_ptr<Console> console) {
    for (;;) {
        auto piece = co_await carrier->read();
        if (!piece || !*piece || (*piece)->end()) break;
        auto written = co_await console->write(std::move(*(*piece)->mutable_data()));
        if (!written) break;
    }
}

asio::awaitable<void> type_into_hub(CarrierPtr carrier, std::shared_ptr<ConsoleHub> hub,
                                    std::shared_ptr<ConsoleHub::Watcher> watcher) {
    for (;;) {
        auto piece = co_await carrier->read();
        if (!piece || !*piece || (*piece)->end()) break;
        // A server that stands has no console; what is typed then is lost, as in any terminal.
        (void)co_await hub->write(std::move(*(*piece)->mutable_data()));
    }
    hub->leave(watcher);
}

/// An archive as it comes in, for the runtime to read.
class Incoming final : public runtime::Stream<std::string> {
  public:
    explicit Incoming(CarrierPtr carrier) : carrier_(std::move(carrier)) {}
    asio::awaitable<Result<std::optional<std::string>>> next() override {
        if (ended_) co_return std::optional<std::string>();
        auto piece = co_await carrier_->read();
        if (!piece) co_return std::unexpected(piece.error());
        if (!*piece) co_return std::optional<std::string>();
        ended_ = (*piece)->end();
        if (ended_ && (*piece)->data().empty()) co_return std::optional<std::string>();
        co_return std::optional<std::string>(std::move(*(*piece)->mutable_data()));
    }
    void close() override { ended_ = true; }

  private:
    CarrierPtr carrier_;
    bool ended_ = false;
};

}  // namespace

void Streams::open(wire::OpenStream wanted) {
    const std::string id = wanted.stream_id();
    if (id.empty() || open_.contains(id)) return;
    // Over the limit it is opened nevertheless, to say so.
    open_[id] = [] {};
    tasks_.spawn(run(this, std::move(wanted)));
}

void Streams::close(const std::string& id) {
    const auto found = open_.find(id);
    if (found != open_.end()) found->second();
}

void Streams::close_all() {
    std::vector<std::string> ids;
    for (const auto& [id, end] : open_) ids.push_back(id);
    for (const std::string& id : ids) close(id);
}

std::string Streams::container(const std::string& id) const {
    const auto server = host_.find(id);
    return server ? server->instance_name() : id;
}

asio::awaitable<void> Streams::run(Streams* self, wire::OpenStream wanted) {
    const std::string id = wanted.stream_id();
    auto opened = co_await self->carry_(id);
    if (!opened) {
        self->open_.erase(id);
        co_return;
    }
    const CarrierPtr carrier = std::move(*opened);
    Result<void> how;
    if (self->open_.size() > streams_max) {
        how = fail(Errc::exhausted, "too many streams are open on this node");
    } else {
        switch (wanted.what_case()) {
            case wire::OpenStream::kLogs:
                how = co_await self->logs(id, wanted.logs(), carrier);
                break;
            case wire::OpenStream::kConsole:
                how = co_await self->console(id, wanted.console().server_id(), carrier);
                break;
            case wire::OpenStream::kExec:
                how = co_await self->exec(id, wanted.exec(), carrier);
                break;
            case wire::OpenStream::kGetArchive:
                how = co_await self->get_archive(id, wanted.get_archive(), carrier);
                break;
            case wire::OpenStream::kPutArchive:
                how = co_await self->put_archive(id, wanted.put_archive(), carrier);
                break;
            case wire::OpenStream::WHAT_NOT_SET:
                how = fail(Errc::unsupported, "this node does not know such a stream");
                break;
        }
    }
    self->open_.erase(id);
    carrier->finish(how);
}

asio::awaitable<Result<void>> Streams::logs(std::string id, wire::Logs wanted, CarrierPtr carrier) {
    runtime::LogQuery query;
    if (wanted.tail() >= 0) query.tail = wanted.tail();
    if (wanted.since_ms() > 0) query.since = Timestamp(milliseconds(wanted.since_ms()));
    query.follow = wanted.follow();
    auto opened =
        co_await host_.around().runtime.streams().logs(container(wanted.container_id()), query);
    if (!opened) co_return std::unexpected(opened.error());
    const std::shared_ptr<runtime::Stream<runtime::LogLine>> lines = std::move(*opened);
    open_[id] = [lines] { lines->close(); };
    for (;;) {
        auto line = co_await lines->next();
        if (!line) co_return std::unexpected(line.error());
        if (!*line) co_return Result<void>();
        wire::Piece piece = piece_of((*line)->text + "\n", (*line)->is_error);
        piece.set_time_ms((*line)->time.time_since_epoch().count());
        auto written = co_await carrier->write(std::move(piece));
        if (!written) co_return written;
    }
}

asio::awaitable<Result<void>> Streams::console(std::string id, std::string server_id,
                                               CarrierPtr carrier) {
    const auto server = host_.find(server_id);
    if (!server) co_return fail(Errc::not_found, "there is no such server here", "server_id");
    const std::shared_ptr<ConsoleHub> hub = server->console().shared_from_this();
    const auto watching = hub->watch();
    if (!watching) co_return std::unexpected(watching.error());
    const std::shared_ptr<ConsoleHub::Watcher> watcher = *watching;
    open_[id] = [hub, watcher] { hub->leave(watcher); };
    tasks_.spawn(type_into_hub(carrier, hub, watcher));
    Result<void> how;
    for (;;) {
        auto output = co_await watcher->next();
        if (!output) how = std::unexpected(output.error());
        if (!output || !*output) break;
        how = co_await carrier->write(piece_of(std::move((*output)->bytes), (*output)->is_error));
        if (!how) break;
    }
    hub->leave(watcher);
    co_return how;
}

asio::awaitable<Result<void>> Streams::exec(std::string id, wire::Exec wanted, CarrierPtr carrier) {
    runtime::ExecSpec spec;
    spec.command.assign(wanted.command().begin(), wanted.command().end());
    spec.working_folder = wanted.working_folder();
    spec.user = wanted.user();
    spec.tty = wanted.tty();
    if (spec.command.empty()) {
        co_return fail(Errc::invalid_argument, "there is no command", "command");
    }
    auto opened = co_await host_.around().runtime.streams().exec(container(wanted.container_id()),
                                                                 std::move(spec));
    if (!opened) co_return std::unexpected(opened.error());
    const std::shared_ptr<Console> console = std::move(*opened);
    open_[id] = [console] { console->close(); };
    tasks_.spawn(type_into(carrier, console));
    for (;;) {
        auto output = co_await console->read();
        if (!output) co_return std::unexpected(output.error());
        if (!*output) break;
        auto written =
            co_await carrier->write(piece_of(std::move((*output)->bytes), (*output)->is_error));
        if (!written) {
            console->close();
            co_return written;
        }
    }
    const auto code = co_await console->exit_code();
    wire::Piece last;
    last.set_end(true);
    if (code && *code) {
        last.set_has_exit_code(true);
        last.set_exit_code(**code);
    }
    co_return co_await carrier->write(std::move(last));
}

asio::awaitable<Result<void>> Streams::get_archive(std::string id, wire::GetArchive wanted,
                                                   CarrierPtr carrier) {
    auto opened = co_await host_.around().runtime.archives().get(container(wanted.container_id()),
                                                                 wanted.path());
    if (!opened) co_return std::unexpected(opened.error());
    const std::shared_ptr<runtime::Stream<std::string>> tar = std::move(*opened);
    open_[id] = [tar] { tar->close(); };
    for (;;) {
        auto chunk = co_await tar->next();
        if (!chunk) co_return std::unexpected(chunk.error());
        if (!*chunk) co_return Result<void>();
        auto written = co_await carrier->write(piece_of(std::move(**chunk)));
        if (!written) co_return written;
    }
}

asio::awaitable<Result<void>> Streams::put_archive(std::string id, wire::PutArchive wanted,
                                                   CarrierPtr carrier) {
    auto tar = std::make_unique<Incoming>(carrier);
    open_[id] = [carrier] { carrier->finish(fail(Errc::cancelled, "it was taken back")); };
    co_return co_await host_.around().runtime.archives().put(container(wanted.container_id()),
                                                             wanted.path(), std::move(tar));
}

}  // namespace muster::node
