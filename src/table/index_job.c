/* index_job.c - step by step through the tables that have an index to build or to remove. The
 * hidden index of expiry comes and goes beside the others.
 * An index is removed when nobody holds a definition in which it was there to be read and written:
 * first its rows and then, with its counter, its place in the definition.
 */
#include "table/index_job.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "table/catalog.h"
#include "table/index_build.h"
#include "table/index_entry.h"
#include "table/index_expiry.h"
#include "table/table_keys.h"
#include "table/table_purge.h"

#include <pthread.h>
#include <stdlib.h>

#define TABLES_MAX   64 /* looked at in one go */
#define POLL_MS      5  /* for the last holder of an older definition, and for times to come */
#define RETRY_MS     200
#define WITHOUT_WORK 0

struct index_jobs {
    struct catalog *catalog;
    pthread_t thread;
    pthread_mutex_t lock; /* guards woken, and waiting for it */
    pthread_cond_t changed;
    bool woken;
    _Atomic bool stopping;
    bool failed; /* the last time; that was logged */
};

/* Of the catalog: the table that was worked on, in the state that it has by now. */
struct change {
    struct catalog *catalog;
    struct table *newest;         /* NULL: there is nothing to change any more */
    struct table_definition next; /* what it becomes */
    struct arena arena;
};

static void *run(void *arg);
static unsigned work(struct index_jobs *jobs);
static enum err step(struct index_jobs *jobs, struct table *table);
static enum err build(struct index_jobs *jobs, struct table *table,
                      const struct table_index *index);
static enum err drop(struct index_jobs *jobs, struct table *table, const struct table_index *index);
static void change_begin(struct change *change, struct catalog *catalog,
                         const struct table *worked_on);
static enum err change_end(struct change *change, struct store_mutation *mutation);
static enum err publish(struct index_jobs *jobs, const struct table *table, uint16_t index_id,
                        bool keeps);
static enum err step_ttl(struct index_jobs *jobs, struct table *table);
static enum err remove_old_ttl(struct index_jobs *jobs, struct table *table);
static enum err publish_ttl(struct index_jobs *jobs, const struct table *table,
                            struct table_ttl done);
static void wait_for_work(struct index_jobs *jobs, unsigned wait_ms);

enum err index_jobs_start(struct catalog *catalog, struct index_jobs **started)
{
    struct index_jobs *jobs = mem_zalloc(sizeof(*jobs));

    *started = jobs; /* the thread publishes through the catalog, which wakes it */
    jobs->catalog = catalog;
    jobs->woken = true; /* a restart may have interrupted something */
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, NULL);
    if (pthread_create(&jobs->thread, NULL, run, jobs) == 0)
        return OK;
    *started = NULL;
    pthread_mutex_destroy(&jobs->lock);
    pthread_cond_destroy(&jobs->changed);
    free(jobs);
    return ERR_IO;
}

void index_jobs_stop(struct index_jobs **jobs)
{
    struct index_jobs *j = *jobs;

    if (j == NULL)
        return;
    atomic_store(&j->stopping, true);
    index_jobs_wake(j);
    pthread_join(j->thread, NULL);
    *jobs = NULL; /* it may have woken itself until now */
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    free(j);
}

void index_jobs_wake(struct index_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->woken = true;
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
}

static void *run(void *arg)
{
    struct index_jobs *jobs = arg;
    unsigned wait_ms = POLL_MS;

    pthread_setname_np(pthread_self(), "indexes");
    thread_give_way();
    while (!atomic_load(&jobs->stopping)) {
        wait_for_work(jobs, wait_ms);
        wait_ms = work(jobs);
    }
    return NULL;
}

/* WITHOUT_WORK: until somebody wakes us. */
static void wait_for_work(struct index_jobs *jobs, unsigned wait_ms)
{
    struct timespec until = clock_deadline(wait_ms);

    pthread_mutex_lock(&jobs->lock);
    if (!jobs->woken && wait_ms != WITHOUT_WORK)
        clock_wait(&jobs->changed, &jobs->lock, until);
    while (!jobs->woken && wait_ms == WITHOUT_WORK)
        pthread_cond_wait(&jobs->changed, &jobs->lock);
    jobs->woken = false;
    pthread_mutex_unlock(&jobs->lock);
}

/* One step of a table; true: it was one. */
static bool look_after(struct index_jobs *jobs, struct table *table,
                       enum err (*take_step)(struct index_jobs *jobs, struct table *table),
                       unsigned *wait_ms)
{
    enum err err = atomic_load(&jobs->stopping) ? ERR_CANCELLED : take_step(jobs, table);

    if (err == ERR_ABSENT)
        return false;
    if (err != OK && (*wait_ms == WITHOUT_WORK || err == ERR_PENDING))
        *wait_ms = err == ERR_PENDING ? POLL_MS : RETRY_MS;
    if (err != OK && err != ERR_PENDING && err != ERR_BUSY && err != ERR_CANCELLED && !jobs->failed)
        LOG(WARN, "cannot work on an index for now; it will be tried again",
            log_bytes("table", table->definition.name), log_string("error", err_name(err)));
    jobs->failed = err != OK && err != ERR_PENDING;
    return err == OK;
}

/* A step for each table that has something to do, again and again while something is done. How long
 * to wait then. */
static unsigned work(struct index_jobs *jobs)
{
    struct table *tables[TABLES_MAX];
    unsigned wait_ms = WITHOUT_WORK, count;
    bool goes_on = true;

    while (goes_on && !atomic_load(&jobs->stopping)) {
        goes_on = false;
        wait_ms = WITHOUT_WORK;
        count = catalog_acquire_for_index_work(jobs->catalog, tables, TABLES_MAX);
        for (unsigned i = 0; i < count; i++) {
            goes_on |= look_after(jobs, tables[i], step, &wait_ms);
            goes_on |= look_after(jobs, tables[i], step_ttl, &wait_ms);
            table_release(&tables[i]);
        }
    }
    return wait_ms;
}

/* OK: something happened. ERR_PENDING: not yet. ERR_ABSENT: there is nothing to do. */
static enum err step(struct index_jobs *jobs, struct table *table)
{
    const struct table_definition *d = &table->definition;
    uint64_t now_ms = clock_wall_ms();

    for (unsigned i = 0; i < d->index_count; i++) {
        const struct table_index *index = &d->indexes[i];

        if (index->status != INDEX_CREATING && index->status != INDEX_DELETING)
            continue;
        if (now_ms < index->status_until_ms)
            return ERR_PENDING;
        return index->status == INDEX_CREATING ? build(jobs, table, index)
                                               : drop(jobs, table, index);
    }
    return ERR_ABSENT; /* or done a moment ago */
}

static enum err build(struct index_jobs *jobs, struct table *table, const struct table_index *index)
{
    enum err err = index_build_step(catalog_store(jobs->catalog), catalog_hash_key(jobs->catalog),
                                    table, index);

    return err == ERR_ABSENT ? publish(jobs, table, index->id, true) : err;
}

static enum err drop(struct index_jobs *jobs, struct table *table, const struct table_index *index)
{
    struct arena arena;
    enum err err;

    if (!table_is_only_definition(table))
        return ERR_PENDING;
    arena_init(&arena);
    err =
        table_purge_range(catalog_store(jobs->catalog), STORE_DATA,
                          index_whole_range(table->definition.id, index, &arena), &jobs->stopping);
    if (err == OK)
        err = publish(jobs, table, index->id, false);
    arena_fini(&arena);
    return err;
}

/* The table with the index ACTIVE, or without it, and the record of its building gone; unless the
 * index was deleted while the last step built it. */
static enum err publish(struct index_jobs *jobs, const struct table *table, uint16_t index_id,
                        bool keeps)
{
    struct table_index list[INDEX_LOCAL_MAX + INDEX_GLOBAL_MAX];
    const struct table_index *index = NULL;
    struct store_mutation *mutation = NULL;
    struct change change;

    change_begin(&change, jobs->catalog, table);
    change.next.indexes = list;
    change.next.index_count = 0;
    for (unsigned i = 0; change.newest != NULL && i < change.newest->definition.index_count; i++) {
        const struct table_index *at = &change.newest->definition.indexes[i];

        if (at->id == index_id)
            index = at;
        if (at->id != index_id || keeps)
            list[change.next.index_count++] = *at;
        if (at->id == index_id && keeps)
            list[change.next.index_count - 1].status = INDEX_ACTIVE;
    }
    if (index != NULL && index->status == (keeps ? INDEX_CREATING : INDEX_DELETING)) {
        uint32_t id = table->definition.id;

        mutation = store_mutation_create();
        store_mutation_delete_guarded(mutation, table_index_build_key(id, index_id, &change.arena));
        if (!keeps)
            store_mutation_forget_count(mutation, table_count_key(id, index_id, &change.arena));
    }
    return change_end(&change, mutation);
}

/* --- what a step leads to -------------------------------------------------------------------- */

static void change_begin(struct change *change, struct catalog *catalog,
                         const struct table *worked_on)
{
    const struct table_definition *d = &worked_on->definition;

    *change = (struct change){.catalog = catalog};
    arena_init(&change->arena);
    catalog_change_begin(catalog);
    change->newest = catalog_acquire(catalog, d->account, d->region, d->name);
    if (change->newest != NULL && (change->newest->definition.id != d->id ||
                                   change->newest->definition.status == TABLE_DELETING))
        table_release(&change->newest);
    if (change->newest != NULL)
        change->next = change->newest->definition;
}

/* Takes the mutation; without one, somebody changed the table meanwhile. */
static enum err change_end(struct change *change, struct store_mutation *mutation)
{
    struct table *published = NULL;
    enum err err = OK;

    if (mutation != NULL)
        err = catalog_put_with(change->catalog, &change->next, mutation, &published);
    catalog_change_end(change->catalog);
    table_release(&published);
    table_release(&change->newest);
    arena_fini(&change->arena);
    return err;
}

/* --- the hidden index of expiry --------------------------------------------------------------- */

/* As step. It is filled under its next id while what is left of earlier ones goes. */
static enum err step_ttl(struct index_jobs *jobs, struct table *table)
{
    struct table_ttl ttl = table->definition.ttl;
    enum err err;

    if (ttl.gone_before != 0)
        return remove_old_ttl(jobs, table);
    if (ttl.index.id == 0 || ttl.index.status != INDEX_CREATING)
        return ERR_ABSENT;
    err = index_build_step(catalog_store(jobs->catalog), catalog_hash_key(jobs->catalog), table,
                           &table->definition.ttl.index);
    ttl.index.status = INDEX_ACTIVE;
    return err == ERR_ABSENT ? publish_ttl(jobs, table, ttl) : err;
}

/* Rows that a holder of an earlier definition may still write, he writes until he lets go of it. */
static enum err remove_old_ttl(struct index_jobs *jobs, struct table *table)
{
    struct store *store = catalog_store(jobs->catalog);
    struct table_ttl ttl = table->definition.ttl;
    uint32_t id = table->definition.id;
    struct arena arena;
    enum err err;

    if (!table_is_only_definition(table))
        return ERR_PENDING;
    arena_init(&arena);
    err = table_purge_range(
        store, STORE_DATA, index_expiry_ids_range(id, 0, ttl.gone_before, &arena), &jobs->stopping);
    if (err == OK)
        err = table_purge_range(store, STORE_DATA,
                                table_ttl_builds_range(id, 0, ttl.gone_before, &arena),
                                &jobs->stopping);
    ttl.gone_before = 0;
    if (err == OK)
        err = publish_ttl(jobs, table, ttl);
    arena_fini(&arena);
    return err;
}

/* `done` is what the table's state became, unless somebody changed it meanwhile. */
static enum err publish_ttl(struct index_jobs *jobs, const struct table *table,
                            struct table_ttl done)
{
    const struct table_ttl *worked_on = &table->definition.ttl;
    struct store_mutation *mutation = NULL;
    struct change change;

    change_begin(&change, jobs->catalog, table);
    if (change.newest != NULL && change.next.ttl.next_id == worked_on->next_id &&
        change.next.ttl.index.id == worked_on->index.id &&
        change.next.ttl.gone_before == worked_on->gone_before) {
        mutation = store_mutation_create();
        if (done.index.status == INDEX_ACTIVE)
            store_mutation_delete_guarded(
                mutation, table_ttl_build_key(change.next.id, done.index.id, &change.arena));
        change.next.ttl = done;
    }
    return change_end(&change, mutation);
}
