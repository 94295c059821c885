/* store_commit.c - the committer: takes what is queued, makes it durable with one sync, publishes
 * it and tells everybody.
 * When the disk is full, a group fails, and with it whatever was decided on its images. To find the
 * latter without tracking who read what, failures have an epoch: a hold that reads a pending image
 * notes the epoch, and a mutation whose epoch has passed fails too. That may fail a few that were
 * innocent, on a full disk, never one too few: images are withdrawn before the epoch moves.
 */
#include "base/clock.h"
#include "base/log.h"
#include "store/store_core_priv.h"

#include <errno.h>
#include <stdlib.h>

#define GROUP_BYTES_MAX ((size_t)8 << 20)
#define ROOM_CHECK_MS   500

/* Where the newest version is kept: prefix of space meta (item/key.h), then a name. */
static const uint8_t version_key[] = {0, 0, 0, 0, 8,   0,   0,   0,   0,   0,   0,
                                      0, 0, 0, 0, 'v', 'e', 'r', 's', 'i', 'o', 'n'};
#define VERSION_RECORD_FORMAT 1
#define VERSION_RECORD_BYTES  9

static bool take_group(struct store *store, struct store_mutation **group);
static struct store_mutation *refuse_doomed(struct store *store, struct store_mutation *group);
static void commit_group(struct store *store, struct store_mutation *group);
static void fail_group(struct store *store, struct store_mutation *group, enum err err);
static void tell(struct store *store, struct store_mutation *group, enum err err);
static void disk_full(struct store *store, struct buf *why);
static void make_room(struct store *store, struct buf *why);
static void check_room(struct store *store);
static bool is_as_published(struct store *store);
static _Noreturn void stop_process(enum err err, const struct buf *why);

enum err store_commit_read_version(struct store *store, uint64_t *version)
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

void *store_commit_run(void *arg)
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

/* Waits for work that was kicked: a loop gathers more until then. NULL: none, but it is time to
 * look for room. False: none, and none will come. */
static bool take_group(struct store *store, struct store_mutation **group)
{
    struct store_mutation *last;
    struct timespec until = {0};
    bool full = atomic_load_explicit(&store->full, memory_order_relaxed); /* ours to change */
    size_t bytes = 0;
    bool stopped;

    if (full) /* once: who is refused and tries again kicks too, and must not put off the look */
        until = clock_deadline(ROOM_CHECK_MS);
    pthread_mutex_lock(&store->queue_lock);
    while ((store->queue_first == NULL || !store->kicked) && !store->stopping) {
        if (!full) {
            pthread_cond_wait(&store->queue_filled, &store->queue_lock);
            continue;
        }
        if (!clock_wait(&store->queue_filled, &store->queue_lock, until))
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
        if (store->queue_first == NULL) {
            store->queue_end = &store->queue_first;
            store->kicked = false;
        }
        store->queue_bytes -= bytes;
        last->next = NULL;
    }
    pthread_mutex_unlock(&store->queue_lock);
    return !stopped;
}

static bool has_place_when_full(struct store *store, const struct store_mutation *mutation)
{
    if (mutation->adds_data || !store->engine_writes)
        return false;
    if (mutation->trades_room)
        store->traded_bytes += mutation->bytes.size;
    return !mutation->trades_room || store->traded_bytes <= STORE_TRADED_BYTES_MAX;
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
            (full && group->op_count != 0 && !has_place_when_full(store, group))) {
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
        store_mutation_makes_room(totals);
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
            store_pendings_remove(store, m, true);
        atomic_store(&store->published_version, last->version);
        tell(store, group, OK);
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
        store_pendings_remove(store, m, false);
    /* Only now: whoever still saw these images noted the epoch that ends here. */
    atomic_fetch_add(&store->failure_epoch, 1);
    tell(store, group, err);
}

/* Everybody of a group, which ends with it. */
static void tell(struct store *store, struct store_mutation *group, enum err err)
{
    store->done_begin();
    while (group != NULL) {
        struct store_mutation *m = group;

        group = m->next;
        m->done(m->ctx, err, err == OK ? m->version : 0);
        store_mutation_destroy(&m);
    }
    store->done_end();
}

static void disk_full(struct store *store, struct buf *why)
{
    struct buf since;
    bool known = atomic_load(&store->full);

    if (!known)
        store->traded_bytes = 0;
    atomic_store(&store->full, true);
    buf_init(&since, 1024);
    make_room(store, &since);
    if (!known)
        LOG(ERROR,
            "the disk of the data directory is full; writes are refused, reads go on. Free "
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
    } else {
        LOG(DEBUG, "writes cannot resume yet", log_bytes("why", buf_bytes(&why)));
        buf_reset(&why, SIZE_MAX);
        if (!store->engine_writes)
            make_room(store, &why);
    }
    store->room_due_ms = clock_mono_ms() + ROOM_CHECK_MS;
    buf_fini(&why);
}

/* The engine may have read its log anew: memory must not disagree with what it found there. */
static bool is_as_published(struct store *store)
{
    uint64_t version = 0;

    return store_commit_read_version(store, &version) == OK && version == store->recorded_version;
}

static _Noreturn void stop_process(enum err err, const struct buf *why)
{
    LOG(ERROR,
        "cannot write to the data directory; stopping so that nothing is lost. "
        "Check the disk, then start again",
        log_string("error", err_name(err)), log_bytes("why", buf_bytes(why)));
    abort();
}
