#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/faces/faces.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

namespace muster::faces::testing {

namespace wire = muster::node::v1;
using coordinator::Json;
using coordinator::testing::finish;
using coordinator::testing::patience;
using coordinator::testing::run_until;

/// A whole coordinator with its faces, and requests to these.
class FaceStand : public coordinator::testing::Stand {
  protected:
    FaceStand() = default;
    ~FaceStand() override { close_all(); }

    /// `face_options` may be changed before.
    void open_all() {
        face_options.data_dir = folder;
        faces = std::make_unique<Faces>(context.get_executor(), face_options, clock);
        options.add_routes = [this](http::Router& router) { return faces->add_routes(router); };
        open();
        const auto opened = faces->open(*coordinator);
        ASSERT_TRUE(opened) << opened.error().message;
        is_running_ = true;
        asio::co_spawn(context, faces->run(), [this](std::exception_ptr) { is_running_ = false; });
    }
    void close_all() {
        if (!faces) return;
        finish(context, end(faces.get()));
        run_until(context, [this] { return !is_running_; });
        close();
        faces.reset();
    }

    struct FaceReply {
        int status = 0;
        Json body;
        http::Fields headers;
    };
    /// A request whose answer comes while the test plays the node.
    struct Pending {
        std::optional<Result<http::Response>> response;
    };
    std::shared_ptr<Pending> begin(const std::string& method, const std::string& target,
                                   http::Fields headers, const std::string& body = {}) {
        auto out = std::make_shared<Pending>();
        http::ClientRequest request;
        request.method = method;
        request.target = target;
        request.headers = std::move(headers);
        request.body = body;
        asio::co_spawn(context, send(context, coordinator->http_port(), std::move(request)),
                       [out](std::exception_ptr, Result<http::Response> response) {
                           out->response = std::move(response);
                       });
        return out;
    }
    FaceReply end_of(const std::shared_ptr<Pending>& pending) {
        run_until(context, [&] { return pending->response.has_value(); });
        FaceReply out;
        if (!*pending->response) {
            ADD_FAILURE() << (*pending->response).error().message;
            return out;
        }
        const auto& response = **pending->response;
        out.status = response.status;
        out.headers = response.headers;
        out.body = Json::parse(response.body, nullptr, false);
        return out;
    }

    Options face_options;
    std::unique_ptr<Faces> faces;

  private:
    static asio::awaitable<bool> end(Faces* faces) {
        co_await faces->stop();
        co_return true;
    }
    static asio::awaitable<Result<http::Response>> send(asio::io_context& context,
                                                        std::uint16_t port,
                                                        http::ClientRequest request) {
        http::Endpoint endpoint;
        endpoint.at = http::Endpoint::Tcp{"127.0.0.1", port};
        http::Client client(context.get_executor(), std::move(endpoint));
        co_return co_await client.send(std::move(request), patience);
    }
    bool is_running_ = false;
};

}  // namespace muster::faces::testing
