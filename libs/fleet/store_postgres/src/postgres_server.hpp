#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace muster::store_postgres {

/// For tests: a PostgreSQL server of its own, with its data and its socket in a folder that goes
/// with it, and no port. Ends with this process, whatever becomes of it. Throws when it does not
/// start. As root it runs as the user postgres, for PostgreSQL refuses root.
class PostgresServer {
  public:
    PostgresServer();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    void kill();   ///< at once and all of it, as kill -9
    void start();  ///< again, on the same data; it takes connections when this returns
    void pause();  ///< it hangs: it keeps its connections and does nothing
    void resume();

    /// A new and empty database.
    [[nodiscard]] std::string new_database();
    /// The URL of a database of it, with a password that nothing may show.
    [[nodiscard]] std::string url(const std::string& database) const;
    static constexpr const char* password = "hunter2%20secret";

  private:
    void start_process();
    void signal_all(int signal) const;
    std::filesystem::path folder_;
    pid_t pid_ = -1;
};

}  // namespace muster::store_postgres
