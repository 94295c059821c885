/* shard.c - boundaries of shards as records, and the lineage that they make.
 * Layout of a record's value (docs/decisions/0001-stored-formats.md), numbers big-endian:
 *   0 format u8 · 1 kind u8 · 2 parent u64 · from format 2 on: 10 parent's lane u16 · 12 last lane
 *   u16
 * Format 1 is from the time of one lane, TABLE_JOURNAL_LANE_OF_ALL.
 */
#include "table/shard.h"

#include "base/assert.h"
#include "table/table_keys.h"

#include <stdlib.h>

#define FORMAT             2
#define BYTES_OF_FORMAT_1  10
#define BYTES_OF_FORMAT_2  14
#define KIND_OFFSET        1
#define PARENT_OFFSET      2
#define PARENT_LANE_OFFSET 10
#define LAST_LANE_OFFSET   12

#define NAME_BEGIN     "shard/"
#define NAME_BYTES     (sizeof(NAME_BEGIN) - 1 + 4 + 8 + 2 + 8)
#define VERSION_OFFSET (KEY_PREFIX_BYTES + NAME_BYTES - 8)
#define LANE_OFFSET    (VERSION_OFFSET - 2)
#define SHARDS_MIN     16

/* Stored: never renumber. */
enum boundary_kind { BOUNDARY_BEGINS = 1, BOUNDARY_ENDS = 2 };

/* One record. */
struct boundary {
    enum boundary_kind kind;
    struct stream_shard shard; /* without its end */
};

static struct bytes key_of(uint32_t table_id, uint64_t label_ms, uint16_t lane, uint64_t version,
                           struct arena *arena);
static enum err read_boundary(struct bytes key, struct bytes value, struct boundary *boundary);
static void add(struct shard_list *list, unsigned *capacity, const struct stream_shard *shard,
                struct arena *arena);
static void link_up(struct shard_list *list);
static void put(struct store_mutation *mutation, const struct table_definition *table,
                const struct boundary *boundary, struct arena *arena);

static struct bytes key_of(uint32_t table_id, uint64_t label_ms, uint16_t lane, uint64_t version,
                           struct arena *arena)
{
    uint8_t name[NAME_BYTES] = NAME_BEGIN;
    uint8_t *at = name + sizeof(NAME_BEGIN) - 1;

    bytes_put_u32(at, table_id);
    bytes_put_u64(at + 4, label_ms);
    bytes_put_u16(at + 12, lane);
    bytes_put_u64(at + 14, version);
    return table_meta_key(bytes_make(name, sizeof(name)), arena);
}

struct store_range shard_range(const struct table_definition *table, struct arena *arena)
{
    struct bytes prefix = key_of(table->id, table->stream.label_ms, 0, 0, arena);

    prefix.size -= 2 + 8;
    return (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
}

struct store_range shard_range_of_table(uint32_t table_id, struct arena *arena)
{
    struct bytes prefix = key_of(table_id, 0, 0, 0, arena);

    prefix.size -= 8 + 2 + 8;
    return (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
}

/* --- reading --------------------------------------------------------------------------------- */

enum err shard_read_all(struct store *store, const struct table_definition *table, bool may_wait,
                        struct arena *arena, struct shard_list *list)
{
    struct store_cursor *cursor =
        store_cursor_open(store, NULL, STORE_DATA, shard_range(table, arena), may_wait);
    struct shard_list read = {0};
    struct bytes key, value;
    unsigned capacity = 0;
    enum err err;

    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        struct boundary boundary;

        err = read_boundary(key, value, &boundary);
        if (err != OK)
            break;
        if (boundary.kind == BOUNDARY_ENDS)
            read.ended = boundary.shard.begin;
        else
            add(&read, &capacity, &boundary.shard, arena);
    }
    store_cursor_close(&cursor);
    if (err != ERR_ABSENT)
        return err;
    link_up(&read);
    *list = read;
    return OK;
}

static enum err read_boundary(struct bytes key, struct bytes value, struct boundary *boundary)
{
    struct boundary read = {0};
    uint8_t format = value.size == 0 ? 0 : value.data[0];

    if (format > FORMAT)
        return ERR_NEWER_FORMAT;
    if (format == 0 || key.size != KEY_PREFIX_BYTES + NAME_BYTES ||
        value.size != (format == 1 ? BYTES_OF_FORMAT_1 : BYTES_OF_FORMAT_2))
        return ERR_CORRUPT;
    if (value.data[KIND_OFFSET] > BOUNDARY_ENDS)
        return ERR_NEWER_FORMAT;
    read.kind = (enum boundary_kind)value.data[KIND_OFFSET];
    read.shard.begin = bytes_get_u64(key.data + VERSION_OFFSET);
    read.shard.parent = bytes_get_u64(value.data + PARENT_OFFSET);
    read.shard.lanes = TABLE_JOURNAL_ALL_LANES;
    if (format > 1) {
        read.shard.parent_lane = bytes_get_u16(value.data + PARENT_LANE_OFFSET);
        read.shard.lanes.first = bytes_get_u16(key.data + LANE_OFFSET);
        read.shard.lanes.last = bytes_get_u16(value.data + LAST_LANE_OFFSET);
    }
    if (read.kind == 0 || read.shard.lanes.first > read.shard.lanes.last ||
        read.shard.lanes.last > TABLE_JOURNAL_LANES)
        return ERR_CORRUPT;
    *boundary = read;
    return OK;
}

static void add(struct shard_list *list, unsigned *capacity, const struct stream_shard *shard,
                struct arena *arena)
{
    if (list->count == *capacity) {
        size_t before = *capacity * sizeof(list->shards[0]);

        *capacity = *capacity == 0 ? SHARDS_MIN : *capacity * 2;
        list->shards =
            arena_resize(arena, list->shards, before, *capacity * sizeof(list->shards[0]));
    }
    list->shards[list->count++] = *shard;
}

static int by_age(const void *a, const void *b)
{
    const struct stream_shard *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (int)x->lanes.first - (int)y->lanes.first;
}

/* Puts them into order, and says of each where it ends. */
static void link_up(struct shard_list *list)
{
    struct stream_shard *latest[TABLE_JOURNAL_LANE_COUNT] = {NULL};

    if (list->count > 1)
        qsort(list->shards, list->count, sizeof(list->shards[0]), by_age);
    for (unsigned i = 0; i < list->count; i++) {
        struct stream_shard *shard = &list->shards[i];

        for (unsigned lane = shard->lanes.first; lane <= shard->lanes.last; lane++) {
            if (latest[lane] != NULL && latest[lane]->end == 0)
                latest[lane]->end = shard->begin;
            latest[lane] = shard;
        }
    }
    for (unsigned i = 0; i < list->count; i++)
        if (list->shards[i].end == 0)
            list->shards[i].end = list->ended;
}

enum err shard_check_record(struct bytes key, struct bytes value)
{
    struct boundary boundary;

    if (!bytes_start_with(bytes_skip(key, KEY_PREFIX_BYTES), BYTES(NAME_BEGIN)))
        return OK;
    return read_boundary(key, value, &boundary);
}

static const struct stream_shard *find(const struct shard_list *list, uint64_t begin, uint16_t lane)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->shards[i].begin == begin && list->shards[i].lanes.first == lane)
            return &list->shards[i];
    return NULL;
}

/* Each lane is in one shard at a time, the newest ones are all open or all ended, and a shard
 * begins where its parent ends, with lanes of the parent's. */
const char *shard_check_lineage(const struct shard_list *list)
{
    const struct stream_shard *latest[TABLE_JOURNAL_LANE_COUNT] = {NULL};

    for (unsigned i = 0; i < list->count; i++) {
        const struct stream_shard *shard = &list->shards[i];
        const struct stream_shard *parent = find(list, shard->parent, shard->parent_lane);

        if (shard->end != 0 && shard->end <= shard->begin)
            return "a shard that shares a lane with another";
        if (parent != NULL &&
            (parent->end != shard->begin || shard->lanes.last > parent->lanes.last ||
             shard->lanes.first < parent->lanes.first))
            return "a shard that does not go on where its parent ends";
        for (unsigned lane = shard->lanes.first; lane <= shard->lanes.last; lane++)
            latest[lane] = shard;
    }
    for (unsigned lane = 1; lane <= TABLE_JOURNAL_LANES; lane++)
        if (list->count > 0 && (latest[lane] == NULL || latest[lane]->end != list->ended))
            return "a lane without a shard";
    return NULL;
}

/* --- changes --------------------------------------------------------------------------------- */

static void put(struct store_mutation *mutation, const struct table_definition *table,
                const struct boundary *boundary, struct arena *arena)
{
    const struct stream_shard *shard = &boundary->shard;
    uint8_t value[BYTES_OF_FORMAT_2] = {FORMAT, (uint8_t)boundary->kind};

    bytes_put_u64(value + PARENT_OFFSET, shard->parent);
    bytes_put_u16(value + PARENT_LANE_OFFSET, shard->parent_lane);
    bytes_put_u16(value + LAST_LANE_OFFSET, shard->lanes.last);
    store_mutation_put(mutation, STORE_DATA,
                       key_of(table->id, table->stream.label_ms, shard->lanes.first, 0, arena),
                       VERSION_OFFSET, bytes_make(value, sizeof(value)), STORE_NO_STAMP);
}

/* The lanes, divided. */
static void put_parts(struct store_mutation *mutation, const struct table_definition *table,
                      struct boundary *boundary, unsigned count, struct arena *arena)
{
    struct journal_lanes lanes = boundary->shard.lanes;
    unsigned width = (lanes.last - lanes.first + 1U) / count;

    ASSERT(width > 0 && width * count == lanes.last - lanes.first + 1U);
    for (unsigned i = 0; i < count; i++) {
        boundary->shard.lanes.first = (uint16_t)(lanes.first + i * width);
        boundary->shard.lanes.last = (uint16_t)(lanes.first + (i + 1) * width - 1);
        put(mutation, table, boundary, arena);
    }
}

void shard_put_first(struct store_mutation *mutation, const struct table_definition *table,
                     unsigned count, struct arena *arena)
{
    struct boundary boundary = {.kind = BOUNDARY_BEGINS, .shard.lanes = {1, TABLE_JOURNAL_LANES}};

    put_parts(mutation, table, &boundary, count, arena);
}

/* What a shard has of the lane of all slots, its children have not: nothing is written there. */
void shard_put_children(struct store_mutation *mutation, const struct table_definition *table,
                        const struct stream_shard *shard, unsigned count, struct arena *arena)
{
    struct boundary boundary = {
        .kind = BOUNDARY_BEGINS,
        .shard = {.parent = shard->begin, .parent_lane = shard->lanes.first, .lanes = shard->lanes},
    };

    ASSERT(shard->end == 0);
    if (boundary.shard.lanes.first == TABLE_JOURNAL_LANE_OF_ALL)
        boundary.shard.lanes.first++;
    put_parts(mutation, table, &boundary, count, arena);
}

bool shard_divides(const struct stream_shard *shard)
{
    return shard->lanes.last > shard->lanes.first;
}

void shard_put_end(struct store_mutation *mutation, const struct table_definition *table,
                   struct arena *arena)
{
    struct boundary boundary = {.kind = BOUNDARY_ENDS, .shard.lanes = TABLE_JOURNAL_ALL_LANES};

    put(mutation, table, &boundary, arena);
}

void shard_delete(struct store_mutation *mutation, const struct table_definition *table,
                  const struct stream_shard *shard, struct arena *arena)
{
    store_mutation_delete(
        mutation, STORE_DATA,
        key_of(table->id, table->stream.label_ms, shard->lanes.first, shard->begin, arena));
}

void shard_delete_end(struct store_mutation *mutation, const struct table_definition *table,
                      uint64_t ended, struct arena *arena)
{
    store_mutation_delete(
        mutation, STORE_DATA,
        key_of(table->id, table->stream.label_ms, TABLE_JOURNAL_ALL_LANES.first, ended, arena));
}
