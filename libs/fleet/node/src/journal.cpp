#include "journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"

namespace muster::node {
namespace {

constexpr std::size_t header_bytes = 12;  // length (4) and digest (8)
constexpr std::size_t digest_bytes = 8;
constexpr std::size_t file_max = 1U << 30U;

enum class Kind : char {
    begun = 'b',
    finished = 'f',
    acknowledged = 'a',
    memory = 'm',
    gone = 'g'
};

std::string number(std::uint64_t value, std::size_t bytes) {
    std::string out(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
    return out;
}
std::uint64_t number(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return value;
}

std::string payload_of(Kind kind, std::string_view content) {
    std::string payload(1, static_cast<char>(kind));
    payload += content;
    return payload;
}
std::string begun_payload(const Operation& operation) {
    const auto begun = static_cast<std::uint64_t>(operation.begun.time_since_epoch().count());
    return payload_of(Kind::begun, number(begun, 8) + operation.command.SerializeAsString());
}
std::string memory_payload(const std::string& server, const std::string& memory) {
    return payload_of(Kind::memory, number(server.size(), 2) + server + memory);
}

std::unexpected<Error> io_error(const std::filesystem::path& path) {
    return fail(Errc::unavailable,
                "cannot write " + path.filename().string() + ": " + std::strerror(errno));
}

}  // namespace

std::string record_of(std::string_view payload) {
    return number(payload.size(), 4) + sha256(payload).substr(0, digest_bytes) +
           std::string(payload);
}

JournalRecords read_records(std::string_view bytes) {
    JournalRecords records;
    while (bytes.size() - records.whole_bytes >= header_bytes) {
        const std::string_view rest = bytes.substr(records.whole_bytes);
        const auto length = static_cast<std::size_t>(number(rest.substr(0, 4)));
        if (length > Journal::record_max || rest.size() - header_bytes < length) break;
        const std::string_view payload = rest.substr(header_bytes, length);
        if (rest.substr(4, digest_bytes) != sha256(payload).substr(0, digest_bytes)) break;
        records.payloads.push_back(payload);
        records.whole_bytes += header_bytes + length;
    }
    return records;
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      sync_(std::move(other.sync_)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_),
      size_after_rewrite_(other.size_after_rewrite_),
      last_order_(other.last_order_),
      operations_(std::move(other.operations_)),
      acknowledged_(std::move(other.acknowledged_)),
      memories_(std::move(other.memories_)) {}

Journal::~Journal() {
    if (file_ >= 0) ::close(file_);
}

Result<Journal> Journal::open(std::filesystem::path path) {
    Journal journal(std::move(path));
    journal.sync_ = std::make_unique<DiskSync>();
    const auto content = read_file(journal.path_, file_max);
    if (!content && content.error().code != Errc::not_found) {
        return std::unexpected(content.error());
    }
    if (content) {
        for (const std::string_view payload : read_records(*content).payloads) {
            journal.apply(payload);
        }
    }
    // Also cuts off what a power cut left half written.
    if (auto written = journal.rewrite(); !written) return std::unexpected(written.error());
    return journal;
}

bool Journal::apply(std::string_view payload) {
    if (payload.empty()) return false;
    const std::string_view content = payload.substr(1);
    switch (static_cast<Kind>(payload[0])) {
        case Kind::begun: {
            Operation operation;
            if (content.size() < 8) return false;
            operation.begun =
                Timestamp(milliseconds(static_cast<std::int64_t>(number(content.substr(0, 8)))));
            const std::string_view command = content.substr(8);
            if (!operation.command.ParseFromArray(command.data(),
                                                  static_cast<int>(command.size()))) {
                return false;
            }
            operation.order = ++last_order_;
            operations_.try_emplace(operation.command.operation_id(), operation);
            return true;
        }
        case Kind::finished: {
            wire::OperationResult result;
            if (!result.ParseFromArray(content.data(), static_cast<int>(content.size()))) {
                return false;
            }
            Operation& operation = operations_[result.operation_id()];
            if (operation.order == 0) operation.order = ++last_order_;
            operation.command.set_operation_id(result.operation_id());
            operation.command.clear_action();
            operation.result = result;
            return true;
        }
        case Kind::acknowledged:
            retire(std::string(content));
            return true;
        case Kind::memory: {
            if (content.size() < 2) return false;
            const auto length = static_cast<std::size_t>(number(content.substr(0, 2)));
            if (content.size() - 2 < length) return false;
            memories_[std::string(content.substr(2, length))] = content.substr(2 + length);
            return true;
        }
        case Kind::gone:
            memories_.erase(std::string(content));
            return true;
    }
    return false;
}

void Journal::retire(const std::string& operation) {
    const auto found = operations_.find(operation);
    if (found == operations_.end() || !found->second.result || found->second.acknowledged) return;
    found->second.acknowledged = true;
    acknowledged_.push_back(operation);
    while (acknowledged_.size() > acknowledged_max) {
        operations_.erase(acknowledged_.front());
        acknowledged_.pop_front();
    }
}

Result<void> Journal::open_file() {
    if (file_ >= 0) ::close(file_);
    file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file_ < 0) return io_error(path_);
    return {};
}

Result<void> Journal::rewrite() {
    std::vector<const Operation*> all;
    for (const auto& [id, operation] : operations_) all.push_back(&operation);
    std::ranges::sort(all, {}, &Operation::order);
    std::string content;
    for (const Operation* operation : all) {
        if (operation->acknowledged) continue;
        content += record_of(begun_payload(*operation));
        if (operation->result) {
            content +=
                record_of(payload_of(Kind::finished, operation->result->SerializeAsString()));
        }
    }
    for (const std::string& id : acknowledged_) {
        const Operation& operation = operations_.at(id);
        content += record_of(payload_of(Kind::finished, operation.result->SerializeAsString()));
        content += record_of(payload_of(Kind::acknowledged, id));
    }
    for (const auto& [server, memory] : memories_) {
        content += record_of(memory_payload(server, memory));
    }
    if (auto written = write_file(path_, content, 0600); !written) return written;
    size_ = content.size();
    size_after_rewrite_ = size_;
    return open_file();
}

Result<void> Journal::append(std::string_view payload, bool durable) {
    const std::string record = record_of(payload);
    std::size_t done = 0;
    while (done < record.size()) {
        const ssize_t n = ::write(file_, record.data() + done, record.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const auto error = io_error(path_);
            // Half a record would hide all that follow.
            if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) (void)rewrite();
            return error;
        }
        done += static_cast<std::size_t>(n);
    }
    size_ += record.size();
    if (durable) {
        if (const int problem = sync_->failure(); problem != 0) {
            errno = problem;
            return io_error(path_);
        }
        sync_->ask(file_);
    }
    if (size_ - size_after_rewrite_ > rewrite_bytes) return rewrite();
    return {};
}

const Operation* Journal::find(const std::string& operation) const {
    const auto found = operations_.find(operation);
    return found == operations_.end() ? nullptr : &found->second;
}

std::vector<const Operation*> Journal::unfinished() const {
    std::vector<const Operation*> open;
    for (const auto& [id, operation] : operations_) {
        if (!operation.result) open.push_back(&operation);
    }
    std::ranges::sort(open, {}, &Operation::order);
    return open;
}

std::vector<const Operation*> Journal::unacknowledged() const {
    std::vector<const Operation*> open;
    for (const auto& [id, operation] : operations_) {
        if (operation.result && !operation.acknowledged) open.push_back(&operation);
    }
    std::ranges::sort(open, {}, &Operation::order);
    return open;
}

Result<void> Journal::begin(const wire::Command& command, Timestamp now) {
    Operation operation;
    operation.command = command;
    operation.begun = now;
    operation.order = ++last_order_;
    if (command.ByteSizeLong() + header_bytes + 16 > record_max) {
        return fail(Errc::too_large, "the command is too large to be kept");
    }
    if (auto kept = append(begun_payload(operation), true); !kept) return kept;
    operations_[command.operation_id()] = std::move(operation);
    return {};
}

Result<void> Journal::finish(const wire::OperationResult& result) {
    const std::string payload = payload_of(Kind::finished, result.SerializeAsString());
    apply(payload);
    return append(payload, true);
}

void Journal::acknowledge(const std::string& operation) {
    const Operation* known = find(operation);
    if (known == nullptr || !known->result || known->acknowledged) return;
    retire(operation);
    (void)append(payload_of(Kind::acknowledged, operation), false);
}

void Journal::remember(const std::string& server, std::string memory) {
    (void)append(memory_payload(server, memory), false);
    memories_[server] = std::move(memory);
}

void Journal::forget(const std::string& server) {
    memories_.erase(server);
    (void)append(payload_of(Kind::gone, server), false);
}

}  // namespace muster::node
