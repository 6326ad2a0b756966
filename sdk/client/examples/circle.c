/*
 * Joins a world, says hello, walks in a circle for a while, prints what it sees, and leaves.
 *
 *     muster-circle [URL [SECONDS [WORLD]]]
 *
 * cc -std=c99 -O2 -o circle circle.c $(pkg-config --cflags --libs muster_client) -lm
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muster/client.h"

#define TICKS_A_SECOND 60.0
#define TICKS_A_ROUND 180.0

struct game {
    muster_client* client;
    double seconds;
    uint32_t first_tick; /* 0: no snapshot yet */
    uint32_t printed_at;
    unsigned long snapshots;
    int over;
    int failed;
};

/* The eight ways that buttons know, one after the other. */
static uint32_t way(double turns) {
    static const uint32_t ways[8] = {
        MUSTER_CLIENT_BUTTON_RIGHT, MUSTER_CLIENT_BUTTON_RIGHT | MUSTER_CLIENT_BUTTON_DOWN,
        MUSTER_CLIENT_BUTTON_DOWN,  MUSTER_CLIENT_BUTTON_LEFT | MUSTER_CLIENT_BUTTON_DOWN,
        MUSTER_CLIENT_BUTTON_LEFT,  MUSTER_CLIENT_BUTTON_LEFT | MUSTER_CLIENT_BUTTON_UP,
        MUSTER_CLIENT_BUTTON_UP,    MUSTER_CLIENT_BUTTON_RIGHT | MUSTER_CLIENT_BUTTON_UP,
    };
    return ways[(unsigned)(turns * 8) % 8];
}

static void walk(struct game* game, uint32_t tick) {
    muster_client_input input = MUSTER_CLIENT_INPUT_INIT;
    double turns = (double)(tick - game->first_tick) / TICKS_A_ROUND;
    turns -= floor(turns);
    input.buttons = way(turns);
    input.aim = (float)(turns * 2 * 3.14159265);
    muster_client_set_input(game->client, &input);
}

static void on_welcome(const muster_client_welcome* welcome) {
    static const char* const why[] = {"joined", "crossed to another server of", "returned to"};
    printf("%s %s as %s (id %u), on the map %s of %.0f x %.0f units\n",
           welcome->why < 3 ? why[welcome->why] : "plays in", welcome->world, welcome->name,
           (unsigned)welcome->player, welcome->map, welcome->width, welcome->height);
}

static void on_snapshot(struct game* game, const muster_client_snapshot* snapshot) {
    uint32_t i, alive = 0;
    if (game->first_tick == 0 || snapshot->tick < game->first_tick) {
        game->first_tick = game->printed_at = snapshot->tick;
        muster_client_say(game->client, "Hello!", 0);
    }
    ++game->snapshots;
    walk(game, snapshot->tick);
    if (snapshot->tick - game->printed_at >= TICKS_A_SECOND && snapshot->own != NULL) {
        game->printed_at = snapshot->tick;
        for (i = 0; i < snapshot->entity_count; ++i)
            if (snapshot->entities[i].state & MUSTER_CLIENT_STATE_ALIVE) ++alive;
        printf("tick %lu: at %.1f, %.1f with %u health; %lu others in view\n",
               (unsigned long)snapshot->tick, snapshot->own->x, snapshot->own->y,
               (unsigned)snapshot->own->health, (unsigned long)alive);
    }
    if ((double)(snapshot->tick - game->first_tick) >= game->seconds * TICKS_A_SECOND)
        muster_client_leave(game->client);
}

static void on_news(const muster_client_news* news) {
    uint32_t i;
    for (i = 0; i < news->count; ++i)
        if (news->facts[i].fact == MUSTER_CLIENT_FACT_KILLED)
            printf("%s killed %s\n", news->facts[i].player_name, news->facts[i].other_name);
}

static void on_event(struct game* game, const muster_client_event* event) {
    switch (event->kind) {
        case MUSTER_CLIENT_EVENT_WELCOME:
            on_welcome(event->of.welcome);
            break;
        case MUSTER_CLIENT_EVENT_SNAPSHOT:
            on_snapshot(game, event->of.snapshot);
            break;
        case MUSTER_CLIENT_EVENT_NEWS:
            on_news(event->of.news);
            break;
        case MUSTER_CLIENT_EVENT_CHAT:
            printf("%s: %s\n", event->of.chat->name, event->of.chat->text);
            break;
        case MUSTER_CLIENT_EVENT_NOTICE:
            printf("notice: %s\n", event->of.notice->text);
            break;
        case MUSTER_CLIENT_EVENT_LOST:
            printf("lost (%s), coming back\n", event->of.failed->message);
            break;
        case MUSTER_CLIENT_EVENT_DISCONNECTED:
            game->over = 1;
            game->failed = event->of.disconnected->code != MUSTER_CLIENT_LEFT;
            printf("%s: %s\n", muster_client_code_name(event->of.disconnected->code),
                   event->of.disconnected->message);
            break;
        default: /* a kind that this program does not care for, or does not know */
            break;
    }
}

int main(int argc, char** argv) {
    muster_client_options options = MUSTER_CLIENT_OPTIONS_INIT;
    muster_client_join_options wish = MUSTER_CLIENT_JOIN_OPTIONS_INIT;
    struct game game;
    char why[256];

    memset(&game, 0, sizeof game);
    game.seconds = argc > 2 ? atof(argv[2]) : 10;
    options.url = argc > 1 ? argv[1] : "http://127.0.0.1:8080";
    game.client = muster_client_open(&options, NULL, why, sizeof why);
    if (game.client == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    wish.world = argc > 3 ? argv[3] : NULL;
    wish.name = "Circle";
    muster_client_join(game.client, &wish);
    while (!game.over) {
        const muster_client_event* event = muster_client_poll(game.client, 1000);
        if (event != NULL) on_event(&game, event);
    }
    printf("%lu snapshots\n", game.snapshots);
    muster_client_close(game.client);
    return game.failed;
}
