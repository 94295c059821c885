/* item_fixture.h - what the tests of items share: values from JSON, bytes as hex, chance. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "item/number.h"
#include "item/value.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The same numbers in every run. */
static inline uint64_t chance_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline unsigned chance_below(uint64_t *state, unsigned limit)
{
    return (unsigned)((chance_next(state) >> 16) % limit);
}

static inline struct bytes bytes_of_hex(const char *hex, struct arena *arena)
{
    uint8_t *data = arena_alloc(arena, strlen(hex) / 2);
    size_t size = 0;
    unsigned byte;

    for (; *hex != 0; hex++) {
        if (*hex == ' ')
            continue;
        CHECK(sscanf(hex, "%2x", &byte) == 1);
        data[size++] = (uint8_t)byte;
        hex++;
    }
    return bytes_make(data, size);
}

/* Against "03 41 02 00"; spaces are for the eye. */
#define CHECK_HEX(actual, hex)                                             \
    do {                                                                   \
        struct bytes hex_actual_ = (actual);                               \
        char hex_text_[4096], hex_wanted_[4096];                           \
        size_t hex_size_ = 0;                                              \
        for (size_t i_ = 0; i_ < hex_actual_.size && i_ < 2000; i_++)      \
            snprintf(hex_text_ + 2 * i_, 3, "%02x", hex_actual_.data[i_]); \
        hex_text_[2 * hex_actual_.size] = 0;                               \
        for (const char *at_ = (hex); *at_ != 0; at_++)                    \
            if (*at_ != ' ')                                               \
                hex_wanted_[hex_size_++] = *at_;                           \
        hex_wanted_[hex_size_] = 0;                                        \
        CHECK_TEXT(bytes_of_string(hex_text_), hex_wanted_);               \
    } while (0)

/* A value or a map of values from JSON text; what they point to is in the arena. */
static inline enum err value_of_text(struct bytes json, bool map, struct arena *arena,
                                     struct fault *fault, struct value *value)
{
    yyjson_doc *doc = yyjson_read((const char *)json.data, json.size, 0);
    enum err err;

    fault_init(fault, arena);
    if (doc == NULL) {
        unit_failed(__FILE__, __LINE__, "not JSON: %.*s", BYTES_ARGS(json));
        return ERR_CORRUPT;
    }
    err = map ? value_map_from_json(yyjson_doc_get_root(doc), arena, fault, value)
              : value_from_json(yyjson_doc_get_root(doc), arena, fault, value);
    yyjson_doc_free(doc);
    return err;
}

static inline struct value value_make(const char *json, struct arena *arena)
{
    struct value value = {VALUE_NULL, BYTES("")};
    struct fault fault;

    CHECK_OK(value_of_text(bytes_of_string(json), false, arena, &fault, &value));
    return value;
}

static inline struct value value_make_map(const char *json, struct arena *arena)
{
    struct value value = {VALUE_M, BYTES("\0")};
    struct fault fault;

    CHECK_OK(value_of_text(bytes_of_string(json), true, arena, &fault, &value));
    return value;
}

static inline struct bytes json_of(struct value value, struct arena *arena)
{
    struct buf buf;

    buf_init_arena(&buf, arena, SIZE_MAX);
    value_append_json(&buf, value);
    return buf_finish_arena(&buf);
}
