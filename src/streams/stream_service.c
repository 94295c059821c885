/* stream_service.c - a walk over all streams whenever one of them is due.
 * What the clock makes due is known ahead, so the thread sleeps until then. What writes make due is
 * told by the journal's watch: it rings once when lanes are written to, and the walk that answers
 * compares what was written since the one before, at least LOOK_MS later.
 */
#include "streams/stream_service.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "streams/journal_cap.h"
#include "table/catalog.h"
#include "table/journal_cut.h"
#include "table/journal_load.h"
#include "table/recovery.h"
#include "table/stream.h"

#include <pthread.h>
#include <stdlib.h>

#define LOOK_MS  1000 /* a burst that is shorter divides nothing */
#define RETRY_MS 1000
#define PAGE     100

struct stream_service {
    struct catalog *catalog;
    struct stream_service_options options;
    struct journal_watch *watch;
    uint64_t horizon;   /* up to which was trimmed */
    uint64_t due_ms;    /* when the next walk is, by the wall clock */
    uint64_t looked_ms; /* when the last one was, by the monotonic one */
    bool busy;          /* lanes were written to since */
    pthread_t thread;
};

static void *run(void *arg);
static enum err walk(struct stream_service *service, uint64_t now_ms);

enum err stream_service_start(struct catalog *catalog, const struct stream_service_options *options,
                              struct fault *fault, struct stream_service **service)
{
    struct stream_service *s = mem_zalloc(sizeof(*s));

    s->catalog = catalog;
    s->options = *options;
    s->watch = catalog_journal_watch(catalog);
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
    journal_watch_stop(s->watch);
    pthread_join(s->thread, NULL);
    free(s);
}

/* How long nothing is to be done, unless the watch rings; 0: now. */
static uint64_t idle_ms(const struct stream_service *service)
{
    uint64_t now_ms = clock_wall_ms(), looked_ms = clock_mono_ms() - service->looked_ms;
    uint64_t due_ms = now_ms < service->due_ms ? service->due_ms - now_ms : 0;
    uint64_t look_ms = looked_ms < LOOK_MS ? LOOK_MS - looked_ms : 0;

    return service->busy && look_ms < due_ms ? look_ms : due_ms;
}

static void *run(void *arg)
{
    struct stream_service *service = arg;
    bool failed = false;
    uint64_t wait_ms = 0;

    pthread_setname_np(pthread_self(), "streams");
    thread_give_way();
    do {
        uint64_t now_ms = clock_wall_ms();
        enum err err;

        service->busy |= journal_watch_take_busy(service->watch);
        wait_ms = idle_ms(service);
        if (wait_ms > 0)
            continue;
        service->busy = false;
        service->looked_ms = clock_mono_ms();
        err = walk(service, now_ms);
        if (err != OK && !failed)
            LOG(WARN, "cannot take care of all streams now; it will be tried again",
                log_string("error", err_name(err)));
        failed = err != OK;
        if (failed)
            service->due_ms = now_ms + RETRY_MS;
    } while (journal_watch_wait(service->watch, wait_ms));
    return NULL;
}

/* Whether what was written to a shard's lanes in so many milliseconds is more than one should
 * have. */
static bool is_busy(const struct stream_service *service, const struct journal_load *load,
                    const struct stream_shard *shard, uint64_t over_ms)
{
    return load != NULL && shard_divides(shard) &&
           journal_load_since(load, shard->lanes) * 1000 > service->options.shard_units * over_ms;
}

/* Closes what was open long enough or is busy, and says when the next one was. */
static enum err go_on(struct stream_service *service, const struct stream *stream,
                      const struct journal_load *load, uint64_t now_ms)
{
    uint64_t over_ms = load != NULL ? service->looked_ms - load->seen_ms : 0;
    enum err err = OK;

    for (unsigned i = 0; err == OK && i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];
        uint64_t due_ms = stream_time_ms(shard->begin) + service->options.shard_ms;
        unsigned children = is_busy(service, load, shard, over_ms) ? 2 : 1;

        if (shard->end != 0)
            continue;
        if (children == 2 || now_ms >= due_ms)
            err = stream_go_on(catalog_store(service->catalog), stream, shard, children);
        else if (due_ms < service->due_ms)
            service->due_ms = due_ms;
    }
    return err;
}

/* The same with what was written, if that was last looked at long enough ago. */
static enum err compare_and_go_on(struct stream_service *service, const struct stream *stream,
                                  uint64_t now_ms)
{
    const struct table_definition *d = &stream->table;
    struct table *table = catalog_acquire(service->catalog, d->account, d->region, d->name);
    struct journal_load *load = NULL;
    enum err err;

    if (table != NULL && table->definition.id == d->id)
        load = table_journal_load(table);
    if (load != NULL && service->looked_ms - load->seen_ms < LOOK_MS)
        load = NULL;
    err = go_on(service, stream, load, now_ms);
    if (load != NULL)
        journal_load_see(load, service->looked_ms);
    table_release(&table);
    return err;
}

/* What one stream needs; read under the change lock, for it may end meanwhile. */
static enum err look_after(struct stream_service *service, struct bytes key, uint64_t now_ms,
                           struct arena *arena)
{
    struct store *store = catalog_store(service->catalog);
    uint64_t horizon = journal_cut_horizon(catalog_journal_cut(service->catalog), now_ms);
    bool removed = false;
    struct stream stream;
    enum err err = stream_find(store, key, true, arena, &stream);

    if (err != OK)
        return err == ERR_ABSENT ? OK : err;
    if (horizon > service->horizon)
        err = stream_trim(store, &stream, stream_horizon(now_ms),
                          recovery_keeps_changes_of(service->catalog, &stream.table) ? 0 : horizon,
                          &removed);
    if (err != OK || removed || stream.ended != 0)
        return err;
    return compare_and_go_on(service, &stream, now_ms);
}

/* Whatever is beyond the maximum is the oldest of all streams' changes. */
static enum err cut(struct stream_service *service)
{
    uint64_t bytes, version;
    enum err err;

    if (service->options.journal_bytes_max == 0)
        return OK;
    err = journal_cap_find(service->catalog, service->options.journal_bytes_max, &bytes, &version);
    if (err != OK || version == 0)
        return err;
    err = journal_cut_move(catalog_store(service->catalog), catalog_journal_cut(service->catalog),
                           version);
    if (err == OK)
        LOG(WARN,
            "change records of streams take more than --journal-max: the oldest are removed before "
            "their day is over, and readers that had not come so far are told",
            log_u64("bytes", bytes), log_u64("max", service->options.journal_bytes_max),
            log_u64("kept-from-ms", stream_time_ms(version)));
    return err;
}

/* One failure does not keep the others waiting. A stream that begins meanwhile is not due sooner
 * than what was begun now. */
static enum err walk(struct stream_service *service, uint64_t now_ms)
{
    struct stream_query query = {.limit = PAGE};
    uint64_t step_ms = (now_ms / STREAM_TRIM_STEP_MS + 1) * STREAM_TRIM_STEP_MS;
    struct arena page, scratch;
    enum err failure = cut(service);
    uint64_t horizon = journal_cut_horizon(catalog_journal_cut(service->catalog), now_ms);
    bool more = true;

    arena_init(&page);
    arena_init(&scratch);
    service->due_ms = now_ms + service->options.shard_ms;
    if (step_ms < service->due_ms)
        service->due_ms = step_ms;
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
        service->horizon = horizon;
    arena_fini(&scratch);
    arena_fini(&page);
    return failure;
}
