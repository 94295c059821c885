/* restore_job.c - from a source's items to the table, and what becomes of it if that fails. */
#include "backup/restore_job.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"
#include "table/table_fill.h"

#include <stdio.h>

#define PAUSE_MS 50

static enum err fill_from(struct table_fill *fill, const struct restore_source *source,
                          const struct job *job, bool *of_source);
static bool is_hopeless(const struct job *job, enum err err);
static enum err publish(struct job *job, struct table *table, struct table_fill *fill);

static bool is_stopping(const void *job)
{
    return job_stopping(job);
}

enum err restore_job_fill(struct job *job, struct table *table, const struct restore_source *source)
{
    struct table_fill_options options = {.ascending = true, .stopping = is_stopping, .ctx = job};
    struct store_count count = {0};
    struct table_fill *fill = NULL;
    bool of_source = false;
    char why[64];
    enum err err = table_fill_open(jobs_catalog(job->jobs), table, &options, &fill);

    if (err == OK) {
        err = source->open(source->ctx);
        of_source = err != OK;
        if (err == OK)
            err = fill_from(fill, source, job, &of_source);
        source->close(source->ctx);
    }
    if (err == OK)
        err = table_fill_finish(fill, &count);
    if (err == OK)
        err = publish(job, table, fill);
    table_fill_close(&fill);
    if (of_source && is_hopeless(job, err)) {
        snprintf(why, sizeof(why), "its source cannot be read (%s)", err_name(err));
        return restore_job_fail(job, table, bytes_of_string(why));
    }
    if (err == OK)
        LOG(INFO, "a table is restored", log_bytes("table", table->definition.name),
            log_u64("items", count.items), log_u64("bytes", count.bytes));
    return err;
}

enum err restore_job_fail(struct job *job, struct table *table, struct bytes why)
{
    struct store_mutation *mutation = store_mutation_create();
    enum err err;

    LOG(ERROR, "a table cannot be restored; it is dropped", log_bytes("job", job->name.id),
        log_bytes("why", why));
    jobs_remove(mutation, &job->name);
    if (table != NULL)
        return table_fill_abandon(jobs_catalog(job->jobs), table, mutation);
    err = store_submit_and_wait(jobs_store(job->jobs), NULL, &mutation);
    store_mutation_destroy(&mutation);
    return err;
}

/* Whether a source that fails with this is given up: nobody could delete the half table, nor the
 * backup that it is made from. What cannot be read now may be in an hour. */
static bool is_hopeless(const struct job *job, enum err err)
{
    if (err == ERR_IO)
        return job->failing_ms >= JOB_PATIENCE_MS;
    return err == ERR_CORRUPT || err == ERR_NEWER_FORMAT || err == ERR_ABSENT;
}

/* *of_source: an error is the source's, not that of the table's disk. */
static enum err fill_from(struct table_fill *fill, const struct restore_source *source,
                          const struct job *job, bool *of_source)
{
    struct bytes key, stored;
    bool reads = true;
    enum err err;

    while ((err = source->next(source->ctx, &key, &stored)) == OK) {
        err = table_fill_add_stored(fill, key, stored);
        if (err == OK && job_stopping(job))
            err = ERR_CANCELLED;
        reads = err == OK;
        if (err != OK)
            break;
    }
    *of_source = err == ERR_CORRUPT || err == ERR_NEWER_FORMAT || (err == ERR_IO && reads);
    return err == ERR_ABSENT ? OK : err;
}

/* A full queue is no reason to fill it once more. */
static enum err publish(struct job *job, struct table *table, struct table_fill *fill)
{
    while (clock_wall_ms() < table->definition.status_until_ms && !job_stopping(job))
        job_pause(job, PAUSE_MS); /* to be seen CREATING so long */
    for (;;) {
        struct store_mutation *mutation = store_mutation_create();
        enum err err;

        jobs_remove(mutation, &job->name);
        err = table_fill_publish(fill, mutation);
        if (err != ERR_BUSY && err != ERR_NO_SPACE)
            return err;
        if (job_stopping(job))
            return ERR_CANCELLED;
        job_pause(job, PAUSE_MS);
    }
}
