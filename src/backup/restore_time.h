/* restore_time.h - the job of RestoreTableToPointInTime: a table from what another was at a time.
 * Its record's text names the target, in the job's account and region, and the source.
 */
#pragma once

#include "jobs/jobs.h"

#define RESTORE_TIME_KIND "restore-time"

struct restore_time {
    struct bytes target;
    struct bytes region; /* of the source */
    struct bytes source; /* its name */
    uint32_t table_id;   /* and its id: another table may have the name meanwhile */
    uint64_t time_ms;    /* changes of that millisecond are in it */
};

/* The text (JSON), and back, into the arena. ERR_CORRUPT. */
struct bytes restore_time_text(const struct restore_time *restore, struct arena *arena);
enum err restore_time_read(struct bytes text, struct arena *arena,
                           struct restore_time *restore) MUST_CHECK;

/* job_run_fn; ctx is a struct history_source. */
enum err restore_time_run(struct job *job, void *ctx) MUST_CHECK;
