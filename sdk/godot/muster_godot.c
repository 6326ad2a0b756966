/*
 * A class MusterClient for Godot 3 (GDNative, NativeScript): open, join, poll, set_input, say,
 * leave. What polling gives is a Dictionary. README.md tells how to build and use it.
 */
#include <stdlib.h>
#include <string.h>

#include "gdnative.h"
#include "muster/client.h"

#define EXPORT __attribute__((visibility("default")))

static const gd_core* core;
static const gd_nativescript* script;

/* ---- values -------------------------------------------------------------------------------- */

static gd_variant nothing(void) {
    gd_variant out;
    ((void (*)(gd_variant*))core->functions[GD_VARIANT_NEW_NIL])(&out);
    return out;
}

static gd_variant whole(int64_t value) {
    gd_variant out;
    ((void (*)(gd_variant*, int64_t))core->functions[GD_VARIANT_NEW_INT])(&out, value);
    return out;
}

static gd_variant real(double value) {
    gd_variant out;
    ((void (*)(gd_variant*, double))core->functions[GD_VARIANT_NEW_REAL])(&out, value);
    return out;
}

static gd_variant text(const char* value) {
    gd_variant out;
    gd_string string = ((gd_string(*)(const char*))core->functions[GD_STRING_CHARS_TO_UTF8])(value);
    ((void (*)(gd_variant*, const gd_string*))core->functions[GD_VARIANT_NEW_STRING])(&out,
                                                                                      &string);
    ((void (*)(gd_string*))core->functions[GD_STRING_DESTROY])(&string);
    return out;
}

static void release(gd_variant* value) {
    ((void (*)(gd_variant*))core->functions[GD_VARIANT_DESTROY])(value);
}

static gd_dictionary dictionary(void) {
    gd_dictionary out;
    ((void (*)(gd_dictionary*))core->functions[GD_DICTIONARY_NEW])(&out);
    return out;
}

/* Takes the value. */
static void set(gd_dictionary* of, const char* name, gd_variant value) {
    gd_variant key = text(name);
    ((void (*)(gd_dictionary*, const gd_variant*,
               const gd_variant*))core->functions[GD_DICTIONARY_SET])(of, &key, &value);
    release(&key);
    release(&value);
}

static gd_variant finished(gd_dictionary* value) {
    gd_variant out;
    ((void (*)(gd_variant*, const gd_dictionary*))core->functions[GD_VARIANT_NEW_DICTIONARY])(
        &out, value);
    ((void (*)(gd_dictionary*))core->functions[GD_DICTIONARY_DESTROY])(value);
    return out;
}

static int64_t as_whole(const gd_variant* value) {
    return ((int64_t (*)(const gd_variant*))core->functions[GD_VARIANT_AS_INT])(value);
}

static double as_real(const gd_variant* value) {
    return ((double (*)(const gd_variant*))core->functions[GD_VARIANT_AS_REAL])(value);
}

/* To be freed; NULL for an empty text. */
static char* as_text(const gd_variant* value) {
    gd_string string =
        ((gd_string(*)(const gd_variant*))core->functions[GD_VARIANT_AS_STRING])(value);
    gd_char_string bytes =
        ((gd_char_string(*)(const gd_string*))core->functions[GD_STRING_UTF8])(&string);
    const char* data =
        ((const char* (*)(const gd_char_string*))core->functions[GD_CHAR_STRING_GET_DATA])(&bytes);
    const size_t size = data != NULL ? strlen(data) : 0;
    char* out = size > 0 ? malloc(size + 1) : NULL;
    if (out != NULL) memcpy(out, data, size + 1);
    ((void (*)(gd_char_string*))core->functions[GD_CHAR_STRING_DESTROY])(&bytes);
    ((void (*)(gd_string*))core->functions[GD_STRING_DESTROY])(&string);
    return out;
}

/* ---- events -------------------------------------------------------------------------------- */

static gd_variant entities_of(const muster_client_snapshot* snapshot) {
    gd_array list;
    gd_variant out;
    uint32_t i;
    ((void (*)(gd_array*))core->functions[GD_ARRAY_NEW])(&list);
    for (i = 0; i < snapshot->entity_count; ++i) {
        const muster_client_entity* one = &snapshot->entities[i];
        gd_dictionary entity = dictionary();
        gd_variant value;
        set(&entity, "id", whole(one->id));
        set(&entity, "x", real(one->x));
        set(&entity, "y", real(one->y));
        set(&entity, "aim", real(one->aim));
        set(&entity, "team", whole(one->team));
        set(&entity, "health", whole(one->health));
        set(&entity, "state", whole(one->state));
        value = finished(&entity);
        ((void (*)(gd_array*, const gd_variant*))core->functions[GD_ARRAY_PUSH_BACK])(&list,
                                                                                      &value);
        release(&value);
    }
    ((void (*)(gd_variant*, const gd_array*))core->functions[GD_VARIANT_NEW_ARRAY])(&out, &list);
    ((void (*)(gd_array*))core->functions[GD_ARRAY_DESTROY])(&list);
    return out;
}

static void take_snapshot(gd_dictionary* out, const muster_client_snapshot* snapshot) {
    set(out, "tick", whole(snapshot->tick));
    set(out, "entities", entities_of(snapshot));
    if (snapshot->own == NULL) return;
    set(out, "x", real(snapshot->own->x));
    set(out, "y", real(snapshot->own->y));
    set(out, "health", whole(snapshot->own->health));
    set(out, "state", whole(snapshot->own->state));
}

static void take(gd_dictionary* out, const muster_client_event* event) {
    set(out, "kind", whole(event->kind));
    switch (event->kind) {
        case MUSTER_CLIENT_EVENT_WELCOME:
            set(out, "why", whole(event->of.welcome->why));
            set(out, "player", whole(event->of.welcome->player));
            set(out, "world", text(event->of.welcome->world));
            set(out, "name", text(event->of.welcome->name));
            set(out, "left", real(event->of.welcome->left));
            set(out, "top", real(event->of.welcome->top));
            set(out, "width", real(event->of.welcome->width));
            set(out, "height", real(event->of.welcome->height));
            break;
        case MUSTER_CLIENT_EVENT_SNAPSHOT:
            take_snapshot(out, event->of.snapshot);
            break;
        case MUSTER_CLIENT_EVENT_CHAT:
            set(out, "name", text(event->of.chat->name));
            set(out, "text", text(event->of.chat->text));
            break;
        case MUSTER_CLIENT_EVENT_NOTICE:
            set(out, "text", text(event->of.notice->text));
            break;
        case MUSTER_CLIENT_EVENT_DISCONNECTED:
            set(out, "code", whole(event->of.disconnected->code));
            set(out, "message", text(event->of.disconnected->message));
            break;
        default:
            break;
    }
}

/* ---- the class ----------------------------------------------------------------------------- */

struct player {
    muster_client* client;
};

static void* create(gd_object* object, void* data) {
    (void)object;
    (void)data;
    return calloc(1, sizeof(struct player));
}

static void destroy(gd_object* object, void* data, void* self) {
    (void)object;
    (void)data;
    if (self != NULL) muster_client_close(((struct player*)self)->client);
    free(self);
}

typedef gd_variant (*method)(struct player*, int, gd_variant**);

/* open(url): an error in words, or an empty text. */
static gd_variant open_url(struct player* self, int count, gd_variant** values) {
    muster_client_options options = MUSTER_CLIENT_OPTIONS_INIT;
    char why[256] = "open(url) takes a text";
    char* url = count > 0 ? as_text(values[0]) : NULL;
    if (url != NULL) {
        options.url = url;
        muster_client_close(self->client);
        self->client = muster_client_open(&options, NULL, why, sizeof why);
    }
    free(url);
    return text(why);
}

/* join(world, name): both may be empty. A MUSTER_CLIENT_ code, as of all that follow. */
static gd_variant join_world(struct player* self, int count, gd_variant** values) {
    muster_client_join_options wish = MUSTER_CLIENT_JOIN_OPTIONS_INIT;
    char* world = count > 0 ? as_text(values[0]) : NULL;
    char* name = count > 1 ? as_text(values[1]) : NULL;
    int32_t code;
    wish.world = world;
    wish.name = name;
    code = muster_client_join(self->client, &wish);
    free(world);
    free(name);
    return whole(code);
}

/* poll(): a Dictionary with `kind`, or null. */
static gd_variant poll_event(struct player* self, int count, gd_variant** values) {
    const muster_client_event* event = muster_client_poll(self->client, 0);
    gd_dictionary out;
    (void)count;
    (void)values;
    if (event == NULL) return nothing();
    out = dictionary();
    take(&out, event);
    return finished(&out);
}

/* set_input(buttons, aim) */
static gd_variant set_input(struct player* self, int count, gd_variant** values) {
    muster_client_input input = MUSTER_CLIENT_INPUT_INIT;
    if (count > 0) input.buttons = (uint32_t)as_whole(values[0]);
    if (count > 1) input.aim = (float)as_real(values[1]);
    return whole(muster_client_set_input(self->client, &input));
}

/* say(text) */
static gd_variant say(struct player* self, int count, gd_variant** values) {
    char* words = count > 0 ? as_text(values[0]) : NULL;
    const int32_t code = muster_client_say(self->client, words, 0);
    free(words);
    return whole(code);
}

static gd_variant leave(struct player* self, int count, gd_variant** values) {
    (void)count;
    (void)values;
    return whole(muster_client_leave(self->client));
}

static const struct {
    const char* name;
    method call;
} methods[] = {{"open", open_url},       {"join", join_world}, {"poll", poll_event},
               {"set_input", set_input}, {"say", say},         {"leave", leave}};

static gd_variant call(gd_object* object, void* data, void* self, int count, gd_variant** values) {
    (void)object;
    if (self == NULL) return nothing();
    return methods[(size_t)data - 1].call((struct player*)self, count, values);
}

EXPORT void godot_gdnative_init(gd_init_options* options) {
    unsigned i;
    core = options->core;
    for (i = 0; i < core->extension_count; ++i) {
        if (core->extensions[i]->type == GD_EXTENSION_NATIVESCRIPT)
            script = (const gd_nativescript*)core->extensions[i];
    }
}

EXPORT void godot_gdnative_terminate(void* options) {
    (void)options;
    core = NULL;
    script = NULL;
}

EXPORT void godot_nativescript_init(void* handle) {
    const gd_create made = {create, NULL, NULL};
    const gd_destroy gone = {destroy, NULL, NULL};
    const gd_attributes none = {0};
    size_t i;
    if (script == NULL) return;
    script->register_class(handle, "MusterClient", "Reference", made, gone);
    for (i = 0; i < sizeof methods / sizeof methods[0]; ++i) {
        const gd_method one = {call, (void*)(i + 1), NULL};
        script->register_method(handle, "MusterClient", methods[i].name, none, one);
    }
}
