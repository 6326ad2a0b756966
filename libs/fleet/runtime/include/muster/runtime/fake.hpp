#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/runtime/runtime.hpp"

namespace muster::runtime {

/// A running program of a FakeRuntime, as its script sees it.
class FakeProcess {
  public:
    virtual ~FakeProcess() = default;
    virtual void print(std::string text, bool is_error = false) = 0;
    virtual void exit(int code) = 0;
    [[nodiscard]] virtual const InstanceSpec& spec() const = 0;
    /// A file inside the instance, which lives as long as the instance does; empty when there is
    /// none.
    [[nodiscard]] virtual std::string& file(std::string path) = 0;
    bool ignores_signals = false;  ///< all but KILL
};

/// How the program of an image behaves. Everything happens at once, with no time passing.
struct FakeProgram {
    std::function<void(FakeProcess&)> on_start;
    std::function<void(FakeProcess&, std::string_view line)> on_line;
    std::function<void(FakeProcess&, std::string_view signal)> on_signal;  ///< "SIGTERM"; not KILL

    /// As the image muster-test/game:1 (tools/images/testgame) behaves: the same lines, commands
    /// and exit codes.
    static FakeProgram game();
};

/// A whole runtime in memory, for tests: programs print, become ready and crash as scripted, and
/// any call can be made to fail or to wait. What Docker promises and the contract tests hold it to
/// is true here as well. On one executor. Instances are named by id or name everywhere.
class FakeRuntime final : public Runtime {
  public:
    FakeRuntime(asio::any_io_executor executor, const Clock& clock);
    ~FakeRuntime() override;

    asio::awaitable<Result<EngineFacts>> facts() override;
    Instances& instances() override;
    Streams& streams() override;
    Artifacts& artifacts() override;
    Archives& archives() override;

    /// An image that is here, and one that pull() finds in the registry.
    void add_image(std::string name, FakeProgram program = FakeProgram::game());
    void offer_image(std::string name, FakeProgram program = FakeProgram::game());

    /// While it is not available every call fails with `unavailable` and open streams end with it;
    /// instances run on. What happened meanwhile is in events(since) afterwards.
    void set_available(bool available);
    /// The next calls of this name fail with the error and change nothing. Names: "create" "start"
    /// "stop" "restart" "kill" "pause" "unpause" "remove" "inspect" "list" "logs" "stats" "attach"
    /// "exec" "events" "pull" "get" "put" "facts".
    void fail_next(std::string call, Error error, int times = 1);
    /// Calls of this name wait before they do anything, until release().
    void hold(std::string call);
    void release(std::string call);

    void print(const std::string& instance, std::string text, bool is_error = false);
    void exit(const std::string& instance, int code, bool out_of_memory = false);
    void push_stats(const std::string& instance, Stats stats);

    /// What was asked for in order: "create muster-a", "start muster-a", ... (names, not ids).
    [[nodiscard]] const std::vector<std::string>& calls() const;
    [[nodiscard]] int starts(const std::string& instance) const;
    /// Null when there is no such instance.
    [[nodiscard]] const InstanceSpec* spec(const std::string& instance) const;
    [[nodiscard]] std::vector<std::string> typed(const std::string& instance) const;  ///< lines

    struct State;

  private:
    std::shared_ptr<State> state_;
    std::unique_ptr<Instances> instances_;
    std::unique_ptr<Streams> streams_;
    std::unique_ptr<Artifacts> artifacts_;
    std::unique_ptr<Archives> archives_;
};

}  // namespace muster::runtime
