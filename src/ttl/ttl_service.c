/* ttl_service.c - the thread: which tables have something due, a batch for each, again.
 * The wall clock says what is due, and a test's may leap: so it is looked at often, and which table
 * has nothing due is known without a read. After each batch the thread rests three times as long
 * as it worked: a million items of one second take their time, and clients keep theirs.
 */
#include "ttl/ttl_service.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "table/catalog.h"
#include "table/index_expiry.h"
#include "ttl/ttl_sweep.h"

#include <pthread.h>
#include <stdlib.h>

#define TABLES_MAX    64 /* a batch for each, in one go */
#define REST_PER_WORK 3
#define REST_MS_MIN   1
#define REST_MS_MAX   100
#define RETRY_MS      1000

struct ttl_service {
    struct catalog *catalog;
    unsigned interval_ms;
    unsigned place; /* among tables, for the next go */
    bool failed;    /* the last time; that was logged */

    pthread_mutex_t lock; /* guards stopping */
    pthread_cond_t stopped;
    bool stopping;
    pthread_t thread;
};

static void *run(void *arg);
static bool rest(struct ttl_service *service, uint64_t wait_ms);
static uint64_t sweep_tables(struct ttl_service *service);

enum err ttl_service_start(struct catalog *catalog, unsigned interval_ms, struct fault *fault,
                           struct ttl_service **service)
{
    struct ttl_service *s = mem_zalloc(sizeof(*s));

    s->catalog = catalog;
    s->interval_ms = interval_ms;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->stopped, NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        free(s);
        return fault_set(fault, ERR_IO, "cannot start the thread that deletes expired items");
    }
    *service = s;
    return OK;
}

void ttl_service_stop(struct ttl_service **service)
{
    struct ttl_service *s = *service;

    if (s == NULL)
        return;
    *service = NULL;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->stopped);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->stopped);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void *run(void *arg)
{
    struct ttl_service *service = arg;
    uint64_t wait_ms;

    pthread_setname_np(pthread_self(), "ttl");
    thread_give_way();
    do
        wait_ms = sweep_tables(service);
    while (rest(service, wait_ms));
    return NULL;
}

/* False: it is time to end. */
static bool rest(struct ttl_service *service, uint64_t wait_ms)
{
    struct timespec until = clock_deadline(wait_ms);
    bool goes_on;

    pthread_mutex_lock(&service->lock);
    if (!service->stopping)
        clock_wait(&service->stopped, &service->lock, until);
    goes_on = !service->stopping;
    pthread_mutex_unlock(&service->lock);
    return goes_on;
}

/* Whether a batch was full, so that there may be more. */
static bool sweep_table(struct ttl_service *service, struct table *table, uint64_t now_ms,
                        enum err *failure)
{
    unsigned deleted = 0;
    enum err err = ttl_sweep(service->catalog, table, now_ms, &deleted);

    if (deleted != 0)
        LOG(DEBUG, "items expired", log_bytes("table", table->definition.name),
            log_u64("deleted", deleted));
    if (err == OK || err == ERR_ABSENT)
        return err == OK;
    if (!service->failed && err != ERR_BUSY)
        LOG(WARN, "cannot delete expired items now; it will be tried again",
            log_bytes("table", table->definition.name), log_string("error", err_name(err)));
    *failure = err;
    return false;
}

/* A batch for each table that has something due; how long to wait then. */
static uint64_t sweep_tables(struct ttl_service *service)
{
    uint64_t now_ms = clock_wall_ms(), began_ms = clock_mono_ms(), worked_ms;
    uint64_t rest_ms;
    struct table *tables[TABLES_MAX];
    enum err failure = OK;
    uint64_t first_s, last_s;
    bool more = false;
    unsigned count;

    index_expiry_due(now_ms, &first_s, &last_s);
    count = catalog_acquire_expiring(service->catalog, last_s, &service->place, tables, TABLES_MAX);
    for (unsigned i = 0; i < count; i++) {
        more |= sweep_table(service, tables[i], now_ms, &failure);
        table_release(&tables[i]);
    }
    service->failed = failure != OK && failure != ERR_BUSY;
    if (failure != OK)
        return RETRY_MS;
    worked_ms = clock_mono_ms() - began_ms;
    if (!more && count < TABLES_MAX)
        return service->interval_ms;
    rest_ms = worked_ms * REST_PER_WORK;
    if (rest_ms > REST_MS_MAX)
        return REST_MS_MAX;
    return rest_ms > REST_MS_MIN ? rest_ms : REST_MS_MIN;
}
