/* reaper.c - a list of dropped tables, and the steps in which they go. */
#include "table/reaper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/store.h"
#include "table/stream.h"
#include "table/table_keys.h"
#include "table/table_map.h"
#include "table/table_purge.h"
#include "table/table_token.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PURGE_RETRY_MS  200
#define HOLDERS_POLL_MS 5
#define TOKENS_PURGE_MS 60000

/* A table on its way out. */
struct drop {
    struct drop *next;
    struct table *table; /* held; NULL after a restart, when nobody can hold it */
    uint32_t table_id;
    uint64_t due_ms;
    bool failed; /* before; that was logged */
};

struct reaper {
    struct store *store;
    struct table_map *map;
    pthread_mutex_t lock; /* guards drops and stopping */
    pthread_cond_t changed;
    struct drop *drops;
    _Atomic bool stopping;
    bool started;
    pthread_t thread;
};

static void *run(void *arg);

struct reaper *reaper_create(struct store *store, struct table_map *map)
{
    struct reaper *reaper = mem_zalloc(sizeof(*reaper));

    reaper->store = store;
    reaper->map = map;
    pthread_mutex_init(&reaper->lock, NULL);
    pthread_cond_init(&reaper->changed, NULL);
    return reaper;
}

enum err reaper_start(struct reaper *reaper, struct fault *fault)
{
    if (pthread_create(&reaper->thread, NULL, run, reaper) != 0)
        return fault_set(fault, ERR_IO, "cannot start the catalog's background thread");
    reaper->started = true;
    return OK;
}

void reaper_stop(struct reaper **reaper)
{
    struct reaper *r = *reaper;

    if (r == NULL)
        return;
    *reaper = NULL;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (r->started)
        pthread_join(r->thread, NULL);
    while (r->drops != NULL) {
        struct drop *drop = r->drops;

        r->drops = drop->next;
        table_release(&drop->table);
        free(drop);
    }
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    free(r);
}

void reaper_drop(struct reaper *reaper, struct table *table, uint32_t table_id, uint64_t due_ms)
{
    struct drop *drop = mem_zalloc(sizeof(*drop));

    drop->table = table;
    drop->table_id = table_id;
    drop->due_ms = due_ms;
    pthread_mutex_lock(&reaper->lock);
    drop->next = reaper->drops;
    reaper->drops = drop;
    pthread_cond_signal(&reaper->changed);
    pthread_mutex_unlock(&reaper->lock);
}

/* ERR_PENDING: somebody still copies its rows, or restores what it was. Nobody can begin that any
 * more: whoever found it held it until the new table was there. */
static enum err check_not_kept(struct reaper *reaper, uint32_t table_id, struct arena *arena)
{
    struct bytes value;
    enum err err = store_get(reaper->store, NULL, STORE_DATA, table_keep_key(table_id, arena), true,
                             arena, &value);

    if (err == OK || (err == ERR_ABSENT && table_map_restores_from(reaper->map, table_id)))
        return ERR_PENDING;
    return err == ERR_ABSENT ? OK : err;
}

static enum err purge(struct reaper *reaper, uint32_t table_id)
{
    struct store_mutation *mutation;
    struct arena arena;
    struct store_range range;
    bool keeps_journal = true;
    enum err err;

    arena_init(&arena);
    range = table_whole_range(table_id, &arena);
    err = check_not_kept(reaper, table_id, &arena);
    if (err == OK)
        err = table_purge_range(reaper->store, STORE_DATA, range, &reaper->stopping);
    if (err == OK)
        err = stream_keeps_journal(reaper->store, table_id, &keeps_journal);
    if (err == OK && !keeps_journal) /* else it goes with the last stream */
        err = table_purge_range(reaper->store, STORE_JOURNAL, range, &reaper->stopping);
    if (err == OK) {
        mutation = store_mutation_create();
        store_mutation_forget_count(mutation, table_count_key(table_id, 0, &arena));
        store_mutation_delete(mutation, STORE_DATA, table_record_key(table_id, &arena));
        err = store_submit_and_wait(reaper->store, NULL, &mutation);
        store_mutation_destroy(&mutation);
    }
    arena_fini(&arena);
    return err;
}

bool reaper_drop_is_quiet(struct reaper *reaper, uint32_t table_id)
{
    bool quiet = true; /* not in the list: the reaper has it, which looked before */

    /* As long as it can be found, the map holds it too. */
    pthread_mutex_lock(&reaper->lock);
    for (const struct drop *drop = reaper->drops; drop != NULL; drop = drop->next)
        if (drop->table_id == table_id && drop->table != NULL && !table_held_alone(drop->table))
            quiet = false;
    pthread_mutex_unlock(&reaper->lock);
    return quiet;
}

/* The next drop that is due, taken from the list; its name is free by then. Under the lock. */
static struct drop *take_due(struct reaper *reaper)
{
    uint64_t now = clock_wall_ms();

    for (struct drop **at = &reaper->drops; *at != NULL; at = &(*at)->next) {
        struct drop *drop = *at;

        if (drop->due_ms > now)
            continue;
        if (drop->table != NULL)
            table_map_remove(reaper->map, drop->table);
        if (drop->table != NULL && !table_held_alone(drop->table))
            continue; /* a write of theirs may still be on its way */
        *at = drop->next;
        return drop;
    }
    return NULL;
}

/* What could not be done now. Under the lock. */
static void put_back(struct reaper *reaper, struct drop *drop, enum err err)
{
    if (err != ERR_BUSY && err != ERR_CANCELLED && err != ERR_PENDING && !drop->failed) {
        LOG(WARN, "cannot remove a dropped table's rows for now",
            log_u64("table_id", drop->table_id), log_string("error", err_name(err)));
        drop->failed = true;
    }
    drop->due_ms = clock_wall_ms() + PURGE_RETRY_MS;
    drop->next = reaper->drops;
    reaper->drops = drop;
}

static void wait_for_work(struct reaper *reaper)
{
    /* Neither a due time nor the last holder's release wakes anybody; both are near. */
    struct timespec until =
        clock_deadline(reaper->drops != NULL ? HOLDERS_POLL_MS : TOKENS_PURGE_MS);

    clock_wait(&reaper->changed, &reaper->lock, until);
}

/* Clients' tokens that are over. Lets go of the lock meanwhile. */
static void purge_tokens(struct reaper *reaper)
{
    enum err err;

    pthread_mutex_unlock(&reaper->lock);
    err = table_tokens_purge(reaper->store, clock_wall_ms());
    if (err != OK)
        LOG(WARN, "cannot remove old request tokens now; it will be tried again",
            log_string("error", err_name(err)));
    pthread_mutex_lock(&reaper->lock);
}

static void *run(void *arg)
{
    struct reaper *reaper = arg;
    uint64_t tokens_due_ms = clock_mono_ms() + TOKENS_PURGE_MS;

    pthread_setname_np(pthread_self(), "reaper");
    thread_give_way();
    pthread_mutex_lock(&reaper->lock);
    while (!reaper->stopping) {
        struct drop *drop = take_due(reaper);
        enum err err;

        if (drop == NULL && clock_mono_ms() >= tokens_due_ms) {
            purge_tokens(reaper);
            tokens_due_ms = clock_mono_ms() + TOKENS_PURGE_MS;
            continue;
        }
        if (drop == NULL) {
            wait_for_work(reaper);
            continue;
        }
        pthread_mutex_unlock(&reaper->lock);
        err = purge(reaper, drop->table_id);
        pthread_mutex_lock(&reaper->lock);
        if (err != OK) {
            put_back(reaper, drop, err);
            continue;
        }
        table_release(&drop->table);
        free(drop);
    }
    pthread_mutex_unlock(&reaper->lock);
    return NULL;
}
