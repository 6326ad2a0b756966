#pragma once

#include <memory>
#include <optional>
#include <string>

#include "json.hpp"
#include "muster/http/client.hpp"
#include "muster/runtime/runtime.hpp"

namespace muster::runtime_docker {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// Any call that is quick by nature; under load an engine takes its time.
inline constexpr milliseconds call_deadline{60'000};

struct Request {
    std::string method = "GET";
    std::string path;  ///< without the version: "/containers/json?all=true"
    std::optional<Json> body;
    milliseconds deadline = call_deadline;
};

/// One engine: its connections and the version of the API that is spoken with it. Shared by the
/// parts of a runtime and what is open on it.
class Engine : public std::enable_shared_from_this<Engine> {
  public:
    Engine(asio::any_io_executor executor, http::Endpoint endpoint)
        : executor_(executor), client_(executor, std::move(endpoint)) {}

    /// The body of a success (below 400); other statuses as decode_error() says.
    static asio::awaitable<Result<std::string>> call(std::shared_ptr<Engine> self, Request request);
    static asio::awaitable<Result<Json>> call_json(std::shared_ptr<Engine> self, Request request);
    static asio::awaitable<Result<std::unique_ptr<http::IncomingBody>>> open(
        std::shared_ptr<Engine> self, Request request);
    static asio::awaitable<Result<void>> upload(std::shared_ptr<Engine> self, Request request,
                                                http::BodySource source);
    static asio::awaitable<Result<std::unique_ptr<http::RawConnection>>> upgrade(
        std::shared_ptr<Engine> self, Request request);

    static asio::awaitable<Result<runtime::EngineFacts>> facts(std::shared_ptr<Engine> self);
    /// GET /containers/{id}/json.
    static asio::awaitable<Result<Json>> inspect(std::shared_ptr<Engine> self, std::string id);

    [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }

    /// Set when an event stream broke off: what happened until the next one opens is not in the
    /// engine's memory, if it restarted.
    bool events_broke = false;

  private:
    static asio::awaitable<Result<http::ClientRequest>> prepare(std::shared_ptr<Engine> self,
                                                                Request request);
    static asio::awaitable<Result<std::string>> version_prefix(std::shared_ptr<Engine> self);

    asio::any_io_executor executor_;
    http::Client client_;
    std::string prefix_;  ///< "/v1.41"; empty until the engine was asked
    runtime::EngineFacts facts_;
};

using EnginePtr = std::shared_ptr<Engine>;

/// A container's path: what is not plain in the name is encoded.
[[nodiscard]] std::string container_path(const std::string& id, std::string_view rest = {});
/// An image's path keeps its slashes and colons.
[[nodiscard]] std::string image_path(const std::string& name, std::string_view rest = {});
/// Seconds and fraction since 1970, as `since` takes it.
[[nodiscard]] std::string unix_time(Timestamp time);

/// The version of the API to speak: 1.41, which this adapter was written for, or the nearest one
/// that the engine offers. `unsupported` when that is older than 1.40.
[[nodiscard]] Result<std::string> choose_version(std::string_view oldest, std::string_view newest);

std::unique_ptr<runtime::Instances> make_instances(EnginePtr engine);
std::unique_ptr<runtime::Streams> make_streams(EnginePtr engine);
std::unique_ptr<runtime::Artifacts> make_artifacts(EnginePtr engine);
std::unique_ptr<runtime::Archives> make_archives(EnginePtr engine);

}  // namespace muster::runtime_docker
