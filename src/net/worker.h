/* worker.h - threads for what would wait: a cold read, a table being made, a large body.
 * Bounds: a fixed number of threads and of queued tasks; past that the caller is told at once.
 */
#pragma once

#include "base/err.h"

struct worker_pool;

/* Lives in its owner's structure until run has been called. */
struct worker_task {
    struct worker_task *next; /* the pool's */
    void (*run)(struct worker_task *task);
};

/* ERR_IO: no more threads can be had; *pool is untouched. */
enum err worker_pool_create(unsigned thread_count, unsigned queue_max,
                            struct worker_pool **pool) MUST_CHECK;
/* Runs what is queued, then ends the threads. Nothing may be submitted meanwhile. */
void worker_pool_destroy(struct worker_pool **pool);

/* ERR_BUSY: the queue is full, nothing was taken. */
enum err worker_pool_submit(struct worker_pool *pool, struct worker_task *task) MUST_CHECK;
