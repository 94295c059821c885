/* history_fixture.h - a table with recovery, and what it was at some versions, by a plain model. */
#pragma once

#include "backup/history.h"
#include "base/clock.h"
#include "item/item.h"
#include "table/index_fixture.h"
#include "table/recovery.h"

#define HISTORY_KEYS       40
#define HISTORY_POINTS_MAX 64
#ifndef HISTORY_FILL_DIGITS /* of an item's text, which do not compress well if there are many */
#define HISTORY_FILL_DIGITS 30
#endif

/* The items, by their sort key's number: 0 for one that is not there. */
struct history_point {
    uint64_t version;
    unsigned values[HISTORY_KEYS];
};

struct history_bed {
    struct index_bed bed;
    struct history_source source;
    uint64_t *clock_ms; /* a test's; NULL: the real one */
    uint64_t chance;
    unsigned next;
    unsigned values[HISTORY_KEYS];
    struct history_point points[HISTORY_POINTS_MAX];
    unsigned point_count;
};

static inline struct bytes history_text(unsigned value, struct arena *arena)
{
    char *digits = arena_alloc(arena, HISTORY_FILL_DIGITS);
    uint32_t chance = value;

    for (unsigned i = HISTORY_FILL_DIGITS; i-- > 0;) {
        chance = chance * 1664525 + 1013904223;
        digits[i] = (char)('0' + (HISTORY_FILL_DIGITS > 30 ? chance >> 16 : value) % 10);
        value /= 10;
    }
    return bytes_make(digits, HISTORY_FILL_DIGITS);
}

static inline struct value history_item(unsigned key, unsigned value, struct arena *arena)
{
    struct bytes json;

    if (value == 0)
        json = arena_format(arena, "{\"pk\":{\"S\":\"p%u\"},\"sk\":{\"N\":\"%u\"}}", key % 7, key);
    else
        json = arena_format(arena,
                            "{\"pk\":{\"S\":\"p%u\"},\"sk\":{\"N\":\"%u\"},\"v\":{\"N\":\"%u\"},"
                            "\"text\":{\"S\":\"%.*s\"}}",
                            key % 7, key, value, BYTES_ARGS(history_text(value, arena)));
    return value_make_map((const char *)json.data, arena);
}

/* What an item of the table says of itself. False: it is none of ours. */
static inline bool history_item_read(struct value attributes, unsigned *key, unsigned *value,
                                     struct arena *arena)
{
    struct bytes texts[2];
    static const char *const names[] = {"sk", "v"};

    for (unsigned i = 0; i < 2; i++) {
        struct value found;
        struct buf out;

        if (!value_find(attributes, bytes_of_string(names[i]), &found) || found.type != VALUE_N)
            return false;
        buf_init_arena(&out, arena, SIZE_MAX);
        number_append_text(&out, found.payload);
        buf_append_byte(&out, 0);
        texts[i] = buf_finish_arena(&out);
    }
    *key = (unsigned)strtoul((const char *)texts[0].data, NULL, 10);
    *value = (unsigned)strtoul((const char *)texts[1].data, NULL, 10);
    return *key < HISTORY_KEYS && value_equal(attributes, history_item(*key, *value, arena));
}

static inline void history_bed_recover(struct history_bed *bed, unsigned days)
{
    struct table_definition next = bed->bed.table->definition;

    recovery_set(&next, days, clock_wall_ms());
    index_bed_put_definition(&bed->bed, &next);
    while (clock_wall_ms() < bed->bed.table->definition.recovery.from_ms)
        if (bed->clock_ms != NULL)
            clock_set_test(++*bed->clock_ms);
}

static inline void history_bed_open(struct history_bed *bed, bool on_disk)
{
    *bed = (struct history_bed){.bed = {.on_disk = on_disk}, .chance = 99};
    index_bed_open(&bed->bed);
    index_bed_create(&bed->bed, 0);
    bed->source = (struct history_source){
        .catalog = bed->bed.catalog,
        .scratch = unit_temp_dir(),
        .memory_bytes_max = 1,
    };
}

static inline void history_bed_set(struct history_bed *bed, unsigned key, unsigned value)
{
    struct arena arena;

    arena_init(&arena);
    CHECK_OK(index_bed_write(&bed->bed, bed->bed.table, value != 0 ? TABLE_PUT : TABLE_DELETE,
                             history_item(key, value, &arena), 0));
    bed->values[key] = value;
    arena_fini(&arena);
}

/* Puts new items, changes, the same once more, and deletes, now and then of what is not there. */
static inline void history_bed_write(struct history_bed *bed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned key = chance_below(&bed->chance, HISTORY_KEYS);
        unsigned what = chance_below(&bed->chance, 10);

        history_bed_set(bed, key, what < 3 ? 0 : what == 3 ? bed->values[key] : ++bed->next);
    }
}

/* Remembers what the table is now. */
static inline void history_bed_point(struct history_bed *bed)
{
    struct history_point *point = &bed->points[bed->point_count++];
    uint64_t first = bed->bed.table->definition.recovery.from_ms << 16;

    CHECK(bed->point_count <= HISTORY_POINTS_MAX);
    point->version = store_version(bed->bed.store);
    if (point->version < first - 1)
        point->version = first - 1; /* recovery begins, and nothing was written since */
    memcpy(point->values, bed->values, sizeof(point->values));
}

/* The table as it was is what was remembered. */
static inline void history_bed_check_point(struct history_bed *bed,
                                           const struct history_point *point)
{
    unsigned values[HISTORY_KEYS] = {0};
    struct bytes key, stored, before = {0};
    struct history *history;
    struct arena arena;
    struct item item;
    enum err err;

    arena_init(&arena);
    err = history_open(&bed->source, &bed->bed.table->definition, point->version, NULL, NULL,
                       &history);
    CHECK_OK(err);
    while (err == OK && (err = history_next(history, &key, &stored)) == OK) {
        unsigned k, v;

        CHECK(before.size == 0 || bytes_compare(before, key) < 0);
        before = arena_copy(&arena, key);
        CHECK_OK(item_check(stored));
        CHECK_OK(item_open(stored, &item));
        if (history_item_read(item.attributes, &k, &v, &arena))
            values[k] = v;
        else
            unit_failed(__FILE__, __LINE__, "an item that nobody wrote");
    }
    CHECK_ERR(err, ERR_ABSENT);
    for (unsigned i = 0; i < HISTORY_KEYS; i++)
        CHECK_U64(values[i], point->values[i]);
    if (err == ERR_ABSENT)
        history_close(&history);
    arena_fini(&arena);
}

/* What changed between two points is what differs, and whatever else was touched is what it was. */
static inline void history_bed_check_window(struct history_bed *bed,
                                            const struct history_point *from,
                                            const struct history_point *to)
{
    bool told[HISTORY_KEYS] = {false};
    struct history_changes *changes;
    struct history_change change;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    err = history_changes_open(&bed->source, &bed->bed.table->definition, from->version,
                               to->version, NULL, NULL, &changes);
    CHECK_OK(err);
    while (err == OK && (err = history_changes_next(changes, &change)) == OK) {
        unsigned k = HISTORY_KEYS, old = 0, new = 0;

        if (change.existed)
            CHECK(history_item_read(change.old, &k, &old, &arena));
        if (change.exists)
            CHECK(history_item_read(change.new, &k, &new, &arena));
        if (k >= HISTORY_KEYS) {
            unit_failed(__FILE__, __LINE__, "a change of nothing");
            break;
        }
        CHECK(!told[k]);
        told[k] = true;
        CHECK_U64(old, from->values[k]);
        CHECK_U64(new, to->values[k]);
        CHECK(value_equal(change.keys, history_item(k, 0, &arena)));
        CHECK(change.version > from->version && change.version <= to->version);
    }
    CHECK_ERR(err, ERR_ABSENT);
    for (unsigned i = 0; i < HISTORY_KEYS; i++)
        CHECK(told[i] || from->values[i] == to->values[i]);
    if (err == ERR_ABSENT)
        history_changes_close(&changes);
    arena_fini(&arena);
}

static inline void history_bed_close(struct history_bed *bed)
{
    index_bed_close(&bed->bed);
}
