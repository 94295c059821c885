/* stream.c - records of streams and of their shards' boundaries: keys, reading, changes. */
#include "table/stream.h"

#include "base/assert.h"
#include "table/table_keys.h"

#define STREAM_BEGIN    "stream/"
#define UNITS_PER_SHARD UINT64_C(1000) /* a second: what the service lets a partition do */

static struct store_range range_of(const struct stream_query *query, struct arena *arena);
static enum err read_stream(struct bytes key, struct bytes value, struct arena *arena,
                            struct stream *stream);
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
    struct shard_list list;
    enum err err = shard_read_all(store, &stream->table, may_wait, arena, &list);

    if (err == OK) {
        stream->shards = list.shards;
        stream->shard_count = list.count;
        stream->ended = list.ended;
    }
    return err;
}

enum err stream_check_record(struct bytes key, struct bytes value, struct arena *arena)
{
    struct stream stream;

    if (key.data[4] != KEY_SPACE_META)
        return OK;
    return bytes_start_with(bytes_skip(key, KEY_PREFIX_BYTES), BYTES(STREAM_BEGIN))
               ? read_stream(key, value, arena, &stream)
               : shard_check_record(key, value);
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

/* One for each partition that the service would give the table for its units. */
static unsigned first_shards(const struct table_definition *table)
{
    uint64_t units = table->settings.capacity.throughput.write_units;
    unsigned count = 1;

    while (count < SHARDS_OPEN_MAX && count * UNITS_PER_SHARD < units)
        count *= 2;
    return count;
}

void stream_change(struct store_mutation *mutation, const struct table_definition *before,
                   const struct table_definition *after, struct arena *arena)
{
    bool was = before != NULL && before->status != TABLE_DELETING &&
               before->stream.view != TABLE_STREAM_OFF;
    bool is = after->status != TABLE_DELETING && after->stream.view != TABLE_STREAM_OFF;

    if (was && is && before->stream.label_ms == after->stream.label_ms)
        return;
    if (was)
        shard_put_end(mutation, before, arena);
    if (is) {
        put_stream(mutation, after, arena);
        shard_put_first(mutation, after, first_shards(after), arena);
    }
}

/* What readers are told of the table, without what they are not. */
static void put_stream(struct store_mutation *mutation, const struct table_definition *table,
                       struct arena *arena)
{
    struct table_definition d = *table;

    d.index_count = 0;
    d.next_index_id = 0;
    d.ttl = (struct table_ttl){0};
    d.tags.count = 0;
    d.recovery = (struct table_recovery){0};
    d.policy = d.stream_policy = (struct table_policy){0};
    store_mutation_put(mutation, STORE_DATA,
                       stream_key(d.account, d.region, d.name, d.stream.label_ms, arena),
                       STORE_NO_STAMP, table_record_write(&d, arena), STORE_NO_STAMP);
}

enum err stream_go_on(struct store *store, const struct stream *stream,
                      const struct stream_shard *shard, unsigned children)
{
    struct store_mutation *mutation = store_mutation_create();
    struct arena arena;
    enum err err;

    ASSERT(stream->ended == 0);
    arena_init(&arena);
    shard_put_children(mutation, &stream->table, shard, children, &arena);
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
    struct store_range whole = shard_range_of_table(stream->table.id, arena);
    struct store_range own = shard_range(&stream->table, arena);
    struct store_range earlier = {.from = whole.from, .to = own.from};
    struct store_range later = {.from = own.to, .to = whole.to};
    enum err err = is_empty(store, STORE_DATA, earlier, alone);

    return err == OK && *alone ? is_empty(store, STORE_DATA, later, alone) : err;
}

static void remove_records(struct store_mutation *mutation, const struct stream *stream,
                           uint64_t horizon, bool whole, struct arena *arena)
{
    for (unsigned i = 0; i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];

        if (shard->end != 0 && shard->end < horizon)
            shard_delete(mutation, &stream->table, shard, arena);
    }
    if (!whole)
        return;
    shard_delete_end(mutation, &stream->table, stream->ended, arena);
    store_mutation_delete(mutation, STORE_DATA, stream->key);
}

enum err stream_trim(struct store *store, const struct stream *stream, uint64_t horizon,
                     uint64_t changes_before, bool *removed)
{
    uint32_t table_id = stream->table.id;
    struct store_mutation *mutation = store_mutation_create();
    bool whole = stream->ended != 0 && stream->ended < horizon, alone = false;
    struct arena arena;
    enum err err = OK;

    arena_init(&arena);
    if (whole && changes_before != 0)
        err = is_alone(store, stream, &arena, &alone);
    if (err == OK && changes_before != 0) /* in the end with what was still on its way */
        err = table_journal_remove(store, mutation, table_id, alone ? UINT64_MAX : changes_before);
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
    struct arena arena;
    bool empty;
    enum err err;

    arena_init(&arena);
    err = is_empty(store, STORE_DATA, shard_range_of_table(table_id, &arena), &empty);
    if (err == OK)
        *keeps = !empty;
    arena_fini(&arena);
    return err;
}
