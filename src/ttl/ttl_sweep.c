/* ttl_sweep.c - reads what is due, then deletes item by item, many on their way to the committer at
 * a time. Each delete decides on the newest image of its item: whoever moved its time, or wrote it
 * without one, comes first, and the item stays.
 * A batch begins where the one before ended, so that nothing has to pass over what that deleted,
 * unless an entry was added before that place meanwhile.
 */
#include "ttl/ttl_sweep.h"

#include "base/assert.h"
#include "table/catalog.h"
#include "table/index_expiry.h"
#include "table/table_write.h"

#include <errno.h>
#include <semaphore.h>

#define BYTES_MAX ((size_t)4 << 20) /* of items on their way */

struct sweep {
    struct catalog *catalog;
    struct table *table;
    struct index_expiry_state *state;
    struct arena arena;
    uint64_t now_ms;
    uint64_t from_s; /* of the batch; UINT64_MAX: it goes on behind the place */
    struct bytes entries[TTL_SWEEP_ITEMS_MAX];
    unsigned count;
    bool full;       /* there may be more that are due */
    uint64_t next_s; /* if it is not: when the next one is */
    sem_t done;
    unsigned submitted;
    size_t bytes;
    _Atomic unsigned deleted;
    _Atomic int err; /* a failure of those on their way */
};

struct expiry {
    struct sweep *sweep;
    struct table_write write;
    struct table_change change;
};

static void begin(struct sweep *sweep);
static enum err read_due(struct sweep *sweep);
static enum err delete_all(struct sweep *sweep);
static enum err delete_one(struct sweep *sweep, struct bytes entry);
static void wait_for_all(struct sweep *sweep);
static void end(struct sweep *sweep, enum err err);

enum err ttl_sweep(struct catalog *catalog, struct table *table, uint64_t now_ms, unsigned *deleted)
{
    struct sweep sweep = {
        .catalog = catalog,
        .table = table,
        .state = table_expiry(table),
        .now_ms = now_ms,
    };
    enum err err;

    arena_init(&sweep.arena);
    sem_init(&sweep.done, 0, 0);
    begin(&sweep);
    err = read_due(&sweep);
    if (err == OK)
        err = delete_all(&sweep);
    end(&sweep, err);
    *deleted = sweep.deleted;
    atomic_fetch_add(&sweep.state->deleted, sweep.deleted);
    sem_destroy(&sweep.done);
    arena_fini(&sweep.arena);
    if (err != OK)
        return err;
    return sweep.full ? OK : ERR_ABSENT;
}

/* Where: behind the place where the last batch ended, unless there is something new before it. What
 * is added from now on is noted for the next one. */
static void begin(struct sweep *sweep)
{
    struct index_expiry_state *state = sweep->state;
    struct bytes place = buf_bytes(&state->place), item_key;
    uint64_t added_s = atomic_exchange(&state->first_s, UINT64_MAX), place_s = 0, last_s;

    index_expiry_due(sweep->now_ms, &sweep->from_s, &last_s);
    if (place.size != 0 && bytes_get_u16(place.data + 5) == sweep->table->definition.ttl.index.id &&
        index_expiry_read(place, &sweep->arena, &place_s, &item_key) == OK && added_s > place_s) {
        index_expiry_from(state, added_s);
        sweep->from_s = UINT64_MAX;
        return;
    }
    buf_reset(&state->place, SIZE_MAX);
    if (added_s > sweep->from_s)
        sweep->from_s = added_s;
}

static struct store_range range_of(struct sweep *sweep)
{
    const struct table_definition *table = &sweep->table->definition;
    bool goes_on = sweep->from_s == UINT64_MAX && sweep->state->place.size != 0;
    struct store_range range = index_expiry_range(table->id, table->ttl.index.id,
                                                  goes_on ? 0 : sweep->from_s, &sweep->arena);

    if (goes_on) {
        struct bytes place = buf_bytes(&sweep->state->place);
        uint8_t *after = arena_alloc(&sweep->arena, place.size + 1);

        memcpy(after, place.data, place.size);
        after[place.size] = 0;
        range.from = bytes_make(after, place.size + 1);
    }
    return range;
}

static enum err read_due(struct sweep *sweep)
{
    struct store_cursor *cursor =
        store_cursor_open(catalog_store(sweep->catalog), NULL, STORE_DATA, range_of(sweep), true);
    struct bytes key, value, item_key;
    uint64_t expiry_s;
    enum err err;

    sweep->next_s = UINT64_MAX;
    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        err = index_expiry_read(key, &sweep->arena, &expiry_s, &item_key);
        if (err != OK)
            break;
        if (!index_expiry_is_due(expiry_s, sweep->now_ms)) {
            sweep->next_s = expiry_s;
            break;
        }
        if (sweep->count == TTL_SWEEP_ITEMS_MAX) {
            sweep->full = true;
            break;
        }
        sweep->entries[sweep->count++] = arena_copy(&sweep->arena, key);
    }
    store_cursor_close(&cursor);
    return err == ERR_ABSENT ? OK : err;
}

static enum err delete_all(struct sweep *sweep)
{
    enum err err = OK;

    for (unsigned i = 0; i < sweep->count && err == OK;) {
        struct arena_mark mark = arena_mark(&sweep->arena);

        for (sweep->bytes = 0; i < sweep->count && err == OK && sweep->bytes < BYTES_MAX; i++)
            err = delete_one(sweep, sweep->entries[i]);
        wait_for_all(sweep);
        arena_release(&sweep->arena, mark);
        if (err == OK)
            err = (enum err)atomic_load(&sweep->err);
    }
    return err;
}

/* Pure but for the bytes counted: the time is that of the batch. That it was turned off meanwhile
 * is asked under the hold, for which turning it off waits. */
static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct expiry *expiry = ctx;
    const struct table_definition *table = &changes[0].table->definition;
    uint64_t expiry_s;

    ASSERT(count == 1);
    if (changes[0].exists &&
        table->ttl.index.id >= atomic_load(&expiry->sweep->state->ended_before) &&
        index_expiry_of(&table->ttl.index, changes[0].old.attributes, &expiry_s) &&
        index_expiry_is_due(expiry_s, expiry->sweep->now_ms))
        changes[0].action = TABLE_DELETE;
    expiry->sweep->bytes += changes[0].old.size_bytes;
    return OK;
}

/* On the committer, or at once. */
static void on_done(void *ctx, enum err err)
{
    struct expiry *expiry = ctx;
    struct sweep *sweep = expiry->sweep;
    int none = OK;

    if (err != OK)
        atomic_compare_exchange_strong(&sweep->err, &none, (int)err);
    else if (expiry->change.action == TABLE_DELETE)
        atomic_fetch_add(&sweep->deleted, 1);
    sem_post(&sweep->done);
}

static enum err delete_one(struct sweep *sweep, struct bytes entry)
{
    struct expiry *expiry = arena_alloc(&sweep->arena, sizeof(*expiry));
    struct bytes item_key;
    uint64_t expiry_s;
    enum err err = index_expiry_read(entry, &sweep->arena, &expiry_s, &item_key);

    if (err != OK)
        return err;
    *expiry = (struct expiry){
        .sweep = sweep,
        .change = {.table = sweep->table, .key = item_key},
        .write = {.store = catalog_store(sweep->catalog),
                  .arena = &sweep->arena,
                  .changes = &expiry->change,
                  .count = 1,
                  .decide = decide,
                  .done = on_done,
                  .ctx = expiry,
                  .hash_key = catalog_hash_key(sweep->catalog),
                  .may_wait = true,
                  .images_bytes_max = 0, /* under its hold: an end of expiry waits for holds */
                  .by_service = true,
                  .kicks_later = true},
    };
    err = table_write(&expiry->write);
    if (err != ERR_PENDING)
        return err;
    sweep->submitted++;
    return OK;
}

static void wait_for_all(struct sweep *sweep)
{
    store_kick(catalog_store(sweep->catalog));
    for (; sweep->submitted > 0; sweep->submitted--)
        while (sem_wait(&sweep->done) != 0)
            ASSERT(errno == EINTR);
}

/* Notes where the next batch begins. */
static void end(struct sweep *sweep, enum err err)
{
    struct index_expiry_state *state = sweep->state;

    if (err == OK && sweep->full) {
        buf_reset(&state->place, SIZE_MAX);
        buf_append_bytes(&state->place, sweep->entries[sweep->count - 1]);
        atomic_store(&state->goes_on, true);
        return;
    }
    /* What failed is looked at again, from the beginning. */
    buf_reset(&state->place, SIZE_MAX);
    atomic_store(&state->goes_on, false);
    index_expiry_from(state, err == OK ? sweep->next_s : 0);
}
