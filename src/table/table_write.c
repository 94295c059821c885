/* table_write.c - latch, newest images, decide, one mutation, submit, unlatch.
 * An outcome that was decided from an image that is not durable yet, an error included, waits for
 * that image: nobody is told what a crash could take back.
 * A hold has the latches of items and records only. Entries of indexes come along in the mutation:
 * the latch of their item guards them, so they count into no bound of a hold.
 */
#include "table/table_write.h"

#include "base/assert.h"
#include "table/index_build.h"
#include "table/index_write.h"
#include "table/table_journal.h"
#include "table/table_keys.h"

/* Loads before giving up on a stripe that others keep changing. Each retry reads an image that was
 * in use moments ago, so the second attempt nearly always finds it in memory. */
#define LOAD_ATTEMPTS_MAX 100

/* What was not in memory: keys from this place on, or a counter. */
struct missing {
    unsigned key;
    struct bytes counter; /* empty: none */
};

static struct bytes *keys_of(struct table_write *write);
static enum err decide_under(struct table_write *write, struct store_hold *hold,
                             const struct store_loaded loaded[], struct missing *missing);
static enum err plan(struct table_write *write, struct store_hold *hold, struct missing *missing);
static bool add_change(struct table_write *write, struct table_change *change,
                       struct store_mutation *mutation);
static enum err submit(struct table_write *write, struct store_hold *hold);
static enum err load(struct table_write *write, const struct bytes keys[], unsigned count,
                     const struct missing *missing, struct store_loaded loaded[]);
static void on_durable(void *ctx, enum err err, uint64_t version);

enum err table_write(struct table_write *write)
{
    unsigned key_count = write->count + write->record_count;
    struct store_loaded *loaded =
        write->may_wait ? arena_new_array(write->arena, struct store_loaded, key_count) : NULL;
    struct bytes *keys = keys_of(write);
    struct store *store = write->store; /* of *write, nothing may be touched after submit */
    bool kicks_later = write->kicks_later;
    enum err err = ERR_WOULD_BLOCK;

    ASSERT(key_count > 0 && key_count <= STORE_KEYS_PER_HOLD_MAX);
    for (unsigned attempt = 0; attempt < LOAD_ATTEMPTS_MAX; attempt++) {
        struct store_hold hold;
        struct missing missing = {0};
        bool watched = index_write_is_watched(write->changes, write->count);

        store_hold_begin(store, keys, key_count, &hold);
        if (watched)
            index_build_lock();
        err = decide_under(write, &hold, loaded, &missing);
        if (err != ERR_WOULD_BLOCK) {
            write->decided = write->settle != NULL
                                 ? write->settle(write->ctx, write->changes, write->count, err)
                                 : err;
            err = submit(write, &hold);
        }
        if (watched)
            index_build_unlock();
        store_hold_end(&hold);
        if (err == ERR_PENDING && !kicks_later)
            store_kick(store);
        if (err != ERR_WOULD_BLOCK)
            return err;
        if (!write->may_wait)
            return ERR_WOULD_BLOCK;
        err = load(write, keys, key_count, &missing, loaded);
        if (err != OK)
            return err;
    }
    return ERR_BUSY;
}

/* What was missing, waiting for it. */
static enum err load(struct table_write *write, const struct bytes keys[], unsigned count,
                     const struct missing *missing, struct store_loaded loaded[])
{
    struct store_count ignored;
    enum err err = OK;

    if (missing->counter.size != 0)
        return store_count(write->store, missing->counter, &ignored);
    for (unsigned i = missing->key; err == OK && i < count; i++)
        err = store_load(write->store, keys[i], write->arena, &loaded[i]);
    return err;
}

/* The items' first, then the records'. */
static struct bytes *keys_of(struct table_write *write)
{
    struct bytes *keys =
        arena_new_array(write->arena, struct bytes, write->count + write->record_count);

    for (unsigned i = 0; i < write->count; i++)
        keys[i] = write->changes[i].key;
    for (unsigned i = 0; i < write->record_count; i++)
        keys[write->count + i] = write->records[i].key;
    return keys;
}

static enum err decide_under(struct table_write *write, struct store_hold *hold,
                             const struct store_loaded loaded[], struct missing *missing)
{
    size_t images_bytes = 0;
    enum err decided;

    for (unsigned i = 0; i < write->count; i++) {
        struct table_change *change = &write->changes[i];
        struct bytes stored;
        enum err err = store_newest(hold, change->key, loaded != NULL ? &loaded[i] : NULL,
                                    write->arena, &stored);

        if (err == ERR_WOULD_BLOCK)
            missing->key = i;
        if (err != OK && err != ERR_ABSENT)
            return err;
        change->exists = err == OK;
        change->old = item_absent();
        if (change->exists) {
            err = item_open(stored, &change->old);
            if (err != OK)
                return err;
            images_bytes += stored.size;
        }
        if (!write->may_wait && images_bytes > write->images_bytes_max)
            return ERR_WOULD_BLOCK;
        change->action = TABLE_KEEP;
        change->units = 0;
        change->new_size_bytes = 0;
        change->indexes = NULL;
    }
    for (unsigned i = 0; i < write->record_count; i++) {
        struct table_record *record = &write->records[i];
        unsigned at = write->count + i;
        enum err err = store_newest(hold, record->key, loaded != NULL ? &loaded[at] : NULL,
                                    write->arena, &record->old);

        if (err == ERR_WOULD_BLOCK)
            missing->key = at;
        if (err != OK && err != ERR_ABSENT)
            return err;
        record->exists = err == OK;
        record->put = BYTES("");
    }
    decided = write->decide(write->ctx, write->changes, write->count);
    return decided == OK ? plan(write, hold, missing) : decided;
}

/* What follows from the decision; it may still be refused. */
static enum err plan(struct table_write *write, struct store_hold *hold, struct missing *missing)
{
    uint64_t bytes_max =
        write->collection_bytes_max != 0 ? write->collection_bytes_max : INDEX_COLLECTION_BYTES_MAX;
    size_t entries_bytes = 0;

    for (unsigned i = 0; i < write->count; i++) {
        struct table_change *change = &write->changes[i];
        enum err err;

        if (change->action == TABLE_DELETE && !change->exists)
            change->action = TABLE_KEEP;
        if (change->action == TABLE_PUT) {
            change->stored = item_store(change->attributes, 0, write->arena);
            change->new_size_bytes = bytes_get_u32(change->stored.data + ITEM_SIZE_OFFSET);
        }
        if (change->action == TABLE_KEEP || table_upkeep_count(&change->table->definition) == 0)
            continue;
        write->expires |= change->table->definition.ttl.index.id != 0;
        err = index_write_plan(change, hold, write->hash_key, bytes_max, write->arena,
                               &missing->counter);
        for (unsigned j = 0; j < change->table->definition.index_count; j++)
            entries_bytes += change->indexes[j].new_bytes;
        if (!write->may_wait && entries_bytes > write->images_bytes_max)
            return ERR_WOULD_BLOCK; /* many copies of large items: a worker's */
        if ((err == ERR_VALIDATION || err == ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED) &&
            write->refused != NULL)
            err = write->refused(write->ctx, i, err);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err submit(struct table_write *write, struct store_hold *hold)
{
    struct store_mutation *mutation;
    bool changes = false, only_deletes = true;
    enum err err;

    if (write->decided == ERR_IO || write->decided == ERR_CORRUPT)
        return write->decided;
    mutation = store_mutation_create();
    if (write->decided == OK) {
        for (unsigned i = 0; i < write->count; i++) {
            changes |= add_change(write, &write->changes[i], mutation);
            only_deletes &= write->changes[i].action != TABLE_PUT;
        }
        for (unsigned i = 0; i < write->record_count; i++) {
            const struct table_record *record = &write->records[i];

            if (record->put.size == 0)
                continue;
            store_mutation_put(mutation, STORE_DATA, record->key, STORE_NO_STAMP, record->put,
                               STORE_NO_STAMP);
            changes = true;
            only_deletes = false;
        }
        if (only_deletes) /* but for what the journal is told of them */
            store_mutation_trades_room(mutation);
    }
    if (!changes && !hold->saw_pending) {
        store_mutation_destroy(&mutation);
        return write->decided;
    }
    err = store_submit(write->store, hold, &mutation, on_durable, write);
    store_mutation_destroy(&mutation); /* only if it was not taken */
    return err == OK ? ERR_PENDING : err;
}

/* False: nothing changes. */
static bool add_change(struct table_write *write, struct table_change *change,
                       struct store_mutation *mutation)
{
    struct bytes counter;
    int64_t items = 0, bytes = 0;
    unsigned journal_needs;

    if (change->action == TABLE_KEEP)
        return false;
    if (change->action == TABLE_PUT) {
        store_mutation_put(mutation, STORE_DATA, change->key, STORE_NO_STAMP, change->stored,
                           ITEM_VERSION_OFFSET);
        items = 1;
        bytes = change->new_size_bytes;
    } else {
        store_mutation_delete(mutation, STORE_DATA, change->key);
    }
    if (change->exists) {
        items -= 1;
        bytes -= change->old.size_bytes;
    }
    counter = table_count_key(change->table->definition.id, 0, write->arena);
    store_mutation_count(mutation, counter, items, bytes);
    if (change->indexes != NULL)
        index_write_add(change, mutation, write->arena);
    journal_needs = table_journal_needs(change->table);
    if (journal_needs != 0)
        table_journal_add(mutation, change, journal_needs, write->by_service,
                          (uint16_t)(change - write->changes), write->arena);
    return true;
}

static void on_durable(void *ctx, enum err err, uint64_t version)
{
    struct table_write *write = ctx;

    (void)version;
    for (unsigned i = 0; write->expires && err == OK && i < write->count; i++)
        index_write_happened(&write->changes[i]);
    write->done(write->ctx, err);
}
