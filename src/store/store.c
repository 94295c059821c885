/* store.c - what is the same above every engine: latches, pending images, versions, counters, and
 * the committer.
 * A mutation is decided under the latches of its keys, gets its version and its place in the queue
 * under the queue's lock, and its images become pending before the latches go: whoever latches next
 * decides on them. The committer takes what is queued, writes it with one sync, publishes (pending
 * images go, the engine shows them now) and tells everybody.
 * When the disk is full, a group fails, and with it whatever was decided on its images. To find the
 * latter without tracking who read what, failures have an epoch: a hold that reads a pending image
 * notes the epoch, and a mutation whose epoch has passed fails too. That may fail a few that were
 * innocent, on a full disk, never one too few: images are withdrawn before the epoch moves.
 * Published images of single keys are kept per stripe (store_cache.h). A reader must not see an old
 * image there after somebody saw a newer one in the engine: while a key has a pending image, reads
 * of it go to the engine, and the image is replaced in the moment it stops being pending.
 */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_cache.h"
#include "store/store_counts.h"
#include "store/store_priv.h"

#define STRIPE_COUNT      1024
#define GROUP_BYTES_MAX   ((size_t)8 << 20)
#define ROOM_CHECK_MS     500
#define VERSION_TIME_BITS 16

struct stripe {
    _Alignas(64) pthread_mutex_t latch; /* guards the rest */
    struct store_pending *newest;
    struct store_cache cache; /* of published images */
    _Atomic uint64_t changes; /* published since the start; also read without the latch */
};

struct store {
    struct store_engine *engine;
    struct store_counts *counts;
    size_t queue_bytes_max;

    pthread_mutex_t queue_lock; /* guards queue_* and last_version */
    pthread_cond_t queue_filled;
    struct store_mutation *queue_first, **queue_end;
    size_t queue_bytes;
    bool stopping;
    uint64_t last_version;

    _Atomic uint64_t published_version;
    _Atomic uint64_t failure_epoch;
    _Atomic bool full;         /* the disk; nothing that adds data is taken */
    bool engine_writes;        /* while full: deletes work. Committer only, like the next */
    uint64_t room_due_ms;      /* while full: when to look for room again */
    uint64_t recorded_version; /* of the last group that was written */
    pthread_t committer;

    struct stripe stripes[STRIPE_COUNT];
};

/* Where the newest version is kept: prefix of space meta (item/key.h), then a name. */
static const uint8_t version_key[] = {0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,
                                      0, 0, 0, 0, 'v', 'e', 'r', 's', 'i', 'o', 'n'};
#define VERSION_RECORD_FORMAT 1
#define VERSION_RECORD_BYTES  9

static enum err read_version(struct store *store, uint64_t *version);
static uint64_t hash_of(struct bytes key);
static uint16_t stripe_of(uint64_t hash);
static const struct store_pending *find_pending(const struct stripe *stripe, struct bytes key);
static void stamp(struct store_mutation *mutation, uint64_t version);
static void pendings_insert(struct store *store, struct store_mutation *mutation);
static void pendings_remove(struct store *store, struct store_mutation *mutation, bool published);
static void *committer_run(void *arg);
static bool take_group(struct store *store, struct store_mutation **group);
static struct store_mutation *refuse_doomed(struct store *store, struct store_mutation *group);
static void commit_group(struct store *store, struct store_mutation *group);
static void fail_group(struct store *store, struct store_mutation *group, enum err err);
static void disk_full(struct store *store, struct buf *why);
static void make_room(struct store *store, struct buf *why);
static void check_room(struct store *store);
static bool is_as_published(struct store *store);
static _Noreturn void stop_process(enum err err, const struct buf *why);

enum err store_open(const struct store_options *options, struct fault *fault,
                    struct store **store)
{
    struct store *s = mem_zalloc(sizeof(*s) + 64);
    enum err err;

    s->queue_bytes_max = options->queue_bytes_max;
    s->queue_end = &s->queue_first;
    pthread_mutex_init(&s->queue_lock, NULL);
    pthread_cond_init(&s->queue_filled, NULL);
    for (unsigned i = 0; i < STRIPE_COUNT; i++)
        pthread_mutex_init(&s->stripes[i].latch, NULL);
    for (unsigned i = 0; i < STRIPE_COUNT; i++)
        store_cache_init(&s->stripes[i].cache, options->image_bytes / STRIPE_COUNT);

    err = options->path != NULL ? store_rocks_open(options, fault, &s->engine)
                                : store_mem_open(options, fault, &s->engine);
    if (err != OK)
        goto fail;
    s->counts = store_counts_create(s->engine);
    err = read_version(s, &s->last_version);
    if (err != OK) {
        fault_set(fault, err, "the data directory's version record %s",
                  err == ERR_CORRUPT ? "is damaged" : "cannot be read");
        goto fail;
    }
    s->recorded_version = s->last_version;
    atomic_store(&s->published_version, s->last_version);
    if (pthread_create(&s->committer, NULL, committer_run, s) != 0) {
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
    s->engine->class->close(s->engine);
    for (unsigned i = 0; i < STRIPE_COUNT; i++) {
        ASSERT(s->stripes[i].newest == NULL);
        store_cache_fini(&s->stripes[i].cache);
        pthread_mutex_destroy(&s->stripes[i].latch);
    }
    pthread_cond_destroy(&s->queue_filled);
    pthread_mutex_destroy(&s->queue_lock);
    free(s);
    *store = NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

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

/* Copies a remembered image. False: the key is not known here. The latch is held. */
static bool read_cache(struct stripe *stripe, uint64_t hash, struct bytes key, struct arena *arena,
                       struct bytes *value, enum err *err)
{
    struct bytes image;
    bool absent;

    if (!store_cache_find(&stripe->cache, hash, key, &absent, &image))
        return false;
    *err = absent ? ERR_ABSENT : OK;
    if (!absent)
        *value = arena_copy(arena, image);
    return true;
}

enum err store_read(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                    struct bytes *value)
{
    uint64_t hash = hash_of(key), changes;
    struct stripe *stripe = &store->stripes[stripe_of(hash)];
    bool busy, known = false;
    enum err err = OK;

    pthread_mutex_lock(&stripe->latch);
    busy = find_pending(stripe, key) != NULL;
    if (!busy)
        known = read_cache(stripe, hash, key, arena, value, &err);
    changes = atomic_load(&stripe->changes);
    pthread_mutex_unlock(&stripe->latch);
    if (known)
        return err;

    err = store_get(store, NULL, STORE_DATA, key, may_wait, arena, value);
    if (busy || (err != OK && err != ERR_ABSENT))
        return err;
    pthread_mutex_lock(&stripe->latch);
    if (changes == atomic_load(&stripe->changes) && find_pending(stripe, key) == NULL)
        store_cache_set(&stripe->cache, hash, key, err == ERR_ABSENT, *value);
    pthread_mutex_unlock(&stripe->latch);
    return err;
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

/* --- holds ----------------------------------------------------------------------------------- */

void store_hold_begin(struct store *store, const struct bytes keys[], unsigned count,
                      struct store_hold *hold)
{
    ASSERT(count <= STORE_KEYS_PER_HOLD_MAX);
    hold->store = store;
    hold->stripe_count = 0;
    hold->saw_pending = false;
    hold->failure_epoch = 0;
    for (unsigned i = 0; i < count; i++) {
        uint16_t stripe = stripe_of(hash_of(keys[i]));
        unsigned at = hold->stripe_count;

        /* Insertion into the sorted, distinct list: one order for all, so no deadlock. */
        while (at > 0 && hold->stripes[at - 1] > stripe)
            at--;
        if (at > 0 && hold->stripes[at - 1] == stripe)
            continue;
        memmove(&hold->stripes[at + 1], &hold->stripes[at],
                (hold->stripe_count - at) * sizeof(hold->stripes[0]));
        hold->stripes[at] = stripe;
        hold->stripe_count++;
    }
    for (unsigned i = 0; i < hold->stripe_count; i++)
        pthread_mutex_lock(&store->stripes[hold->stripes[i]].latch);
}

void store_hold_end(struct store_hold *hold)
{
    for (unsigned i = hold->stripe_count; i > 0; i--)
        pthread_mutex_unlock(&hold->store->stripes[hold->stripes[i - 1]].latch);
    hold->stripe_count = 0;
}

enum err store_load(struct store *store, struct bytes key, struct arena *arena,
                    struct store_loaded *loaded)
{
    struct stripe *stripe = &store->stripes[stripe_of(hash_of(key))];
    /* Before the read: a change that the read may have missed moves the count afterwards. */
    uint64_t changes = atomic_load(&stripe->changes);
    struct bytes value = {0};
    enum err err = store_get(store, NULL, STORE_DATA, key, true, arena, &value);

    if (err != OK && err != ERR_ABSENT)
        return err;
    *loaded = (struct store_loaded){.valid = true,
                                    .absent = err == ERR_ABSENT,
                                    .stripe_changes = changes,
                                    .value = value};
    return OK;
}

enum err store_newest(struct store_hold *hold, struct bytes key, const struct store_loaded *loaded,
                      struct arena *arena, struct bytes *value)
{
    struct store *store = hold->store;
    uint64_t hash = hash_of(key);
    struct stripe *stripe = &store->stripes[stripe_of(hash)];
    const struct store_pending *pending = find_pending(stripe, key);
    enum err err;

    if (pending != NULL) {
        const struct store_op *op = &pending->mutation->ops[pending->op_index];

        if (!hold->saw_pending) {
            hold->saw_pending = true;
            hold->failure_epoch = atomic_load(&store->failure_epoch);
        }
        if (op->kind == STORE_OP_DELETE)
            return ERR_ABSENT;
        *value = arena_copy(arena, store_op_value(pending->mutation, op));
        return OK;
    }
    if (loaded != NULL && loaded->valid &&
        loaded->stripe_changes == atomic_load(&stripe->changes)) {
        if (loaded->absent)
            return ERR_ABSENT;
        *value = loaded->value;
        return OK;
    }
    if (read_cache(stripe, hash, key, arena, value, &err))
        return err;
    err = store_get(store, NULL, STORE_DATA, key, false, arena, value);
    if (err == OK || err == ERR_ABSENT)
        store_cache_set(&stripe->cache, hash, key, err == ERR_ABSENT, *value);
    return err;
}

/* Eight bytes at a time, multiplied and folded. No secret: whoever aims at one stripe slows only keys
 * that share it, and a stripe's chains are bounded by its cache's bytes. */
static uint64_t hash_of(struct bytes key)
{
    uint64_t hash = key.size * 0x9e3779b97f4a7c15ULL;
    size_t i = 0;

    for (; i + 8 <= key.size; i += 8) {
        uint64_t word;

        memcpy(&word, key.data + i, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32;
    }
    for (; i < key.size; i++)
        hash = (hash ^ key.data[i]) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 29;
    hash *= 0xc4ceb9fe1a85ec53ULL;
    return hash ^ hash >> 32;
}

/* The top bits; the cache's buckets take the low ones. */
static uint16_t stripe_of(uint64_t hash)
{
    return (uint16_t)((hash >> 48) % STRIPE_COUNT);
}

static const struct store_pending *find_pending(const struct stripe *stripe, struct bytes key)
{
    const struct store_pending *pending = stripe->newest;

    while (pending != NULL &&
           !bytes_equal(key, store_op_key(pending->mutation,
                                          &pending->mutation->ops[pending->op_index])))
        pending = pending->older;
    return pending;
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
        pendings_insert(store, m);
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
    return store_counts_read(store->counts, counter_key, count);
}

uint64_t store_version(const struct store *store)
{
    return atomic_load(&store->published_version);
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

static void pendings_insert(struct store *store, struct store_mutation *mutation)
{
    unsigned count = 0;

    if (mutation->op_count == 0)
        return;
    if (mutation->pending_capacity < mutation->op_count) {
        mutation->pending_capacity = mutation->op_count;
        mutation->pendings = mem_resize(mutation->pendings,
                                        mutation->op_count * sizeof(mutation->pendings[0]));
    }
    for (unsigned i = 0; i < mutation->op_count; i++) {
        const struct store_op *op = &mutation->ops[i];
        struct store_pending *pending = &mutation->pendings[count];
        struct stripe *stripe;

        if (op->family != STORE_DATA || op->kind == STORE_OP_DELETE_RANGE)
            continue;
        pending->mutation = mutation;
        pending->op_index = i;
        pending->hash = hash_of(store_op_key(mutation, op));
        pending->stripe = stripe_of(pending->hash);
        stripe = &store->stripes[pending->stripe];
        pending->newer = NULL;
        pending->older = stripe->newest;
        if (pending->older != NULL)
            pending->older->newer = pending;
        stripe->newest = pending;
        count++;
    }
    mutation->pending_count = count;
}

/* What was pending is what the engine shows from now on. The latch is held. */
static void remember(struct stripe *stripe, const struct store_pending *pending)
{
    const struct store_op *op = &pending->mutation->ops[pending->op_index];

    atomic_fetch_add(&stripe->changes, 1);
    store_cache_set(&stripe->cache, pending->hash, store_op_key(pending->mutation, op),
                    op->kind == STORE_OP_DELETE, store_op_value(pending->mutation, op));
}

static void pendings_remove(struct store *store, struct store_mutation *mutation, bool published)
{
    for (unsigned i = 0; i < mutation->pending_count; i++) {
        struct store_pending *pending = &mutation->pendings[i];
        struct stripe *stripe = &store->stripes[pending->stripe];

        pthread_mutex_lock(&stripe->latch);
        if (pending->older != NULL)
            pending->older->newer = pending->newer;
        if (pending->newer != NULL)
            pending->newer->older = pending->older;
        else
            stripe->newest = pending->older;
        if (published)
            remember(stripe, pending);
        pthread_mutex_unlock(&stripe->latch);
    }
    mutation->pending_count = 0;
}

/* --- the committer --------------------------------------------------------------------------- */

static void *committer_run(void *arg)
{
    struct store *store = arg;
    struct store_mutation *group;

    pthread_setname_np(pthread_self(), "committer");
    while (take_group(store, &group)) {
        if (atomic_load_explicit(&store->full, memory_order_relaxed) &&
            clock_mono_ms() >= store->room_due_ms)
            check_room(store);
        group = refuse_doomed(store, group);
        if (group != NULL)
            commit_group(store, group);
    }
    return NULL;
}

/* Waits for work. NULL: none, but it is time to look for room. False: none, and none will come. */
static bool take_group(struct store *store, struct store_mutation **group)
{
    struct store_mutation *last;
    size_t bytes = 0;
    bool stopped;

    pthread_mutex_lock(&store->queue_lock);
    while (store->queue_first == NULL && !store->stopping) {
        struct timespec until;

        if (!atomic_load_explicit(&store->full, memory_order_relaxed)) {
            pthread_cond_wait(&store->queue_filled, &store->queue_lock);
            continue;
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += ROOM_CHECK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&store->queue_filled, &store->queue_lock, &until) == ETIMEDOUT)
            break;
    }
    *group = last = store->queue_first;
    stopped = last == NULL && store->stopping;
    if (last != NULL) {
        bytes = last->bytes.size + sizeof(*last);
        while (last->next != NULL && bytes < GROUP_BYTES_MAX) {
            last = last->next;
            bytes += last->bytes.size + sizeof(*last);
        }
        store->queue_first = last->next;
        if (store->queue_first == NULL)
            store->queue_end = &store->queue_first;
        store->queue_bytes -= bytes;
        last->next = NULL;
    }
    pthread_mutex_unlock(&store->queue_lock);
    return !stopped;
}

/* Takes out what cannot happen any more, in order; the rest of the group is returned. */
static struct store_mutation *refuse_doomed(struct store *store, struct store_mutation *group)
{
    struct store_mutation *kept = NULL, **kept_end = &kept;

    while (group != NULL) {
        struct store_mutation *next = group->next;
        bool full = atomic_load_explicit(&store->full, memory_order_relaxed);

        group->next = NULL;
        if ((group->depends && group->failure_epoch != atomic_load(&store->failure_epoch)) ||
            (full && group->op_count != 0 && (group->adds_data || !store->engine_writes))) {
            fail_group(store, group, ERR_NO_SPACE);
        } else {
            *kept_end = group;
            kept_end = &group->next;
        }
        group = next;
    }
    return kept;
}

static void commit_group(struct store *store, struct store_mutation *group)
{
    struct store_mutation *last = group, *totals = store_mutation_create();
    uint8_t version_record[VERSION_RECORD_BYTES] = {VERSION_RECORD_FORMAT};
    enum err err = OK;
    bool writes = group->op_count != 0;
    struct buf why;

    buf_init(&why, 1024);
    while (last->next != NULL) {
        last = last->next;
        writes |= last->op_count != 0;
    }
    if (writes) {
        bytes_put_u64(version_record + 1, last->version);
        /* These replace records of the same size: nothing that a full disk has to refuse. */
        store_mutation_put(totals, STORE_DATA, bytes_make(version_key, sizeof(version_key)),
                           STORE_NO_STAMP, bytes_make(version_record, sizeof(version_record)),
                           STORE_NO_STAMP);
        err = store_counts_begin(store->counts, group, totals);
        totals->adds_data = false;
        last->next = totals;
        if (err == OK)
            err = store->engine->class->write(store->engine, group, &why);
        last->next = NULL;
        store_counts_end(store->counts, err == OK);
    }
    if (err == OK) {
        if (writes)
            store->recorded_version = last->version;
        for (struct store_mutation *m = group; m != NULL; m = m->next)
            pendings_remove(store, m, true);
        atomic_store(&store->published_version, last->version);
        while (group != NULL) {
            struct store_mutation *m = group;

            group = m->next;
            m->done(m->ctx, OK, m->version);
            store_mutation_destroy(&m);
        }
    } else if (err == ERR_NO_SPACE) {
        disk_full(store, &why);
        fail_group(store, group, ERR_NO_SPACE);
    } else {
        /* Whether the group reached the disk is unknown, and memory must not disagree with it: the
         * log decides when the process starts again. */
        stop_process(err, &why);
    }
    store_mutation_destroy(&totals);
    buf_fini(&why);
}

static void fail_group(struct store *store, struct store_mutation *group, enum err err)
{
    for (struct store_mutation *m = group; m != NULL; m = m->next)
        pendings_remove(store, m, false);
    /* Only now: whoever still saw these images noted the epoch that ends here. */
    atomic_fetch_add(&store->failure_epoch, 1);
    while (group != NULL) {
        struct store_mutation *m = group;

        group = m->next;
        m->done(m->ctx, err, 0);
        store_mutation_destroy(&m);
    }
}

static void disk_full(struct store *store, struct buf *why)
{
    struct buf since;
    bool known = atomic_load(&store->full);

    atomic_store(&store->full, true);
    buf_init(&since, 1024);
    make_room(store, &since);
    if (!known)
        LOG(ERROR, "the disk of the data directory is full; writes are refused, reads go on. Free "
                   "some space, writes then resume by themselves",
            log_string("deletes", store->engine_writes ? "go on" : "refused"),
            log_bytes("why", buf_bytes(why)));
    buf_fini(&since);
}

static void make_room(struct store *store, struct buf *why)
{
    store->engine_writes = store->engine->class->make_room(store->engine, why) == OK;
    store->room_due_ms = clock_mono_ms() + ROOM_CHECK_MS;
    if (!store->engine_writes)
        LOG(DEBUG, "nothing can be written yet", log_bytes("why", buf_bytes(why)));
}

static void check_room(struct store *store)
{
    struct buf why;
    enum err err;

    buf_init(&why, 1024);
    err = store->engine->class->restore_room(store->engine, &why);
    if (err == OK && !is_as_published(store)) {
        buf_append_string(&why, "a refused write is there");
        err = ERR_CORRUPT;
    }
    if (err == OK) {
        atomic_store(&store->full, false);
        LOG(INFO, "there is room again; writes resume", log_u64("version", store_version(store)));
    } else if (err != ERR_NO_SPACE) {
        stop_process(err, &why);
    } else if (!store->engine_writes) {
        buf_reset(&why, SIZE_MAX);
        make_room(store, &why);
    }
    store->room_due_ms = clock_mono_ms() + ROOM_CHECK_MS;
    buf_fini(&why);
}

/* The engine may have read its log anew: memory must not disagree with what it found there. */
static bool is_as_published(struct store *store)
{
    uint64_t version = 0;

    return read_version(store, &version) == OK && version == store->recorded_version;
}

static _Noreturn void stop_process(enum err err, const struct buf *why)
{
    LOG(ERROR,
        "cannot write to the data directory; stopping so that nothing is lost. "
        "Check the disk, then start again",
        log_string("error", err_name(err)), log_bytes("why", buf_bytes(why)));
    abort();
}

/* Untouched if there is none yet. */
static enum err read_version(struct store *store, uint64_t *version)
{
    struct arena arena;
    struct bytes record;
    enum err err;

    arena_init(&arena);
    err = store_get(store, NULL, STORE_DATA, bytes_make(version_key, sizeof(version_key)), true,
                    &arena, &record);
    if (err == OK &&
        (record.size != VERSION_RECORD_BYTES || record.data[0] != VERSION_RECORD_FORMAT))
        err = ERR_CORRUPT;
    if (err == OK)
        *version = bytes_get_u64(record.data + 1);
    arena_fini(&arena);
    return err == ERR_ABSENT ? OK : err;
}
