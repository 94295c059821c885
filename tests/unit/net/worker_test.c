/* worker_test.c - every task runs once, a full queue says so, the end waits for all. */
#include "net/worker.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define TASKS 1000

static atomic_uint tasks_run;
static pthread_barrier_t barrier;

static void count(struct worker_task *task)
{
    atomic_fetch_add(&tasks_run, 1);
}

static void meet(struct worker_task *task)
{
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    atomic_fetch_add(&tasks_run, 1);
}

TEST(worker_pool_runs_every_task_before_it_ends)
{
    static struct worker_task tasks[TASKS];
    struct worker_pool *pool;

    CHECK_OK(worker_pool_create(3, TASKS, &pool));
    atomic_store(&tasks_run, 0);
    for (unsigned i = 0; i < TASKS; i++) {
        tasks[i].run = count;
        CHECK_OK(worker_pool_submit(pool, &tasks[i]));
    }
    worker_pool_destroy(&pool);
    CHECK(pool == NULL);
    CHECK_U64(atomic_load(&tasks_run), TASKS);
}

TEST(worker_pool_uses_all_its_threads_and_refuses_what_does_not_fit)
{
    struct worker_task running[2] = {{.run = meet}, {.run = meet}},
                       queued[2] = {{.run = count}, {.run = count}};
    struct worker_task refused = {.run = count};
    struct worker_pool *pool;

    CHECK_OK(worker_pool_create(2, 2, &pool));
    atomic_store(&tasks_run, 0);
    pthread_barrier_init(&barrier, NULL, 3);
    for (unsigned i = 0; i < 2; i++)
        CHECK_OK(worker_pool_submit(pool, &running[i]));
    pthread_barrier_wait(&barrier); /* both run at the same time; the queue is empty */
    for (unsigned i = 0; i < 2; i++)
        CHECK_OK(worker_pool_submit(pool, &queued[i]));
    CHECK_ERR(worker_pool_submit(pool, &refused), ERR_BUSY);
    pthread_barrier_wait(&barrier);
    worker_pool_destroy(&pool);
    CHECK_U64(atomic_load(&tasks_run), 4);
    pthread_barrier_destroy(&barrier);
}
