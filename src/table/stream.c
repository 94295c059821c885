/* stream.c - records of streams and of their shards' boundaries: keys, reading, changes. */
#include "table/stream.h"

#include "base/assert.h"
#include "table/table_keys.h"

#define BOUNDARY_FORMAT 1
#define BOUNDARY_BYTES  10 /* format u8 · kind u8 · parent u64 */
#define KIND_OFFSET     1
#define PARENT_OFFSET   2
#define STREAM_BEGIN    "stream/"
#define SHARD_BEGIN     "shard/"
#define SHARD_BYTES     (sizeof(SHARD_BEGIN) - 1 + 4 + 8 + 2 + 8)
#define VERSION_OFFSET  (KEY_PREFIX_BYTES + SHARD_BYTES - 8)
#define SHARDS_MIN      16

/* Stored: never renumber. */
enum boundary_kind { BOUNDARY_BEGINS = 1, BOUNDARY_ENDS = 2 };

static struct bytes shard_key(uint32_t table_id, uint64_t label_ms, uint16_t lane, uint64_t version,
                              struct arena *arena);
static struct bytes shard_prefix(uint32_t table_id, struct arena *arena);
static struct store_range range_of(const struct stream_query *query, struct arena *arena);
static enum err read_stream(struct bytes key, struct bytes value, struct arena *arena,
                            struct stream *stream);
static enum err add_boundary(struct stream *stream, unsigned *capacity, struct bytes key,
                             struct bytes value, struct arena *arena);
static void put_boundary(struct store_mutation *mutation, const struct table_definition *table,
                         enum boundary_kind kind, uint64_t parent, struct arena *arena);
static void put_stream(struct store_mutation *mutation, const struct table_definition *table,
                       struct arena *arena);

uint64_t stream_horizon(uint64_t now_ms)
{
    uint64_t steps = now_ms / STREAM_TRIM_STEP_MS;
    uint64_t kept = STREAM_RETENTION_MS / STREAM_TRIM_STEP_MS;

    return steps <= kept ? 0 : (steps - kept) * STREAM_TRIM_STEP_MS << 16;
}

struct bytes stream_key(struct bytes account, struct bytes region, struct bytes table,
                        uint64_t label_ms, struct arena *arena)
{
    struct buf name;

    buf_init_arena(&name, arena, SIZE_MAX);
    buf_append_format(&name, STREAM_BEGIN "%.*s/%.*s/%.*s/", BYTES_ARGS(account),
                      BYTES_ARGS(region), BYTES_ARGS(table));
    if (label_ms != 0) {
        uint8_t label[8];

        bytes_put_u64(label, label_ms);
        buf_append(&name, label, sizeof(label));
    }
    return table_meta_key(buf_finish_arena(&name), arena);
}

static struct bytes shard_key(uint32_t table_id, uint64_t label_ms, uint16_t lane, uint64_t version,
                              struct arena *arena)
{
    uint8_t name[SHARD_BYTES] = SHARD_BEGIN;
    uint8_t *at = name + sizeof(SHARD_BEGIN) - 1;

    bytes_put_u32(at, table_id);
    bytes_put_u64(at + 4, label_ms);
    bytes_put_u16(at + 12, lane);
    bytes_put_u64(at + 14, version);
    return table_meta_key(bytes_make(name, sizeof(name)), arena);
}

/* Of the boundaries of all streams of a table. */
static struct bytes shard_prefix(uint32_t table_id, struct arena *arena)
{
    struct bytes key = shard_key(table_id, 0, 0, 0, arena);

    key.size -= 8 + 2 + 8;
    return key;
}

/* --- reading --------------------------------------------------------------------------------- */

enum err stream_find(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                     struct stream *stream)
{
    struct bytes value;
    enum err err = store_get(store, NULL, STORE_DATA, key, may_wait, arena, &value);

    if (err == OK)
        err = read_stream(key, value, arena, stream);
    return err == OK ? stream_read_shards(store, stream, may_wait, arena) : err;
}

enum err stream_read_shards(struct store *store, struct stream *stream, bool may_wait,
                            struct arena *arena)
{
    const struct table_definition *d = &stream->table;
    struct bytes prefix = shard_key(d->id, d->stream.label_ms, 0, 0, arena);
    struct store_range range;
    struct store_cursor *cursor;
    struct bytes key, value;
    unsigned capacity = 0;
    enum err err;

    prefix.size -= 2 + 8;
    range = (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
    cursor = store_cursor_open(store, NULL, STORE_DATA, range, may_wait);
    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        err = add_boundary(stream, &capacity, key, value, arena);
        if (err != OK)
            break;
    }
    store_cursor_close(&cursor);
    return err == ERR_ABSENT ? OK : err;
}

enum err stream_check_record(struct bytes key, struct bytes value, struct arena *arena)
{
    struct bytes name = bytes_skip(key, KEY_PREFIX_BYTES);
    struct stream stream = {0};
    unsigned capacity = 0;

    if (key.data[4] != KEY_SPACE_META)
        return OK;
    if (bytes_start_with(name, BYTES(SHARD_BEGIN)))
        return add_boundary(&stream, &capacity, key, value, arena);
    return bytes_start_with(name, BYTES(STREAM_BEGIN)) ? read_stream(key, value, arena, &stream)
                                                       : OK;
}

/* A boundary ends the shard before it in its lane, and begins one or ends the stream. */
static enum err add_boundary(struct stream *stream, unsigned *capacity, struct bytes key,
                             struct bytes value, struct arena *arena)
{
    struct stream_shard *last =
        stream->shard_count > 0 ? &stream->shards[stream->shard_count - 1] : NULL;
    uint64_t version;
    uint16_t lane;

    if (key.size != KEY_PREFIX_BYTES + SHARD_BYTES || value.size != BOUNDARY_BYTES ||
        value.data[0] == 0)
        return ERR_CORRUPT;
    if (value.data[0] > BOUNDARY_FORMAT || value.data[KIND_OFFSET] > BOUNDARY_ENDS)
        return ERR_NEWER_FORMAT;
    version = bytes_get_u64(key.data + VERSION_OFFSET);
    lane = bytes_get_u16(key.data + VERSION_OFFSET - 2);
    if (last != NULL && last->lane == lane && last->end == 0)
        last->end = version;
    if (value.data[KIND_OFFSET] == BOUNDARY_ENDS) {
        stream->ended = version;
        return OK;
    }
    if (stream->shard_count == *capacity) {
        size_t before = *capacity * sizeof(stream->shards[0]);

        *capacity = *capacity == 0 ? SHARDS_MIN : *capacity * 2;
        stream->shards =
            arena_resize(arena, stream->shards, before, *capacity * sizeof(stream->shards[0]));
    }
    stream->shards[stream->shard_count++] = (struct stream_shard){
        .begin = version, .parent = bytes_get_u64(value.data + PARENT_OFFSET), .lane = lane};
    return OK;
}

static enum err read_stream(struct bytes key, struct bytes value, struct arena *arena,
                            struct stream *stream)
{
    enum err err;

    *stream = (struct stream){.key = arena_copy(arena, key)};
    err = table_record_read(value, arena, &stream->table);
    if (err == OK && stream->table.stream.view == TABLE_STREAM_OFF)
        err = ERR_CORRUPT;
    return err;
}

static struct store_range range_of(const struct stream_query *query, struct arena *arena)
{
    struct bytes prefix = table_meta_key(BYTES(STREAM_BEGIN), arena);
    struct store_range range;

    if (query->account.size != 0) {
        prefix = stream_key(query->account, query->region, query->table, 0, arena);
        if (query->table.size == 0)
            prefix.size--; /* the slash behind no name */
    }
    range = (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
    if (bytes_compare(query->after, range.from) >= 0) {
        uint8_t *next = arena_alloc(arena, query->after.size + 1);

        memcpy(next, query->after.data, query->after.size);
        next[query->after.size] = 0;
        range.from = bytes_make(next, query->after.size + 1);
    }
    return range;
}

enum err stream_list(struct store *store, const struct stream_query *query, bool may_wait,
                     struct arena *arena, struct stream **streams, unsigned *count, bool *more)
{
    struct store_range range = range_of(query, arena);
    struct stream *list = arena_new_array(arena, struct stream, query->limit);
    struct store_cursor *cursor;
    struct bytes key, value;
    unsigned listed = 0;
    enum err err = OK;

    *streams = list;
    *count = 0;
    *more = false;
    if (bytes_compare(range.from, range.to) >= 0)
        return OK;
    cursor = store_cursor_open(store, NULL, STORE_DATA, range, may_wait);
    while (err == OK && (err = store_cursor_next(cursor, &key, &value)) == OK) {
        if (listed == query->limit) {
            *more = true;
            break;
        }
        err = read_stream(key, value, arena, &list[listed++]);
    }
    store_cursor_close(&cursor);
    *count = listed;
    return err == ERR_ABSENT ? OK : err;
}

/* --- changes --------------------------------------------------------------------------------- */

void stream_change(struct store_mutation *mutation, const struct table_definition *before,
                   const struct table_definition *after, struct arena *arena)
{
    bool was = before != NULL && before->status != TABLE_DELETING &&
               before->stream.view != TABLE_STREAM_OFF;
    bool is = after->status != TABLE_DELETING && after->stream.view != TABLE_STREAM_OFF;

    if (was && is && before->stream.label_ms == after->stream.label_ms)
        return;
    if (was)
        put_boundary(mutation, before, BOUNDARY_ENDS, 0, arena);
    if (is) {
        put_stream(mutation, after, arena);
        put_boundary(mutation, after, BOUNDARY_BEGINS, 0, arena);
    }
}

static void put_boundary(struct store_mutation *mutation, const struct table_definition *table,
                         enum boundary_kind kind, uint64_t parent, struct arena *arena)
{
    uint8_t value[BOUNDARY_BYTES] = {BOUNDARY_FORMAT, (uint8_t)kind};

    bytes_put_u64(value + PARENT_OFFSET, parent);
    store_mutation_put(mutation, STORE_DATA,
                       shard_key(table->id, table->stream.label_ms, TABLE_JOURNAL_LANE, 0, arena),
                       VERSION_OFFSET, bytes_make(value, sizeof(value)), STORE_NO_STAMP);
}

/* What readers are told of the table, without what they are not. */
static void put_stream(struct store_mutation *mutation, const struct table_definition *table,
                       struct arena *arena)
{
    struct table_definition d = *table;

    d.index_count = 0;
    d.next_index_id = 0;
    d.tags.count = 0;
    d.policy = d.stream_policy = (struct table_policy){0};
    store_mutation_put(mutation, STORE_DATA,
                       stream_key(d.account, d.region, d.name, d.stream.label_ms, arena),
                       STORE_NO_STAMP, table_record_write(&d, arena), STORE_NO_STAMP);
}

enum err stream_roll(struct store *store, const struct stream *stream)
{
    struct store_mutation *mutation = store_mutation_create();
    struct arena arena;
    enum err err;

    ASSERT(stream->ended == 0 && stream->shard_count > 0);
    arena_init(&arena);
    put_boundary(mutation, &stream->table, BOUNDARY_BEGINS,
                 stream->shards[stream->shard_count - 1].begin, &arena);
    err = store_submit_and_wait(store, NULL, &mutation);
    store_mutation_destroy(&mutation);
    arena_fini(&arena);
    return err;
}

/* --- the end --------------------------------------------------------------------------------- */

static enum err is_empty(struct store *store, enum store_family family, struct store_range range,
                         bool *empty)
{
    struct store_cursor *cursor = store_cursor_open(store, NULL, family, range, true);
    struct bytes key, value;
    enum err err = store_cursor_next(cursor, &key, &value);

    store_cursor_close(&cursor);
    *empty = err == ERR_ABSENT;
    return err == ERR_ABSENT ? OK : err;
}

/* Whether the table has no other streams. */
static enum err is_alone(struct store *store, const struct stream *stream, struct arena *arena,
                         bool *alone)
{
    const struct table_definition *d = &stream->table;
    struct bytes whole = shard_prefix(d->id, arena);
    struct bytes own = shard_key(d->id, d->stream.label_ms, 0, 0, arena);
    struct store_range earlier, later;
    enum err err;

    own.size -= 2 + 8;
    earlier = (struct store_range){.from = whole, .to = own};
    later = (struct store_range){.from = key_after_prefix(own, arena),
                                 .to = key_after_prefix(whole, arena)};
    err = is_empty(store, STORE_DATA, earlier, alone);
    return err == OK && *alone ? is_empty(store, STORE_DATA, later, alone) : err;
}

static enum err remove_changes(struct store *store, struct store_mutation *mutation,
                               struct store_range range)
{
    bool empty;
    enum err err = is_empty(store, STORE_JOURNAL, range, &empty);

    if (err == OK && !empty)
        store_mutation_delete_range(mutation, STORE_JOURNAL, range.from, range.to);
    return err;
}

static void remove_records(struct store_mutation *mutation, const struct stream *stream,
                           uint64_t horizon, bool whole, struct arena *arena)
{
    const struct table_definition *d = &stream->table;

    for (unsigned i = 0; i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];

        if (shard->end != 0 && shard->end < horizon)
            store_mutation_delete(
                mutation, STORE_DATA,
                shard_key(d->id, d->stream.label_ms, shard->lane, shard->begin, arena));
    }
    if (!whole)
        return;
    store_mutation_delete(
        mutation, STORE_DATA,
        shard_key(d->id, d->stream.label_ms, TABLE_JOURNAL_LANE, stream->ended, arena));
    store_mutation_delete(mutation, STORE_DATA, stream->key);
}

enum err stream_trim(struct store *store, const struct stream *stream, uint64_t horizon,
                     bool *removed)
{
    const struct table_definition *d = &stream->table;
    struct store_mutation *mutation = store_mutation_create();
    bool whole = stream->ended != 0 && stream->ended < horizon, alone = false;
    struct journal_place first = {0};
    struct store_range changes;
    struct arena arena;
    enum err err = OK;

    arena_init(&arena);
    changes = table_journal_range(d->id, TABLE_JOURNAL_LANE, first, horizon, &arena);
    if (whole)
        err = is_alone(store, stream, &arena, &alone);
    if (alone) /* with what was still on its way when the stream ended */
        changes = table_journal_whole_range(d->id, &arena);
    if (err == OK)
        err = remove_changes(store, mutation, changes);
    remove_records(mutation, stream, horizon, whole, &arena);
    if (err == OK)
        err = store_submit_and_wait(store, NULL, &mutation);
    if (err == OK)
        *removed = whole;
    store_mutation_destroy(&mutation);
    arena_fini(&arena);
    return err;
}

enum err stream_keeps_journal(struct store *store, uint32_t table_id, bool *keeps)
{
    struct store_range range;
    struct arena arena;
    bool empty;
    enum err err;

    arena_init(&arena);
    range.from = shard_prefix(table_id, &arena);
    range.to = key_after_prefix(range.from, &arena);
    range.backward = false;
    err = is_empty(store, STORE_DATA, range, &empty);
    if (err == OK)
        *keeps = !empty;
    arena_fini(&arena);
    return err;
}
