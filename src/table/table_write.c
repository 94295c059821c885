/* table_write.c - latch, newest images, decide, one mutation, submit, unlatch.
 * An outcome that was decided from an image that is not durable yet, an error included, waits for
 * that image: nobody is told what a crash could take back.
 */
#include "table/table_write.h"

#include "base/assert.h"
#include "table/table_keys.h"
#include "table/throttle.h"

/* Loads before giving up on a stripe that others keep changing. Each retry reads an image that was
 * in use moments ago, so the second attempt nearly always finds it in memory. */
#define LOAD_ATTEMPTS_MAX 100

static struct bytes *keys_of(struct table_write *write);
static enum err decide_under(struct table_write *write, struct store_hold *hold,
                             const struct store_loaded loaded[], unsigned *missing);
static bool add_change(struct table_write *write, struct table_change *change,
                       struct store_mutation *mutation);
static void charge(const struct table_write *write);
static enum err submit(struct table_write *write, struct store_hold *hold);
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
        unsigned missing = 0;

        store_hold_begin(write->store, keys, key_count, &hold);
        err = decide_under(write, &hold, loaded, &missing);
        if (err != ERR_WOULD_BLOCK) {
            write->decided = err;
            if (write->charges)
                charge(write);
            err = submit(write, &hold);
            store_hold_end(&hold);
            if (err == ERR_PENDING && !kicks_later)
                store_kick(store);
            return err;
        }
        store_hold_end(&hold);
        if (!write->may_wait)
            return ERR_WOULD_BLOCK;
        for (unsigned i = missing; i < key_count; i++) {
            enum err load = store_load(write->store, keys[i], write->arena, &loaded[i]);

            if (load != OK)
                return load;
        }
    }
    return ERR_BUSY;
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
                             const struct store_loaded loaded[], unsigned *missing)
{
    size_t images_bytes = 0;

    for (unsigned i = 0; i < write->count; i++) {
        struct table_change *change = &write->changes[i];
        struct bytes stored;
        enum err err = store_newest(hold, change->key, loaded != NULL ? &loaded[i] : NULL,
                                    write->arena, &stored);

        if (err == ERR_WOULD_BLOCK)
            *missing = i;
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
    }
    for (unsigned i = 0; i < write->record_count; i++) {
        struct table_record *record = &write->records[i];
        unsigned at = write->count + i;
        enum err err = store_newest(hold, record->key, loaded != NULL ? &loaded[at] : NULL,
                                    write->arena, &record->old);

        if (err == ERR_WOULD_BLOCK)
            *missing = at;
        if (err != OK && err != ERR_ABSENT)
            return err;
        record->exists = err == OK;
        record->put = BYTES("");
    }
    return write->decide(write->ctx, write->changes, write->count);
}

static void charge(const struct table_write *write)
{
    for (unsigned i = 0; i < write->count; i++)
        throttle_charge(&(struct throttle_place){.table = write->changes[i].table,
                                                 .way = TABLE_WRITE,
                                                 .key = write->changes[i].key},
                        write->changes[i].units);
}

static enum err submit(struct table_write *write, struct store_hold *hold)
{
    struct store_mutation *mutation;
    bool changes = false;
    enum err err;

    if (write->decided == ERR_IO || write->decided == ERR_CORRUPT)
        return write->decided;
    mutation = store_mutation_create();
    if (write->decided == OK) {
        for (unsigned i = 0; i < write->count; i++)
            changes |= add_change(write, &write->changes[i], mutation);
        for (unsigned i = 0; i < write->record_count; i++) {
            const struct table_record *record = &write->records[i];

            if (record->put.size == 0)
                continue;
            store_mutation_put(mutation, STORE_DATA, record->key, STORE_NO_STAMP, record->put,
                               STORE_NO_STAMP);
            changes = true;
        }
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

    if (change->action == TABLE_KEEP || (change->action == TABLE_DELETE && !change->exists))
        return false;
    if (change->action == TABLE_PUT) {
        struct bytes stored = item_store(change->attributes, 0, write->arena);

        change->new_size_bytes = bytes_get_u32(stored.data + ITEM_SIZE_OFFSET);
        store_mutation_put(mutation, STORE_DATA, change->key, STORE_NO_STAMP, stored,
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
    return true;
}

static void on_durable(void *ctx, enum err err, uint64_t version)
{
    struct table_write *write = ctx;

    (void)version;
    write->done(write->ctx, err);
}
