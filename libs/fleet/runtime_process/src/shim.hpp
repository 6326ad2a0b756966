#pragma once

#include <list>
#include <memory>
#include <vector>

#include "log_file.hpp"
#include "spawn.hpp"
#include "wire.hpp"

namespace muster::runtime_process {

/// Supervises one instance: one thread, one poll loop, no memory that grows with time.
class Shim {
  public:
    Shim(Store store, Record record);
    ~Shim();
    Shim(const Shim&) = delete;
    Shim& operator=(const Shim&) = delete;

    /// Starts the program; after that it runs.
    [[nodiscard]] Result<void> start();
    /// Until the program has ended and that is noted.
    void supervise();

  private:
    struct Client {
        UniqueFd fd;
        std::string waiting;             ///< a message that did not fit into the socket
        std::vector<std::string> queue;  ///< further ones
        std::size_t queued_bytes = 0;
        bool attached = false;
        bool gone = false;
        std::unique_ptr<Spawned> exec;
        std::string input;  ///< for exec
        std::optional<int> exec_code;
    };

    void poll_once();
    void accept_client();
    void hear(Client& client);
    void obey(Client& client, std::string_view message);
    void begin_exec(Client& client, std::string_view spec);
    void look_after_exec(Client& client);
    void send(Client& client, char kind, std::string_view bytes = {});
    void flush(Client& client);
    void drain(UniqueFd& from, bool is_error);
    bool drain_exec(Client& client, UniqueFd& from, char kind);
    static void feed(UniqueFd& to, std::string& input);
    void pause(Client& client, bool paused);
    void finish();

    Store store_;
    Record record_;
    Run run_;
    LogWriter log_;
    UniqueFd lock_;
    UniqueFd listener_;
    Spawned program_;
    std::string input_;
    std::list<Client> clients_;
    bool ended_ = false;
};

}  // namespace muster::runtime_process
