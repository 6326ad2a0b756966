#include "role.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "flags.hpp"
#include "muster/base/file.hpp"
#include "worlds.hpp"

extern char** environ;

namespace muster {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_useless_to_repeat = 2;

void complain(const Error& error) {
    std::fprintf(stderr, "muster: %s\n", error.message.c_str());
}

// A room says which of its settings is wrong; the operator is told the flag, the variable or the
// line that it was given by.
Error located(const settings::Settings& settings, Error error) {
    const std::map<std::string_view, std::string_view> names{
        {"http", "http.address"}, {"udp", "udp.address"},
        {"grpc", "grpc.address"}, {"tls.certificate", "tls.certificate"},
        {"tls.key", "tls.key"},   {"data_dir", "data_dir"}};
    const auto name = names.find(error.field);
    if (name == names.end()) return error;
    const auto entry = std::ranges::find(settings::table(), name->second, &settings::Entry::name);
    const std::string by =
        settings.is_given(name->second) ? settings.source(name->second) : std::string(entry->flag);
    if (error.message.contains(by)) return error;
    const bool is_file = name->second.starts_with("tls.");
    const std::string file = is_file ? settings.text(name->second) + ": " : std::string();
    error.message = by + ": " + file + error.message;
    return error;
}

Result<settings::Settings> load_settings(settings::Role kind,
                                         const std::vector<std::string>& words) {
    auto flags = read_flags(words);
    if (!flags) return std::unexpected(flags.error());
    settings::Input input;
    input.role = kind;
    input.flags = std::move(*flags);
    input.environment = environment();
    input.is_root = ::geteuid() == 0;
    const auto [files, must_exist] = settings::config_files(input);
    for (const std::string& file : files) {
        auto text = read_file(file, 1U << 20U);
        if (text) {
            input.file = std::move(*text);
            input.file_name = file;
            break;
        }
        if (must_exist || text.error().code != Errc::not_found) {
            return fail(Errc::invalid_argument, text.error().message, "config");
        }
    }
    return settings::load(input);
}

// One process at a time in a data folder. The lock ends with the process, however it ends.
Result<void> lock_folder(const std::filesystem::path& folder) {
    if (auto made = make_folder(folder, 0700); !made) {
        return fail(made.error().code, made.error().message, "data_dir");
    }
    const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(Errc::permission_denied, "cannot write in " + folder.string(), "data_dir");
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd);
        return fail(
            Errc::conflict,
            "another Muster runs in " + folder.string() + "; give this one its own --data-dir",
            "data_dir");
    }
    return {};
}

// Where it listens, for the line: 0.0.0.0 where the file, for programs of this machine, says where
// these reach it.
std::string listened_on(const settings::Settings& settings, std::string_view key,
                        const std::string& reached_at) {
    const auto name = std::string(key) + ".address";
    const auto scheme = reached_at.find("://");
    std::string at = scheme == std::string::npos ? reached_at : reached_at.substr(scheme + 3);
    const auto entries = settings::table();
    if (std::ranges::find(entries, name, &settings::Entry::name) == entries.end()) return at;
    auto address = settings.address(name);
    address.port = static_cast<std::uint16_t>(std::stoul(at.substr(at.rfind(':') + 1)));
    return settings::to_text(address);
}

// Says, once everything serves, where: one line for people and scripts, and a file for programs.
Result<void> announce(const Role& role, const Ready& ready) {
    std::string line = "muster ready:";
    nlohmann::json file{{"pid", ::getpid()}, {"version", role.version}};
    for (const auto& [key, value] : ready) {
        file[key] = value;
        if (key == "ca") continue;  // of no use but to programs of this machine
        line += fmt::format(" {}={}", key, listened_on(role.settings, key, value));
    }
    if (auto written = write_file(role.data_dir / "ready.json", file.dump() + "\n"); !written) {
        return written;
    }
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    return {};
}

// The parts of one process, run together: the first that ends takes the others with it.
class Household {
  public:
    explicit Household(Role& role) : role_(role), signals_(role.context, SIGINT, SIGTERM) {}

    void add(std::unique_ptr<Part> part) { parts_.push_back(std::move(part)); }

    int run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) begin_stop();
        });
        for (const auto& part : parts_) {
            ++running_;
            asio::co_spawn(role_.context, part->run(),
                           [this](std::exception_ptr thrown, Result<void> how) {
                               ended(thrown, std::move(how));
                           });
        }
        role_.context.run();
        std::error_code ignored;
        std::filesystem::remove(role_.data_dir / "ready.json", ignored);
        return exit_code_;
    }

    void fail_with(const Error& error) {
        complain(error);
        exit_code_ = error.field == "join_token" || error.field == "key_name"
                         ? exit_useless_to_repeat
                         : exit_failed;
        begin_stop();
    }

  private:
    void ended(std::exception_ptr thrown, Result<void> how) {
        --running_;
        if (thrown) {
            how = fail(Errc::internal, "a part of it ended by an exception");
            try {
                std::rethrow_exception(thrown);
            } catch (const std::exception& error) {
                how.error().message += std::string(": ") + error.what();
            }
        }
        if (!how) {
            fail_with(how.error());
        } else {
            begin_stop();
        }
    }

    void begin_stop() {
        if (stopping_) return;
        stopping_ = true;
        signals_.cancel();
        asio::co_spawn(role_.context, stop_all(),
                       [this](std::exception_ptr) { role_.context.stop(); });
    }

    asio::awaitable<void> stop_all() {
        for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) co_await (*part)->stop();
    }

    Role& role_;
    asio::signal_set signals_;
    std::vector<std::unique_ptr<Part>> parts_;
    int running_ = 0;
    int exit_code_ = 0;
    bool stopping_ = false;
};

// Fills the house with what this role is. `ready` may still grow when it announces.
Result<void> move_in(settings::Role kind, Role& role, Household& household, Ready& ready) {
    if (kind == settings::Role::world) {
        auto parts = make_world(role, ready);
        if (!parts) return std::unexpected(parts.error());
        for (auto& part : *parts) household.add(std::move(part));
        return announce(role, ready);
    }
    NodeWiring wiring;
    wiring.data_dir = role.data_dir;
    if (kind == settings::Role::node) {
        wiring.join_token = role.settings.text("node.join_token");
        for (const auto& address : role.settings.addresses("node.coordinator")) {
            wiring.coordinators.push_back(settings::to_text(address));
        }
    } else {
        std::shared_ptr<host::WorldServer> worlds;
        if (kind == settings::Role::up) {
            auto opened = open_worlds(role, ready);
            if (!opened) return std::unexpected(opened.error());
            worlds = opened->server;
            household.add(make_world_part(role, worlds));
        }
        auto part = make_coordinator(role, ready, worlds);
        if (!part) return std::unexpected(part.error());
        if (kind == settings::Role::coordinator) {
            household.add(std::move(*part));
            return announce(role, ready);
        }
        auto token = join_token_of(**part);
        if (!token) return std::unexpected(token.error());
        wiring.join_token = std::move(*token);
        wiring.coordinators = {ready.at("grpc")};
        wiring.data_dir = role.data_dir / "node";
        household.add(std::move(*part));
    }
    // Ready means enrolled: only then is there somewhere to deploy to.
    wiring.on_enrolled = [&role, &household, &ready](const std::string& node_id) {
        ready["node"] = node_id;
        if (auto said = announce(role, ready); !said) household.fail_with(said.error());
    };
    auto part = make_node(role, std::move(wiring));
    if (!part) return std::unexpected(part.error());
    household.add(std::move(*part));
    return {};
}

}  // namespace

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) {
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return out;
}

std::string local_address(settings::Address address, std::uint16_t port) {
    address.port = port;
    if (address.host.empty() || address.host == "0.0.0.0") address.host = "127.0.0.1";
    if (address.host == "::") address.host = "::1";
    return settings::to_text(address);
}

std::string default_data_dir() {
    settings::Input input;
    input.environment = environment();
    input.is_root = ::geteuid() == 0;
    // The command line must work in an environment that a role would refuse.
    std::erase_if(input.environment, [](const auto& entry) {
        return entry.first != "HOME" && entry.first != "XDG_DATA_HOME" &&
               entry.first != "MUSTER_DATA_DIR";
    });
    const auto settings = settings::load(input);
    return settings ? settings->text("data_dir") : std::string();
}

Result<std::string> read_setting_file(const settings::Settings& settings, std::string_view name) {
    const std::string& path = settings.text(name);
    if (path.empty()) return std::string();
    auto text = read_file(path, 1U << 20U);
    if (!text) {
        return fail(Errc::invalid_argument, settings.source(name) + ": " + text.error().message,
                    std::string(name));
    }
    if (!text->contains("-----BEGIN ")) {
        return fail(Errc::invalid_argument, settings.source(name) + ": " + path + " is no PEM file",
                    std::string(name));
    }
    return text;
}

int run_role(settings::Role kind, std::string_view name, const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        if (word != "--help" && word != "-h") continue;
        std::fputs(help_of(kind, name).c_str(), stdout);
        return 0;
    }
    auto settings = load_settings(kind, words);
    if (!settings) {
        complain(settings.error());
        return exit_useless_to_repeat;
    }
    const Log log(settings->text("log.level"), settings->boolean("log.json"));
    for (const std::string& note : settings->notes()) log.say(Level::warning, note);
    const std::filesystem::path data_dir = std::filesystem::absolute(settings->text("data_dir"));
    Role role{std::move(*settings), log, data_dir, asio::io_context(1), {}, MUSTER_VERSION};
    if (auto locked = lock_folder(role.data_dir); !locked) {
        complain(located(role.settings, locked.error()));
        return exit_useless_to_repeat;
    }
    std::error_code ignored;
    std::filesystem::remove(role.data_dir / "ready.json", ignored);  // of a run that was killed
    Ready ready;
    Household household(role);
    if (auto moved = move_in(kind, role, household, ready); !moved) {
        complain(located(role.settings, moved.error()));
        return moved.error().code == Errc::invalid_argument ? exit_useless_to_repeat : exit_failed;
    }
    return household.run();
}

}  // namespace muster
