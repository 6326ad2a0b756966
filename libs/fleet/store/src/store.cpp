#include "muster/store/store.hpp"

namespace muster::store {

Result<void> check_commit(std::span<const Change> changes, std::string_view log,
                          std::span<const Entry> appended, std::int64_t last_sequence) {
    for (const Change& change : changes) {
        if (change.record.kind.empty()) {
            return fail(Errc::invalid_argument, "a record needs a kind", "kind");
        }
        if (change.record.id.empty()) {
            return fail(Errc::invalid_argument, "a record needs an id", "id");
        }
    }
    if (!appended.empty() && log.empty()) {
        return fail(Errc::invalid_argument, "a log needs a name", "log");
    }
    for (const Entry& entry : appended) {
        if (entry.sequence != last_sequence + 1) {
            return fail(Errc::conflict,
                        "the log " + std::string(log) + " goes on with " +
                            std::to_string(last_sequence + 1) + ", not with " +
                            std::to_string(entry.sequence),
                        "sequence");
        }
        ++last_sequence;
    }
    return {};
}

}  // namespace muster::store
