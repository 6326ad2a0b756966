/*
 * A client of Muster's worlds for games: libmuster_client. C99, C++, and whatever can call C:
 * Godot (GDNative, GDExtension), Unity (P/Invoke), Unreal, Rust, Python. sdk/client/README.md tells
 * how to build and link it; examples/circle.c is a whole program.
 *
 * SHAPE. A handle is one player: it lists worlds, joins one, plays, and leaves. A process may have
 * any number of handles; nothing is global. What a handle is asked to do is done by a thread of its
 * own, and what comes of it is an event: muster_client_poll gives one after the other. There are no
 * callbacks. Going on to another server of the same world, and coming back when a connection broke,
 * it does by itself.
 *
 * VERSIONS. `abi` changes when something existing changes; muster_client_open refuses another one.
 * What is only added goes to the end of structs: yours begin with their size (the _INIT macros set
 * it), and events tell theirs. Elements of arrays never grow within an ABI. New kinds of events,
 * codes and facts may come: ignore those that you do not know.
 *
 * THREADS. All functions may be called from any thread, also on one handle at a time, but for two:
 * muster_client_poll is called by one thread at a time, and after muster_client_close nothing may
 * use the handle. No function waits for the network; muster_client_poll waits as long as it is told
 * to, and muster_client_close for a few milliseconds.
 *
 * OWNERSHIP. What you pass is copied. An event and all that it points to belong to the handle and
 * stay as they are until the next muster_client_poll, or muster_client_close. Texts are UTF-8, end
 * with a NUL and are never NULL; arrays of no elements may be NULL.
 *
 * LIMITS. `events_max` events wait for you (1,024 unless you say otherwise), of them 64 snapshots.
 * Poll at least as often as you draw: what is too much pushes out the oldest snapshot, and else the
 * oldest event, and is counted (muster_client_read_statistics). 256 requests wait for the thread:
 * MUSTER_CLIENT_BUSY then.
 *
 * UNITS. Lengths are units of the world, y grows downwards; angles are radians from +x towards +y;
 * times are ticks of the world (60 a second) where nothing else is said.
 */
#ifndef MUSTER_CLIENT_H
#define MUSTER_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "client_events.h"

#if defined(MUSTER_CLIENT_BUILD)
#define MUSTER_CLIENT_API __attribute__((visibility("default")))
#else
#define MUSTER_CLIENT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_CLIENT_ABI 1u

#define MUSTER_CLIENT_NOBODY 65535u     /* no player */
#define MUSTER_CLIENT_PAYLOAD_MAX 1024u /* bytes of a custom message */
#define MUSTER_CLIENT_TEXT_MAX 100u     /* characters of a line of chat */

/* What functions return, and why things ended. */
enum {
    MUSTER_CLIENT_OK = 0,
    MUSTER_CLIENT_INVALID = 1,     /* an argument is wrong or over its maximum */
    MUSTER_CLIENT_WRONG_ABI = 2,   /* header and library do not belong together */
    MUSTER_CLIENT_BUSY = 3,        /* too many requests wait; nothing was done */
    MUSTER_CLIENT_NOT_PLAYING = 4, /* nobody is there to hear it; nothing was done */
    MUSTER_CLIENT_UNREACHABLE = 5, /* nobody answers, or not by UDP */
    MUSTER_CLIENT_NOT_FOUND = 6,   /* no such world or server */
    MUSTER_CLIENT_FULL = 7,        /* no place is left; alternatives may be told */
    MUSTER_CLIENT_REFUSED = 8,     /* for a reason that the message tells */
    MUSTER_CLIENT_LIMITED = 9,     /* too many of one's requests */
    MUSTER_CLIENT_UNTRUSTED = 10,  /* the server could not prove who it is */
    MUSTER_CLIENT_LOST = 11,       /* the connection broke and did not come back for 30 s */
    MUSTER_CLIENT_REPLACED = 12,   /* the same player came back by another connection */
    MUSTER_CLIENT_KICKED = 13,     /* somebody threw one out */
    MUSTER_CLIENT_STOPPED = 14,    /* the server stopped, and did not come back */
    MUSTER_CLIENT_LEFT = 15,       /* one left by muster_client_leave */
    MUSTER_CLIENT_PROTOCOL = 16,   /* the server speaks another version, or nonsense */
    MUSTER_CLIENT_INTERNAL = 17    /* a fault of the library's or the system's */
};
/* "full"; "unknown" for what is no code. */
MUSTER_CLIENT_API const char* muster_client_code_name(int32_t code);

/* MUSTER_CLIENT_ABI of the library, and its version, "0.1.0". */
MUSTER_CLIENT_API uint32_t muster_client_abi(void);
MUSTER_CLIENT_API const char* muster_client_version(void);

typedef struct muster_client muster_client;

/* ---- a handle ------------------------------------------------------------------------------ */

typedef struct muster_client_options {
    uint32_t size; /* sizeof(muster_client_options) */
    uint32_t abi;  /* MUSTER_CLIENT_ABI */
    /* Of a coordinator, or of a world server that runs alone: "https://play.example.org". */
    const char* url;
    /* Of https: trust only the certificates in this PEM text; NULL: the system's store. */
    const char* ca_pem;
    /* The coordinator's public keys, as a JSON Web Key Set: only tickets that one of them signed
     * are trusted then, and through them only the servers that they name. NULL: signed tickets are
     * checked by the keys at /.well-known/muster-keys.json of `url`, and a world server's own ones,
     * which are not signed, are taken. */
    const char* ticket_keys;
    uint32_t events_max; /* 16 to 65,536; 0: 1,024 */
    uint32_t reserved;   /* 0 */
} muster_client_options;
#define MUSTER_CLIENT_OPTIONS_INIT \
    {sizeof(muster_client_options), MUSTER_CLIENT_ABI, NULL, NULL, NULL, 0, 0}

/* Starts a handle; it connects to nothing yet. NULL when it could not be: `code` says why, and
 * `message`, of at least `message_size` bytes, in words. Both may be NULL. */
MUSTER_CLIENT_API muster_client* muster_client_open(const muster_client_options* options,
                                                    int32_t* code, char* message,
                                                    size_t message_size);
/* Says goodbye when one plays, ends the thread and frees everything. NULL is nothing. */
MUSTER_CLIENT_API void muster_client_close(muster_client* client);

/* The last error of the handle in words, as a text of at most `size` bytes with its NUL. Returns
 * how long it is without the NUL, whether it fitted or not; 0: there was none. */
MUSTER_CLIENT_API size_t muster_client_error(const muster_client* client, char* text, size_t size);

/* ---- finding a world ----------------------------------------------------------------------- */

/* Each asks, and returns at once; MUSTER_CLIENT_EVENT_WORLDS, ..._SERVERS or ..._FAILED follows.
 * Servers are those of a coordinator: a world server that runs alone has none to tell of. */
MUSTER_CLIENT_API int32_t muster_client_list_worlds(muster_client* client);
MUSTER_CLIENT_API int32_t muster_client_list_servers(muster_client* client);
/* The same list with `ping_us` measured, of the first 64: it takes about a second. */
MUSTER_CLIENT_API int32_t muster_client_ping_servers(muster_client* client);

/* ---- playing ------------------------------------------------------------------------------- */

enum { MUSTER_CLIENT_TEAM_NONE = 0, MUSTER_CLIENT_TEAM_RED = 1, MUSTER_CLIENT_TEAM_BLUE = 2 };

typedef struct muster_client_join_options {
    uint32_t size;     /* sizeof(muster_client_join_options) */
    uint32_t team;     /* MUSTER_CLIENT_TEAM_...; NONE: whichever has room */
    const char* world; /* NULL: the first of the list */
    const char* name;  /* at most 256 bytes, 24 characters are shown; NULL: "Player" and a number */
    /* "least_load", "packed", or "lowest_ping", for which servers are measured unless they were;
     * NULL: the coordinator's own. */
    const char* strategy;
    const char* server; /* the id of one; NULL: any */
    const char* resume; /* of muster_client_ticket, at most 30 s after one was lost; NULL: anew */
} muster_client_join_options;
#define MUSTER_CLIENT_JOIN_OPTIONS_INIT \
    {sizeof(muster_client_join_options), MUSTER_CLIENT_TEAM_NONE, NULL, NULL, NULL, NULL, NULL}

/* Joins; who plays already leaves first. MUSTER_CLIENT_EVENT_WELCOME follows, or
 * ..._DISCONNECTED. NULL: anything. */
MUSTER_CLIENT_API int32_t muster_client_join(muster_client* client,
                                             const muster_client_join_options* options);

/* Buttons, to be added up. */
enum {
    MUSTER_CLIENT_BUTTON_UP = 1,
    MUSTER_CLIENT_BUTTON_DOWN = 2,
    MUSTER_CLIENT_BUTTON_LEFT = 4,
    MUSTER_CLIENT_BUTTON_RIGHT = 8,
    MUSTER_CLIENT_BUTTON_FIRE = 16,
    MUSTER_CLIENT_BUTTON_RELOAD = 32,
    MUSTER_CLIENT_BUTTON_STRIKE = 64
};

typedef struct muster_client_input {
    uint32_t size;    /* sizeof(muster_client_input) */
    uint32_t buttons; /* MUSTER_CLIENT_BUTTON_... */
    uint32_t slot;    /* 1 to 5: takes that weapon; 0: as it is */
    /* How many ticks older than the newest snapshot others are drawn (6, say, when one draws
     * between two snapshots): shots are judged by what one saw. At most 255. */
    uint32_t shown_ago;
    float aim;
} muster_client_input;
#define MUSTER_CLIENT_INPUT_INIT {sizeof(muster_client_input), 0, 0, 6, 0.0f}

/* What one does from now on, until the next call: it goes out 30 times a second, with two steps of
 * 1/60 s. A button that was pressed and let go within one step still counts for that step. */
MUSTER_CLIENT_API int32_t muster_client_set_input(muster_client* client,
                                                  const muster_client_input* input);

/* A line of chat: at most MUSTER_CLIENT_TEXT_MAX characters; `team_only`: 0 or 1. */
MUSTER_CLIENT_API int32_t muster_client_say(muster_client* client, const char* text,
                                            int32_t team_only);
/* To the world's plugins: command 0 to 255 and at most MUSTER_CLIENT_PAYLOAD_MAX bytes. */
MUSTER_CLIENT_API int32_t muster_client_send_custom(muster_client* client, uint32_t command,
                                                    const void* payload, size_t payload_size);
/* Leaves for good: the place is free at once. ..._DISCONNECTED with MUSTER_CLIENT_LEFT follows. */
MUSTER_CLIENT_API int32_t muster_client_leave(muster_client* client);

/* What the player comes back with, for a program that is started again: a text as that of
 * muster_client_error; 0: there is none. Whoever has it is the player: keep it secret. */
MUSTER_CLIENT_API size_t muster_client_ticket(const muster_client* client, char* text, size_t size);

typedef struct muster_client_statistics {
    uint32_t size; /* sizeof(muster_client_statistics), set by you before the call */
    uint32_t playing;
    uint64_t snapshots;      /* that came and were new */
    uint64_t snapshots_late; /* that came after a newer one, or twice */
    uint64_t events_dropped; /* that you did not fetch in time */
    uint64_t crossings;      /* from one server to the next */
    uint64_t returns;        /* after a connection broke */
    uint64_t nonsense;       /* messages that were none */
    uint64_t bytes_in, bytes_out, datagrams_in, datagrams_out;
} muster_client_statistics;
MUSTER_CLIENT_API int32_t muster_client_read_statistics(const muster_client* client,
                                                        muster_client_statistics* out);

/* ---- events -------------------------------------------------------------------------------- */

/* The next event; waits for one for at most `timeout_ms` (0: not at all). NULL: none came. */
MUSTER_CLIENT_API const muster_client_event* muster_client_poll(muster_client* client,
                                                                uint32_t timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
