#pragma once

#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client_socket.hpp"

namespace muster::http {

/// Runs one coroutine to its end on a loop of its own and gives what it returned.
template <typename T>
T await_result(asio::io_context& loop, asio::awaitable<T> task) {
    std::optional<T> out;
    std::exception_ptr thrown;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, T value) {
        thrown = error;
        out.emplace(std::move(value));
    });
    loop.restart();
    while (!out) loop.run_one();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*out);
}

/// What the peer does on one connection: for each step it reads until the text `wait_for` has come,
/// then sends `reply`. Then it closes, or waits until the client does.
struct Conversation {
    struct Step {
        std::string wait_for;
        std::string reply;
    };
    std::vector<Step> steps;
    bool hold = true;
};

/// A real server on a real socket, in a thread, that follows a script: one conversation for each
/// connection that it accepts.
class Peer {
  public:
    static Peer on_unix(std::vector<Conversation> script) { return Peer(std::move(script), true); }
    static Peer on_tcp(std::vector<Conversation> script,
                       std::shared_ptr<asio::ssl::context> tls = nullptr) {
        return Peer(std::move(script), false, std::move(tls));
    }
    Peer(Peer&&) = delete;
    ~Peer() {
        thread_.join();
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// All that one connection said; waits until the script is over.
    [[nodiscard]] std::string heard(std::size_t connection) {
        std::unique_lock lock(mutex_);
        over_.wait(lock, [this] { return finished_; });
        return connection < heard_.size() ? heard_[connection] : std::string();
    }

  private:
    Peer(std::vector<Conversation> script, bool on_unix,
         std::shared_ptr<asio::ssl::context> tls = nullptr)
        : script_(std::move(script)), tls_(std::move(tls)), acceptor_(loop_) {
        if (on_unix) {
            char name[] = "/tmp/muster-http-XXXXXX";
            folder_ = mkdtemp(name);
            endpoint_.at = Endpoint::Unix{folder_ + "/socket"};
            listen(asio::local::stream_protocol::endpoint(folder_ + "/socket"));
        } else {
            listen(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
            sockaddr_in at{};
            socklen_t size = sizeof at;
            getsockname(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&at), &size);
            port_ = ntohs(at.sin_port);
            endpoint_.at = Endpoint::Tcp{"127.0.0.1", port_};
        }
        thread_ = std::thread([this] { run(); });
    }
    template <typename At>
    void listen(const At& at) {
        const asio::generic::stream_protocol::endpoint any(at);
        acceptor_.open(asio::generic::stream_protocol(any.protocol().family(), 0));
        acceptor_.bind(any);
        acceptor_.listen();
    }
    void run() {
        for (const auto& conversation : script_) {
            PlainSocket socket(loop_);
            acceptor_.accept(socket);
            heard_.emplace_back();
            if (tls_) {
                TlsSocket secure(std::move(socket), *tls_);
                error_code error;
                secure.handshake(TlsSocket::server, error);
                if (!error) follow(conversation, secure);
            } else {
                follow(conversation, socket);
            }
        }
        const std::lock_guard lock(mutex_);
        finished_ = true;
        over_.notify_all();
    }
    template <typename Socket>
    void follow(const Conversation& conversation, Socket& socket) {
        auto& heard = heard_.back();
        std::size_t from = 0;
        error_code error;
        const auto more = [&] {
            char bytes[4096];
            const auto got = socket.read_some(asio::buffer(bytes), error);
            heard.append(bytes, got);
        };
        for (const auto& step : conversation.steps) {
            std::size_t at = 0;
            while ((at = heard.find(step.wait_for, from)) == std::string::npos && !error) more();
            if (error) return;
            from = at + step.wait_for.size();
            asio::write(socket, asio::buffer(step.reply), error);
        }
        while (conversation.hold && !error) more();
    }

    std::vector<Conversation> script_;
    std::shared_ptr<asio::ssl::context> tls_;
    asio::io_context loop_;
    asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
    std::string folder_;
    std::uint16_t port_ = 0;
    Endpoint endpoint_;
    std::mutex mutex_;
    std::condition_variable over_;
    bool finished_ = false;
    std::vector<std::string> heard_;
    std::thread thread_;
};

}  // namespace muster::http
