/* restore_job.h - what jobs that restore a table share: items in key order become the table that
 * restore_begin (restore_params.h) has begun.
 *   run(job)   reads job->text; table_fill_acquire, or the restore is over; restore_job_fill
 * Threads:   the job's own.
 */
#pragma once

#include "jobs/jobs.h"
#include "table/table.h"

/* Where the items come from. It is open only while it is read: what comes before and after writes,
 * and the table may wait long for room to be published, which does not come while somebody holds a
 * snapshot (store_waits_for_readers). */
struct restore_source {
    enum err (*open)(void *ctx);
    /* The next one in the order of storage keys, valid until the next call. ERR_ABSENT: that was
     * all. */
    enum err (*next)(void *ctx, struct bytes *key, struct bytes *stored);
    void (*close)(void *ctx); /* also of one that did not open */
    void *ctx;
};

/* Fills the table to its end: it is ACTIVE and the job's record gone when this returns OK; or, for
 * an error of the source that is hopeless, the table and the record are gone, which is OK too.
 * Anything else is for run to return: the job begins again. */
enum err restore_job_fill(struct job *job, struct table *table,
                          const struct restore_source *source) MUST_CHECK;

/* What is to be restored is not there any more, or damaged: the end of table (NULL: it is gone
 * already) and job. */
enum err restore_job_fail(struct job *job, struct table *table, struct bytes why) MUST_CHECK;
