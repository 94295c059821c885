/* catalog.c - tables by name, in memory and in records of space meta.
 * A change is written, durable, and then published: whoever finds a table can rely on its record.
 * Dropped tables go in three steps, each of which a restart takes up again: the record says
 * DELETING; when nobody holds the table any more its rows go; then the record goes. What a full
 * queue or disk refuses of that is tried again.
 */
#include "table/catalog.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "table/index_build.h"
#include "table/index_expiry.h"
#include "table/index_job.h"
#include "table/journal_cut.h"
#include "table/journal_load.h"
#include "table/recovery.h"
#include "table/stream.h"
#include "table/table_keys.h"
#include "table/table_purge.h"
#include "table/table_token.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BUCKET_COUNT    1024
#define PLACES_COUNT    256
#define RECORD_FORMAT   1
#define PURGE_RETRY_MS  200
#define HOLDERS_POLL_MS 5
#define TOKENS_PURGE_MS 60000
#define HASH_KEY_RECORD BYTES("hash-key")
#define NEXT_ID_RECORD  BYTES("next-table-id")
#define NEXT_ID_BYTES   5

struct entry {
    struct entry *next;
    struct entry *next_here; /* of its place */
    struct table *table;
};

/* An account and region that has tables. */
struct place {
    struct place *next;
    struct entry *tables; /* at least one */
};

/* A table on its way out. */
struct drop {
    struct drop *next;
    struct table *table; /* held; NULL after a restart, when nobody can hold it */
    uint32_t table_id;
    uint64_t due_ms;
    bool failed; /* before; that was logged */
};

struct catalog {
    struct store *store;
    uint8_t hash_key[SIPHASH_KEY_BYTES];
    pthread_mutex_t change_lock; /* held over a change and its commit; guards next_id */
    uint32_t next_id;

    pthread_rwlock_t lock; /* guards buckets and places */
    struct entry *buckets[BUCKET_COUNT];
    struct place *places[PLACES_COUNT];

    pthread_mutex_t drop_lock; /* guards drops and stopping */
    pthread_cond_t drop_added;
    struct drop *drops;
    _Atomic bool stopping;
    bool reaping; /* the thread was started */
    pthread_t reaper;
    struct index_jobs *index_jobs;
    struct journal_watch journal_watch;
    struct journal_cut journal_cut;
};

static enum err read_hash_key(struct catalog *catalog, struct arena *arena, struct fault *fault);
static enum err read_next_id(struct catalog *catalog, struct arena *arena, struct fault *fault);
static enum err read_tables(struct catalog *catalog, struct arena *arena, struct fault *fault);
static struct entry **bucket_of(struct catalog *catalog, struct bytes account, struct bytes region,
                                struct bytes name);
static struct entry **find(struct catalog *catalog, struct bytes account, struct bytes region,
                           struct bytes name);
static const struct entry *tables_of(struct catalog *catalog, struct bytes account,
                                     struct bytes region);
static void add_to_place(struct catalog *catalog, struct entry *entry);
static void remove_from_place(struct catalog *catalog, const struct entry *entry);
static void publish(struct catalog *catalog, struct table *table);
static void unpublish(struct catalog *catalog, const struct table *table);
static void queue_drop(struct catalog *catalog, struct table *table, uint32_t table_id,
                       uint64_t due_ms);
static void *reaper_run(void *arg);

enum err catalog_open(struct store *store, struct fault *fault, struct catalog **catalog)
{
    struct catalog *c = mem_zalloc(sizeof(*c));
    struct arena arena;
    enum err err;

    arena_init(&arena);
    c->store = store;
    c->next_id = 1;
    pthread_mutex_init(&c->change_lock, NULL);
    pthread_rwlock_init(&c->lock, NULL);
    pthread_mutex_init(&c->drop_lock, NULL);
    pthread_cond_init(&c->drop_added, NULL);
    journal_watch_init(&c->journal_watch);
    err = read_hash_key(c, &arena, fault);
    if (err == OK)
        err = read_next_id(c, &arena, fault);
    if (err == OK && journal_cut_read(store, &c->journal_cut) != OK)
        err = fault_set(fault, ERR_CORRUPT, "the data directory's journal-cut cannot be read");
    if (err == OK)
        err = read_tables(c, &arena, fault);
    if (err == OK && pthread_create(&c->reaper, NULL, reaper_run, c) != 0)
        err = fault_set(fault, ERR_IO, "cannot start the catalog's background thread");
    arena_fini(&arena);
    if (err != OK) {
        catalog_close(&c);
        return err;
    }
    c->reaping = true;
    c->index_jobs = index_jobs_start(c);
    if (c->index_jobs == NULL) {
        catalog_close(&c);
        return fault_set(fault, ERR_IO, "cannot start the catalog's background thread");
    }
    *catalog = c;
    return OK;
}

void catalog_close(struct catalog **catalog)
{
    struct catalog *c = *catalog;

    if (c == NULL)
        return;
    index_jobs_stop(&c->index_jobs);
    if (c->reaping) {
        pthread_mutex_lock(&c->drop_lock);
        c->stopping = true;
        pthread_cond_signal(&c->drop_added);
        pthread_mutex_unlock(&c->drop_lock);
        pthread_join(c->reaper, NULL);
    }
    while (c->drops != NULL) {
        struct drop *drop = c->drops;

        c->drops = drop->next;
        table_release(&drop->table);
        free(drop);
    }
    for (unsigned i = 0; i < PLACES_COUNT; i++) {
        while (c->places[i] != NULL) {
            struct place *place = c->places[i];

            c->places[i] = place->next;
            free(place);
        }
    }
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        while (c->buckets[i] != NULL) {
            struct entry *entry = c->buckets[i];

            c->buckets[i] = entry->next;
            table_release(&entry->table);
            free(entry);
        }
    }
    pthread_mutex_destroy(&c->change_lock);
    pthread_rwlock_destroy(&c->lock);
    pthread_mutex_destroy(&c->drop_lock);
    pthread_cond_destroy(&c->drop_added);
    journal_watch_fini(&c->journal_watch);
    free(c);
    *catalog = NULL;
}

struct store *catalog_store(struct catalog *catalog)
{
    return catalog->store;
}

const uint8_t *catalog_hash_key(const struct catalog *catalog)
{
    return catalog->hash_key;
}

struct journal_watch *catalog_journal_watch(struct catalog *catalog)
{
    return &catalog->journal_watch;
}

struct journal_cut *catalog_journal_cut(struct catalog *catalog)
{
    return &catalog->journal_cut;
}

struct table *catalog_acquire(struct catalog *catalog, struct bytes account, struct bytes region,
                              struct bytes name)
{
    struct table *table = NULL;
    struct entry *entry;

    pthread_rwlock_rdlock(&catalog->lock);
    entry = *find(catalog, account, region, name);
    if (entry != NULL)
        table = table_acquire(entry->table);
    pthread_rwlock_unlock(&catalog->lock);
    return table;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

bool catalog_list(struct catalog *catalog, struct bytes account, struct bytes region,
                  struct bytes after, unsigned limit, struct arena *arena, struct bytes **names,
                  unsigned *count)
{
    const struct entry *tables;
    struct bytes *all;
    unsigned all_count = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    tables = tables_of(catalog, account, region);
    for (const struct entry *e = tables; e != NULL; e = e->next_here)
        all_count++;
    all = arena_new_array(arena, struct bytes, all_count);
    all_count = 0;
    for (const struct entry *e = tables; e != NULL; e = e->next_here)
        if (bytes_compare(e->table->definition.name, after) > 0)
            all[all_count++] = arena_copy(arena, e->table->definition.name);
    pthread_rwlock_unlock(&catalog->lock);
    if (all_count != 0)
        qsort(all, all_count, sizeof(all[0]), compare_names);
    *names = all;
    *count = all_count < limit ? all_count : limit;
    return all_count > limit;
}

unsigned catalog_count(struct catalog *catalog, struct bytes account, struct bytes region)
{
    unsigned count = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    for (const struct entry *e = tables_of(catalog, account, region); e != NULL; e = e->next_here)
        count++;
    pthread_rwlock_unlock(&catalog->lock);
    return count;
}

uint64_t catalog_provisioned_units(struct catalog *catalog, struct bytes account,
                                   struct bytes region, enum table_way way)
{
    uint64_t units = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    for (const struct entry *e = tables_of(catalog, account, region); e != NULL; e = e->next_here)
        units += table_provisioned_units(&e->table->definition, way);
    pthread_rwlock_unlock(&catalog->lock);
    return units;
}

/* --- changes --------------------------------------------------------------------------------- */

void catalog_change_begin(struct catalog *catalog)
{
    pthread_mutex_lock(&catalog->change_lock);
}

void catalog_change_end(struct catalog *catalog)
{
    pthread_mutex_unlock(&catalog->change_lock);
}

/* `before` NULL: a new table. Takes the mutation, which may hold other changes. */
static enum err write_definition(struct catalog *catalog, const struct table_definition *before,
                                 const struct table_definition *d, struct store_mutation *mutation)
{
    struct arena arena;
    enum err err;

    arena_init(&arena);
    store_mutation_put(mutation, STORE_DATA, table_record_key(d->id, &arena), STORE_NO_STAMP,
                       table_record_write(d, &arena), STORE_NO_STAMP);
    stream_change(mutation, before, d, &arena);
    table_journal_add_settings(mutation, d, &arena);
    if (before == NULL) {
        uint8_t record[NEXT_ID_BYTES] = {RECORD_FORMAT};

        bytes_put_u32(record + 1, d->id + 1);
        store_mutation_put(mutation, STORE_DATA, table_meta_key(NEXT_ID_RECORD, &arena),
                           STORE_NO_STAMP, bytes_make(record, sizeof(record)), STORE_NO_STAMP);
    }
    if (d->status == TABLE_DELETING)
        store_mutation_makes_room(mutation);
    else if (before != NULL && d->index_count <= before->index_count)
        store_mutation_trades_room(mutation); /* a record in place of another, and often the way to
                                               * remove something: an index, a protection */
    err = store_submit_and_wait(catalog->store, NULL, &mutation);
    store_mutation_destroy(&mutation);
    arena_fini(&arena);
    return err;
}

static bool has_index_work(const struct table_definition *d)
{
    for (unsigned i = 0; i < d->index_count; i++)
        if (d->indexes[i].status == INDEX_CREATING || d->indexes[i].status == INDEX_DELETING)
            return true;
    return d->ttl.gone_before != 0 ||
           (d->ttl.index.id != 0 && d->ttl.index.status == INDEX_CREATING);
}

/* From now on nobody maintains an index that goes: writes under earlier definitions neither. */
static void begin_index_work(const struct table *table)
{
    const struct table_definition *d = &table->definition;

    for (unsigned i = 0; i < d->index_count; i++)
        if (d->indexes[i].status == INDEX_DELETING)
            atomic_store(&table_index_build(table)->dropped_id, d->indexes[i].id);
}

unsigned catalog_acquire_for_index_work(struct catalog *catalog, struct table *tables[],
                                        unsigned max)
{
    unsigned count = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    for (unsigned i = 0; i < BUCKET_COUNT; i++)
        for (const struct entry *e = catalog->buckets[i]; e != NULL && count < max; e = e->next)
            if (e->table->definition.status != TABLE_DELETING &&
                has_index_work(&e->table->definition))
                tables[count++] = table_acquire(e->table);
    pthread_rwlock_unlock(&catalog->lock);
    return count;
}

/* Changes have records from before a reader begins until after it ended: it has them all. A write
 * that saw nobody to need them is submitted before its hold ends, so before the reader begins. */
static void begin_journal(struct catalog *catalog, struct table *earlier,
                          const struct table_definition *next)
{
    unsigned had = table_journal_needs_of(&earlier->definition);
    unsigned needs = table_journal_needs_of(next);

    table_set_journal_needs(earlier, had | needs);
    if ((needs & ~had) != 0)
        store_pass_holds(catalog->store);
}

unsigned catalog_acquire_filling(struct catalog *catalog, struct table *tables[], unsigned max)
{
    unsigned count = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    for (unsigned i = 0; i < BUCKET_COUNT; i++)
        for (const struct entry *e = catalog->buckets[i]; e != NULL && count < max; e = e->next)
            if (e->table->definition.status != TABLE_DELETING &&
                table_is_filling(&e->table->definition))
                tables[count++] = table_acquire(e->table);
    pthread_rwlock_unlock(&catalog->lock);
    return count;
}

unsigned catalog_count_restoring(struct catalog *catalog, struct bytes account)
{
    unsigned count = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    for (unsigned i = 0; i < BUCKET_COUNT; i++)
        for (const struct entry *e = catalog->buckets[i]; e != NULL; e = e->next)
            count += bytes_equal(e->table->definition.account, account) &&
                     e->table->definition.status != TABLE_DELETING &&
                     table_is_restoring(&e->table->definition);
    pthread_rwlock_unlock(&catalog->lock);
    return count;
}

bool catalog_is_restoring_from(struct catalog *catalog, struct bytes backup_arn)
{
    bool found = false;

    pthread_rwlock_rdlock(&catalog->lock);
    for (unsigned i = 0; i < BUCKET_COUNT; i++)
        for (const struct entry *e = catalog->buckets[i]; e != NULL; e = e->next)
            found |= e->table->definition.status != TABLE_DELETING &&
                     table_is_restoring(&e->table->definition) &&
                     bytes_equal(e->table->definition.filling.backup_arn, backup_arn);
    pthread_rwlock_unlock(&catalog->lock);
    return found;
}

unsigned catalog_acquire_expiring(struct catalog *catalog, uint64_t now_s, unsigned *place,
                                  struct table *tables[], unsigned max)
{
    unsigned count = 0, looked_at = 0;

    pthread_rwlock_rdlock(&catalog->lock);
    for (; looked_at < BUCKET_COUNT && count < max; looked_at++, *place = (*place + 1)) {
        for (const struct entry *e = catalog->buckets[*place % BUCKET_COUNT]; e != NULL;
             e = e->next) {
            const struct table_definition *d = &e->table->definition;
            const struct index_expiry_state *expiry = table_expiry(e->table);

            if (count < max && d->ttl.index.id != 0 && d->status != TABLE_DELETING &&
                (atomic_load(&expiry->goes_on) || atomic_load(&expiry->first_s) <= now_s))
                tables[count++] = table_acquire(e->table);
        }
    }
    pthread_rwlock_unlock(&catalog->lock);
    return count;
}

enum err catalog_put(struct catalog *catalog, const struct table_definition *definition,
                     struct table **table)
{
    return catalog_put_with(catalog, definition, store_mutation_create(), table);
}

enum err catalog_put_with(struct catalog *catalog, const struct table_definition *definition,
                          struct store_mutation *mutation, struct table **table)
{
    struct table_definition d = *definition;
    struct table *earlier = catalog_acquire(catalog, d.account, d.region, d.name);
    bool is_new = d.id == 0;
    enum err err;

    ASSERT(is_new == (earlier == NULL) && (is_new || earlier->definition.id == d.id));
    ASSERT((d.ttl_attribute.size != 0) == (d.ttl.index.id != 0));
    if (is_new)
        d.id = catalog->next_id;
    ASSERT(d.id != 0 && d.id < UINT32_MAX);
    if (earlier != NULL)
        begin_journal(catalog, earlier, &d);
    if (d.recovery.period_days != 0 && d.recovery.from_ms == 0)
        d.recovery.from_ms = recovery_begin_ms(catalog->store);
    err = write_definition(catalog, earlier != NULL ? &earlier->definition : NULL, &d, mutation);
    if (err == OK && is_new)
        catalog->next_id = d.id + 1;
    if (err == OK) {
        *table = table_create(&d, earlier);
        begin_index_work(*table);
        publish(catalog, *table);
    } else if (earlier != NULL) {
        table_set_journal_needs(earlier, table_journal_needs_of(&earlier->definition));
    }
    table_release(&earlier);
    if (err == OK && has_index_work(&d))
        index_jobs_wake(catalog->index_jobs);
    return err;
}

enum err catalog_drop(struct catalog *catalog, struct table *table, uint32_t delay_ms)
{
    return catalog_drop_with(catalog, table, delay_ms, store_mutation_create());
}

enum err catalog_drop_with(struct catalog *catalog, struct table *table, uint32_t delay_ms,
                           struct store_mutation *mutation)
{
    struct table_definition d = table->definition;
    struct table *dropping;
    enum err err;

    d.status = TABLE_DELETING;
    d.status_until_ms = clock_wall_ms() + delay_ms;
    err = write_definition(catalog, &table->definition, &d, mutation);
    if (err != OK)
        return err;
    dropping = table_create(&d, table);
    if (delay_ms == 0)
        unpublish(catalog, table);
    else
        publish(catalog, dropping);
    queue_drop(catalog, dropping, d.id, d.status_until_ms);
    return OK;
}

/* --- the map --------------------------------------------------------------------------------- */

static struct entry **bucket_of(struct catalog *catalog, struct bytes account, struct bytes region,
                                struct bytes name)
{
    uint64_t hash = siphash(catalog->hash_key, name);

    hash ^= siphash(catalog->hash_key, region) * 3 + siphash(catalog->hash_key, account) * 7;
    return &catalog->buckets[hash % BUCKET_COUNT];
}

/* The place of the entry, or where it would be added. Under the lock. */
static struct entry **find(struct catalog *catalog, struct bytes account, struct bytes region,
                           struct bytes name)
{
    struct entry **at = bucket_of(catalog, account, region, name);

    while (*at != NULL && !(bytes_equal((*at)->table->definition.name, name) &&
                            bytes_equal((*at)->table->definition.region, region) &&
                            bytes_equal((*at)->table->definition.account, account)))
        at = &(*at)->next;
    return at;
}

/* Where the place is, or would be added. Under the lock. */
static struct place **find_place(struct catalog *catalog, struct bytes account, struct bytes region)
{
    uint64_t hash = siphash(catalog->hash_key, region) * 3 + siphash(catalog->hash_key, account);
    struct place **at = &catalog->places[hash % PLACES_COUNT];

    while (*at != NULL && !(bytes_equal((*at)->tables->table->definition.region, region) &&
                            bytes_equal((*at)->tables->table->definition.account, account)))
        at = &(*at)->next;
    return at;
}

static const struct entry *tables_of(struct catalog *catalog, struct bytes account,
                                     struct bytes region)
{
    const struct place *place = *find_place(catalog, account, region);

    return place != NULL ? place->tables : NULL;
}

static void add_to_place(struct catalog *catalog, struct entry *entry)
{
    const struct table_definition *d = &entry->table->definition;
    struct place **at = find_place(catalog, d->account, d->region);

    if (*at == NULL)
        *at = mem_zalloc(sizeof(**at));
    entry->next_here = (*at)->tables;
    (*at)->tables = entry;
}

static void remove_from_place(struct catalog *catalog, const struct entry *entry)
{
    const struct table_definition *d = &entry->table->definition;
    struct place **at = find_place(catalog, d->account, d->region), *place = *at;
    struct entry **link = &place->tables;

    while (*link != entry)
        link = &(*link)->next_here;
    *link = entry->next_here;
    if (place->tables != NULL)
        return;
    *at = place->next;
    free(place);
}

static void publish(struct catalog *catalog, struct table *table)
{
    const struct table_definition *d = &table->definition;
    struct table *old = NULL;
    struct entry **at;

    pthread_rwlock_wrlock(&catalog->lock);
    at = find(catalog, d->account, d->region, d->name);
    if (*at == NULL) {
        *at = mem_zalloc(sizeof(**at));
        (*at)->table = table_acquire(table);
        add_to_place(catalog, *at);
    } else {
        old = (*at)->table;
        (*at)->table = table_acquire(table);
    }
    pthread_rwlock_unlock(&catalog->lock);
    atomic_store(&table_journal_load(table)->watch, &catalog->journal_watch);
    table_release(&old);
}

static void unpublish(struct catalog *catalog, const struct table *table)
{
    const struct table_definition *d = &table->definition;
    struct entry *entry;
    struct entry **at;

    pthread_rwlock_wrlock(&catalog->lock);
    at = find(catalog, d->account, d->region, d->name);
    entry = *at;
    if (entry != NULL && entry->table->definition.id == d->id) {
        *at = entry->next;
        remove_from_place(catalog, entry);
    } else {
        entry = NULL; /* the name belongs to a newer table */
    }
    pthread_rwlock_unlock(&catalog->lock);
    if (entry != NULL)
        table_release(&entry->table);
    free(entry);
}

/* --- dropped tables -------------------------------------------------------------------------- */

static void queue_drop(struct catalog *catalog, struct table *table, uint32_t table_id,
                       uint64_t due_ms)
{
    struct drop *drop = mem_zalloc(sizeof(*drop));

    drop->table = table;
    drop->table_id = table_id;
    drop->due_ms = due_ms;
    pthread_mutex_lock(&catalog->drop_lock);
    drop->next = catalog->drops;
    catalog->drops = drop;
    pthread_cond_signal(&catalog->drop_added);
    pthread_mutex_unlock(&catalog->drop_lock);
}

/* ERR_PENDING: somebody still copies its rows. */
static enum err check_not_kept(struct catalog *catalog, uint32_t table_id, struct arena *arena)
{
    struct bytes value;
    enum err err = store_get(catalog->store, NULL, STORE_DATA, table_keep_key(table_id, arena),
                             true, arena, &value);

    if (err == OK)
        return ERR_PENDING;
    return err == ERR_ABSENT ? OK : err;
}

static enum err purge(struct catalog *catalog, uint32_t table_id)
{
    struct store_mutation *mutation;
    struct arena arena;
    struct store_range range;
    bool keeps_journal = true;
    enum err err;

    arena_init(&arena);
    range = table_whole_range(table_id, &arena);
    err = check_not_kept(catalog, table_id, &arena);
    if (err == OK)
        err = table_purge_range(catalog->store, STORE_DATA, range, &catalog->stopping);
    if (err == OK)
        err = stream_keeps_journal(catalog->store, table_id, &keeps_journal);
    if (err == OK && !keeps_journal) /* else it goes with the last stream */
        err = table_purge_range(catalog->store, STORE_JOURNAL, range, &catalog->stopping);
    if (err == OK) {
        mutation = store_mutation_create();
        store_mutation_forget_count(mutation, table_count_key(table_id, 0, &arena));
        store_mutation_delete(mutation, STORE_DATA, table_record_key(table_id, &arena));
        err = store_submit_and_wait(catalog->store, NULL, &mutation);
        store_mutation_destroy(&mutation);
    }
    arena_fini(&arena);
    return err;
}

bool catalog_drop_is_quiet(struct catalog *catalog, uint32_t table_id)
{
    bool quiet = true; /* not in the list: the reaper has it, which looked before */

    /* As long as it can be found, the map holds it too. */
    pthread_mutex_lock(&catalog->drop_lock);
    for (const struct drop *drop = catalog->drops; drop != NULL; drop = drop->next)
        if (drop->table_id == table_id && drop->table != NULL && !table_held_alone(drop->table))
            quiet = false;
    pthread_mutex_unlock(&catalog->drop_lock);
    return quiet;
}

/* The next drop that is due, taken from the list, its name freed. Under the drop lock. */
static struct drop *take_due(struct catalog *catalog)
{
    uint64_t now = clock_wall_ms();

    for (struct drop **at = &catalog->drops; *at != NULL; at = &(*at)->next) {
        struct drop *drop = *at;

        if (drop->due_ms > now)
            continue;
        if (drop->table != NULL)
            unpublish(catalog, drop->table);
        if (drop->table != NULL && !table_held_alone(drop->table))
            continue; /* a write of theirs may still be on its way */
        *at = drop->next;
        return drop;
    }
    return NULL;
}

/* What could not be done now. Under the drop lock. */
static void put_back(struct catalog *catalog, struct drop *drop, enum err err)
{
    if (err != ERR_BUSY && err != ERR_CANCELLED && err != ERR_PENDING && !drop->failed) {
        LOG(WARN, "cannot remove a dropped table's rows for now",
            log_u64("table_id", drop->table_id), log_string("error", err_name(err)));
        drop->failed = true;
    }
    drop->due_ms = clock_wall_ms() + PURGE_RETRY_MS;
    drop->next = catalog->drops;
    catalog->drops = drop;
}

static void wait_for_work(struct catalog *catalog)
{
    /* Neither a due time nor the last holder's release wakes anybody; both are near. */
    struct timespec until =
        clock_deadline(catalog->drops != NULL ? HOLDERS_POLL_MS : TOKENS_PURGE_MS);

    pthread_cond_timedwait(&catalog->drop_added, &catalog->drop_lock, &until);
}

/* Clients' tokens that are over. Let go of meanwhile: the drop lock. */
static void purge_tokens(struct catalog *catalog)
{
    enum err err;

    pthread_mutex_unlock(&catalog->drop_lock);
    err = table_tokens_purge(catalog->store, clock_wall_ms());
    if (err != OK)
        LOG(WARN, "cannot remove old request tokens now; it will be tried again",
            log_string("error", err_name(err)));
    pthread_mutex_lock(&catalog->drop_lock);
}

static void *reaper_run(void *arg)
{
    struct catalog *catalog = arg;
    uint64_t tokens_due_ms = clock_mono_ms() + TOKENS_PURGE_MS;

    pthread_setname_np(pthread_self(), "reaper");
    pthread_mutex_lock(&catalog->drop_lock);
    while (!catalog->stopping) {
        struct drop *drop = take_due(catalog);
        enum err err;

        if (drop == NULL && clock_mono_ms() >= tokens_due_ms) {
            purge_tokens(catalog);
            tokens_due_ms = clock_mono_ms() + TOKENS_PURGE_MS;
            continue;
        }
        if (drop == NULL) {
            wait_for_work(catalog);
            continue;
        }
        pthread_mutex_unlock(&catalog->drop_lock);
        err = purge(catalog, drop->table_id);
        pthread_mutex_lock(&catalog->drop_lock);
        if (err != OK) {
            put_back(catalog, drop, err);
            continue;
        }
        table_release(&drop->table);
        free(drop);
    }
    pthread_mutex_unlock(&catalog->drop_lock);
    return NULL;
}

/* --- opening --------------------------------------------------------------------------------- */

static enum err read_hash_key(struct catalog *catalog, struct arena *arena, struct fault *fault)
{
    struct bytes key = table_meta_key(HASH_KEY_RECORD, arena), record;
    enum err err = store_get(catalog->store, NULL, STORE_DATA, key, true, arena, &record);
    uint8_t fresh[1 + SIPHASH_KEY_BYTES] = {RECORD_FORMAT};
    struct store_mutation *mutation;

    if (err == OK && record.size == sizeof(fresh) && record.data[0] == RECORD_FORMAT) {
        memcpy(catalog->hash_key, record.data + 1, SIPHASH_KEY_BYTES);
        return OK;
    }
    if (err == OK)
        return fault_set(fault, ERR_CORRUPT,
                         "the data directory's hash key is damaged; restore "
                         "the directory from a backup");
    if (err != ERR_ABSENT)
        return fault_set(fault, err, "cannot read the data directory's hash key");
    /* The first record of all: where there are others, they were lost with it. */
    if (store_had_records(catalog->store))
        return fault_set(fault, ERR_CORRUPT,
                         "the data directory is damaged: its first records are "
                         "gone. Restore the directory from a backup");
    rng_fill(catalog->hash_key, SIPHASH_KEY_BYTES);
    memcpy(fresh + 1, catalog->hash_key, SIPHASH_KEY_BYTES);
    mutation = store_mutation_create();
    store_mutation_put(mutation, STORE_DATA, key, STORE_NO_STAMP, bytes_make(fresh, sizeof(fresh)),
                       STORE_NO_STAMP);
    err = store_submit_and_wait(catalog->store, NULL, &mutation);
    store_mutation_destroy(&mutation);
    if (err == ERR_NO_SPACE)
        return fault_set(fault, err,
                         "the disk of the data directory is full: No space left on device for its "
                         "first record. Free some space, then start again");
    return err == OK ? OK : fault_set(fault, err, "cannot write to the data directory");
}

static enum err read_next_id(struct catalog *catalog, struct arena *arena, struct fault *fault)
{
    struct bytes record;
    enum err err = store_get(catalog->store, NULL, STORE_DATA,
                             table_meta_key(NEXT_ID_RECORD, arena), true, arena, &record);

    if (err == ERR_ABSENT)
        return OK;
    if (err != OK || record.size != NEXT_ID_BYTES || record.data[0] != RECORD_FORMAT)
        return fault_set(fault, err != OK ? err : ERR_CORRUPT,
                         "the data directory's table ids cannot be read");
    catalog->next_id = bytes_get_u32(record.data + 1);
    return OK;
}

static enum err resume_index_work(struct catalog *catalog, const struct table *table)
{
    const struct table_definition *d = &table->definition;
    enum err err = OK;

    for (unsigned i = 0; err == OK && i < d->index_count; i++)
        if (d->indexes[i].status == INDEX_CREATING)
            err = index_build_resume(catalog->store, table, &d->indexes[i]);
    if (err == OK && d->ttl.index.id != 0 && d->ttl.index.status == INDEX_CREATING)
        err = index_build_resume(catalog->store, table, &d->ttl.index);
    return err;
}

static enum err read_tables(struct catalog *catalog, struct arena *arena, struct fault *fault)
{
    struct store_cursor *cursor =
        store_cursor_open(catalog->store, NULL, STORE_DATA, table_records_range(arena), true);
    struct bytes key, value;
    enum err err;

    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        struct arena_mark mark = arena_mark(arena);
        struct table_definition definition;
        struct table *table;

        err = table_record_read(value, arena, &definition);
        if (err != OK) {
            fault_set(fault, err, "the record of a table (id %u) %s",
                      key.size >= 4 ? bytes_get_u32(key.data + key.size - 4) : 0,
                      err == ERR_NEWER_FORMAT ? "was written by a newer Stele; start that one"
                                              : "is damaged; restore the directory from a backup");
            break;
        }
        if (definition.status == TABLE_DELETING) {
            queue_drop(catalog, NULL, definition.id, 0);
        } else {
            table = table_create(&definition, NULL);
            err = resume_index_work(catalog, table);
            publish(catalog, table);
            table_release(&table);
        }
        arena_release(arena, mark);
        if (err != OK)
            break;
    }
    store_cursor_close(&cursor);
    if (err != OK && err != ERR_ABSENT && fault->message.size == 0)
        fault_set(fault, err, "cannot read the catalog");
    return err == ERR_ABSENT ? OK : err;
}
