/*
 * The part of Godot 3's GDNative that muster_godot.c uses, by its documentation: of the table of
 * core functions only where those few stand, by the order of modules/gdnative/gdnative_api.json
 * (core 1.0, nativescript 1.0). Versions only add behind.
 */
#ifndef MUSTER_GODOT_GDNATIVE_H
#define MUSTER_GODOT_GDNATIVE_H

#include <stdbool.h>
#include <stdint.h>

/* Opaque, by size. */
typedef struct gd_variant {
    uint64_t bytes[3];
} gd_variant;
typedef struct gd_pointer {
    void* bytes;
} gd_pointer;
typedef gd_pointer gd_string;
typedef gd_pointer gd_char_string;
typedef gd_pointer gd_array;
typedef gd_pointer gd_dictionary;
typedef void gd_object;

typedef void (*gd_function)(void);

enum {
    GD_ARRAY_NEW = 323,
    GD_ARRAY_PUSH_BACK = 351,
    GD_ARRAY_DESTROY = 361,
    GD_DICTIONARY_NEW = 362,
    GD_DICTIONARY_DESTROY = 364,
    GD_DICTIONARY_SET = 375,
    GD_VARIANT_NEW_NIL = 509,
    GD_VARIANT_NEW_INT = 512,
    GD_VARIANT_NEW_REAL = 513,
    GD_VARIANT_NEW_STRING = 514,
    GD_VARIANT_NEW_DICTIONARY = 528,
    GD_VARIANT_NEW_ARRAY = 529,
    GD_VARIANT_AS_INT = 539,
    GD_VARIANT_AS_REAL = 540,
    GD_VARIANT_AS_STRING = 541,
    GD_VARIANT_DESTROY = 570,
    GD_CHAR_STRING_GET_DATA = 572,
    GD_CHAR_STRING_DESTROY = 573,
    GD_STRING_UTF8 = 678,
    GD_STRING_CHARS_TO_UTF8 = 681,
    GD_STRING_DESTROY = 721,
    GD_CORE_FUNCTIONS = 744
};

typedef struct gd_version {
    unsigned major, minor;
} gd_version;

enum { GD_EXTENSION_NATIVESCRIPT = 1 };

typedef struct gd_extension {
    unsigned type;
    gd_version version;
    const struct gd_extension* next;
} gd_extension;

typedef struct gd_core {
    unsigned type;
    gd_version version;
    const gd_extension* next;
    unsigned extension_count;
    const gd_extension** extensions;
    gd_function functions[GD_CORE_FUNCTIONS];
} gd_core;

typedef struct gd_create {
    void* (*create)(gd_object*, void*);
    void* data;
    void (*release)(void*);
} gd_create;
typedef struct gd_destroy {
    void (*destroy)(gd_object*, void*, void*);
    void* data;
    void (*release)(void*);
} gd_destroy;
typedef struct gd_attributes {
    int rpc; /* 0: none */
} gd_attributes;
typedef struct gd_method {
    gd_variant (*call)(gd_object*, void*, void*, int, gd_variant**);
    void* data;
    void (*release)(void*);
} gd_method;

typedef struct gd_nativescript {
    unsigned type;
    gd_version version;
    const gd_extension* next;
    void (*register_class)(void* handle, const char* name, const char* base, gd_create create,
                           gd_destroy destroy);
    gd_function register_tool_class;
    void (*register_method)(void* handle, const char* name, const char* function,
                            gd_attributes attributes, gd_method method);
} gd_nativescript;

typedef struct gd_init_options {
    bool in_editor;
    uint64_t core_hash, editor_hash, no_hash;
    gd_function report_version_mismatch, report_loading_error;
    gd_object* library;
    const gd_core* core;
    const gd_string* path;
} gd_init_options;

#endif
