/* store_rocks_read.c - gets, cursors and snapshots of the RocksDB engine.
 * Whoever reads is inside the gate, so that the database can be opened anew when nobody does. A
 * snapshot is inside from its begin to its end, and takes its reads with it.
 */
#include "base/mem.h"
#include "store/store_rocks_priv.h"

#include <stdlib.h>
#include <string.h>

#define READ_TIER_ALL    0
#define READ_TIER_MEMORY 1
#define ONCE_BYTES       ((size_t)256 << 10) /* read at a time where each row is read once */

/* What struct store_snapshot is here. */
struct rocks_snapshot {
    int ticket; /* of the gate */
    const rocksdb_snapshot_t *snapshot;
};

struct rocks_cursor {
    struct store_cursor cursor;
    struct store_gate *gate;
    int ticket;   /* of the gate; STORE_GATE_CLOSED if it has none */
    enum err err; /* it could not be opened */
    rocksdb_readoptions_t *options;
    rocksdb_iterator_t *iterator;
    struct store_range range;
    bool begun;
};

static enum err error_of(char *text);

enum err rocks_enter(struct rocks *rocks, const struct rocks_snapshot *snapshot, bool may_wait,
                     int *ticket)
{
    rocks_count_nothing();
    *ticket = STORE_GATE_CLOSED;
    if (snapshot == NULL) {
        *ticket = store_gate_enter(rocks->gate, may_wait);
        if (*ticket == STORE_GATE_CLOSED)
            return ERR_WOULD_BLOCK;
    }
    return rocks->db != NULL ? OK : ERR_IO;
}

void rocks_leave(struct store_gate *gate, int ticket)
{
    if (ticket != STORE_GATE_CLOSED)
        store_gate_leave(gate, ticket);
}

struct store_snapshot *rocks_snapshot_begin(struct store_engine *engine)
{
    struct rocks *rocks = rocks_of(engine);
    struct rocks_snapshot *s = mem_zalloc(sizeof(*s));

    if (rocks_enter(rocks, NULL, true, &s->ticket) == OK)
        s->snapshot = rocksdb_create_snapshot(rocks->db);
    return (struct store_snapshot *)s;
}

void rocks_snapshot_end(struct store_engine *engine, struct store_snapshot *snapshot)
{
    struct rocks *rocks = rocks_of(engine);
    struct rocks_snapshot *s = (struct rocks_snapshot *)snapshot;

    if (s->snapshot != NULL)
        rocksdb_release_snapshot(rocks->db, s->snapshot);
    rocks_leave(rocks->gate, s->ticket);
    free(s);
}

static enum err get_inside(struct rocks *rocks, const struct rocks_snapshot *snapshot,
                           enum store_family family, struct bytes key, bool may_wait,
                           struct arena *arena, struct bytes *value)
{
    rocksdb_readoptions_t *options = may_wait ? rocks->read_all : rocks->read_memory;
    rocksdb_readoptions_t *own = NULL;
    rocksdb_pinnableslice_t *slice;
    char *error = NULL;
    enum err err = OK;

    if (snapshot != NULL) {
        options = own = rocks_read_options(may_wait);
        rocksdb_readoptions_set_snapshot(own, snapshot->snapshot);
    }
    slice = rocksdb_get_pinned_cf(rocks->db, options, rocks->families[family],
                                  (const char *)key.data, key.size, &error);
    if (error != NULL) {
        err = error_of(error);
    } else if (slice == NULL) {
        err = ERR_ABSENT;
    } else {
        size_t size;
        const char *data = rocksdb_pinnableslice_value(slice, &size);

        /* Of a file that is not open, a get in memory says OK and gives nothing: RocksDB's
         * TableCache::Get means that the key may exist. A value may be empty, too: ask again. */
        if (size == 0 && !may_wait)
            err = ERR_WOULD_BLOCK;
        else
            *value = arena_copy(arena, bytes_make(data, size));
    }
    if (slice != NULL)
        rocksdb_pinnableslice_destroy(slice);
    if (own != NULL)
        rocksdb_readoptions_destroy(own);
    return err;
}

enum err rocks_get(struct store_engine *engine, const struct store_snapshot *snapshot,
                   enum store_family family, struct bytes key, bool may_wait, struct arena *arena,
                   struct bytes *value)
{
    struct rocks *rocks = rocks_of(engine);
    const struct rocks_snapshot *s = (const struct rocks_snapshot *)snapshot;
    int ticket;
    enum err err = rocks_enter(rocks, s, may_wait, &ticket);

    if (err == OK)
        err = get_inside(rocks, s, family, key, may_wait, arena, value);
    rocks_leave(rocks->gate, ticket);
    return err;
}

static enum err rocks_cursor_next(struct store_cursor *cursor, struct bytes *key,
                                  struct bytes *value)
{
    struct rocks_cursor *c = (struct rocks_cursor *)cursor;
    rocksdb_iterator_t *it = c->iterator;
    char *error = NULL;
    size_t size;
    const char *data;

    if (c->err != OK)
        return c->err;
    if (!c->begun && !c->range.backward)
        rocksdb_iter_seek(it, (const char *)c->range.from.data, c->range.from.size);
    else if (!c->begun)
        rocksdb_iter_seek_to_last(it); /* of what the upper bound leaves */
    else if (!c->range.backward)
        rocksdb_iter_next(it);
    else
        rocksdb_iter_prev(it);
    c->begun = true;
    if (!rocksdb_iter_valid(it)) {
        rocksdb_iter_get_error(it, &error);
        return error != NULL ? error_of(error) : ERR_ABSENT;
    }
    data = rocksdb_iter_key(it, &size);
    *key = bytes_make(data, size);
    data = rocksdb_iter_value(it, &size);
    *value = bytes_make(data, size);
    return OK;
}

static void rocks_cursor_close(struct store_cursor *cursor)
{
    struct rocks_cursor *c = (struct rocks_cursor *)cursor;

    if (c->err == OK) {
        rocksdb_iter_destroy(c->iterator);
        rocksdb_readoptions_destroy(c->options);
    }
    rocks_leave(c->gate, c->ticket);
    free(c);
}

/* Whether all keys that can be between share their first bytes, those of STORE_PREFIX_BYTES. Both
 * ends must: RocksDB looks at the end it begins from, and leaves out what lacks that one's. */
static bool is_in_prefix(enum store_family family, struct store_range range)
{
    return family == STORE_DATA && range.from.size >= STORE_PREFIX_BYTES &&
           range.to.size >= STORE_PREFIX_BYTES &&
           memcmp(range.from.data, range.to.data, STORE_PREFIX_BYTES) == 0;
}

struct store_cursor *rocks_cursor_open(struct store_engine *engine,
                                       const struct store_snapshot *snapshot,
                                       enum store_family family, struct store_range range,
                                       bool may_wait)
{
    struct rocks *rocks = rocks_of(engine);
    struct rocks_cursor *c = mem_zalloc(sizeof(*c));
    const struct rocks_snapshot *s = (const struct rocks_snapshot *)snapshot;

    c->cursor.next = rocks_cursor_next;
    c->cursor.close = rocks_cursor_close;
    c->gate = rocks->gate;
    c->err = rocks_enter(rocks, s, may_wait, &c->ticket);
    if (c->err != OK)
        return &c->cursor;
    c->range = range;
    c->options = rocks_read_options(may_wait);
    rocksdb_readoptions_set_total_order_seek(c->options, !is_in_prefix(family, range));
    if (s != NULL)
        rocksdb_readoptions_set_snapshot(c->options, s->snapshot);
    if (rocks->reads_once) {
        rocksdb_readoptions_set_fill_cache(c->options, 0);
        rocksdb_readoptions_set_readahead_size(c->options, ONCE_BYTES);
    }
    if (range.from.size != 0)
        rocksdb_readoptions_set_iterate_lower_bound(c->options, (const char *)range.from.data,
                                                    range.from.size);
    if (range.to.size != 0)
        rocksdb_readoptions_set_iterate_upper_bound(c->options, (const char *)range.to.data,
                                                    range.to.size);
    c->iterator = rocksdb_create_iterator_cf(rocks->db, c->options, rocks->families[family]);
    return &c->cursor;
}

rocksdb_readoptions_t *rocks_read_options(bool may_wait)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();

    rocksdb_readoptions_set_read_tier(options, may_wait ? READ_TIER_ALL : READ_TIER_MEMORY);
    return options;
}

/* Frees the text. "Result incomplete": the memory tier did not have it. */
static enum err error_of(char *text)
{
    enum err err = ERR_IO;

    if (strncmp(text, "Result incomplete", strlen("Result incomplete")) == 0)
        err = ERR_WOULD_BLOCK;
    else if (strncmp(text, "Corruption", strlen("Corruption")) == 0)
        err = ERR_CORRUPT;
    free(text);
    return err;
}

enum err rocks_range_bytes(struct store_engine *engine, enum store_family family,
                           struct store_range range, uint64_t *bytes)
{
    struct rocks *rocks = rocks_of(engine);
    const char *from = (const char *)range.from.data, *to = (const char *)range.to.data;
    char *error = NULL;
    int ticket;
    enum err err = rocks_enter(rocks, NULL, true, &ticket);

    if (err != OK)
        return err;
    rocksdb_approximate_sizes_cf(rocks->db, rocks->families[family], 1, &from, &range.from.size,
                                 &to, &range.to.size, bytes, &error);
    rocks_leave(rocks->gate, ticket);
    if (error == NULL)
        return OK;
    rocksdb_free(error);
    return ERR_IO;
}
