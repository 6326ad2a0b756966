#include <algorithm>
#include <cstring>

#include "instance.hpp"

/// The functions of plugin.h: each checks that it is called within a call, and that its arguments
/// can be read, before it does anything.
namespace muster::plugins {
namespace {

Instance& of(muster_host* host) {
    return *static_cast<Instance*>(host);
}

bool is_wrong(muster_host* host) {
    return host == nullptr || !of(host).is_called_here();
}

// A text or bytes as they were given; nothing when there is a size and no pointer.
std::optional<std::string_view> read(const void* data, std::uint32_t size) {
    if (size == 0) return std::string_view{};
    if (data == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data), size);
}

const char* world(muster_host* host) {
    return is_wrong(host) ? "" : of(host).world().world_name().c_str();
}

std::uint64_t now_ms(muster_host* host) {
    return is_wrong(host) ? 0 : of(host).now_ms();
}

std::int32_t people(muster_host* host, std::uint16_t* ids, std::uint32_t capacity,
                    std::uint32_t* count) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    if (count == nullptr || (ids == nullptr && capacity > 0)) return MUSTER_INVALID;
    const host::ExtensionHost& stage = of(host).world();
    std::uint32_t found = 0;
    for (const sim::PlayerId id : stage.world().present()) {
        if (!stage.is_person(id)) continue;
        if (found < capacity) ids[found] = id;
        ++found;
    }
    *count = found;
    return found <= capacity ? MUSTER_OK : MUSTER_TOO_SMALL;
}

std::int32_t player(muster_host* host, std::uint16_t id, muster_player* out) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    if (out == nullptr || out->size < sizeof(std::uint32_t)) return MUSTER_INVALID;
    const sim::World& sim = of(host).world().world();
    if (id >= sim.players().size()) return MUSTER_NOT_FOUND;
    const std::string_view name = sim.name_of(id);
    const sim::Player& found = sim.players()[id];
    if (!found.present && name.empty()) return MUSTER_NOT_FOUND;
    muster_player made{};
    made.size = std::min<std::uint32_t>(out->size, sizeof made);
    made.id = id;
    made.team = static_cast<std::uint8_t>(found.team);
    made.is_bot = found.bot ? 1 : 0;
    made.is_alive = found.present && found.alive ? 1 : 0;
    made.health = found.health;
    made.kills = found.kills;
    made.deaths = found.deaths;
    made.captures = found.captures;
    made.score = found.score;
    made.x = static_cast<std::int32_t>(found.at.x);
    made.y = static_cast<std::int32_t>(found.at.y);
    const std::size_t length = std::min(name.size(), sizeof made.name - 1);
    std::memcpy(made.name, name.data(), length);
    std::memcpy(out, &made, made.size);
    return MUSTER_OK;
}

std::int32_t send(muster_host* host, std::uint16_t to, std::uint8_t command, const void* payload,
                  std::uint32_t size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto bytes = read(payload, size);
    if (!bytes) return MUSTER_INVALID;
    Instance& self = of(host);
    if (!self.may_send()) return MUSTER_LIMITED;
    return self.sent(self.world().send(to, command, std::as_bytes(std::span(*bytes))));
}

std::int32_t say(muster_host* host, std::uint16_t to, const char* text, std::uint32_t size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto words = read(text, size);
    if (!words) return MUSTER_INVALID;
    Instance& self = of(host);
    if (!self.may_send()) return MUSTER_LIMITED;
    return self.sent(self.world().say(to, self.name(), *words));
}

std::int32_t timer_start(muster_host* host, std::uint32_t delay, std::uint32_t period,
                         std::uint32_t* timer) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    if (timer == nullptr) return MUSTER_INVALID;
    const auto started = of(host).timers().start(of(host).now_ms(), delay, period);
    if (!started) return MUSTER_LIMITED;
    *timer = *started;
    return MUSTER_OK;
}

std::int32_t timer_stop(muster_host* host, std::uint32_t timer) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    return of(host).timers().stop(timer) ? MUSTER_OK : MUSTER_NOT_FOUND;
}

std::int32_t store_get(muster_host* host, const char* key, std::uint32_t key_size, void* value,
                       std::uint32_t capacity, std::uint32_t* value_size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto name = read(key, key_size);
    if (!name || value_size == nullptr || (value == nullptr && capacity > 0)) return MUSTER_INVALID;
    const std::string* const found = of(host).store().find(*name);
    if (found == nullptr) return MUSTER_NOT_FOUND;
    *value_size = static_cast<std::uint32_t>(found->size());
    const std::size_t fits = std::min<std::size_t>(found->size(), capacity);
    if (fits > 0) std::memcpy(value, found->data(), fits);
    return fits == found->size() ? MUSTER_OK : MUSTER_TOO_SMALL;
}

std::int32_t store_set(muster_host* host, const char* key, std::uint32_t key_size,
                       const void* value, std::uint32_t value_size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto name = read(key, key_size);
    const auto bytes = read(value, value_size);
    if (!name || !bytes) return MUSTER_INVALID;
    switch (of(host).store().set(*name, *bytes)) {
        case Store::Put::done:
            return MUSTER_OK;
        case Store::Put::invalid:
            return MUSTER_INVALID;
        case Store::Put::limited:
            return MUSTER_LIMITED;
    }
    return MUSTER_FAILED;
}

std::int32_t store_remove(muster_host* host, const char* key, std::uint32_t key_size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto name = read(key, key_size);
    if (!name) return MUSTER_INVALID;
    const auto removed = of(host).store().remove(*name);
    if (!removed) return MUSTER_LIMITED;
    return *removed ? MUSTER_OK : MUSTER_NOT_FOUND;
}

// Over a copy of the keys, so that a visit that changes the store all the same ends nothing badly.
std::int32_t store_list(muster_host* host, const char* prefix, std::uint32_t prefix_size,
                        muster_visit visit, void* context) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto begin = read(prefix, prefix_size);
    if (!begin || visit == nullptr) return MUSTER_INVALID;
    const Store& store = of(host).store();
    std::vector<std::string> keys;
    for (auto one = store.entries().lower_bound(*begin);
         one != store.entries().end() && one->first.starts_with(*begin); ++one) {
        keys.push_back(one->first);
    }
    for (const std::string& key : keys) {
        const std::string* const found = store.find(key);
        if (found == nullptr) continue;
        const std::string value = *found;
        const std::int32_t status =
            visit(context, key.data(), static_cast<std::uint32_t>(key.size()), value.data(),
                  static_cast<std::uint32_t>(value.size()));
        if (status != MUSTER_OK) return status;
    }
    return MUSTER_OK;
}

const char* setting(muster_host* host, const char* key) {
    if (is_wrong(host) || key == nullptr) return nullptr;
    const std::string* const found = of(host).setting(key);
    return found == nullptr ? nullptr : found->c_str();
}

std::int32_t log(muster_host* host, std::int32_t level, const char* text, std::uint32_t size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto words = read(text, size);
    return words ? of(host).log(level, *words) : std::int32_t{MUSTER_INVALID};
}

std::int32_t metric(muster_host* host, const char* name, double value) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    return name == nullptr ? std::int32_t{MUSTER_INVALID} : of(host).set_metric(name, value);
}

std::int32_t fail_call(muster_host* host, const char* text, std::uint32_t size) {
    if (is_wrong(host)) return MUSTER_FAILED;
    of(host).set_reason(read(text, std::min<std::uint32_t>(size, 500)).value_or(""));
    return MUSTER_FAILED;
}

std::int32_t report(muster_host* host, std::uint8_t command, const void* payload,
                    std::uint32_t size) {
    if (is_wrong(host)) return MUSTER_WRONG_THREAD;
    const auto bytes = read(payload, size);
    if (!bytes) return MUSTER_INVALID;
    Instance& self = of(host);
    if (!self.may_send()) return MUSTER_LIMITED;
    return self.sent(self.world().report(self.name(), command, std::as_bytes(std::span(*bytes))));
}

}  // namespace

const muster_api& api() {
    static const muster_api functions{.abi = MUSTER_PLUGIN_ABI,
                                      .size = sizeof(muster_api),
                                      .world = world,
                                      .now_ms = now_ms,
                                      .people = people,
                                      .player = player,
                                      .send = send,
                                      .say = say,
                                      .timer_start = timer_start,
                                      .timer_stop = timer_stop,
                                      .store_get = store_get,
                                      .store_set = store_set,
                                      .store_remove = store_remove,
                                      .store_list = store_list,
                                      .setting = setting,
                                      .log = log,
                                      .metric = metric,
                                      .fail = fail_call,
                                      .report = report};
    return functions;
}

}  // namespace muster::plugins
