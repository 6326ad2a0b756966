#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "host.hpp"
#include "muster/link/link.hpp"

namespace muster::node {

/// Bulk streams that the coordinator asked for: logs, consoles, commands in containers, archives.
class Streams {
  public:
    static constexpr std::size_t streams_max = 256;
    using Carry =
        std::function<asio::awaitable<Result<std::unique_ptr<link::Carrier>>>(std::string id)>;

    Streams(Host& host, Tasks& tasks, Carry carry)
        : host_(host), tasks_(tasks), carry_(std::move(carry)) {}

    void open(wire::OpenStream wanted);
    void close(const std::string& id);
    void close_all();

  private:
    using CarrierPtr = std::shared_ptr<link::Carrier>;
    static asio::awaitable<void> run(Streams* self, wire::OpenStream wanted);
    asio::awaitable<Result<void>> logs(std::string id, wire::Logs wanted, CarrierPtr carrier);
    asio::awaitable<Result<void>> console(std::string id, std::string server, CarrierPtr carrier);
    asio::awaitable<Result<void>> exec(std::string id, wire::Exec wanted, CarrierPtr carrier);
    asio::awaitable<Result<void>> get_archive(std::string id, wire::GetArchive wanted,
                                              CarrierPtr carrier);
    asio::awaitable<Result<void>> put_archive(std::string id, wire::PutArchive wanted,
                                              CarrierPtr carrier);
    [[nodiscard]] std::string container(const std::string& id) const;

    Host& host_;
    Tasks& tasks_;
    Carry carry_;
    std::map<std::string, std::function<void()>> open_;  ///< how to end each
};

}  // namespace muster::node
