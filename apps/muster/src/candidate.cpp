#include "candidate.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "coordinator_role.hpp"
#include "muster/coordinator/standby.hpp"
#include "muster/store_postgres/store_postgres.hpp"

namespace muster {
namespace {

using coordinator::LeaderAddress;
using std::chrono::steady_clock;
using store_postgres::PostgresStore;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds look_pause{300};  ///< between looks at who leads
// A leader whose connection broke, as when PostgreSQL starts again, takes its lead again within
// this; only then is it for others to take.
constexpr milliseconds free_before_taken{1'000};
// A leader that does not reach the store for so long lets go.
constexpr milliseconds alone_max{10'000};
constexpr milliseconds first_leader_wait{30'000};

std::string to_text(const LeaderAddress& address) {
    return nlohmann::json{{"http", address.http}, {"grpc", address.grpc}}.dump();
}

/// nullopt when it leads but does not serve yet.
std::optional<LeaderAddress> to_leader(const std::string& text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const auto member = [&](const char* name) {
        const auto found = json.find(name);
        return found != json.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
    };
    LeaderAddress out{member("http"), member("grpc")};
    if (out.http.empty()) return std::nullopt;
    return out;
}

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// Of "host", "host:port", "[v6]" or "[v6]:port".
bool has_port(const std::string& address) {
    return address.starts_with('[') ? address.contains("]:")
                                    : std::ranges::count(address, ':') == 1;
}

std::string with_port(const std::string& address, std::uint16_t port) {
    return has_port(address) ? address : address + ":" + std::to_string(port);
}

/// Where the others reach this one.
LeaderAddress own_address(const settings::Settings& given, std::uint16_t http_port,
                          std::uint16_t grpc_port) {
    const auto& wanted = given.text("lead.address");
    const auto& public_address = given.text("public_address");
    const auto listening = given.address("http.address");
    const bool is_everywhere =
        listening.host.empty() || listening.host == "0.0.0.0" || listening.host == "::";
    std::string host = is_everywhere ? machine_name() : settings::to_text({listening.host, 0});
    if (!is_everywhere) host = host.substr(0, host.rfind(':'));
    if (!public_address.empty()) {
        host = has_port(public_address) ? public_address.substr(0, public_address.rfind(':'))
                                        : public_address;
    }
    const auto grpc = with_port(public_address.empty() ? host : public_address, grpc_port);
    return {with_port(wanted.empty() ? host : wanted, http_port), grpc};
}

/// For the coordinator of one lead: the store that its candidate keeps an eye on.
class TermStore final : public store::Store {
  public:
    explicit TermStore(std::shared_ptr<PostgresStore> store) : store_(std::move(store)) {}
    Result<std::vector<store::Record>> load(std::string_view kind) override {
        return store_->load(kind);
    }
    Result<void> commit(std::span<const store::Change> changes, std::string_view log,
                        std::span<const store::Entry> appended) override {
        return store_->commit(changes, log, appended);
    }
    Result<std::vector<store::Entry>> read_log(std::string_view log, std::int64_t after,
                                               std::size_t limit) override {
        return store_->read_log(log, after, limit);
    }
    Result<void> backup(const std::filesystem::path& to) override { return store_->backup(to); }

  private:
    std::shared_ptr<PostgresStore> store_;
};

class Candidate final : public Part {
  public:
    Candidate(Role& role, coordinator::Options options)
        : role_(role),
          options_(std::move(options)),
          executor_(role.context.get_executor()),
          pause_(executor_),
          over_(executor_, steady_clock::time_point::max()),
          term_over_(executor_, steady_clock::time_point::max()) {}

    /// Leads or stands by from now on; blocks until one of the two is open.
    Result<void> begin() {
        const auto end = steady_clock::now() + first_leader_wait;
        for (;;) {
            if (auto fresh = new_store(); !fresh) return fresh;
            auto leads = store_->lead("");
            if (!leads) return std::unexpected(leads.error());
            if (*leads) return open_term();
            auto known = learn_authority();
            if (known) known = open_standby();
            if (known) static_cast<void>(follow(store_->leader()));
            if (known) return known;
            const bool is_early =
                known.error().code == Errc::unavailable && known.error().field != "http";
            if (!is_early || steady_clock::now() > end) return known;
            // Another is about to lead for the first time.
            std::this_thread::sleep_for(look_pause);
        }
    }
    void announce(Ready& ready) const {
        put_addresses(role_, options_, options_.http_port, options_.grpc_port, ready);
    }

    asio::awaitable<Result<void>> run() override {
        is_running_ = true;
        Result<void> how;
        while (how && !is_stopping_) {
            if (term_) {
                how = co_await lead();
            } else {
                how = co_await stand_by();
            }
        }
        if (term_) co_await end_term();
        if (standby_) co_await end_standby();
        is_running_ = false;
        over_.cancel();
        co_return how;
    }
    asio::awaitable<void> stop() override {
        is_stopping_ = true;
        pause_.cancel();
        while (is_running_) co_await over_.async_wait(quietly);
        store_.reset();
    }

  private:
    void say(Level level, const std::string& text) const { role_.log.say(level, text); }

    /// Of the database everything is asked on a thread beside, for it may take seconds.
    template <typename T>
    asio::awaitable<T> beside(std::function<T()> work) {
        auto running = on_thread(std::move(work));
        co_return co_await asio::co_spawn(thread_, std::move(running), asio::use_awaitable);
    }
    template <typename T>
    static asio::awaitable<T> on_thread(std::function<T()> work) {
        co_return work();
    }
    asio::awaitable<void> rest() {
        pause_.expires_after(look_pause);
        if (!is_stopping_) co_await pause_.async_wait(quietly);
    }

    Result<void> new_store() {
        store_postgres::Options wanted;
        wanted.url = role_.settings.text("store.url");
        auto opened = store_postgres::open_store(std::move(wanted));
        if (!opened) {
            return fail(
                opened.error().code,
                role_.settings.source("store.url") + ": store.url " + opened.error().message,
                "store.url");
        }
        store_ = std::shared_ptr<PostgresStore>(*std::move(opened));
        return {};
    }

    Result<void> learn_authority() {
        auto found = coordinator::Standby::authority_in(*store_);
        if (!found) return std::unexpected(found.error());
        authority_ = *std::move(found);
        return {};
    }

    Result<void> open_term() {
        auto opened = open_coordinator(role_, options_, std::make_unique<TermStore>(store_), {});
        if (!opened) return std::unexpected(opened.error());
        keep_ports(opened->http_port, opened->grpc_port);
        term_ = std::move(opened->part);
        const auto address = own_address(role_.settings, opened->http_port, opened->grpc_port);
        auto told = learn_authority();
        if (told) told = store_->be_at(to_text(address));
        if (!told) {
            term_.reset();
            return told;
        }
        say(Level::info, "this coordinator leads from now on (epoch " +
                             std::to_string(store_->epoch()) + "); the others reach it at " +
                             address.http);
        return {};
    }

    Result<void> open_standby() {
        auto opened = coordinator::Standby::open(executor_, options_, authority_, role_.clock);
        if (!opened) return std::unexpected(opened.error());
        keep_ports((*opened)->http_port(), (*opened)->grpc_port());
        standby_ = std::move(*opened);
        say(Level::info, "this coordinator stands by while another leads");
        return {};
    }

    /// The system chose them, or the settings did; either way they stay.
    void keep_ports(std::uint16_t http, std::uint16_t grpc) {
        options_.http_port = http;
        options_.grpc_port = grpc;
    }

    asio::awaitable<Result<void>> lead() {
        is_term_over_ = false;
        asio::co_spawn(
            executor_, term_->run(), [this](std::exception_ptr thrown, Result<void> how) {
                term_result_ = thrown
                                   ? fail(Errc::internal, "the coordinator ended by an exception")
                                   : std::move(how);
                is_term_over_ = true;
                term_over_.cancel();
                pause_.cancel();
            });
        auto heard = steady_clock::now();
        for (;;) {
            co_await rest();
            if (is_stopping_) co_return Result<void>();
            if (is_term_over_) {
                term_.reset();
                co_return term_result_;
            }
            const auto held = co_await hold();
            if (held) heard = steady_clock::now();
            const bool is_alone = steady_clock::now() - heard > alone_max;
            if (held || (held.error().code != Errc::conflict && !is_alone)) continue;
            say(Level::warning, "this coordinator leads no longer: " + held.error().message);
            co_await end_term();
            co_return step_back();
        }
    }

    asio::awaitable<void> end_term() {
        co_await term_->stop();
        while (!is_term_over_) co_await term_over_.async_wait(quietly);
        term_.reset();
        store_.reset();  // and the lead with it
    }

    /// Stands by on the same ports, also while the store is away.
    Result<void> step_back() {
        if (auto fresh = new_store(); !fresh) return fresh;
        return open_standby();
    }

    using Seen = Result<std::optional<store_postgres::Leader>>;
    asio::awaitable<Seen> look() {
        return beside<Seen>([store = store_] { return store->leader(); });
    }

    /// Whether anybody leads.
    bool follow(const Seen& seen) {
        const bool is_led = seen && *seen && (*seen)->is_there;
        standby_->follow(is_led ? to_leader((*seen)->address) : std::nullopt);
        return is_led;
    }

    asio::awaitable<Result<void>> hold() {
        return beside<Result<void>>([store = store_] { return store->hold(); });
    }
    asio::awaitable<Result<bool>> try_to_lead() {
        return beside<Result<bool>>([store = store_] { return store->lead(""); });
    }

    asio::awaitable<Result<void>> stand_by() {
        is_standby_over_ = false;
        asio::co_spawn(executor_, standby_->run(), [this](std::exception_ptr) {
            is_standby_over_ = true;
            term_over_.cancel();
        });
        auto taken = steady_clock::now();
        bool was_there = true;
        while (!is_stopping_) {
            co_await rest();
            const auto seen = co_await look();
            if (is_stopping_) break;
            if (seen.has_value() != was_there) {
                was_there = seen.has_value();
                say(was_there ? Level::info : Level::warning,
                    was_there ? "the store is there again" : seen.error().message);
            }
            // While the store is away the leader may still be there.
            if (!seen) taken = steady_clock::now();
            if (!seen) continue;
            if (follow(seen)) taken = steady_clock::now();
            if (steady_clock::now() - taken < free_before_taken) continue;
            const auto leads = co_await try_to_lead();
            if (!leads || !*leads || is_stopping_) continue;
            co_await end_standby();
            co_return take_over();
        }
        co_return Result<void>();
    }

    /// What another left is read now. When the store is gone again meanwhile, it was not to be.
    Result<void> take_over() {
        auto opened = open_term();
        if (opened || opened.error().code != Errc::unavailable || opened.error().field == "http") {
            return opened;
        }
        say(Level::warning, "this coordinator could not take the lead: " + opened.error().message);
        store_.reset();
        return step_back();
    }

    asio::awaitable<void> end_standby() {
        co_await standby_->stop();
        while (!is_standby_over_) co_await term_over_.async_wait(quietly);
        standby_.reset();
    }

    Role& role_;
    coordinator::Options options_;
    asio::any_io_executor executor_;
    asio::steady_timer pause_;
    asio::steady_timer over_;
    asio::steady_timer term_over_;
    std::shared_ptr<PostgresStore> store_;
    std::string authority_;  ///< as Standby::authority_in() gave it
    std::unique_ptr<coordinator::Standby> standby_;
    std::unique_ptr<Part> term_;
    Result<void> term_result_;
    asio::thread_pool thread_{1};
    bool is_term_over_ = true;
    bool is_standby_over_ = true;
    bool is_running_ = false;
    bool is_stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<Part>> make_candidate(Role& role, Ready& ready) {
    auto options = coordinator_options(role);
    if (!options) return std::unexpected(options.error());
    options->is_store_shared = true;
    auto candidate = std::make_unique<Candidate>(role, std::move(*options));
    if (auto begun = candidate->begin(); !begun) return std::unexpected(begun.error());
    candidate->announce(ready);
    return candidate;
}

}  // namespace muster
