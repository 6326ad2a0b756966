// The C face: checks what a program gives, and lets nothing of C++ out.
#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "handle.hpp"
#include "muster/base/encoding.hpp"
#include "muster/client.h"
#include "muster/protocol/protocol.hpp"

struct muster_client final {
    std::unique_ptr<muster::sdk::Handle> handle;
};

namespace {

using muster::sdk::Handle;

constexpr std::size_t name_bytes_max = 256;
constexpr std::uint32_t events_least = 16;
constexpr std::uint32_t events_most = 65'536;
constexpr std::uint32_t events_usual = 1'024;
constexpr std::uint32_t slots = 5;
constexpr std::uint32_t buttons_all = 127;

// As much as fits, with a NUL; the length of all of it.
std::size_t copy_text(std::string_view from, char* to, std::size_t size) {
    if (to != nullptr && size > 0) {
        const auto length = std::min(from.size(), size - 1);
        std::memcpy(to, from.data(), length);
        to[length] = '\0';
    }
    return from.size();
}

// A struct of the program's, of whichever version of this ABI: `first` is the size of the first
// one. One that is longer than ours has wishes that we do not know.
template <typename T>
bool read(const T* from, std::size_t first, T& to) {
    if (from == nullptr || from->size < first || from->size > sizeof(T)) return false;
    std::memcpy(&to, from, from->size);
    return true;
}

std::string text_of(const char* text) {
    return text != nullptr ? text : "";
}

// Nothing may be thrown across this border.
template <typename Call>
std::int32_t guarded(const Call& call) noexcept {
    try {
        return call();
    } catch (const std::exception&) {
        return MUSTER_CLIENT_INTERNAL;
    }
}

bool is_text(std::string_view text, std::size_t characters_max) {
    if (!muster::is_utf8(text)) return false;
    const auto characters = std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
    return static_cast<std::size_t>(characters) <= characters_max;
}

struct Failed {
    std::int32_t code;
    std::string message;
};

std::expected<std::unique_ptr<Handle>, Failed> open(const muster_client_options* options) {
    muster_client_options wish = MUSTER_CLIENT_OPTIONS_INIT;
    if (options != nullptr && options->abi != MUSTER_CLIENT_ABI) {
        return std::unexpected(Failed{MUSTER_CLIENT_WRONG_ABI,
                                      "the program is built for version " +
                                          std::to_string(options->abi) +
                                          " of the client ABI, and this library has version " +
                                          std::to_string(MUSTER_CLIENT_ABI)});
    }
    if (!read(options, sizeof(muster_client_options), wish) || wish.url == nullptr)
        return std::unexpected(Failed{MUSTER_CLIENT_INVALID, "options: size or url is missing"});
    const auto events = wish.events_max == 0 ? events_usual : wish.events_max;
    if (events < events_least || events > events_most)
        return std::unexpected(Failed{MUSTER_CLIENT_INVALID, "events_max is 16 to 65,536"});
    auto handle = Handle::open({wish.url, text_of(wish.ca_pem), text_of(wish.ticket_keys), events});
    if (handle) return std::move(*handle);
    const auto& error = handle.error();
    const bool is_ours = error.code == muster::Errc::invalid_argument;
    const auto words = error.field == "ticket_keys" ? error.message : "url: " + error.message;
    return std::unexpected(Failed{is_ours ? MUSTER_CLIENT_INVALID : MUSTER_CLIENT_INTERNAL, words});
}

}  // namespace

extern "C" {

uint32_t muster_client_abi(void) {
    return MUSTER_CLIENT_ABI;
}

const char* muster_client_version(void) {
    return MUSTER_VERSION;
}

const char* muster_client_code_name(int32_t code) {
    static constexpr const char* names[] = {
        "ok",        "invalid", "wrong abi", "busy",    "not playing", "unreachable",
        "not found", "full",    "refused",   "limited", "untrusted",   "lost",
        "replaced",  "kicked",  "stopped",   "left",    "protocol",    "internal"};
    static_assert(std::size(names) == MUSTER_CLIENT_INTERNAL + 1);
    const auto index = static_cast<std::size_t>(code);
    return code >= 0 && index < std::size(names) ? names[index] : "unknown";
}

muster_client* muster_client_open(const muster_client_options* options, int32_t* code,
                                  char* message, size_t message_size) {
    muster_client* out = nullptr;
    Failed why{MUSTER_CLIENT_OK, {}};
    try {
        auto opened = open(options);
        if (opened) {
            out = new muster_client{std::move(*opened)};
        } else {
            why = std::move(opened.error());
        }
    } catch (const std::exception&) {
        why.code = MUSTER_CLIENT_INTERNAL;
    }
    if (code != nullptr) *code = why.code;
    copy_text(why.message, message, message_size);
    return out;
}

void muster_client_close(muster_client* client) {
    delete client;
}

size_t muster_client_error(const muster_client* client, char* text, size_t size) {
    return client == nullptr ? copy_text({}, text, size)
                             : copy_text(client->handle->error(), text, size);
}

size_t muster_client_ticket(const muster_client* client, char* text, size_t size) {
    return client == nullptr ? copy_text({}, text, size)
                             : copy_text(client->handle->ticket(), text, size);
}

int32_t muster_client_list_worlds(muster_client* client) {
    if (client == nullptr) return MUSTER_CLIENT_INVALID;
    return guarded([&] { return client->handle->list_worlds(); });
}

int32_t muster_client_list_servers(muster_client* client) {
    if (client == nullptr) return MUSTER_CLIENT_INVALID;
    return guarded([&] { return client->handle->list_servers(); });
}

int32_t muster_client_ping_servers(muster_client* client) {
    if (client == nullptr) return MUSTER_CLIENT_INVALID;
    return guarded([&] { return client->handle->ping_servers(); });
}

int32_t muster_client_join(muster_client* client, const muster_client_join_options* options) {
    if (client == nullptr) return MUSTER_CLIENT_INVALID;
    return guarded([&]() -> int32_t {
        muster_client_join_options wish = MUSTER_CLIENT_JOIN_OPTIONS_INIT;
        if (options != nullptr && !read(options, sizeof(muster_client_join_options), wish))
            return MUSTER_CLIENT_INVALID;
        if (wish.team > MUSTER_CLIENT_TEAM_BLUE) return MUSTER_CLIENT_INVALID;
        muster::sdk::Wish join;
        join.world = text_of(wish.world);
        join.join.name = text_of(wish.name);
        join.join.team = wish.team == MUSTER_CLIENT_TEAM_RED    ? "red"
                         : wish.team == MUSTER_CLIENT_TEAM_BLUE ? "blue"
                                                                : "";
        join.join.strategy = text_of(wish.strategy);
        join.join.server = text_of(wish.server);
        join.join.resume = text_of(wish.resume);
        const auto& name = join.join.name;
        if (name.size() > name_bytes_max || !muster::is_utf8(name)) return MUSTER_CLIENT_INVALID;
        return client->handle->join(std::move(join));
    });
}

int32_t muster_client_set_input(muster_client* client, const muster_client_input* input) {
    muster_client_input wish = MUSTER_CLIENT_INPUT_INIT;
    if (client == nullptr || !read(input, sizeof(muster_client_input), wish))
        return MUSTER_CLIENT_INVALID;
    if (wish.buttons > buttons_all || wish.slot > slots || wish.shown_ago > 255)
        return MUSTER_CLIENT_INVALID;
    return guarded([&] { return client->handle->set_input(wish); });
}

int32_t muster_client_say(muster_client* client, const char* text, int32_t team_only) {
    if (client == nullptr || text == nullptr) return MUSTER_CLIENT_INVALID;
    if (!is_text(text, MUSTER_CLIENT_TEXT_MAX)) return MUSTER_CLIENT_INVALID;
    return guarded([&] { return client->handle->say(text, team_only != 0); });
}

int32_t muster_client_send_custom(muster_client* client, uint32_t command, const void* payload,
                                  size_t payload_size) {
    if (client == nullptr || command > 255 || payload_size > MUSTER_CLIENT_PAYLOAD_MAX ||
        (payload == nullptr && payload_size > 0)) {
        return MUSTER_CLIENT_INVALID;
    }
    return guarded([&] {
        const auto* bytes = static_cast<const std::byte*>(payload);
        return client->handle->send_custom(static_cast<std::uint8_t>(command),
                                           {bytes, bytes + payload_size});
    });
}

int32_t muster_client_leave(muster_client* client) {
    if (client == nullptr) return MUSTER_CLIENT_INVALID;
    return guarded([&] { return client->handle->leave(); });
}

int32_t muster_client_read_statistics(const muster_client* client, muster_client_statistics* out) {
    if (client == nullptr || out == nullptr) return MUSTER_CLIENT_INVALID;
    if (out->size < 2 * sizeof(std::uint32_t)) return MUSTER_CLIENT_INVALID;
    return guarded([&] {
        muster_client_statistics all{};
        client->handle->read(all);
        all.size = static_cast<std::uint32_t>(std::min<std::size_t>(out->size, sizeof all));
        std::memcpy(out, &all, all.size);
        return MUSTER_CLIENT_OK;
    });
}

const muster_client_event* muster_client_poll(muster_client* client, uint32_t timeout_ms) {
    if (client == nullptr) return nullptr;
    try {
        return client->handle->events().take(std::chrono::milliseconds(timeout_ms));
    } catch (const std::exception&) {
        return nullptr;
    }
}

}  // extern "C"
