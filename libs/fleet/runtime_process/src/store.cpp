#include "store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "cgroup.hpp"
#include "muster/base/file.hpp"

namespace muster::runtime_process {
namespace {

constexpr off_t events_bytes_max = 4 << 20;

}  // namespace

fs::path Store::own_folder(const std::string& id, const std::string& inside) const {
    // One flat name for each: "/var/lib/x" -> "var+lib+x".
    std::string name = inside.substr(1);
    std::ranges::replace(name, '/', '+');
    return folder(id) / "files" / name;
}

Result<Record> Store::record(const std::string& id) const {
    auto text = read_file(folder(id) / "spec.json");
    if (!text) return std::unexpected(text.error());
    return decode_record(*text);
}

std::vector<Record> Store::records() const {
    std::vector<Record> all;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(instances(), error)) {
        auto one = record(entry.path().filename());
        // A folder without a record is one whose creation or removal was cut short.
        if (one) all.push_back(std::move(*one));
    }
    return all;
}

std::optional<Run> Store::run(const std::string& id) const {
    const auto text = read_file(folder(id) / "run.json");
    if (!text) return std::nullopt;
    auto run = decode_run(*text);
    if (!run) return std::nullopt;
    return std::move(*run);
}

Result<void> Store::write_run(const std::string& id, const Run& run) const {
    return write_file(folder(id) / "run.json", encode(run), 0600);
}

Result<UniqueFd> Store::lock(const fs::path& file) {
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return refused("cannot open " + file.string());
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_OFD_SETLK, &whole) != 0) {
        return fail(Errc::conflict, file.string() + " is in use by another process");
    }
    return fd;
}

bool Store::is_locked(const fs::path& file) {
    // Read-only: closing it must not look like the end of a supervisor to who watches the folder.
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return false;
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    return ::fcntl(fd.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

bool Store::is_supervised(const std::string& id) const {
    return is_locked(folder(id) / "lock");
}

void Store::append_event(const Record& record, const std::string& kind, Timestamp time,
                         std::optional<int> exit_code) const {
    runtime::RuntimeEvent event;
    event.time = time;
    event.kind = kind;
    event.id = record.id;
    event.name = record.spec.name;
    event.labels = record.spec.labels;
    event.exit_code = exit_code;
    const UniqueFd fd(
        ::open(events().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return;
    const std::string line = encode(event) + "\n";
    // One write, so that lines of several processes do not mix. A full disk loses the event; the
    // instance's own record says how it ended all the same.
    const auto written = ::write(fd.get(), line.data(), line.size());
    struct stat now{};
    struct stat named{};
    if (written < 0 || ::fstat(fd.get(), &now) != 0 || now.st_size < events_bytes_max) return;
    if (::stat(events().c_str(), &named) != 0 || named.st_ino != now.st_ino) return;
    ::rename(events().c_str(), (events().string() + ".1").c_str());
}

bool note_if_lost(const Store& store, const Record& record, Timestamp now) {
    auto run = store.run(record.id);
    if (!run || run->finished_at || store.is_supervised(record.id)) return false;
    // The shim may have noted the end and gone between the two looks.
    run = store.run(record.id);
    if (!run || run->finished_at) return false;
    kill_group(record.id);
    run->finished_at = now;
    run->exit_code = 137;
    run->paused = false;
    run->error = "its supervisor ended before it did";
    if (!store.write_run(record.id, *run)) return false;
    store.append_event(record, "die", now, run->exit_code);
    return true;
}

}  // namespace muster::runtime_process
