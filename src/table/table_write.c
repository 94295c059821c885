/* table_write.c - latch, newest images, decide, one mutation, submit, unlatch.
 * An outcome that was decided from an image that is not durable yet, an error included, waits for
 * that image: nobody is told what a crash could take back.
 * A hold has the latches of items and records only. Entries of indexes come along in the mutation:
 * the latch of their item guards them, so they count into no bound of a hold.
 * A condition may look at a large image hundreds of times, and whoever wants one of the stripes
 * meanwhile waits, loops too. What a loop would leave to a worker for its size is therefore decided
 * without the latches, and stands if the images are still the newest when they are taken again.
 */
#include "table/table_write.h"

#include "base/assert.h"
#include "base/clock.h"
#include "table/index_build.h"
#include "table/index_write.h"
#include "table/table_journal.h"
#include "table/table_keys.h"

/* Loads before giving up on a stripe that others keep changing. Each retry reads an image that was
 * in use moments ago, so the second attempt nearly always finds it in memory. */
#define LOAD_ATTEMPTS_MAX 100

/* Decisions without the latches that others overtook, until one is made with them; not one that
 * takes so long. Each may leave a copy of the images in the arena. */
#define APART_ATTEMPTS_MAX 3
#define DECIDE_HELD_NS_MAX ((uint64_t)20 * 1000 * 1000)

/* What was not in memory: keys from this place on (none behind the last), or a counter. */
struct missing {
    unsigned key;
    struct bytes counter; /* empty: none */
};

/* One attempt. */
struct attempt {
    const struct bytes *keys;
    struct store_loaded *loaded; /* NULL: it may not wait */
    struct bytes *seen;          /* the images decided upon; without data: it was not there */
    struct missing missing;
    struct store_hold hold;
    bool watched;
    bool overtaken; /* a decision was made without the latches, and does not stand */
};

static struct bytes *keys_of(struct table_write *write);
static void hold_begin(struct table_write *write, struct attempt *attempt);
static void hold_end(struct attempt *attempt);
static enum err try_once(struct table_write *write, struct attempt *attempt, bool *may_hold);
static enum err look(struct table_write *write, struct attempt *attempt, size_t *images_bytes);
static enum err look_again(struct table_write *write, struct attempt *attempt);
static enum err decide(struct table_write *write);
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
    struct attempt attempt = {.keys = keys_of(write)};
    struct store *store = write->store; /* of *write, nothing may be touched after submit */
    bool kicks_later = write->kicks_later, may_hold = false;
    unsigned overtaken = 0;
    enum err err = ERR_WOULD_BLOCK;

    ASSERT(key_count > 0 && key_count <= STORE_KEYS_PER_HOLD_MAX);
    ASSERT(!write->by_service || write->images_bytes_max == 0); /* see store_pass_holds */
    if (write->may_wait) {
        attempt.loaded = arena_new_array(write->arena, struct store_loaded, key_count);
        attempt.seen = arena_new_array(write->arena, struct bytes, key_count);
    }
    for (unsigned i = 0; i < LOAD_ATTEMPTS_MAX; i++) {
        bool held = write->images_bytes_max == 0 || (overtaken >= APART_ATTEMPTS_MAX && may_hold);

        if (overtaken >= APART_ATTEMPTS_MAX && !may_hold)
            return ERR_BUSY;
        hold_begin(write, &attempt);
        err = try_once(write, &attempt, held ? NULL : &may_hold);
        if (err != ERR_WOULD_BLOCK) {
            write->decided = write->settle != NULL
                                 ? write->settle(write->ctx, write->changes, write->count, err)
                                 : err;
            err = submit(write, &attempt.hold);
        }
        hold_end(&attempt);
        if (err == ERR_PENDING && !kicks_later)
            store_kick(store);
        if (err != ERR_WOULD_BLOCK)
            return err;
        if (!write->may_wait)
            return ERR_WOULD_BLOCK;
        overtaken += attempt.overtaken;
        err = load(write, attempt.keys, key_count, &attempt.missing, attempt.loaded);
        if (err != OK)
            return err;
    }
    return ERR_BUSY;
}

static void hold_begin(struct table_write *write, struct attempt *attempt)
{
    attempt->watched = index_write_is_watched(write->changes, write->count);
    store_hold_begin(write->store, attempt->keys, write->count + write->record_count,
                     &attempt->hold);
    if (attempt->watched)
        index_build_lock();
}

static void hold_end(struct attempt *attempt)
{
    if (attempt->watched)
        index_build_unlock();
    store_hold_end(&attempt->hold);
}

/* may_hold NULL: decides with the latches whatever it takes. Otherwise it may decide without them,
 * and then *may_hold says whether it could have with them. */
static enum err try_once(struct table_write *write, struct attempt *attempt, bool *may_hold)
{
    size_t images_bytes = 0;
    enum err decided, err;

    attempt->missing = (struct missing){0};
    attempt->overtaken = false;
    err = look(write, attempt, &images_bytes);
    if (err != OK)
        return err;
    if (!write->may_wait || may_hold == NULL || images_bytes <= write->images_bytes_max) {
        decided = decide(write);
    } else {
        uint64_t start_ns = clock_thread_ns();

        hold_end(attempt);
        decided = decide(write);
        *may_hold = clock_thread_ns() - start_ns < DECIDE_HELD_NS_MAX;
        hold_begin(write, attempt);
        err = look_again(write, attempt);
        if (err != OK)
            return err;
    }
    return decided == OK ? plan(write, &attempt->hold, &attempt->missing) : decided;
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

/* The newest images. */
static enum err look(struct table_write *write, struct attempt *attempt, size_t *images_bytes)
{
    const struct store_loaded *loaded = attempt->loaded;

    for (unsigned i = 0; i < write->count; i++) {
        struct table_change *change = &write->changes[i];
        struct bytes stored = {NULL, 0};
        enum err err = store_newest(&attempt->hold, change->key, loaded != NULL ? &loaded[i] : NULL,
                                    write->arena, &stored);

        if (err == ERR_WOULD_BLOCK)
            attempt->missing.key = i;
        if (err != OK && err != ERR_ABSENT)
            return err;
        change->exists = err == OK;
        change->old = item_absent();
        if (change->exists) {
            err = item_open(stored, &change->old);
            if (err != OK)
                return err;
            *images_bytes += stored.size;
        }
        if (attempt->seen != NULL)
            attempt->seen[i] = stored;
        if (!write->may_wait && *images_bytes > write->images_bytes_max)
            return ERR_WOULD_BLOCK;
    }
    for (unsigned i = 0; i < write->record_count; i++) {
        struct table_record *record = &write->records[i];
        unsigned at = write->count + i;
        enum err err =
            store_newest(&attempt->hold, record->key, loaded != NULL ? &loaded[at] : NULL,
                         write->arena, &record->old);

        if (err == ERR_WOULD_BLOCK)
            attempt->missing.key = at;
        if (err != OK && err != ERR_ABSENT)
            return err;
        record->exists = err == OK;
        if (attempt->seen != NULL)
            attempt->seen[at] = record->exists ? record->old : bytes_make(NULL, 0);
    }
    return OK;
}

/* Without data: it is not there. */
static bool is_same_image(struct bytes a, struct bytes b)
{
    return a.data != NULL && b.data != NULL && bytes_equal(a, b);
}

/* Whether the images that were decided upon are the newest still. ERR_WOULD_BLOCK: no, or that
 * cannot be told; begin again. */
static enum err look_again(struct table_write *write, struct attempt *attempt)
{
    unsigned count = write->count + write->record_count;
    struct arena arena;
    enum err err = OK;

    arena_init(&arena);
    for (unsigned i = 0; err == OK && i < count; i++) {
        struct bytes seen = attempt->seen[i], now = {NULL, 0};

        err = store_newest(&attempt->hold, attempt->keys[i], &attempt->loaded[i], &arena, &now);
        attempt->missing.key = err == ERR_WOULD_BLOCK ? i : count;
        if (err == ERR_ABSENT)
            err = OK;
        if (err == OK && seen.data != now.data && !is_same_image(seen, now))
            err = ERR_WOULD_BLOCK;
        arena_reset(&arena);
    }
    attempt->overtaken = err == ERR_WOULD_BLOCK;
    arena_fini(&arena);
    return err;
}

static enum err decide(struct table_write *write)
{
    for (unsigned i = 0; i < write->count; i++) {
        struct table_change *change = &write->changes[i];

        change->action = TABLE_KEEP;
        change->units = 0;
        change->new_size_bytes = 0;
        change->indexes = NULL;
    }
    for (unsigned i = 0; i < write->record_count; i++)
        write->records[i].put = BYTES("");
    return write->decide(write->ctx, write->changes, write->count);
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
