/* export_job.c - the work of an export: what the table was, or what changed, line by line.
 * Nothing is saved on the way: after a crash the job begins again, and writes the same files. An
 * export that cannot be done ends as FAILED, with the code and message of what stopped it.
 */
#include "transfer/export_job.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "item/item.h"
#include "jobs/jobs.h"
#include "table/catalog.h"
#include "table/recovery.h"
#include "transfer/export_files.h"
#include "transfer/export_lines.h"

#include <stdlib.h>

#define LINE_BYTES_MAX ((size_t)64 << 20) /* two items as JSON, with room to spare */
#define LINE_KEEP      ((size_t)1 << 20)
#define CHECK_EVERY    1000 /* items, between looks at whether the table is still there */

struct run {
    struct job *job;
    struct export_places *places;
    struct arena arena;   /* of the whole run */
    struct arena scratch; /* of a line */
    struct export_record record;
    struct table *table;
    struct export_filter filter;
    struct export_files *files;
    struct objects_call call;
    struct buf line;
    uint64_t seen;
    struct history *history; /* while it is read: it holds a snapshot */
};

static enum err run(struct job *job, void *ctx);
static enum err begin(struct run *run);
static enum err find_table(struct run *run);
static enum err export_items(struct run *run);
static enum err export_changes(struct run *run);
static enum err add_item(struct run *run, struct bytes stored);
static enum err add_change(struct run *run, const struct history_change *change);
static enum err check(struct run *run);
static enum err check_table(struct run *run);
static enum err check_recovery(struct run *run);
static enum err fail_deleted(struct run *run);
static enum err finish(struct run *run, enum err err);
static void name_failure(struct run *run, enum err err);
static bool stopping(void *ctx);

void export_job_add(struct jobs *jobs, struct export_places *places)
{
    jobs_add_kind(jobs, (struct job_kind){EXPORT_KIND, run, places});
}

static enum err run(struct job *job, void *ctx)
{
    struct run r = {.job = job, .places = ctx};
    enum err err;

    arena_init(&r.arena);
    arena_init(&r.scratch);
    buf_init(&r.line, LINE_BYTES_MAX);
    r.call = (struct objects_call){.arena = &r.arena, .stopping = stopping, .stopping_ctx = &r};
    err = export_record_read(job->text, &r.arena, &r.record);
    if (err == OK) {
        err = begin(&r);
        if (err == OK)
            err = r.record.is_incremental ? export_changes(&r) : export_items(&r);
        err = finish(&r, err);
    }
    export_files_close(&r.files);
    if (r.table != NULL)
        table_release(&r.table);
    buf_fini(&r.line);
    arena_fini(&r.scratch);
    arena_fini(&r.arena);
    return err;
}

static enum err begin(struct run *run)
{
    enum err err = find_table(run);

    run->call.bucket = run->record.bucket;
    /* One that is the server's own account is no name that an endpoint would know. */
    if (!bytes_equal(run->record.owner, run->job->name.account))
        run->call.owner = run->record.owner;
    if (err == OK)
        err = export_filter_read(run->record.filter, &run->arena, &run->filter);
    if (err == OK)
        err = export_files_open(run->places->objects, &run->call, &run->record, &run->files);
    return err;
}

/* Its rows stay as long as it is held. */
static enum err find_table(struct run *run)
{
    run->table = catalog_acquire(jobs_catalog(run->job->jobs), run->job->name.account,
                                 run->job->name.region, run->record.table_name);
    if (run->table != NULL && run->table->definition.id == run->record.table_id) {
        enum err err = check_table(run);

        return err == OK ? check_recovery(run) : err;
    }
    return fail_deleted(run);
}

static enum err export_items(struct run *run)
{
    struct bytes key, stored;
    enum err err =
        history_open(run->places->history, &run->table->definition,
                     recovery_version(run->record.time_ms), stopping, run, &run->history);

    while (err == OK) {
        err = history_next(run->history, &key, &stored);
        if (err == ERR_ABSENT) {
            err = OK;
            break;
        }
        if (err == OK)
            err = check(run);
        if (err == OK)
            err = add_item(run, stored);
    }
    history_close(&run->history);
    return err;
}

static enum err add_item(struct run *run, struct bytes stored)
{
    struct item item;
    enum err err = item_open(stored, &item);

    if (err != OK)
        return err;
    run->record.billed_bytes += item.size_bytes;
    if (!export_filter_holds(&run->filter, item.attributes))
        return OK;
    arena_reset(&run->scratch);
    buf_reset(&run->line, LINE_KEEP);
    export_line_item(&run->line, run->record.is_ion,
                     export_filter_project(&run->filter, item.attributes, &run->scratch));
    run->record.item_count++;
    return export_files_add(run->files, buf_bytes(&run->line));
}

/* From the first version of the first millisecond to the last one before the end. */
static enum err export_changes(struct run *run)
{
    struct history_changes *changes;
    struct history_change change;
    uint64_t after = (run->record.from_ms << 16) - 1, to = (run->record.to_ms << 16) - 1;
    enum err err = history_changes_open(run->places->history, &run->table->definition, after, to,
                                        stopping, run, &changes);

    if (err != OK)
        return err;
    while (err == OK) {
        err = history_changes_next(changes, &change);
        if (err == ERR_ABSENT) {
            err = OK;
            break;
        }
        if (err == OK)
            err = check(run);
        if (err == OK)
            err = add_change(run, &change);
    }
    history_changes_close(&changes);
    return err;
}

/* The filter asks for what the item became, or was if it is gone. */
static enum err add_change(struct run *run, const struct history_change *change)
{
    struct value old, new;

    if (change->exists)
        run->record.billed_bytes += value_item_size_bytes(change->new);
    if (change->existed && !run->record.only_new)
        run->record.billed_bytes += value_item_size_bytes(change->old);
    if (!export_filter_holds(&run->filter, change->exists ? change->new : change->old))
        return OK;
    arena_reset(&run->scratch);
    buf_reset(&run->line, LINE_KEEP);
    if (change->existed)
        old = export_filter_project(&run->filter, change->old, &run->scratch);
    if (change->exists)
        new = export_filter_project(&run->filter, change->new, &run->scratch);
    export_line_change(&run->line, run->record.is_ion, (change->version >> 16) * 1000, change->keys,
                       change->existed && !run->record.only_new ? &old : NULL,
                       change->exists ? &new : NULL);
    run->record.item_count++;
    return export_files_add(run->files, buf_bytes(&run->line));
}

/* Now and then: whether to go on at all. */
static enum err check(struct run *run)
{
    if (run->seen++ % CHECK_EVERY != 0)
        return OK;
    return job_stopping(run->job) ? ERR_CANCELLED : check_table(run);
}

static enum err check_table(struct run *run)
{
    struct table *now = catalog_acquire(jobs_catalog(run->job->jobs), run->job->name.account,
                                        run->job->name.region, run->record.table_name);
    bool is_there = now != NULL && now->definition.id == run->record.table_id &&
                    now->definition.status != TABLE_DELETING;

    if (now != NULL)
        table_release(&now);
    return is_there ? OK : fail_deleted(run);
}

/* Whether what it was is still known: recovery has been on from before then. */
static enum err check_recovery(struct run *run)
{
    const struct table_recovery *recovery = &run->table->definition.recovery;
    uint64_t from_ms = run->record.is_incremental ? run->record.from_ms : run->record.time_ms;

    if (recovery->period_days != 0 && recovery->from_ms <= from_ms)
        return OK;
    run->call.code = BYTES("PointInTimeRecoveryUnavailableException");
    run->call.message =
        BYTES("Point in time recovery was turned off before the table was exported");
    return ERR_ABSENT;
}

static enum err fail_deleted(struct run *run)
{
    run->call.code = BYTES("TableNotFoundException");
    run->call.message = BYTES("The table was deleted before it was exported");
    return ERR_ABSENT;
}

static enum err finish(struct run *run, enum err err)
{
    struct export_record *r = &run->record;

    r->end_ms = clock_wall_ms();
    /* What is read of a table that is on its way out may be less than it was. */
    if (run->table != NULL && (err == OK || run->call.code.size == 0) && err != ERR_CANCELLED &&
        check_table(run) != OK)
        err = ERR_ABSENT;
    if (err == OK)
        err = export_files_finish(run->files, r, &r->manifest);
    if (err != OK && !err_is_failure(err))
        return err; /* it begins again */
    if (err == OK) {
        r->status = EXPORT_COMPLETED;
    } else {
        r->status = EXPORT_FAILED;
        name_failure(run, err);
        LOG(WARN, "an export failed", log_bytes("export", r->arn),
            log_bytes("code", r->failure_code), log_bytes("why", r->failure_message));
    }
    return job_finish(run->job, export_record_write(r, &run->arena));
}

/* What the buckets say, or what our own side has no client's words for. */
static void name_failure(struct run *run, enum err err)
{
    struct export_record *r = &run->record;

    r->failure_code = run->call.code;
    r->failure_message = run->call.message;
    if (r->failure_code.size != 0)
        return;
    r->failure_code = BYTES("InternalServerError");
    r->failure_message =
        err == ERR_NO_SPACE ? BYTES("The server's disk is full")
        : err == ERR_CORRUPT
            ? BYTES("The table's data is damaged: `stele check` says where")
            : arena_format(&run->arena, "The table could not be read (%s)", err_name(err));
}

/* Asked also while an endpoint lets us wait. */
static bool stopping(void *ctx)
{
    const struct run *run = ctx;

    return job_stopping(run->job) ||
           (run->history != NULL && store_waits_for_readers(jobs_store(run->job->jobs)));
}
