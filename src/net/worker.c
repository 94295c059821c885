/* worker.c - a bounded first-in, first-out list under one lock. */
#include "net/worker.h"

#include "base/assert.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct worker_pool {
    pthread_mutex_t lock;      /* guards all below */
    pthread_cond_t not_empty;  /* or ending */
    struct worker_task *first; /* oldest */
    struct worker_task **last; /* where the next one is linked */
    unsigned queue_count, queue_max;
    bool ending;
    unsigned thread_count;
    pthread_t threads[];
};

static void *work(void *pool_at);

enum err worker_pool_create(unsigned thread_count, unsigned queue_max, struct worker_pool **pool)
{
    struct worker_pool *made = mem_zalloc(sizeof(*made) + thread_count * sizeof(made->threads[0]));
    sigset_t all, before;
    bool failed = false;

    ASSERT(thread_count != 0);
    ASSERT(queue_max != 0);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->not_empty, NULL);
    made->last = &made->first;
    made->queue_max = queue_max;
    /* Signals are for the thread that waits for them; threads inherit the mask. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (made->thread_count < thread_count && !failed) {
        failed = pthread_create(&made->threads[made->thread_count], NULL, work, made) != 0;
        made->thread_count += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        worker_pool_destroy(&made);
        return ERR_IO;
    }
    *pool = made;
    return OK;
}

void worker_pool_destroy(struct worker_pool **pool)
{
    struct worker_pool *old = *pool;

    if (old == NULL)
        return;
    pthread_mutex_lock(&old->lock);
    old->ending = true;
    pthread_cond_broadcast(&old->not_empty);
    pthread_mutex_unlock(&old->lock);
    for (unsigned i = 0; i < old->thread_count; i++)
        pthread_join(old->threads[i], NULL);
    ASSERT(old->first == NULL);
    pthread_cond_destroy(&old->not_empty);
    pthread_mutex_destroy(&old->lock);
    free(old);
    *pool = NULL;
}

enum err worker_pool_submit(struct worker_pool *pool, struct worker_task *task)
{
    enum err err = ERR_BUSY;

    ASSERT(task->run != NULL);
    pthread_mutex_lock(&pool->lock);
    ASSERT(!pool->ending);
    if (pool->queue_count < pool->queue_max) {
        task->next = NULL;
        *pool->last = task;
        pool->last = &task->next;
        pool->queue_count++;
        pthread_cond_signal(&pool->not_empty);
        err = OK;
    }
    pthread_mutex_unlock(&pool->lock);
    return err;
}

static void *work(void *pool_at)
{
    struct worker_pool *pool = pool_at;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct worker_task *task = pool->first;

        if (task == NULL) {
            if (pool->ending)
                break;
            pthread_cond_wait(&pool->not_empty, &pool->lock);
            continue;
        }
        pool->first = task->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        pool->queue_count--;
        pthread_mutex_unlock(&pool->lock);
        task->run(task);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}
