// Plugins of a Muster world server in C++17 or later: derive from muster::Plugin, override what you
// want to hear, and end the file with MUSTER_PLUGIN(YourClass, "name", "version"). What plugin.h
// says of threads, limits and time holds here, too.
//
// An exception that leaves a call is stopped at the edge: the call has failed, with the exception's
// what() in the log. After too many in a row the plugin is switched off in that world. One that
// leaves the constructor keeps the server from starting.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/plugin.h"

namespace muster {

using PlayerId = std::uint16_t;
inline constexpr PlayerId nobody = MUSTER_NOBODY;  ///< as a receiver: everybody

/// What one says of somebody; `name` is a copy.
struct Player {
    PlayerId id = nobody;
    std::string name;
    std::uint8_t team = MUSTER_TEAM_NONE;
    bool is_bot = false, is_alive = false;
    std::uint8_t health = 0;
    std::uint16_t kills = 0, deaths = 0, captures = 0;
    std::int32_t score = 0;
    float x = 0, y = 0;  ///< world units
};

/// Valid within the call.
struct Message {
    PlayerId player = nobody;  ///< who sent it
    bool from_coordinator = false;
    std::uint8_t command = 0;
    std::string_view payload;
};

/// The server's side, for one instance. Cheap to copy; only within a call, on its thread: what is
/// used elsewhere does nothing, and returns false or nothing.
class Host {
  public:
    Host(const muster_api* api, muster_host* host) : api_(api), host_(host) {}

    [[nodiscard]] std::string_view world() const { return api_->world(host_); }
    [[nodiscard]] std::uint64_t now_ms() const { return api_->now_ms(host_); }
    [[nodiscard]] std::vector<PlayerId> people() const {
        std::vector<PlayerId> ids(64);
        std::uint32_t count = 0;
        while (api_->people(host_, ids.data(), size_of(ids), &count) == MUSTER_TOO_SMALL)
            ids.resize(count);
        ids.resize(count < ids.size() ? count : ids.size());
        return ids;
    }
    [[nodiscard]] std::optional<Player> player(PlayerId id) const {
        muster_player got{};
        got.size = sizeof got;
        if (api_->player(host_, id, &got) != MUSTER_OK) return std::nullopt;
        Player out;
        out.id = got.id;
        out.name = got.name;
        out.team = got.team;
        out.is_bot = got.is_bot != 0;
        out.is_alive = got.is_alive != 0;
        out.health = got.health;
        out.kills = got.kills;
        out.deaths = got.deaths;
        out.captures = got.captures;
        out.score = got.score;
        out.x = static_cast<float>(got.x) / 256;
        out.y = static_cast<float>(got.y) / 256;
        return out;
    }

    // False: nobody there, too long, or over a limit. To `nobody`: to everybody.
    bool send(PlayerId to, std::uint8_t command, std::string_view payload = {}) const {
        return api_->send(host_, to, command, payload.data(), size_of(payload)) == MUSTER_OK;
    }
    bool say(PlayerId to, std::string_view text) const {
        return api_->say(host_, to, text.data(), size_of(text)) == MUSTER_OK;
    }

    // To whoever runs the world. False: too long, over a limit, nobody there, or a server that does
    // not have it yet.
    bool report(std::uint8_t command, std::string_view payload = {}) const {
        return api_->size >= sizeof(muster_api) &&
               api_->report(host_, command, payload.data(), size_of(payload)) == MUSTER_OK;
    }

    /// The timer's id, which on_timer() gets; nothing when there are too many.
    [[nodiscard]] std::optional<std::uint32_t> start_timer(std::uint32_t delay_ms,
                                                           std::uint32_t period_ms = 0) const {
        std::uint32_t timer = 0;
        if (api_->timer_start(host_, delay_ms, period_ms, &timer) != MUSTER_OK) return std::nullopt;
        return timer;
    }
    bool stop_timer(std::uint32_t timer) const {
        return api_->timer_stop(host_, timer) == MUSTER_OK;
    }

    [[nodiscard]] std::optional<std::string> load(std::string_view key) const {
        std::string value(256, '\0');
        std::uint32_t size = 0;
        auto got =
            api_->store_get(host_, key.data(), size_of(key), value.data(), size_of(value), &size);
        if (got == MUSTER_TOO_SMALL) {
            value.resize(size);
            got = api_->store_get(host_, key.data(), size_of(key), value.data(), size_of(value),
                                  &size);
        }
        if (got != MUSTER_OK) return std::nullopt;
        value.resize(size);
        return value;
    }
    /// False when it is over a maximum, or the disk is far behind: it was not kept.
    [[nodiscard]] bool store(std::string_view key, std::string_view value) const {
        return api_->store_set(host_, key.data(), size_of(key), value.data(), size_of(value)) ==
               MUSTER_OK;
    }
    bool forget(std::string_view key) const {
        return api_->store_remove(host_, key.data(), size_of(key)) == MUSTER_OK;
    }
    /// All keys that begin with `prefix`, ascending, with their values.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> stored(
        std::string_view prefix = {}) const {
        std::vector<std::pair<std::string, std::string>> out;
        const auto visit = [](void* to, const char* key, std::uint32_t key_size, const void* value,
                              std::uint32_t value_size) -> std::int32_t {
            try {
                static_cast<decltype(out)*>(to)->emplace_back(
                    std::string(key, key_size),
                    std::string(static_cast<const char*>(value), value_size));
                return MUSTER_OK;
            } catch (...) {
                return MUSTER_FAILED;
            }
        };
        if (api_->store_list(host_, prefix.data(), size_of(prefix), visit, &out) == MUSTER_FAILED)
            throw std::bad_alloc();
        return out;
    }

    [[nodiscard]] std::string_view setting(const char* key, std::string_view otherwise = {}) const {
        const char* value = api_->setting(host_, key);
        return value != nullptr ? std::string_view(value) : otherwise;
    }
    void info(std::string_view text) const {
        api_->log(host_, MUSTER_LOG_INFO, text.data(), size_of(text));
    }
    void warn(std::string_view text) const {
        api_->log(host_, MUSTER_LOG_WARNING, text.data(), size_of(text));
    }
    void metric(const char* name, double value) const { api_->metric(host_, name, value); }

  private:
    template <typename Sized>
    static std::uint32_t size_of(const Sized& sized) {
        constexpr auto most = std::numeric_limits<std::uint32_t>::max();
        return sized.size() < most ? static_cast<std::uint32_t>(sized.size()) : most;
    }
    const muster_api* api_;
    muster_host* host_;
};

/// One for each world. Its constructor takes a Host, and may use it.
class Plugin {
  public:
    explicit Plugin(Host given) : host(given) {}
    virtual ~Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    virtual void on_join(PlayerId, bool /*returned*/) {}
    virtual void on_leave(PlayerId) {}
    virtual void on_message(const Message&) {}
    virtual void on_event(const muster_event&) {}
    virtual void on_tick(std::uint32_t) {}
    virtual void on_timer(std::uint32_t) {}
    virtual void on_info(int /*level*/, std::string_view) {}

  protected:
    const Host host;
};

namespace detail {

// The edge: nothing is thrown beyond it.
template <typename Call>
std::int32_t guard(const muster_api* api, muster_host* host, Call&& call) noexcept {
    const auto failed = [&](std::string_view why) {
        return api->fail(host, why.data(), static_cast<std::uint32_t>(why.size()));
    };
    try {
        call();
        return MUSTER_OK;
    } catch (const std::exception& error) {
        return failed(error.what());
    } catch (...) {
        return failed("an exception that is no std::exception");
    }
}

struct Instance {
    const muster_api* api;
    muster_host* host;
    Plugin* plugin;
};

template <typename Call>
std::int32_t enter(void* instance, Call&& call) noexcept {
    const auto* self = static_cast<Instance*>(instance);
    return guard(self->api, self->host, [&] { call(*self->plugin); });
}

template <typename Class>
std::int32_t create(const muster_api* api, muster_host* host, void** instance) noexcept {
    return guard(api, host, [&] {
        if (api->size < sizeof(muster_api))
            throw std::runtime_error("this server is older than what the plugin was built for");
        auto* made = new Class(Host(api, host));
        try {
            *instance = new Instance{api, host, made};
        } catch (...) {
            delete made;
            throw;
        }
    });
}

inline void destroy(void* instance) noexcept {
    const auto* self = static_cast<Instance*>(instance);
    delete self->plugin;
    delete self;
}

inline void describe_calls(muster_plugin& out) noexcept {
    out.join = [](void* self, std::uint16_t player, std::uint32_t returned) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) { plugin.on_join(player, returned != 0); });
    };
    out.leave = [](void* self, std::uint16_t player) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) { plugin.on_leave(player); });
    };
    out.message = [](void* self, const muster_message* got) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) {
            Message message;
            message.player = got->player;
            message.from_coordinator = got->from == MUSTER_FROM_COORDINATOR;
            message.command = got->command;
            message.payload = {static_cast<const char*>(got->payload), got->payload_size};
            plugin.on_message(message);
        });
    };
    out.event = [](void* self, const muster_event* event) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) { plugin.on_event(*event); });
    };
    out.tick = [](void* self, std::uint32_t tick) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) { plugin.on_tick(tick); });
    };
    out.timer = [](void* self, std::uint32_t timer) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) { plugin.on_timer(timer); });
    };
    out.info = [](void* self, std::int32_t level, const char* text,
                  std::uint32_t size) -> std::int32_t {
        return enter(self, [&](Plugin& plugin) { plugin.on_info(level, {text, size}); });
    };
}

template <typename Class>
muster_plugin describe(const char* name, const char* version) noexcept {
    muster_plugin out{};
    out.abi = MUSTER_PLUGIN_ABI;
    out.size = sizeof out;
    out.name = name;
    out.version = version;
    out.create = &create<Class>;
    out.destroy = &destroy;
    describe_calls(out);
    return out;
}

}  // namespace detail
}  // namespace muster

#define MUSTER_PLUGIN(Class, name, version)                                      \
    extern "C" MUSTER_EXPORT const muster_plugin* muster_plugin_describe(void) { \
        static const muster_plugin description =                                 \
            ::muster::detail::describe<Class>((name), (version));                \
        return &description;                                                     \
    }
