#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disk_sync.hpp"
#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::node {

namespace wire = muster::node::v1;

/// An operation from when it was accepted until it is forgotten.
struct Operation {
    wire::Command command;  ///< without its action once it is finished
    Timestamp begun{};
    std::optional<wire::OperationResult> result;
    bool acknowledged = false;
    std::uint64_t order = 0;
};

/// What the node must know after a crash: which operations it has accepted, how they ended, and
/// each server's memory. One file that only grows, each record with its length and digest; a torn
/// end is cut off when it is opened, and it is written anew when most of it is history.
///
/// Everything outlives the process when the call returns. begin() and finish() outlive a power cut
/// some milliseconds later, as a thread of its own asks the disk: nothing that runs here outlives a
/// power cut, and what was begun before it is finished, or asked for again by the coordinator, by
/// looking at what is true. What is remembered goes to the disk with the next of them.
class Journal {
  public:
    /// Acknowledged operations are kept so long, so that one that is repeated late is not run
    /// again.
    static constexpr std::size_t acknowledged_max = 2'048;
    static constexpr std::size_t rewrite_bytes = 4U << 20U;
    static constexpr std::size_t record_max = 24U << 20U;

    static Result<Journal> open(std::filesystem::path path);
    Journal(Journal&& other) noexcept;
    Journal& operator=(Journal&&) = delete;
    ~Journal();

    [[nodiscard]] const Operation* find(const std::string& operation) const;
    [[nodiscard]] std::vector<const Operation*> unfinished() const;      ///< in their order
    [[nodiscard]] std::vector<const Operation*> unacknowledged() const;  ///< finished ones
    [[nodiscard]] const std::map<std::string, std::string>& memories() const { return memories_; }

    Result<void> begin(const wire::Command& command, Timestamp now);
    Result<void> finish(const wire::OperationResult& result);
    void acknowledge(const std::string& operation);
    void remember(const std::string& server, std::string memory);
    void forget(const std::string& server);

  private:
    explicit Journal(std::filesystem::path path) : path_(std::move(path)) {}
    Result<void> append(std::string_view payload, bool durable);
    Result<void> rewrite();
    Result<void> open_file();
    bool apply(std::string_view payload);
    void retire(const std::string& operation);

    std::filesystem::path path_;
    std::unique_ptr<DiskSync> sync_;
    int file_ = -1;
    std::size_t size_ = 0;
    std::size_t size_after_rewrite_ = 0;
    std::uint64_t last_order_ = 0;
    std::map<std::string, Operation> operations_;
    std::deque<std::string> acknowledged_;
    std::map<std::string, std::string> memories_;
};

/// The payloads of the whole records at the beginning, and how many bytes they take.
struct JournalRecords {
    std::vector<std::string_view> payloads;
    std::size_t whole_bytes = 0;
};
[[nodiscard]] JournalRecords read_records(std::string_view bytes);
[[nodiscard]] std::string record_of(std::string_view payload);

}  // namespace muster::node
