/* store.c - opening a store, reading from it, and submitting to its committer.
 * A mutation is decided under the latches of its keys, gets its version and its place in the queue
 * under the queue's lock, and its images become pending before the latches go: whoever latches next
 * decides on them (store_hold.c). The committer takes what is queued, writes it with one sync,
 * publishes and tells everybody (store_commit.c).
 */
#include "store/store.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store_core_priv.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

#define VERSION_TIME_BITS 16

static void stamp(struct store_mutation *mutation, uint64_t version);

static void do_nothing(void)
{
}

enum err store_open(const struct store_options *options, struct fault *fault, struct store **store)
{
    struct store *s = mem_zalloc(sizeof(*s) + 64);
    enum err err;

    s->queue_bytes_max = options->queue_bytes_max;
    s->done_begin = options->done_begin != NULL ? options->done_begin : do_nothing;
    s->done_end = options->done_end != NULL ? options->done_end : do_nothing;
    s->queue_end = &s->queue_first;
    pthread_mutex_init(&s->queue_lock, NULL);
    pthread_cond_init(&s->queue_filled, NULL);
    pthread_mutex_init(&s->kept_lock, NULL);
    store_stripes_init(s, options->image_bytes);

    err = options->path != NULL ? store_rocks_open(options, fault, &s->engine)
                                : store_mem_open(options, fault, &s->engine);
    if (err != OK)
        goto fail;
    s->counts = store_counts_create(s->engine);
    err = store_commit_read_version(s, &s->last_version);
    if (err != OK) {
        fault_set(fault, err, "the data directory's version record %s",
                  err == ERR_CORRUPT ? "is damaged" : "cannot be read");
        goto fail;
    }
    s->recorded_version = s->last_version;
    atomic_store(&s->published_version, s->last_version);
    if (pthread_create(&s->committer, NULL, store_commit_run, s) != 0) {
        err = fault_set(fault, ERR_IO, "cannot start the committer thread");
        goto fail;
    }
    *store = s;
    return OK;
fail:
    store_counts_destroy(&s->counts);
    if (s->engine != NULL)
        s->engine->class->close(s->engine);
    free(s);
    return err;
}

bool store_had_records(const struct store *store)
{
    return store->engine->had_records;
}

void store_close(struct store **store)
{
    struct store *s = *store;

    if (s == NULL)
        return;
    pthread_mutex_lock(&s->queue_lock);
    s->stopping = true;
    pthread_cond_signal(&s->queue_filled);
    pthread_mutex_unlock(&s->queue_lock);
    pthread_join(s->committer, NULL);
    ASSERT(s->queue_first == NULL);
    store_counts_destroy(&s->counts);
    store_checkpoints_fini(s);
    s->engine->class->close(s->engine);
    store_stripes_fini(s);
    pthread_cond_destroy(&s->queue_filled);
    pthread_mutex_destroy(&s->queue_lock);
    free(s);
    *store = NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

bool store_waits_for_readers(const struct store *store)
{
    return atomic_load_explicit(&store->engine->waits_for_readers, memory_order_relaxed);
}

struct store_snapshot *store_snapshot_begin(struct store *store)
{
    return store->engine->class->snapshot_begin(store->engine);
}

void store_snapshot_end(struct store *store, struct store_snapshot **snapshot)
{
    if (*snapshot != NULL)
        store->engine->class->snapshot_end(store->engine, *snapshot);
    *snapshot = NULL;
}

enum err store_get(struct store *store, const struct store_snapshot *snapshot,
                   enum store_family family, struct bytes key, bool may_wait, struct arena *arena,
                   struct bytes *value)
{
    return store->engine->class->get(store->engine, snapshot, family, key, may_wait, arena, value);
}

struct store_cursor *store_cursor_open(struct store *store, const struct store_snapshot *snapshot,
                                       enum store_family family, struct store_range range,
                                       bool may_wait)
{
    return store->engine->class->cursor_open(store->engine, snapshot, family, range, may_wait);
}

enum err store_cursor_next(struct store_cursor *cursor, struct bytes *key, struct bytes *value)
{
    return cursor->next(cursor, key, value);
}

void store_cursor_close(struct store_cursor **cursor)
{
    if (*cursor != NULL)
        (*cursor)->close(*cursor);
    *cursor = NULL;
}

enum err store_range_bytes(struct store *store, enum store_family family, struct store_range range,
                           uint64_t *bytes)
{
    struct store_cursor *cursor;
    struct bytes key, value;
    uint64_t sum = 0;
    enum err err;

    if (store->engine->class->range_bytes != NULL)
        return store->engine->class->range_bytes(store->engine, family, range, bytes);
    cursor = store_cursor_open(store, NULL, family, range, true);
    while ((err = store_cursor_next(cursor, &key, &value)) == OK)
        sum += key.size + value.size;
    store_cursor_close(&cursor);
    if (err != ERR_ABSENT)
        return err;
    *bytes = sum;
    return OK;
}

/* --- submitting ------------------------------------------------------------------------------ */

enum err store_submit(struct store *store, struct store_hold *hold,
                      struct store_mutation **mutation, store_done_fn *done, void *ctx)
{
    struct store_mutation *m = *mutation;
    size_t bytes = m->bytes.size + sizeof(*m);

    if (m->adds_data && atomic_load_explicit(&store->full, memory_order_relaxed))
        return ERR_NO_SPACE;
    m->done = done;
    m->ctx = ctx;
    m->depends = hold != NULL && hold->saw_pending;
    m->failure_epoch = hold != NULL ? hold->failure_epoch : 0;
    m->next = NULL;

    pthread_mutex_lock(&store->queue_lock);
    if (store->queue_bytes + bytes > store->queue_bytes_max && store->queue_first != NULL) {
        pthread_mutex_unlock(&store->queue_lock);
        return ERR_BUSY;
    }
    {
        uint64_t now = clock_wall_ms() << VERSION_TIME_BITS;

        store->last_version = now > store->last_version ? now : store->last_version + 1;
    }
    stamp(m, store->last_version);
    /* Under the queue's lock, or the committer might publish before the images are pending. The
     * latches are the caller's, so nobody else looks at these stripes. */
    if (hold != NULL)
        store_pendings_insert(store, m);
    *store->queue_end = m;
    store->queue_end = &m->next;
    store->queue_bytes += bytes;
    pthread_mutex_unlock(&store->queue_lock);
    *mutation = NULL;
    return OK;
}

void store_kick(struct store *store)
{
    /* Under the lock, or the committer might look, find nothing, and sleep through this. */
    pthread_mutex_lock(&store->queue_lock);
    store->kicked = true;
    pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_lock);
}

struct waiter {
    sem_t done;
    enum err err;
};

static void wake_waiter(void *ctx, enum err err, uint64_t version)
{
    struct waiter *waiter = ctx;

    (void)version;
    waiter->err = err;
    sem_post(&waiter->done);
}

enum err store_submit_and_wait(struct store *store, struct store_hold *hold,
                               struct store_mutation **mutation)
{
    struct waiter waiter;
    enum err err;

    sem_init(&waiter.done, 0, 0);
    err = store_submit(store, hold, mutation, wake_waiter, &waiter);
    if (hold != NULL)
        store_hold_end(hold); /* the committer needs the latches to publish */
    if (err == OK) {
        store_kick(store);
        while (sem_wait(&waiter.done) != 0)
            ASSERT(errno == EINTR);
        err = waiter.err;
    }
    sem_destroy(&waiter.done);
    return err;
}

enum err store_count(struct store *store, struct bytes counter_key, struct store_count *count)
{
    return store_counts_read(store->counts, counter_key, true, count);
}

enum err store_count_try(struct store *store, struct bytes counter_key, bool may_wait,
                         struct store_count *count)
{
    return store_counts_read(store->counts, counter_key, may_wait, count);
}

uint64_t store_version(const struct store *store)
{
    return atomic_load(&store->published_version);
}

uint64_t store_newest_version(struct store *store)
{
    uint64_t version;

    pthread_mutex_lock(&store->queue_lock);
    version = store->last_version;
    pthread_mutex_unlock(&store->queue_lock);
    return version;
}

static void stamp(struct store_mutation *mutation, uint64_t version)
{
    mutation->version = version;
    for (unsigned i = 0; i < mutation->op_count; i++) {
        const struct store_op *op = &mutation->ops[i];

        if (op->key_stamp != STAMP_NONE)
            bytes_put_u64(mutation->bytes.data + op->key_stamp, version);
        if (op->value_stamp != STAMP_NONE)
            bytes_put_u64(mutation->bytes.data + op->value_stamp, version);
    }
}
