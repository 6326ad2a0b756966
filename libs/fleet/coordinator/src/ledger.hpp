#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "muster/base/error.hpp"
#include "muster/store/store.hpp"

namespace muster::coordinator {

namespace asio = boost::asio;

/// The way to the store. What is queued within one turn of the executor becomes one transaction on
/// the writer (group commit); whoever promises something to somebody outside first waits for it.
/// Several changes of one record in a turn are one. Everything is called on `executor`.
///
/// When a commit fails, those who wait are told, failing() says why, and the same changes are tried
/// again each `retry` until they are in: memory never claims for good what the store lacks.
class Ledger {
  public:
    /// `writer` runs one function at a time; the store must outlive what runs there.
    Ledger(asio::any_io_executor executor, asio::any_io_executor writer, store::Store& store,
           std::string log, std::chrono::milliseconds retry = std::chrono::seconds(1));
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    void put(std::string kind, std::string id, std::string body);
    void erase(std::string kind, std::string id);
    void append(store::Entry entry);

    /// Runs `then` once everything queued so far is committed, in the order of the calls; at once
    /// when nothing is under way.
    void after_commit(std::function<void()> then);
    /// Waits for everything queued so far. `unavailable` when the store does not take it.
    asio::awaitable<Result<void>> settled();
    /// Runs on the writer, between commits.
    asio::awaitable<void> on_writer(std::function<void(store::Store&)> work);

    [[nodiscard]] const std::string& failing() const;  ///< empty: all is well
    [[nodiscard]] std::size_t depth() const;           ///< changes not committed yet
    struct Counts {
        std::uint64_t commits = 0;
        std::uint64_t changes = 0;
        std::uint64_t failures = 0;
        double seconds = 0;  ///< spent in commits
    };
    [[nodiscard]] const Counts& counts() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace muster::coordinator
