/* archiver.c - the walk over tables that have change records or segments, and the thread. */
#include "backup/archiver.h"

#include "backup/archive_limit.h"
#include "backup/archive_write.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "table/catalog.h"
#include "table/journal_cursor.h"
#include "table/recovery.h"
#include "table/stream.h"
#include "table/table_keys.h"

#include <pthread.h>
#include <stdlib.h>

#define TICK_MS     200
#define RETRY_MS    5000
#define STEP_MS_MIN 1000
#define STEP_MS_MAX (6 * 3600 * UINT64_C(1000))

struct archiver {
    struct archiver_options options;
    char *dir;
    pthread_mutex_t lock; /* for stopped */
    pthread_cond_t stopped;
    _Atomic bool stopping;
    pthread_t thread;
};

/* One pass. */
struct pass {
    const struct archiver_options *options;
    struct store *store;
    uint64_t now_ms;
    const _Atomic bool *stopping;
    struct fault *fault;
    struct arena arena; /* of one table */
};

static void *run(void *arg);
static enum err visit(struct pass *pass, uint32_t table_id);
static enum err archive_table(struct pass *pass, const struct table_definition *table);
static enum err remove_expired(struct pass *pass, const struct table_definition *table,
                               const struct archive_segment segments[], unsigned count);
static enum err write_base(struct pass *pass, const struct table_definition *table, uint64_t at);
static uint64_t kept_from(const struct pass *pass, const struct table_definition *table);
static enum err remove_from_journal(struct pass *pass, uint32_t table_id, uint64_t older_than);
static enum err forget_journal(struct pass *pass, const struct table_definition *table);

/* --- the thread ------------------------------------------------------------------------------ */

/* Segments have the changes of a step at least, so that there are not too many of them. */
static uint64_t step_ms_of(const struct archiver_options *options)
{
    uint64_t step_ms = options->after_ms / 4;

    return step_ms < STEP_MS_MIN ? STEP_MS_MIN : step_ms > STEP_MS_MAX ? STEP_MS_MAX : step_ms;
}

enum err archiver_start(const struct archiver_options *options, struct fault *fault,
                        struct archiver **archiver)
{
    struct archiver *a;
    enum err err = options->dir != NULL ? archive_make_dir(options->dir, fault) : OK;

    if (err != OK)
        return err;
    a = mem_zalloc(sizeof(*a));
    a->options = *options;
    if (options->dir != NULL)
        a->options.dir = a->dir = mem_string(options->dir);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->stopped, NULL);
    if (pthread_create(&a->thread, NULL, run, a) != 0) {
        free(a->dir);
        free(a);
        return fault_set(fault, ERR_IO, "cannot start the archive's background thread");
    }
    *archiver = a;
    return OK;
}

void archiver_stop(struct archiver **archiver)
{
    struct archiver *a = *archiver;

    if (a == NULL)
        return;
    *archiver = NULL;
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    pthread_cond_signal(&a->stopped);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->stopped);
    pthread_mutex_destroy(&a->lock);
    free(a->dir);
    free(a);
}

/* False: it is time to end. */
static bool wait_a_tick(struct archiver *archiver)
{
    struct timespec until = clock_deadline(TICK_MS);

    pthread_mutex_lock(&archiver->lock);
    if (!archiver->stopping)
        clock_wait(&archiver->stopped, &archiver->lock, until);
    pthread_mutex_unlock(&archiver->lock);
    return !archiver->stopping;
}

/* The wall clock says what is due, and a test's may leap: so it is looked at often. */
static void *run(void *arg)
{
    struct archiver *archiver = arg;
    uint64_t step_ms = step_ms_of(&archiver->options), due_ms = 0;
    bool told = false; /* that it fails */

    pthread_setname_np(pthread_self(), "archiver");
    thread_give_way();
    do {
        uint64_t now_ms = clock_wall_ms();
        struct arena arena;
        struct fault fault;
        enum err err;

        if (now_ms < due_ms)
            continue;
        arena_init(&arena);
        fault_init(&fault, &arena);
        err = archiver_run(&archiver->options, now_ms, &archiver->stopping, &fault);
        if (err_is_failure(err) && !told)
            LOG(WARN,
                "cannot archive all change records now; they stay in the journal, and it will be "
                "tried again",
                log_string("error", err_name(err)), log_bytes("why", fault.message));
        told = err_is_failure(err) || (told && err != OK);
        due_ms = err != OK ? now_ms + RETRY_MS : (now_ms / step_ms + 1) * step_ms;
        arena_fini(&arena);
    } while (wait_a_tick(archiver));
    return NULL;
}

/* --- a pass ---------------------------------------------------------------------------------- */

/* The first table from this id on that has change records. ERR_ABSENT: there is none. */
static enum err next_in_journal(struct pass *pass, uint32_t *table_id)
{
    struct store_range range = {0};
    struct store_cursor *cursor;
    struct bytes key, value;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    range.from = table_whole_range(*table_id, &arena).from;
    cursor = store_cursor_open(pass->store, NULL, STORE_JOURNAL, range, true);
    err = store_cursor_next(cursor, &key, &value);
    if (err == OK)
        *table_id = bytes_get_u32(key.data);
    store_cursor_close(&cursor);
    arena_fini(&arena);
    return err;
}

/* With the error of the last that failed, so that the others are not kept waiting. */
static enum err visit_and_note(struct pass *pass, uint32_t table_id, enum err before)
{
    enum err err = visit(pass, table_id);

    arena_reset(&pass->arena);
    return err != OK ? err : before;
}

enum err archiver_run(const struct archiver_options *options, uint64_t now_ms,
                      const _Atomic bool *stopping, struct fault *fault)
{
    struct pass pass = {
        .options = options,
        .store = catalog_store(options->catalog),
        .now_ms = now_ms,
        .stopping = stopping,
        .fault = fault,
    };
    enum err failure = OK, err;
    struct arena arena;
    uint32_t *ids, id = 1;
    unsigned count;

    arena_init(&arena);
    arena_init(&pass.arena);
    while (!*stopping && (err = next_in_journal(&pass, &id)) == OK) {
        failure = visit_and_note(&pass, id, failure);
        if (id++ == UINT32_MAX)
            break;
    }
    failure = !*stopping && err != OK && err != ERR_ABSENT ? err : failure;
    if (options->dir != NULL) {
        err = archive_tables(options->dir, &arena, &ids, &count);
        failure = err != OK ? err : failure;
        for (unsigned i = 0; err == OK && i < count && !*stopping; i++)
            failure = visit_and_note(&pass, ids[i], failure);
    }
    if (options->dir != NULL && options->bytes_max != 0 && !*stopping) {
        err = archive_limit(options->catalog, options->dir, options->bytes_max, fault);
        failure = err != OK ? err : failure;
    }
    arena_fini(&pass.arena);
    arena_fini(&arena);
    return *stopping ? ERR_CANCELLED : failure;
}

/* The definition as it is stored; ERR_ABSENT: the table is gone. */
static enum err find_definition(struct pass *pass, uint32_t table_id, struct table_definition *d)
{
    struct bytes record;
    enum err err = store_get(pass->store, NULL, STORE_DATA,
                             table_record_key(table_id, &pass->arena), true, &pass->arena, &record);

    return err == OK ? table_record_read(record, &pass->arena, d) : err;
}

/* Of a table that is being deleted: as long as it is found, a restore from it may begin. */
static bool is_kept(struct pass *pass, const struct table_definition *table)
{
    struct catalog *catalog = pass->options->catalog;
    bool kept;

    catalog_change_begin(catalog);
    kept = recovery_keeps_changes_of(catalog, table);
    catalog_change_end(catalog);
    return kept;
}

static enum err visit(struct pass *pass, uint32_t table_id)
{
    struct table_definition table;
    enum err err = find_definition(pass, table_id, &table);

    if (err == OK && table.status == TABLE_DELETING) {
        if (is_kept(pass, &table))
            return OK; /* as it is */
        err = ERR_ABSENT;
    }
    if (err == OK && recovery_is_on(&table))
        return pass->options->dir != NULL
                   ? archive_table(pass, &table)
                   : remove_from_journal(pass, table_id, kept_from(pass, &table));
    if (pass->options->dir == NULL)
        return err == OK ? forget_journal(pass, &table) : err == ERR_ABSENT ? OK : err;
    if (err == ERR_ABSENT) /* what its journal has is the catalog's to remove */
        return archive_remove_table(pass->options->dir, table_id, pass->fault);
    if (err == OK)
        err = archive_remove_table(pass->options->dir, table_id, pass->fault);
    return err == OK ? forget_journal(pass, &table) : err;
}

/* --- a table that recovers ------------------------------------------------------------------- */

/* The first version whose changes some restorable time still needs, and a day of grace before. */
static uint64_t kept_from(const struct pass *pass, const struct table_definition *table)
{
    uint64_t kept_ms = (table->recovery.period_days + 1) * (uint64_t)RECOVERY_DAY_MS;
    uint64_t from_ms = pass->now_ms > kept_ms ? pass->now_ms - kept_ms : 0;

    return (from_ms > table->recovery.from_ms ? from_ms : table->recovery.from_ms) << 16;
}

/* What is older than this has happened long enough ago, and is complete. */
static uint64_t bound_of(const struct pass *pass)
{
    uint64_t after_ms = pass->options->after_ms, step_ms = step_ms_of(pass->options);
    uint64_t old_ms = pass->now_ms > after_ms ? (pass->now_ms - after_ms) / step_ms * step_ms : 0;
    uint64_t published = store_version(pass->store);

    return old_ms << 16 < published + 1 ? old_ms << 16 : published + 1;
}

static enum err archive_table(struct pass *pass, const struct table_definition *table)
{
    struct archive_write write = {
        .store = pass->store,
        .dir = pass->options->dir,
        .table_id = table->id,
        .bound = bound_of(pass),
        .bytes_max = pass->options->segment_bytes_max != 0 ? pass->options->segment_bytes_max
                                                           : ARCHIVER_SEGMENT_BYTES,
        .stopping = pass->stopping,
    };
    struct archive_segment *segments;
    unsigned count;
    enum err err = archive_list(write.dir, table->id, &pass->arena, &segments, &count);

    if (err != OK)
        return fault_set(pass->fault, err, "cannot list %s",
                         archive_table_path(write.dir, table->id, &pass->arena));
    write.from = count > 0 ? segments[count - 1].to : 0;
    if (write.from < kept_from(pass, table))
        write.from = kept_from(pass, table); /* older ones need not even have both images */
    err = remove_expired(pass, table, segments, count);
    if (err == OK) /* a crash may have kept it from that */
        err = remove_from_journal(pass, table->id, write.from);
    while (err == OK && write.from < write.bound) {
        err = archive_write_segment(&write, pass->fault, &write.from);
        if (err == OK)
            err = remove_from_journal(pass, table->id, write.from);
    }
    if (err == ERR_ABSENT)
        err = OK;
    return err == OK ? write_base(pass, table, write.from) : err;
}

/* About what the table takes as a file: what the last base did, or else half of its items. */
static enum err table_bytes(struct pass *pass, const struct table_definition *table,
                            const struct archive_base *last, uint64_t *bytes)
{
    struct store_count count;
    enum err err;

    if (last != NULL) {
        *bytes = last->bytes;
        return OK;
    }
    err = store_count(pass->store, table_count_key(table->id, 0, &pass->arena), &count);
    if (err == OK)
        *bytes = count.bytes / 2;
    return err;
}

/* If it is time for one: of the table as it was where the archive ends. */
static enum err write_base(struct pass *pass, const struct table_definition *table, uint64_t at)
{
    const struct archiver_options *o = pass->options;
    struct history_source source = {
        .catalog = o->catalog, .archive = o->dir, .scratch = o->scratch};
    uint64_t since = kept_from(pass, table), changed = 0, size = 0;
    const struct archive_base *last = NULL;
    struct archive_segment *segments;
    unsigned count, base_count = 0;
    struct archive_base *bases;
    enum err err = archive_list(o->dir, table->id, &pass->arena, &segments, &count);

    if (err == OK)
        err = archive_bases(o->dir, table->id, &pass->arena, &bases, &base_count);
    if (base_count > 0)
        last = &bases[base_count - 1];
    if (last != NULL && last->at > since)
        since = last->at;
    for (unsigned i = 0; err == OK && i < count; i++)
        changed += segments[i].from >= since ? segments[i].bytes : 0;
    if (err == OK)
        err = table_bytes(pass, table, last, &size);
    if (size < (o->base_bytes_min != 0 ? o->base_bytes_min : ARCHIVER_SEGMENT_BYTES))
        size = o->base_bytes_min != 0 ? o->base_bytes_min : ARCHIVER_SEGMENT_BYTES;
    if (err != OK || changed <= size || *pass->stopping)
        return err;
    err = archive_write_base(&source, table, at, pass->stopping, pass->fault);
    return err == ERR_ABSENT ? OK : err; /* it recovers no longer, since a moment ago */
}

/* Oldest first, so that there is never a gap. */
static enum err remove_expired(struct pass *pass, const struct table_definition *table,
                               const struct archive_segment segments[], unsigned count)
{
    uint64_t from = kept_from(pass, table);
    enum err err = OK;

    for (unsigned i = 0; err == OK && i < count && segments[i].to <= from; i++)
        err = archive_remove_segment(pass->options->dir, table->id, &segments[i], pass->fault);
    return err == OK ? archive_remove_bases(pass->options->dir, table->id, from, pass->fault) : err;
}

/* A stream of the table shows them for a day, whatever is archived. */
static enum err remove_from_journal(struct pass *pass, uint32_t table_id, uint64_t older_than)
{
    struct store_mutation *mutation = store_mutation_create();
    uint64_t horizon = stream_horizon(pass->now_ms);
    bool has_streams;
    enum err err = stream_keeps_journal(pass->store, table_id, &has_streams);

    if (err == OK && has_streams && older_than > horizon)
        older_than = horizon;
    if (err == OK)
        err = table_journal_remove(pass->store, mutation, table_id, older_than);
    if (err == OK)
        err = store_submit_and_wait(pass->store, NULL, &mutation);
    store_mutation_destroy(&mutation);
    return err;
}

/* --- a table that does not, or is gone ------------------------------------------------------- */

/* Change records that no reader of the table needs; under the change lock, for one may begin. */
static enum err forget_journal(struct pass *pass, const struct table_definition *table)
{
    struct store_mutation *mutation = store_mutation_create();
    struct table_definition now;
    bool has_streams = true;
    enum err err;

    catalog_change_begin(pass->options->catalog);
    err = find_definition(pass, table->id, &now);
    if (err == OK && now.status != TABLE_DELETING && !recovery_is_on(&now))
        err = stream_keeps_journal(pass->store, table->id, &has_streams);
    if (err == OK && !has_streams)
        err = table_journal_remove(pass->store, mutation, table->id, UINT64_MAX);
    if (err == OK && !has_streams)
        err = store_submit_and_wait(pass->store, NULL, &mutation);
    catalog_change_end(pass->options->catalog);
    store_mutation_destroy(&mutation);
    return err == ERR_ABSENT ? OK : err;
}
