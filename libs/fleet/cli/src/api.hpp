#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/base/error.hpp"
#include "muster/http/client.hpp"

namespace muster::cli {

using nlohmann::json;

/// The REST API as blocking calls, for a program that does one thing at a time. Errors carry the
/// problem's detail and field as the coordinator said them.
class Api {
  public:
    Api(http::Endpoint endpoint, std::string token);
    ~Api();

    Result<json> get(const std::string& path);
    Result<json> post(const std::string& path, const json& body);
    Result<json> patch(const std::string& path, const json& body, const std::string& version);
    Result<json> remove(const std::string& path);
    /// Any method with a body of any type; the answer's text.
    Result<std::string> send(std::string method, std::string path, std::string body,
                             std::string content_type);
    /// All pages of a list.
    Result<std::vector<json>> list(const std::string& path);
    /// A body that comes over time, piece by piece, until it ends.
    Result<void> stream(const std::string& path, const std::function<void(std::string_view)>& sink);
    /// The text messages of a WebSocket, until `sink` says false or it is closed.
    Result<void> watch(const std::string& path, const std::function<bool(std::string_view)>& sink);
    /// A WebSocket with lines of standard input going up, and its messages coming down.
    Result<void> converse(const std::string& path, int input,
                          const std::function<bool(std::string_view)>& sink, bool binary_prefix);

  private:
    template <typename T>
    T run(boost::asio::awaitable<T> work);
    http::Fields headers() const;

    boost::asio::io_context context_;
    http::Endpoint endpoint_;
    std::string token_;
    std::unique_ptr<http::Client> client_;
};

}  // namespace muster::cli
