/* store_core_priv.h - the store itself, as its own files share it: what is above every engine.
 *   store.c         opening, reading, submitting
 *   store_hold.c    stripes: latches, pending images, remembered images
 *   store_commit.c  the committer
 *   store_checkpoint.c  states that are kept
 */
#pragma once

#include "store/store_cache.h"
#include "store/store_counts.h"
#include "store/store_priv.h"

#include <pthread.h>
#include <stdatomic.h>

#define STRIPE_COUNT 1024

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
    void (*done_begin)(void), (*done_end)(void); /* of the options; never NULL */

    pthread_mutex_t queue_lock; /* guards queue_*, kicked and last_version */
    pthread_cond_t queue_filled;
    struct store_mutation *queue_first, **queue_end;
    size_t queue_bytes;
    bool kicked; /* the queue may be taken */
    bool stopping;
    uint64_t last_version;

    _Atomic uint64_t published_version;
    _Atomic uint64_t failure_epoch;
    _Atomic bool full;         /* the disk; nothing that adds data is taken */
    bool engine_writes;        /* while full: deletes work. Committer only, like the next */
    uint64_t room_due_ms;      /* while full: when to look for room again */
    uint64_t traded_bytes;     /* while full: of removals that leave records */
    uint64_t recorded_version; /* of the last group that was written */
    pthread_t committer;

    pthread_mutex_t kept_lock; /* guards kept */
    struct store_kept *kept;   /* checkpoints of an engine that has none of its own */

    struct stripe stripes[STRIPE_COUNT];
};

/* --- store_hold.c ---------------------------------------------------------------------------- */

void store_stripes_init(struct store *store, size_t image_bytes);
void store_stripes_fini(struct store *store);

/* The mutation's images, once it has its version. The caller has the latches of its keys. */
void store_pendings_insert(struct store *store, struct store_mutation *mutation);
/* Published: the engine shows them from now on; else they never happened. Takes the latches. */
void store_pendings_remove(struct store *store, struct store_mutation *mutation, bool published);

/* --- store_checkpoint.c ---------------------------------------------------------------------- */

/* Ends the snapshots that were kept. */
void store_checkpoints_fini(struct store *store);

/* --- store_commit.c -------------------------------------------------------------------------- */

/* Reads the newest version that was given out; *version is untouched if there is none yet.
 * ERR_CORRUPT, ERR_IO. */
enum err store_commit_read_version(struct store *store, uint64_t *version) MUST_CHECK;
/* The committer's thread; ends when the store is stopping and the queue is empty. */
void *store_commit_run(void *store);
