/*
 * The events of muster/client.h, which includes this: what they point to, and the kinds of them.
 */
#ifndef MUSTER_CLIENT_EVENTS_H
#define MUSTER_CLIENT_EVENTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MUSTER_CLIENT_EVENT_WORLDS = 1,   /* of.worlds */
    MUSTER_CLIENT_EVENT_SERVERS = 2,  /* of.servers */
    MUSTER_CLIENT_EVENT_FAILED = 3,   /* of.failed: a list did not come */
    MUSTER_CLIENT_EVENT_WELCOME = 4,  /* of.welcome: one plays, at this server */
    MUSTER_CLIENT_EVENT_SNAPSHOT = 5, /* of.snapshot */
    MUSTER_CLIENT_EVENT_PEOPLE = 6,   /* of.people: who ids are */
    MUSTER_CLIENT_EVENT_CHAT = 7,     /* of.chat */
    MUSTER_CLIENT_EVENT_NEWS = 8,     /* of.news: what everybody is told */
    MUSTER_CLIENT_EVENT_CUSTOM = 9,   /* of.custom: of a plugin */
    MUSTER_CLIENT_EVENT_NOTICE = 10,  /* of.notice: of the server */
    MUSTER_CLIENT_EVENT_MATCH = 11,   /* of.match */
    MUSTER_CLIENT_EVENT_SCORES = 12,  /* of.scores */
    MUSTER_CLIENT_EVENT_MOVED = 13,   /* another server of the world has one now; WELCOME follows */
    MUSTER_CLIENT_EVENT_LOST = 14,    /* of.failed: it tries to come back */
    MUSTER_CLIENT_EVENT_DISCONNECTED = 15 /* of.disconnected: one plays no more */
};

typedef struct muster_client_world {
    const char *name, *mode, *map;
    uint32_t people, bots, players_max;
    uint32_t servers;       /* 0: the one that was asked */
    uint8_t asleep, spread; /* spread: its servers compute one world together */
    uint8_t reserved[6];
} muster_client_world;

typedef struct muster_client_worlds {
    const muster_client_world* worlds;
    uint32_t count;
} muster_client_worlds;

typedef struct muster_client_server {
    const char *id, *name, *version;
    const char* location; /* a label like "eu-west", or empty */
    const char* address;  /* the first one, numeric */
    uint32_t players, capacity;
    float load;      /* 0 to 1: the worse of places taken and processors used */
    int32_t ping_us; /* -1: not measured */
    uint16_t udp_port;
    uint8_t draining; /* it takes nobody new */
    uint8_t reserved[5];
} muster_client_server;

typedef struct muster_client_servers {
    const muster_client_server* servers;
    uint32_t count;
} muster_client_servers;

typedef struct muster_client_failed {
    int32_t code;
    uint32_t request; /* of FAILED: the event that does not come, MUSTER_CLIENT_EVENT_... */
    const char* message;
} muster_client_failed;

typedef struct muster_client_wall {
    float x, y, width, height;
    uint16_t health, health_max;
    uint8_t destructible;
    uint8_t reserved[3];
} muster_client_wall;

typedef struct muster_client_pickup {
    float x, y;
    uint8_t kind; /* 0 health, 1 ammunition, 2 weapon, 3 speed, 4 damage, 5 shield */
    uint8_t weapon;
    uint8_t available;
    uint8_t reserved;
} muster_client_pickup;

typedef struct muster_client_flag {
    float x, y;
    uint16_t carrier; /* or MUSTER_CLIENT_NOBODY */
    uint8_t team;
    uint8_t where; /* 0 at its base, 1 carried, 2 dropped */
} muster_client_flag;

enum {
    MUSTER_CLIENT_JOINED = 0,  /* a new player */
    MUSTER_CLIENT_CROSSED = 1, /* the same player, at the next server of the world */
    MUSTER_CLIENT_RETURNED = 2 /* the same player, after its connection broke */
};

/* The first word of a server. Ticks, walls and pickups are this server's own from now on. */
typedef struct muster_client_welcome {
    uint32_t why;    /* MUSTER_CLIENT_JOINED, ... */
    uint16_t player; /* one's id */
    uint8_t generation;
    uint8_t team;
    uint32_t tick;
    uint8_t tick_rate, snapshot_rate;
    uint8_t mode; /* 0 free for all, 1 team deathmatch, 2 capture the flag */
    uint8_t reserved;
    const char *world, *name, *map;
    const char* server; /* its id, of a join by way of a coordinator; else empty */
    float left, top, width, height;
    float view; /* how far others are shown */
    uint32_t wall_count, pickup_count, flag_count;
    const muster_client_wall* walls;     /* an index into it is a wall's number */
    const muster_client_pickup* pickups; /* the same */
    const muster_client_flag* flags;
} muster_client_welcome;

/* Bits of `state`. */
enum {
    MUSTER_CLIENT_STATE_ALIVE = 1,
    MUSTER_CLIENT_STATE_PROTECTED = 2,
    MUSTER_CLIENT_STATE_SHIELDED = 4,
    MUSTER_CLIENT_STATE_FASTER = 8,
    MUSTER_CLIENT_STATE_STRONGER = 16
};

/* Somebody else within view, as it was in tick `tick`. */
typedef struct muster_client_entity {
    uint32_t tick;
    uint16_t id;
    uint8_t generation; /* its low four bits: another one is another player */
    uint8_t team;
    float x, y;
    float velocity_x, velocity_y; /* units a tick */
    float aim;
    uint8_t health;
    uint8_t weapon; /* 0 pistol, 1 shotgun, 2 rifle, 3 sniper, 4 melee */
    uint8_t state;  /* MUSTER_CLIENT_STATE_ALIVE, ... */
    uint8_t flag;   /* of which team it carries the flag */
} muster_client_entity;

typedef struct muster_client_self {
    float x, y;
    float velocity_x, velocity_y; /* units a tick */
    /* The same position, exactly, in 1/256 units: where prediction goes on from. */
    int32_t exact_x, exact_y;
    int32_t score;
    uint16_t kills, deaths;
    uint16_t reload_ticks, respawn_ticks, speed_ticks, damage_ticks, protected_ticks; /* left */
    uint8_t health, shield, ammunition;
    uint8_t weapons; /* bit n: it has weapon n */
    uint8_t weapon, team, state, flag;
    uint8_t reserved[2];
} muster_client_self;

/* A projectile that was fired: it flies on by itself until an effect with its id, or a wall. Each
 * comes once. */
typedef struct muster_client_shot {
    uint32_t tick; /* when it was fired */
    uint16_t id, owner;
    float x, y;
    float velocity_x, velocity_y; /* units a tick */
    uint8_t weapon, team, stronger;
    uint8_t reserved;
} muster_client_shot;

typedef struct muster_client_effect {
    uint32_t tick;
    float x, y;
    uint16_t player, other; /* of a wall hit `other` is the wall, of a player hit who was hit */
    uint16_t index;         /* of a hit the shot that ends, 0: melee; else the pickup */
    uint8_t kind;           /* 0 strike, 1 wall hit, 2 player hit, 3 pickup taken, 4 pickup back,
                               5 spawned, 6 reloaded */
    uint8_t weapon;
    uint8_t value;
    uint8_t reserved[3];
} muster_client_effect;

/* The world as one sees it at a tick: everybody in view, not what has changed. */
typedef struct muster_client_snapshot {
    uint32_t tick;
    uint32_t acknowledged; /* the newest of one's steps that the server has consumed */
    uint32_t sent;         /* the newest that was sent */
    uint32_t entity_count, shot_count, effect_count;
    const muster_client_self* own; /* NULL: not told in this one */
    const muster_client_entity* entities;
    const muster_client_shot* shots;
    const muster_client_effect* effects;
} muster_client_snapshot;

typedef struct muster_client_person {
    const char* name;
    uint16_t id;
    uint8_t generation; /* another one is another player */
    uint8_t team;
    uint8_t bot;
    uint8_t reserved[3];
} muster_client_person;

typedef struct muster_client_people {
    const muster_client_person* people;
    uint32_t count;
} muster_client_people;

typedef struct muster_client_chat {
    const char *name, *text;
    uint16_t from; /* or MUSTER_CLIENT_NOBODY: of the server */
    uint8_t team;
    uint8_t team_only;
} muster_client_chat;

/* Facts. */
enum {
    MUSTER_CLIENT_FACT_WALL_DESTROYED = 0, /* `index` */
    MUSTER_CLIENT_FACT_WALL_RETURNED = 1,
    MUSTER_CLIENT_FACT_KILLED = 2, /* `player` killed `other` */
    MUSTER_CLIENT_FACT_FLAG_TAKEN = 3,
    MUSTER_CLIENT_FACT_FLAG_DROPPED = 4,
    MUSTER_CLIENT_FACT_FLAG_RETURNED = 5,
    MUSTER_CLIENT_FACT_FLAG_CAPTURED = 6,
    MUSTER_CLIENT_FACT_MATCH_STARTED = 7,
    MUSTER_CLIENT_FACT_MATCH_ENDED = 8,
    MUSTER_CLIENT_FACT_PLAYER_JOINED = 9,
    MUSTER_CLIENT_FACT_PLAYER_LEFT = 10
};

typedef struct muster_client_fact {
    const char *player_name, *other_name;
    float x, y;
    uint32_t tick;
    uint16_t player, other, index;
    uint8_t fact, team, weapon;
    uint8_t reserved[3];
} muster_client_fact;

typedef struct muster_client_news {
    const muster_client_fact* facts;
    uint32_t count;
} muster_client_news;

typedef struct muster_client_custom {
    const void* payload;
    uint32_t payload_size;
    uint32_t command;
} muster_client_custom;

/* Kinds of notices. */
enum {
    MUSTER_CLIENT_NOTICE_OVERLOAD_FAR = 0, /* what is far is shown less often */
    MUSTER_CLIENT_NOTICE_OVERLOAD_RATE = 1,
    MUSTER_CLIENT_NOTICE_OVERLOAD_OVER = 2,
    MUSTER_CLIENT_NOTICE_REPLACED = 3,
    MUSTER_CLIENT_NOTICE_KICKED = 4,
    MUSTER_CLIENT_NOTICE_STOPPING = 5,
    MUSTER_CLIENT_NOTICE_CHAT_LIMITED = 6
};

typedef struct muster_client_notice {
    const char* text;
    uint32_t kind;
    uint32_t snapshot_rate;
} muster_client_notice;

typedef struct muster_client_match {
    uint32_t number, ends_tick;
    uint16_t winner, red, blue; /* a player or NOBODY; the teams' scores */
    uint8_t phase;              /* 0 waiting, 1 active, 2 ended */
    uint8_t winner_team;
    const muster_client_flag* flags;
    uint32_t flag_count;
} muster_client_match;

typedef struct muster_client_score {
    const char* name;
    int32_t score;
    uint16_t id, kills, deaths, captures;
    uint8_t team;
    uint8_t reserved[3];
} muster_client_score;

typedef struct muster_client_scores {
    const muster_client_score* rows; /* the first twenty and oneself */
    uint32_t count;
    uint16_t own_rank, players, bots;
} muster_client_scores;

typedef struct muster_client_alternative {
    const char *world, *server;
    uint32_t people, players_max;
} muster_client_alternative;

typedef struct muster_client_disconnected {
    int32_t code; /* MUSTER_CLIENT_LEFT, ... */
    uint32_t retry_after_ms;
    const char* message;
    const muster_client_alternative* alternatives; /* where there is room */
    uint32_t alternative_count;
} muster_client_disconnected;

typedef struct muster_client_event {
    uint32_t size; /* of what `of` points to */
    uint32_t kind; /* MUSTER_CLIENT_EVENT_... */
    union {
        const void* any; /* NULL of MOVED */
        const muster_client_worlds* worlds;
        const muster_client_servers* servers;
        const muster_client_failed* failed;
        const muster_client_welcome* welcome;
        const muster_client_snapshot* snapshot;
        const muster_client_people* people;
        const muster_client_chat* chat;
        const muster_client_news* news;
        const muster_client_custom* custom;
        const muster_client_notice* notice;
        const muster_client_match* match;
        const muster_client_scores* scores;
        const muster_client_disconnected* disconnected;
    } of;
} muster_client_event;

#ifdef __cplusplus
}
#endif

#endif
