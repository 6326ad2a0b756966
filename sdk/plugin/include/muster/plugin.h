/*
 * Plugins of a Muster world server: shared libraries that take part in its worlds.
 *
 * This header is all that a plugin needs; it is C99 and C++, and needs nothing but the C library.
 * In C++, muster/plugin.hpp is the comfortable way. sdk/plugin/README.md tells how to build,
 * install and watch one.
 *
 * SHAPE. A plugin is a .so that exports one function, muster_plugin_describe, which gives a
 * description: a name, a version, and the calls that it takes. Each world makes an instance of its
 * own (create), calls it, and ends it (destroy). Any call but create and destroy may be NULL: then
 * it is not made.
 *
 * VERSIONS. `abi` changes when something existing changes; a plugin of another one is refused, and
 * the server says so and does not start. What is only added goes to the end of the structs, and
 * `size` tells who has it: a server takes plugins with an older, shorter description, and refuses a
 * longer one than it knows; a plugin that uses a function beyond those of its first version checks
 * api->size.
 *
 * THREADS. create is called before the world's first tick and destroy after its last, from the
 * thread that starts or stops the server. Every other call comes from the world's own thread, one
 * at a time, between two ticks. Instances of different worlds run at the same time on different
 * threads: keep what one has in the instance, not in globals. The functions of muster_api may be
 * called only within a call, on its thread; elsewhere they do nothing and return
 * MUSTER_WRONG_THREAD.
 *
 * OWNERSHIP. Pointers that are passed are the caller's, and good until the call returns; copy what
 * is kept. Exceptions: `api`, `host` and what setting() gives stay until destroy returns. Texts
 * with a size need no NUL; texts without one end with a NUL. All text is UTF-8.
 *
 * ERRORS. A call returns MUSTER_OK, or anything else for "failed": that is counted, and the log
 * names the plugin and the text given to fail(). Nothing may be thrown across this border
 * (plugin.hpp sees to it). A plugin is in the server's process: one that crashes takes the server
 * with it, and one that never returns stops its world.
 *
 * TIME. A world ticks 60 times a second (30 or 20 by its settings), so a call has to return within
 * microseconds: never wait, never read files, never call a network. Who takes more than its budget
 * in a tick
 * (`world.plugin_budget`, 2 ms) is slow: that is counted and logged. After `world.plugin_strikes`
 * (60) slow ticks, or failed calls, in a row the plugin is switched off in that world: it is called
 * no more but for destroy. While nobody is there a world sleeps, and so do its plugins.
 */
#ifndef MUSTER_PLUGIN_H
#define MUSTER_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_PLUGIN_ABI 1u

#define MUSTER_NOBODY 65535u      /* no player; as a receiver: everybody */
#define MUSTER_PAYLOAD_MAX 1024u  /* bytes of a message */
#define MUSTER_TEXT_MAX 100u      /* characters of a line of chat */
#define MUSTER_KEY_MAX 128u       /* bytes of a storage key, at least 1 */
#define MUSTER_VALUE_MAX 16384u   /* bytes of a stored value */
#define MUSTER_STORE_MAX 1048576u /* bytes of all keys and values of an instance */
#define MUSTER_KEYS_MAX 4096u     /* keys of an instance */
#define MUSTER_TIMERS_MAX 256u    /* timers of an instance */
#define MUSTER_METRICS_MAX 32u    /* metrics of an instance */

/* What a function returns, and what a call returns. */
enum {
    MUSTER_OK = 0,
    MUSTER_FAILED = 1,      /* of a call: it did not do what it should */
    MUSTER_INVALID = 2,     /* an argument is wrong or over its maximum; nothing was done */
    MUSTER_NOT_FOUND = 3,   /* no such player, key, setting or timer */
    MUSTER_LIMITED = 4,     /* too many or too much at once; nothing was done */
    MUSTER_TOO_SMALL = 5,   /* the buffer is: the size that is needed was written */
    MUSTER_WRONG_THREAD = 6 /* not within a call on its thread; nothing was done */
};

enum { MUSTER_TEAM_NONE = 0, MUSTER_TEAM_RED = 1, MUSTER_TEAM_BLUE = 2 };

enum { MUSTER_LOG_INFO = 0, MUSTER_LOG_WARNING = 1, MUSTER_LOG_ERROR = 2 };

/* The server's side of an instance. */
typedef struct muster_host muster_host;

/* Who somebody is now. Lengths are in 1/256 of a world unit. */
typedef struct muster_player {
    uint32_t size; /* sizeof(muster_player), set by the plugin before the call */
    uint16_t id;
    uint8_t team;
    uint8_t is_bot;
    uint8_t is_alive;
    uint8_t health;
    uint16_t kills, deaths, captures;
    int32_t score;
    int32_t x, y;
    char name[100]; /* ends with a NUL; at most 24 characters */
} muster_player;

enum {
    MUSTER_FROM_PLAYER = 0,
    MUSTER_FROM_COORDINATOR = 1 /* the master link: given to the server for its plugins */
};

typedef struct muster_message {
    uint32_t size;
    uint8_t from;    /* MUSTER_FROM_... */
    uint8_t command; /* 0 to 255; what it means is between the page and the plugin */
    uint16_t player; /* who sent it, or MUSTER_NOBODY */
    const void* payload;
    uint32_t payload_size; /* at most MUSTER_PAYLOAD_MAX */
} muster_message;

enum {
    MUSTER_EVENT_KILLED = 1,        /* `player` killed `other`; both the same: by nobody */
    MUSTER_EVENT_FLAG_TAKEN = 2,    /* `player` took the flag of `team` */
    MUSTER_EVENT_FLAG_DROPPED = 3,  /* of `team` */
    MUSTER_EVENT_FLAG_RETURNED = 4, /* by `player`, or MUSTER_NOBODY: by time */
    MUSTER_EVENT_FLAG_CAPTURED = 5, /* `player` brought the flag of `team` home */
    MUSTER_EVENT_MATCH_STARTED = 6,
    MUSTER_EVENT_MATCH_ENDED = 7, /* `team` won, or `player` (free for all), or nobody */
    MUSTER_EVENT_SPAWNED = 8,     /* `player` */
    MUSTER_EVENT_CAME = 9,        /* `player`, a person or a bot, has a place now */
    MUSTER_EVENT_WENT = 10        /* `player` */
};

/* Of people and bots. New kinds may come: ignore those you do not know. */
typedef struct muster_event {
    uint32_t size;
    uint32_t tick;
    uint16_t kind; /* MUSTER_EVENT_... */
    uint16_t player, other;
    uint8_t team;
    uint8_t weapon; /* of a kill: 0 pistol, 1 shotgun, 2 rifle, 3 sniper, 4 melee */
} muster_event;

/* Called for each stored key by store_list; another value than MUSTER_OK ends the list. It may not
 * change the store. */
typedef int32_t (*muster_visit)(void* context, const char* key, uint32_t key_size,
                                const void* value, uint32_t value_size);

/* What the server does for an instance. Each function takes the instance's host first. */
typedef struct muster_api {
    uint32_t abi;  /* MUSTER_PLUGIN_ABI of the server */
    uint32_t size; /* sizeof(muster_api) of the server */

    const char* (*world)(muster_host*); /* its name, as in URLs; stays until destroy */
    uint64_t (*now_ms)(muster_host*);   /* milliseconds since the server began; only goes forward */

    /* The people who are there (bots are not), ascending. Writes at most `capacity` ids and,
     * always, how many there are; MUSTER_TOO_SMALL when they do not fit. */
    int32_t (*people)(muster_host*, uint16_t* ids, uint32_t capacity, uint32_t* count);
    /* A person or a bot by id. In leave, and until the id is somebody else's, also who has just
     * left. */
    int32_t (*player)(muster_host*, uint16_t id, muster_player* out);

    /* A command and a payload to one player, to many (one call each), or to MUSTER_NOBODY:
     * everybody. It goes out with the tick, reliably and in order, as long as the player's
     * connection lasts. MUSTER_NOT_FOUND: no person of this id (bots hear nothing). MUSTER_LIMITED:
     * over 60 a second to one player or 20 to all, from all plugins of a world together (120 and 40
     * at once), or over this instance's share: 2,000 a second in all. */
    int32_t (*send)(muster_host*, uint16_t to, uint8_t command, const void* payload, uint32_t size);
    /* A line of chat in the plugin's name, within the same limits. Control characters are left out.
     */
    int32_t (*say)(muster_host*, uint16_t to, const char* text, uint32_t size);

    /* Calls `timer` in `delay_ms`, and then, unless it is 0, every `period_ms`. At the end of a
     * tick, so not more precise than that, and never twice in one. Ids are not used again. */
    int32_t (*timer_start)(muster_host*, uint32_t delay_ms, uint32_t period_ms, uint32_t* timer);
    int32_t (*timer_stop)(muster_host*, uint32_t timer);

    /* Keys and values that outlive the server, of this plugin in this world. They are in memory;
     * the disk has them about a second later, all together or not at all, also when the server is
     * killed. MUSTER_LIMITED: over a maximum, or the disk is far behind. store_get writes at most
     * `capacity` bytes and, always, the value's size. */
    int32_t (*store_get)(muster_host*, const char* key, uint32_t key_size, void* value,
                         uint32_t capacity, uint32_t* value_size);
    int32_t (*store_set)(muster_host*, const char* key, uint32_t key_size, const void* value,
                         uint32_t value_size);
    int32_t (*store_remove)(muster_host*, const char* key, uint32_t key_size);
    int32_t (*store_list)(muster_host*, const char* prefix, uint32_t prefix_size,
                          muster_visit visit, void* context);

    /* What [plugin.NAME] of muster.toml says; NULL when it says nothing. Stays until destroy. */
    const char* (*setting)(muster_host*, const char* key);

    /* A line in the server's log, with the plugin's name; 20 a second, 40 at once, at most 1,000
     * bytes each. */
    int32_t (*log)(muster_host*, int32_t level, const char* text, uint32_t size);
    /* A value in the server's metrics (muster_world_plugin_metric), by a name of a-z, 0-9 and _, at
     * most 40. */
    int32_t (*metric)(muster_host*, const char* name, double value);
    /* Says why the call that runs fails, for the log: `return api->fail(host, text, size);`.
     * Returns MUSTER_FAILED. */
    int32_t (*fail)(muster_host*, const char* text, uint32_t size);

    /* Since 0.2; a server from before has a smaller `size`. A command and a payload to whoever runs
     * the world. MUSTER_NOT_FOUND: nobody listens; the link to a coordinator carries it not yet.
     * MUSTER_LIMITED: over 10 a second from all
     * plugins of a world together (20 at once). */
    int32_t (*report)(muster_host*, uint8_t command, const void* payload, uint32_t size);
} muster_api;

/* What a plugin is. The first two members stay as they are in every version. */
typedef struct muster_plugin {
    uint32_t abi;     /* MUSTER_PLUGIN_ABI that it was built with */
    uint32_t size;    /* sizeof(muster_plugin) that it was built with */
    const char* name; /* a-z, 0-9, _ and -, at most 40: in settings, logs, metrics, and before what
                         it says */
    const char* version; /* any text of at most 40 bytes */

    /* Makes an instance for a world; *instance is given to all other calls. A failure keeps the
     * server from starting. */
    int32_t (*create)(const muster_api* api, muster_host* host, void** instance);
    void (*destroy)(void* instance);

    /* A person can be sent to. `returned`: was in the world before, on another connection (a
     * reload) or on another server of the world. */
    int32_t (*join)(void* instance, uint16_t player, uint32_t returned);
    /* A person who has joined: for good, or to another server of the world. */
    int32_t (*leave)(void* instance, uint16_t player);
    int32_t (*message)(void* instance,
                       const muster_message* message); /* every plugin gets all of them */
    int32_t (*event)(void* instance, const muster_event* event);
    int32_t (*tick)(void* instance, uint32_t tick); /* the number of the world's step */
    int32_t (*timer)(void* instance, uint32_t timer);
    /* A line of the server's log, info and worse; not the plugins' own. At most 64 a tick; the rest
     * is left out. */
    int32_t (*info)(void* instance, int32_t level, const char* text, uint32_t size);
} muster_plugin;

#if defined(__GNUC__)
#define MUSTER_EXPORT __attribute__((visibility("default")))
#else
#define MUSTER_EXPORT
#endif

/* The plugin's: gives its description, which stays for as long as the library is loaded. Called
 * once. */
MUSTER_EXPORT const muster_plugin* muster_plugin_describe(void);

#ifdef __cplusplus
}
#endif

#endif
