/* index_build.c - filling a new index: the state that writers look at, and the work.
 * The work submits a few items a hold, many holds in a row, and waits once for all of them. When
 * one of them fails, those behind it fail too, as they note to depend on it: what happened is then
 * a beginning of what was submitted.
 */
#include "table/index_build.h"

#include "base/assert.h"
#include "table/index_entry.h"
#include "table/index_expiry.h"
#include "table/table_keys.h"
#include "table/table_write.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#define RECORD_FORMAT     1
#define RECORD_DONE       9 /* offset */
#define STEP_KEYS_MAX     256
#define HOLD_KEYS_MAX     16
#define HOLD_BYTES_MAX    ((size_t)1 << 20) /* of items, then a hold takes no more of them */
#define STEP_BYTES_MAX    ((size_t)8 << 20)
#define HOLD_ATTEMPTS_MAX 100
_Static_assert(HOLD_KEYS_MAX <= STORE_KEYS_PER_HOLD_MAX, "a hold takes them");

/* A step under way: what its holds need, and who waits for them. */
struct step {
    struct store *store;
    const uint8_t *hash_key;
    const struct table *table;
    const struct table_index *index;
    struct index_build *build;
    struct arena arena;
    sem_t done;
    unsigned submitted;
    size_t bytes; /* of items looked at */
    enum err err; /* the first failure; guarded by the lock */
};

/* Of one hold: items in a row. */
struct part {
    struct step *step;
    const struct bytes *keys;
    struct store_loaded loaded[HOLD_KEYS_MAX];
    unsigned count;
    struct bytes last_key; /* lives until all parts are done */
    uint64_t first_s;      /* the earliest expiry of entries of that index */
};

static struct index_build *build_of(const struct table *table, const struct table_index *index);
static enum err start(struct step *step);
static enum err fill(struct step *step);
static enum err fill_part(struct step *step, struct part *part, const struct bytes keys[],
                          unsigned count);
static enum err load_part(struct step *step, struct part *part, unsigned count);
static enum err submit_part(struct step *step, struct store_hold *hold, struct part *part);
static void wait_for_all(struct step *step);

/* Guards the states of all tables' builds, and the time between looking at one and submitting. */
static pthread_mutex_t build_lock = PTHREAD_MUTEX_INITIALIZER;

void index_build_init(struct index_build *build)
{
    *build = (struct index_build){0};
    buf_init(&build->done, SIZE_MAX);
    buf_init(&build->submitted, SIZE_MAX);
}

void index_build_fini(struct index_build *build)
{
    buf_fini(&build->done);
    buf_fini(&build->submitted);
}

static struct index_build *build_of(const struct table *table, const struct table_index *index)
{
    return index->definition.kind == INDEX_EXPIRY ? table_ttl_build(table)
                                                  : table_index_build(table);
}

struct bytes index_build_key(const struct table *table, const struct table_index *index,
                             struct arena *arena)
{
    uint32_t table_id = table->definition.id;

    return index->definition.kind == INDEX_EXPIRY
               ? table_ttl_build_key(table_id, index->id, arena)
               : table_index_build_key(table_id, index->id, arena);
}

void index_build_lock(void)
{
    pthread_mutex_lock(&build_lock);
}

void index_build_unlock(void)
{
    pthread_mutex_unlock(&build_lock);
}

enum index_upkeep index_build_upkeep(const struct table_change *change,
                                     const struct table_index *index, struct store_hold *hold)
{
    const struct index_build *build = build_of(change->table, index);

    if (index->status == INDEX_DELETING || atomic_load(&build->dropped_id) == index->id)
        return INDEX_UPKEEP_NONE;
    /* One index at a time: when a later one is built, this one is complete. */
    if (index->status != INDEX_CREATING || build->index_id > index->id)
        return INDEX_UPKEEP_FULL;
    if (build->index_id < index->id || build->phase == INDEX_BUILD_WAITING)
        return INDEX_UPKEEP_NONE;
    if (build->phase == INDEX_BUILD_STARTING)
        store_hold_depends(hold, build->epoch);
    if (!change->exists || change->old.version > build->started ||
        build->phase == INDEX_BUILD_DONE ||
        bytes_compare(change->key, buf_bytes(&build->done)) <= 0)
        return INDEX_UPKEEP_FULL;
    if (bytes_compare(change->key, buf_bytes(&build->submitted)) > 0)
        return INDEX_UPKEEP_ADD;
    store_hold_depends(hold, build->epoch);
    return INDEX_UPKEEP_FULL;
}

/* --- the record ------------------------------------------------------------------------------ */

static void put_record(const struct step *step, struct store_mutation *mutation, struct bytes done,
                       struct arena *arena)
{
    struct bytes key = index_build_key(step->table, step->index, arena);
    uint8_t *record = arena_alloc(arena, RECORD_DONE + done.size);

    record[0] = RECORD_FORMAT;
    bytes_put_u64(record + 1, step->build->started);
    if (done.size != 0)
        memcpy(record + RECORD_DONE, done.data, done.size);
    store_mutation_put_guarded(mutation, key, bytes_make(record, RECORD_DONE + done.size),
                               STORE_NO_STAMP);
}

static void set_key(struct buf *buf, struct bytes key)
{
    buf_reset(buf, SIZE_MAX);
    buf_append_bytes(buf, key);
}

enum err index_build_resume(struct store *store, const struct table *table,
                            const struct table_index *index)
{
    struct index_build *build = build_of(table, index);
    struct arena arena;
    struct bytes record;
    enum err err;

    arena_init(&arena);
    err = store_get(store, NULL, STORE_DATA, index_build_key(table, index, &arena), true, &arena,
                    &record);
    if (err == OK && (record.size < RECORD_DONE || record.data[0] != RECORD_FORMAT))
        err = record.size != 0 && record.data[0] > RECORD_FORMAT ? ERR_NEWER_FORMAT : ERR_CORRUPT;
    if (err == OK) {
        build->index_id = index->id;
        build->phase = INDEX_BUILD_FILLING;
        build->started = bytes_get_u64(record.data + 1);
        set_key(&build->done, bytes_skip(record, RECORD_DONE));
        set_key(&build->submitted, bytes_skip(record, RECORD_DONE));
    }
    arena_fini(&arena);
    return err == ERR_ABSENT ? OK : err;
}

/* --- the work -------------------------------------------------------------------------------- */

enum err index_build_step(struct store *store, const uint8_t hash_key[SIPHASH_KEY_BYTES],
                          const struct table *table, const struct table_index *index)
{
    struct step step = {
        .store = store,
        .hash_key = hash_key,
        .table = table,
        .index = index,
        .build = build_of(table, index),
    };
    enum err err;
    bool waiting;

    ASSERT(index->status == INDEX_CREATING && index->definition.kind != INDEX_LOCAL);
    index_build_lock();
    if (step.build->index_id != index->id) {
        ASSERT(step.build->index_id < index->id);
        step.build->index_id = index->id;
        step.build->phase = INDEX_BUILD_WAITING;
    }
    waiting = step.build->phase == INDEX_BUILD_WAITING;
    index_build_unlock();
    if (waiting && !table_is_only_definition(table))
        return ERR_PENDING; /* who holds an older one does not know the index */
    arena_init(&step.arena);
    sem_init(&step.done, 0, 0);
    err = waiting ? start(&step) : fill(&step);
    sem_destroy(&step.done);
    arena_fini(&step.arena);
    return err;
}

static void on_started(void *ctx, enum err err, uint64_t version)
{
    struct step *step = ctx;

    (void)version;
    step->err = err;
    sem_post(&step->done);
}

/* Writers between the submission and its outcome depend on it. */
static enum err start(struct step *step)
{
    struct index_build *build = step->build;
    struct store_mutation *mutation = store_mutation_create();
    enum err err;

    index_build_lock();
    buf_reset(&build->done, SIZE_MAX);
    buf_reset(&build->submitted, SIZE_MAX);
    build->started = store_newest_version(step->store);
    build->epoch = store_failure_epoch(step->store);
    put_record(step, mutation, BYTES(""), &step->arena);
    err = store_submit(step->store, NULL, &mutation, on_started, step);
    if (err == OK)
        build->phase = INDEX_BUILD_STARTING;
    index_build_unlock();
    if (err == OK) {
        step->submitted = 1;
        wait_for_all(step);
        err = step->err;
        index_build_lock();
        build->phase = err == OK ? INDEX_BUILD_FILLING : INDEX_BUILD_WAITING;
        index_build_unlock();
    }
    store_mutation_destroy(&mutation);
    return err;
}

static void wait_for_all(struct step *step)
{
    store_kick(step->store);
    for (; step->submitted > 0; step->submitted--)
        while (sem_wait(&step->done) != 0)
            ASSERT(errno == EINTR);
}

/* The items behind `done`, as they are published: what is younger has its entry. */
static enum err read_keys(struct step *step, struct bytes keys[STEP_KEYS_MAX], unsigned *count)
{
    struct store_range range = table_items_range(step->table->definition.id, &step->arena);
    struct bytes done = buf_bytes(&step->build->done), key, value; /* changed by this thread only */
    struct store_cursor *cursor;
    enum err err;

    if (done.size != 0) {
        uint8_t *after = arena_alloc(&step->arena, done.size + 1);

        memcpy(after, done.data, done.size);
        after[done.size] = 0;
        range.from = bytes_make(after, done.size + 1);
    }
    *count = 0;
    cursor = store_cursor_open(step->store, NULL, STORE_DATA, range, true);
    while ((err = store_cursor_next(cursor, &key, &value)) == OK && *count < STEP_KEYS_MAX)
        keys[(*count)++] = arena_copy(&step->arena, key);
    store_cursor_close(&cursor);
    return err;
}

static enum err fill(struct step *step)
{
    struct index_build *build = step->build;
    struct bytes keys[STEP_KEYS_MAX];
    struct part *parts; /* as many as there are keys, for large items */
    unsigned count, from = 0, part = 0;
    enum err end = read_keys(step, keys, &count), err = OK;

    if (end != OK && end != ERR_ABSENT)
        return end;
    parts = arena_new_array(&step->arena, struct part, count);
    index_build_lock();
    build->epoch = store_failure_epoch(step->store);
    index_build_unlock();
    for (; from < count && err == OK && step->bytes < STEP_BYTES_MAX; part++) {
        struct arena_mark mark = arena_mark(&step->arena);

        err = fill_part(step, &parts[part], keys + from, count - from);
        from += parts[part].count;
        arena_release(&step->arena, mark);
    }
    wait_for_all(step);
    if (from < count)
        end = OK; /* there are more, whatever the cursor said */
    index_build_lock();
    if (err == OK)
        err = step->err;
    set_key(&build->submitted, buf_bytes(&build->done)); /* what failed did not happen */
    if (err == OK && end == ERR_ABSENT) {
        build->phase = INDEX_BUILD_DONE;
        err = ERR_ABSENT;
    }
    index_build_unlock();
    return err;
}

static enum err fill_part(struct step *step, struct part *part, const struct bytes keys[],
                          unsigned count)
{
    enum err err = ERR_WOULD_BLOCK;

    *part = (struct part){.step = step, .keys = keys, .first_s = UINT64_MAX};
    if (count > HOLD_KEYS_MAX)
        count = HOLD_KEYS_MAX;
    for (unsigned attempt = 0; attempt < HOLD_ATTEMPTS_MAX && err == ERR_WOULD_BLOCK; attempt++) {
        struct store_hold hold;

        err = load_part(step, part, count);
        if (err != OK)
            return err;
        store_hold_begin(step->store, keys, part->count, &hold);
        index_build_lock();
        err = submit_part(step, &hold, part);
        index_build_unlock();
        store_hold_end(&hold);
    }
    return err == ERR_WOULD_BLOCK ? ERR_BUSY : err;
}

/* As many items as fit in. Before the hold: there, nothing may wait. */
static enum err load_part(struct step *step, struct part *part, unsigned count)
{
    size_t bytes = 0;
    enum err err = OK;

    part->count = 0;
    while (part->count < count && err == OK && bytes < HOLD_BYTES_MAX) {
        struct store_loaded *loaded = &part->loaded[part->count];

        *loaded = (struct store_loaded){0};
        err = store_load(step->store, part->keys[part->count], &step->arena, loaded);
        bytes += loaded->value.size;
        part->count++;
    }
    step->bytes += bytes;
    part->last_key = part->keys[part->count - 1];
    return err;
}

/* On the committer, in the order of submission. */
static void on_part(void *ctx, enum err err, uint64_t version)
{
    struct part *part = ctx;
    struct step *step = part->step;

    (void)version;
    index_build_lock();
    if (step->err == OK && err == OK)
        set_key(&step->build->done, part->last_key);
    else if (step->err == OK)
        step->err = err;
    index_build_unlock();
    if (err == OK)
        index_expiry_from(table_expiry(step->table), part->first_s);
    sem_post(&step->done);
}

/* An item's entry, as the item is in its version. */
static void add_entry(struct part *part, const struct item *item, struct store_mutation *mutation)
{
    struct step *step = part->step;
    const struct table_definition *table = &step->table->definition;
    struct index_diff diff;
    uint64_t expiry_s;

    index_diff(table, step->index, step->hash_key, item_absent().attributes, item->attributes,
               &step->arena, &diff);
    if (diff.change == INDEX_CHANGE_NONE)
        return;
    if (step->index->definition.kind == INDEX_EXPIRY) {
        store_mutation_put_guarded(mutation, diff.new_key, BYTES(""), STORE_NO_STAMP);
        if (index_expiry_of(step->index, item->attributes, &expiry_s) && expiry_s < part->first_s)
            part->first_s = expiry_s;
        return;
    }
    bytes_put_u64((uint8_t *)diff.new_value.data + ITEM_VERSION_OFFSET, item->version);
    store_mutation_put_guarded(mutation, diff.new_key, diff.new_value, STORE_NO_STAMP);
    store_mutation_count(mutation, table_count_key(table->id, step->index->id, &step->arena), 1,
                         diff.new_bytes);
}

static enum err submit_part(struct step *step, struct store_hold *hold, struct part *part)
{
    struct store_mutation *mutation = store_mutation_create();
    enum err err = OK;

    for (unsigned i = 0; i < part->count && err == OK; i++) {
        struct bytes stored;
        struct item item;

        err = store_newest(hold, part->keys[i], &part->loaded[i], &step->arena, &stored);
        if (err == OK)
            err = item_open(stored, &item);
        if (err == OK && item.version <= step->build->started)
            add_entry(part, &item, mutation);
        if (err == ERR_ABSENT)
            err = OK;
    }
    if (err == OK) {
        put_record(step, mutation, part->last_key, &step->arena);
        store_hold_depends(hold, step->build->epoch);
        err = store_submit(step->store, hold, &mutation, on_part, part);
    }
    if (err == OK) {
        set_key(&step->build->submitted, part->last_key);
        step->submitted++;
    }
    store_mutation_destroy(&mutation);
    return err;
}
