/* stream_service.c - a walk over all streams whenever one of them is due.
 * The wall clock says what is due, and a test's may leap: so it is looked at often, and what is due
 * is known without looking at any stream.
 */
#include "streams/stream_service.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "table/catalog.h"
#include "table/recovery.h"
#include "table/stream.h"

#include <pthread.h>
#include <stdlib.h>

#define TICK_MS  200
#define RETRY_MS 1000
#define PAGE     100

struct stream_service {
    struct catalog *catalog;
    uint64_t shard_ms;
    uint64_t horizon; /* up to which was trimmed */
    uint64_t due_ms;  /* when the next walk is */

    pthread_mutex_t lock; /* guards stopping */
    pthread_cond_t stopped;
    bool stopping;
    pthread_t thread;
};

static void *run(void *arg);
static enum err walk(struct stream_service *service, uint64_t now_ms);

enum err stream_service_start(struct catalog *catalog, uint64_t shard_ms, struct fault *fault,
                              struct stream_service **service)
{
    struct stream_service *s = mem_zalloc(sizeof(*s));

    s->catalog = catalog;
    s->shard_ms = shard_ms;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->stopped, NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        free(s);
        return fault_set(fault, ERR_IO, "cannot start the streams' background thread");
    }
    *service = s;
    return OK;
}

void stream_service_stop(struct stream_service **service)
{
    struct stream_service *s = *service;

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

/* False: it is time to end. */
static bool wait_a_tick(struct stream_service *service)
{
    struct timespec until = clock_deadline(TICK_MS);
    bool goes_on;

    pthread_mutex_lock(&service->lock);
    if (!service->stopping)
        pthread_cond_timedwait(&service->stopped, &service->lock, &until);
    goes_on = !service->stopping;
    pthread_mutex_unlock(&service->lock);
    return goes_on;
}

static void *run(void *arg)
{
    struct stream_service *service = arg;
    bool failed = false;

    pthread_setname_np(pthread_self(), "streams");
    do {
        uint64_t now_ms = clock_wall_ms();
        enum err err;

        if (now_ms < service->due_ms)
            continue;
        err = walk(service, now_ms);
        if (err != OK && !failed)
            LOG(WARN, "cannot take care of all streams now; it will be tried again",
                log_string("error", err_name(err)));
        failed = err != OK;
        if (failed)
            service->due_ms = now_ms + RETRY_MS;
    } while (wait_a_tick(service));
    return NULL;
}

/* Closes what was open long enough, and says when the next one was. */
static enum err roll_over(struct stream_service *service, struct stream *stream, uint64_t now_ms)
{
    enum err err = OK;

    for (unsigned i = 0; err == OK && i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];
        uint64_t due_ms = stream_time_ms(shard->begin) + service->shard_ms;

        if (shard->end != 0)
            continue;
        if (now_ms >= due_ms)
            err = stream_go_on(catalog_store(service->catalog), stream, shard, 1);
        else if (due_ms < service->due_ms)
            service->due_ms = due_ms;
    }
    return err;
}

/* Whether changes of the stream's table have another reader, which removes them when neither needs
 * them any more (backup/archiver.h). */
static bool table_recovers(struct stream_service *service, const struct table_definition *d)
{
    struct table *table = catalog_acquire(service->catalog, d->account, d->region, d->name);
    bool recovers =
        table != NULL && table->definition.id == d->id && recovery_is_on(&table->definition);

    table_release(&table);
    return recovers;
}

/* What one stream needs; read under the change lock, for it may end meanwhile. */
static enum err look_after(struct stream_service *service, struct bytes key, uint64_t now_ms,
                           struct arena *arena)
{
    struct store *store = catalog_store(service->catalog);
    uint64_t horizon = stream_horizon(now_ms);
    bool removed = false;
    struct stream stream;
    enum err err = stream_find(store, key, true, arena, &stream);

    if (err != OK)
        return err == ERR_ABSENT ? OK : err;
    if (horizon > service->horizon)
        err =
            stream_trim(store, &stream, horizon, !table_recovers(service, &stream.table), &removed);
    if (err != OK || removed)
        return err;
    return roll_over(service, &stream, now_ms);
}

/* One failure does not keep the others waiting. A stream that begins meanwhile is not due sooner
 * than what was begun now. */
static enum err walk(struct stream_service *service, uint64_t now_ms)
{
    struct stream_query query = {.limit = PAGE};
    uint64_t step_ms = (now_ms / STREAM_TRIM_STEP_MS + 1) * STREAM_TRIM_STEP_MS;
    struct arena page, scratch;
    enum err failure = OK;
    bool more = true;

    arena_init(&page);
    arena_init(&scratch);
    service->due_ms = step_ms < now_ms + service->shard_ms ? step_ms : now_ms + service->shard_ms;
    while (more) {
        struct stream *streams;
        unsigned count;
        enum err err = stream_list(catalog_store(service->catalog), &query, true, &page, &streams,
                                   &count, &more);

        if (err != OK) {
            failure = err;
            break;
        }
        for (unsigned i = 0; i < count; i++) {
            catalog_change_begin(service->catalog);
            err = look_after(service, streams[i].key, now_ms, &scratch);
            catalog_change_end(service->catalog);
            arena_reset(&scratch);
            failure = err != OK ? err : failure;
        }
        if (more) {
            query.after = arena_copy(&scratch, streams[count - 1].key);
            arena_reset(&page);
            query.after = arena_copy(&page, query.after);
            arena_reset(&scratch);
        }
    }
    if (failure == OK)
        service->horizon = stream_horizon(now_ms);
    arena_fini(&scratch);
    arena_fini(&page);
    return failure;
}
