#include "muster/faces/faces.hpp"

#include <boost/asio/thread_pool.hpp>

#include "companion.hpp"
#include "control.hpp"
#include "docklord.hpp"
#include "passwords.hpp"
#include "peon.hpp"
#include "peon_stops.hpp"

namespace muster::faces {

struct Faces::Impl {
    Impl(asio::any_io_executor on, Options given, const Clock& clock)
        : options(std::move(given)),
          executor(std::move(on)),
          pool(1),
          passwords(pool, clock, options.wrong_passwords_per_minute),
          stops(executor, pool, clock, options.data_dir / "peon-stops.json"),
          peon(executor, stops, clock),
          docklord(executor, passwords),
          tasks(executor) {
        if (options.control) control.emplace(executor, *options.control, options.version);
    }
    ~Impl() { pool.join(); }

    Options options;
    asio::any_io_executor executor;
    asio::thread_pool pool;
    Passwords passwords;
    PeonStops stops;
    Peon peon;
    Docklord docklord;
    std::optional<Control> control;
    std::optional<Companion> companion;
    Tasks tasks;

    void say(coordinator::LogLevel level, std::string_view text) const {
        if (options.log) options.log(level, text);
    }
};

Faces::Faces(asio::any_io_executor executor, Options options, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(options), clock)) {}
Faces::~Faces() = default;

std::vector<std::pair<std::string, std::string>> Faces::add_routes(http::Router& router) {
    AddedRoutes added;
    impl_->peon.add_routes(router, added);
    impl_->docklord.add_routes(router, added);
    return added;
}

Result<void> Faces::open(coordinator::Coordinator& coordinator, const std::string& url) {
    Impl* impl = impl_.get();
    const auto log = [impl](coordinator::LogLevel level, std::string_view text) {
        impl->say(level, text);
    };
    impl->peon.serve(coordinator);
    impl->peon.warn = [log](std::string_view text) { log(coordinator::LogLevel::warning, text); };
    impl->docklord.serve(coordinator);
    impl->tasks.on_fault = [log](std::string_view what) {
        log(coordinator::LogLevel::error, "a fault of ours: " + std::string(what));
    };
    if (auto wanted = impl->options.companion) {
        if (!url.empty()) wanted->environment.emplace_back("MUSTER_URL", url);
        impl->companion.emplace(impl->executor, *std::move(wanted));
        impl->companion->log = log;
    }
    if (auto loaded = impl->stops.load(); !loaded) return loaded;
    if (!impl->control) return {};
    impl->control->log = log;
    return impl->control->open(coordinator);
}

asio::awaitable<void> Faces::run() {
    Impl* impl = impl_.get();
    impl->tasks.start(impl->stops.run([impl](std::string server_id, std::string token_id) {
        return impl->peon.stop_later(std::move(server_id), std::move(token_id));
    }));
    if (impl->control) impl->tasks.start(impl->control->run());
    if (impl->companion) impl->tasks.start(impl->companion->run());
    co_await impl->tasks.ended();
}

asio::awaitable<void> Faces::stop() {
    Impl* impl = impl_.get();
    impl->stops.stop();
    if (impl->control) impl->control->stop();
    if (impl->companion) impl->companion->stop();
    co_await impl->tasks.ended();
}

std::uint16_t Faces::control_port() const {
    return impl_->control ? impl_->control->port() : std::uint16_t{0};
}

}  // namespace muster::faces
