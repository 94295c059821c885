/* catalog.c - tables as records of space meta, and the newest definition of each in memory.
 * A change is written, durable, and then published: whoever finds a table can rely on its record.
 */
#include "table/catalog.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "table/catalog_priv.h"
#include "table/index_build.h"
#include "table/index_expiry.h"
#include "table/index_job.h"
#include "table/journal_load.h"
#include "table/recovery.h"
#include "table/stream.h"
#include "table/table_keys.h"

#include <stdatomic.h>
#include <stdlib.h>

#define RECORD_FORMAT   1
#define HASH_KEY_RECORD BYTES("hash-key")
#define NEXT_ID_RECORD  BYTES("next-table-id")
#define NEXT_ID_BYTES   5

static enum err read_hash_key(struct catalog *catalog, struct arena *arena, struct fault *fault);
static enum err read_next_id(struct catalog *catalog, struct arena *arena, struct fault *fault);
static enum err read_tables(struct catalog *catalog, struct arena *arena, struct fault *fault);
static void publish(struct catalog *catalog, struct table *table);

enum err catalog_open(struct store *store, struct fault *fault, struct catalog **catalog)
{
    struct catalog *c = mem_zalloc(sizeof(*c));
    struct arena arena;
    enum err err;

    arena_init(&arena);
    c->store = store;
    c->next_id = 1;
    pthread_mutex_init(&c->change_lock, NULL);
    table_map_init(&c->map, c->hash_key);
    c->reaper = reaper_create(store, &c->map);
    journal_watch_init(&c->journal_watch);
    err = read_hash_key(c, &arena, fault);
    if (err == OK)
        err = read_next_id(c, &arena, fault);
    if (err == OK && journal_cut_read(store, &c->journal_cut) != OK)
        err = fault_set(fault, ERR_CORRUPT, "the data directory's journal-cut cannot be read");
    if (err == OK)
        err = read_tables(c, &arena, fault);
    if (err == OK)
        err = reaper_start(c->reaper, fault);
    arena_fini(&arena);
    if (err != OK) {
        catalog_close(&c);
        return err;
    }
    err = index_jobs_start(c, &c->index_jobs);
    if (err != OK) {
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
    reaper_stop(&c->reaper);
    table_map_fini(&c->map);
    pthread_mutex_destroy(&c->change_lock);
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

/* From now on nobody maintains an index that goes: writes under earlier definitions neither. */
static void begin_index_work(const struct table *table)
{
    const struct table_definition *d = &table->definition;

    for (unsigned i = 0; i < d->index_count; i++)
        if (d->indexes[i].status == INDEX_DELETING)
            atomic_store(&table_index_build(table)->dropped_id, d->indexes[i].id);
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

/* No item expires by an index that goes, once it is acknowledged: a delete that was decided before
 * is submitted before its hold ends, so it is committed before the definition. */
static void end_expiry(struct catalog *catalog, const struct table *earlier,
                       const struct table_definition *next)
{
    uint16_t id = earlier->definition.ttl.index.id;

    if (id == 0 || next->ttl.index.id == id)
        return;
    atomic_store(&table_expiry(earlier)->ended_before, id + 1u);
    store_pass_holds(catalog->store);
}

/* What was passed over meanwhile is looked at again. */
static void go_on_expiring(const struct table *table)
{
    uint16_t id = table->definition.ttl.index.id;

    if (id == 0 || id >= atomic_load(&table_expiry(table)->ended_before))
        return;
    atomic_store(&table_expiry(table)->ended_before, id);
    index_expiry_from(table_expiry(table), 0);
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
    if (earlier != NULL) {
        begin_journal(catalog, earlier, &d);
        end_expiry(catalog, earlier, &d);
    }
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
        go_on_expiring(earlier);
    }
    table_release(&earlier);
    if (err == OK && catalog_has_index_work(&d))
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
        table_map_remove(&catalog->map, table);
    else
        publish(catalog, dropping);
    reaper_drop(catalog->reaper, dropping, d.id, d.status_until_ms);
    return OK;
}

/* Found from now on; its changes are heard of by who watches the journal. */
static void publish(struct catalog *catalog, struct table *table)
{
    table_map_put(&catalog->map, table);
    atomic_store(&table_journal_load(table)->watch, &catalog->journal_watch);
}

bool catalog_drop_is_quiet(struct catalog *catalog, uint32_t table_id)
{
    return reaper_drop_is_quiet(catalog->reaper, table_id);
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
            reaper_drop(catalog->reaper, NULL, definition.id, 0);
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
