/* store_counts.c - a hash of the counters seen so far, loaded from the engine on first use.
 * Loading waits for the disk, so it is done outside of the lock: who waits holds up nobody but
 * itself. Two may load the same counter; the first one in stays.
 * There is one for each table and index, and one for each item collection of some tables, so only
 * COUNTERS_MAX are kept from group to group. Whoever loads one while some go loads it again, since
 * it may have changed and gone meanwhile.
 * Record: format u8 (1) · items u64 · bytes u64 (docs/decisions/0001-stored-formats.md).
 */
#include "store/store_counts.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>

#define BUCKET_COUNT  4096
#define COUNTERS_MAX  32768 /* kept: under 5 MB */
#define RECORD_FORMAT 1

struct counter {
    struct counter *next;       /* in the bucket */
    struct counter *next_dirty; /* in the group */
    uint8_t key[STORE_COUNT_KEY_BYTES_MAX];
    size_t key_size;
    struct store_count published;
    struct store_count group; /* with the group under way */
    bool dirty;
    bool forgotten;
};

struct store_counts {
    struct store_engine *engine;
    pthread_mutex_t lock; /* guards the next four and published; the rest is the committer's */
    struct counter *buckets[BUCKET_COUNT];
    unsigned count;
    unsigned hand;  /* the bucket to make room in next */
    uint64_t drops; /* so far */
    struct counter *dirty;
};

static unsigned bucket_of(struct bytes key);
static enum err find_or_load(struct store_counts *counts, struct bytes key, bool may_wait,
                             struct counter **found);
static struct counter *find(const struct store_counts *counts, struct bytes key);
static enum err load(struct store_counts *counts, struct bytes key, bool may_wait,
                     struct counter **loaded);
static uint64_t add(uint64_t value, int64_t delta, struct bytes key);
static void drop(struct store_counts *counts, struct counter *counter);

void store_count_record(const struct store_count *count, uint8_t record[STORE_COUNT_RECORD_BYTES])
{
    record[0] = RECORD_FORMAT;
    bytes_put_u64(record + 1, count->items);
    bytes_put_u64(record + 9, count->bytes);
}

struct store_counts *store_counts_create(struct store_engine *engine)
{
    struct store_counts *counts = mem_zalloc(sizeof(*counts));

    counts->engine = engine;
    pthread_mutex_init(&counts->lock, NULL);
    return counts;
}

void store_counts_destroy(struct store_counts **counts)
{
    struct store_counts *c = *counts;

    if (c == NULL)
        return;
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        while (c->buckets[i] != NULL) {
            struct counter *counter = c->buckets[i];

            c->buckets[i] = counter->next;
            free(counter);
        }
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
    *counts = NULL;
}

enum err store_counts_begin(struct store_counts *counts, const struct store_mutation *group,
                            struct store_mutation *totals)
{
    ASSERT(counts->dirty == NULL);
    for (; group != NULL; group = group->next) {
        for (unsigned i = 0; i < group->count_count; i++) {
            const struct store_count_op *op = &group->counts[i];
            struct bytes key = bytes_make(group->bytes.data + op->key_at, op->key_size);
            struct counter *counter;
            enum err err;

            pthread_mutex_lock(&counts->lock);
            err = find_or_load(counts, key, true, &counter);
            pthread_mutex_unlock(&counts->lock);
            if (err != OK)
                return err;
            if (!counter->dirty) {
                counter->dirty = true;
                counter->group = counter->published;
                counter->next_dirty = counts->dirty;
                counts->dirty = counter;
            }
            counter->forgotten |= op->forget;
            counter->group.items = add(counter->group.items, op->items, key);
            counter->group.bytes = add(counter->group.bytes, op->bytes, key);
        }
    }
    for (const struct counter *counter = counts->dirty; counter != NULL;
         counter = counter->next_dirty) {
        struct bytes key = bytes_make(counter->key, counter->key_size);
        uint8_t record[STORE_COUNT_RECORD_BYTES];

        if (counter->forgotten)
            continue;
        if (counter->group.items == 0 && counter->group.bytes == 0) {
            /* No record says the same, and item collections come and go. */
            store_mutation_delete(totals, STORE_DATA, key);
            continue;
        }
        store_count_record(&counter->group, record);
        store_mutation_put(totals, STORE_DATA, key, STORE_NO_STAMP,
                           bytes_make(record, sizeof(record)), STORE_NO_STAMP);
    }
    return OK;
}

void store_counts_end(struct store_counts *counts, bool happened)
{
    pthread_mutex_lock(&counts->lock);
    while (counts->dirty != NULL) {
        struct counter *counter = counts->dirty;

        counts->dirty = counter->next_dirty;
        counter->dirty = false;
        if (happened)
            counter->published = counter->group;
        if (happened && counter->forgotten)
            drop(counts, counter);
        else
            counter->forgotten = false;
    }
    for (; counts->count > COUNTERS_MAX; counts->hand = (counts->hand + 1) % BUCKET_COUNT)
        while (counts->buckets[counts->hand] != NULL)
            drop(counts, counts->buckets[counts->hand]);
    pthread_mutex_unlock(&counts->lock);
}

enum err store_counts_read(struct store_counts *counts, struct bytes key, bool may_wait,
                           struct store_count *count)
{
    struct counter *counter;
    enum err err;

    pthread_mutex_lock(&counts->lock);
    err = find_or_load(counts, key, may_wait, &counter);
    if (err == OK)
        *count = counter->published;
    pthread_mutex_unlock(&counts->lock);
    return err;
}

static unsigned bucket_of(struct bytes key)
{
    uint32_t hash = 2166136261u; /* FNV-1a: the keys are ours */

    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ key.data[i]) * 16777619u;
    return hash % BUCKET_COUNT;
}

/* Enters and leaves under the lock, and lets go of it to load. Only the committer changes counters,
 * and it never does before they are here: while none are dropped, what was read is still so. */
static enum err find_or_load(struct store_counts *counts, struct bytes key, bool may_wait,
                             struct counter **found)
{
    struct counter *counter, *loaded = NULL;
    struct counter **bucket;
    uint64_t drops = 0;

    while ((counter = find(counts, key)) == NULL && (loaded == NULL || drops != counts->drops)) {
        enum err err;

        free(loaded);
        loaded = NULL;
        drops = counts->drops;
        pthread_mutex_unlock(&counts->lock);
        err = load(counts, key, may_wait, &loaded);
        pthread_mutex_lock(&counts->lock);
        if (err != OK)
            return err;
    }
    if (counter != NULL) {
        free(loaded);
    } else {
        bucket = &counts->buckets[bucket_of(key)];
        counter = loaded;
        counter->next = *bucket;
        *bucket = counter;
        counts->count++;
    }
    *found = counter;
    return OK;
}

/* Under the lock. */
static struct counter *find(const struct store_counts *counts, struct bytes key)
{
    struct counter *counter = counts->buckets[bucket_of(key)];

    while (counter != NULL && !bytes_equal(key, bytes_make(counter->key, counter->key_size)))
        counter = counter->next;
    return counter;
}

/* From the engine. Not under the lock. */
static enum err load(struct store_counts *counts, struct bytes key, bool may_wait,
                     struct counter **loaded)
{
    struct counter *counter = mem_zalloc(sizeof(*counter));
    struct arena arena;
    struct bytes record;
    enum err err;

    ASSERT(key.size <= STORE_COUNT_KEY_BYTES_MAX);
    memcpy(counter->key, key.data, key.size);
    counter->key_size = key.size;
    arena_init(&arena);
    err = counts->engine->class->get(counts->engine, NULL, STORE_DATA, key, may_wait, &arena,
                                     &record);
    if (err == ERR_ABSENT) {
        err = OK;
    } else if (err == OK &&
               (record.size != STORE_COUNT_RECORD_BYTES || record.data[0] != RECORD_FORMAT)) {
        err = ERR_CORRUPT;
    } else if (err == OK) {
        counter->published.items = bytes_get_u64(record.data + 1);
        counter->published.bytes = bytes_get_u64(record.data + 9);
    }
    arena_fini(&arena);
    if (err == OK)
        *loaded = counter;
    else
        free(counter);
    return err;
}

static uint64_t add(uint64_t value, int64_t delta, struct bytes key)
{
    uint64_t decrease = delta < 0 ? 0 - (uint64_t)delta : 0;

    if (delta >= 0)
        return value + (uint64_t)delta;
    if (decrease > value) {
        LOG(ERROR, "a counter would fall below zero; run `stele check`", log_bytes("key", key));
        return 0;
    }
    return value - decrease;
}

/* Under the lock. */
static void drop(struct store_counts *counts, struct counter *counter)
{
    struct counter **at = &counts->buckets[bucket_of(bytes_make(counter->key, counter->key_size))];

    while (*at != counter)
        at = &(*at)->next;
    *at = counter->next;
    counts->count--;
    counts->drops++;
    free(counter);
}
