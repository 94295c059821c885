/* jobs.h - work that outlives its request and a restart: backups, restores, exports, imports.
 * A job is a record of space meta, written in the mutation of what the request changes; one of a
 * few threads runs it, and runs it again after a restart until it says that it is finished. What a
 * job has to know it keeps in its record's text, JSON that is its kind's own.
 *
 *   request    job_id_make; jobs_put(mutation, …, JOB_UNFINISHED); submit; jobs_enqueue
 *   the job    run(job): work in steps, job_save now and then, job_finish or jobs_put + submit; OK
 *   Describe   jobs_find, job_cursor: of finished jobs too, until their kind removes the record
 *
 * Threads:   jobs_put, jobs_find, job_cursor and jobs_enqueue from any; a job belongs to the thread
 *            that runs it. While it runs, nobody else writes its record.
 * Bounds:    JOB_THREADS run at a time, the others wait in order of their ids.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct catalog;
struct store;
struct store_mutation;
struct jobs;
struct job_cursor;

#define JOB_THREADS 2
#define JOB_TELL_MS 600000 /* between two log lines of a job that cannot go on */
/* For an operator to mend what keeps a job from going on, where others wait for its end or it holds
 * room; then its kind gives it up. */
#define JOB_PATIENCE_MS 3600000
#define JOB_ID_SIZE     24 /* 23 characters and a NUL */

/* Which job: kinds do not share ids. Account, region and kind hold no '/'. */
struct job_name {
    struct bytes account;
    struct bytes region;
    struct bytes kind;
    struct bytes id;
};

enum job_state { JOB_UNFINISHED, JOB_FINISHED };

/* A record as it was read. */
struct job_record {
    struct job_name name;
    enum job_state state;
    struct bytes text;
};

/* A job that runs. */
struct job {
    struct job_name name;
    struct bytes text; /* as it was last saved; job_save frees it */
    struct jobs *jobs;
    uint64_t failing_ms; /* for how long it could not go on, and for the same reason, while this
                          * server runs; 0: it could */
    bool tells;          /* its log lines on why it cannot go on are due: not each try's are */
    struct arena arena;  /* of the text */
};

/* OK: done with, its record says JOB_FINISHED or is gone. ERR_CANCELLED: the server stops; the job
 * runs again after the next start. Any other error: it runs again after a while, from its record. A
 * failure that a client is to be told of is a finished job whose text says so. */
typedef enum err job_run_fn(struct job *job, void *ctx);

struct job_kind {
    const char *name; /* lives as long as the jobs */
    job_run_fn *run;
    void *ctx;
};

/* Open, add all kinds, start: a job whose kind was not added stays where it is. The catalog is
 * borrowed until the close. ERR_IO, ERR_CORRUPT, ERR_NEWER_FORMAT. */
struct jobs *jobs_open(struct catalog *catalog);
void jobs_add_kind(struct jobs *jobs, struct job_kind kind);
enum err jobs_start(struct jobs *jobs, struct fault *fault) MUST_CHECK;
/* Ends the threads after the steps that are under way. */
void jobs_stop(struct jobs *jobs);
void jobs_close(struct jobs **jobs);

struct catalog *jobs_catalog(struct jobs *jobs);
struct store *jobs_store(struct jobs *jobs);

/* 14 digits of milliseconds, '-', 8 random hexadecimal ones: ids are in order of time. */
void job_id_make(uint64_t now_ms, char id[JOB_ID_SIZE]);
/* Whether a text is one, and of when. */
bool job_id_read(struct bytes id, uint64_t *ms);

/* Adds the record, or its next state, to a mutation; removes it. */
void jobs_put(struct store_mutation *mutation, const struct job_name *name, enum job_state state,
              struct bytes text);
void jobs_remove(struct store_mutation *mutation, const struct job_name *name);
/* After the commit of a new unfinished record: it may run. */
void jobs_enqueue(struct jobs *jobs, const struct job_name *name);

/* ERR_ABSENT, ERR_WOULD_BLOCK (unless may_wait), ERR_IO, ERR_CORRUPT, ERR_NEWER_FORMAT. */
enum err jobs_find(struct jobs *jobs, const struct job_name *name, bool may_wait,
                   struct arena *arena, struct job_record *record) MUST_CHECK;

struct job_query {
    struct bytes account;
    struct bytes region;
    struct bytes kind;
    struct bytes after; /* an id, there or not; empty: from the first on */
};
/* Records in order of their ids, one after the other, as they were at the open. Each is in the
 * arena of its call. ERR_ABSENT: there are no more; else as jobs_find. */
struct job_cursor *job_cursor_open(struct jobs *jobs, const struct job_query *query, bool may_wait);
enum err job_cursor_next(struct job_cursor *cursor, struct arena *arena,
                         struct job_record *record) MUST_CHECK;
void job_cursor_close(struct job_cursor **cursor);
/* Every record, of all kinds, accounts and regions, in no order that means something, but for those
 * that come or go meanwhile; an error of the callback ends it. The callback may write. Waits. */
typedef enum err job_walk_fn(void *ctx, const struct job_record *record);
enum err jobs_walk(struct jobs *jobs, job_walk_fn *visit, void *ctx) MUST_CHECK;

/* How many of a kind are not finished, over all accounts and regions. Never waits. */
unsigned jobs_unfinished(struct jobs *jobs, const char *kind);

/* --- for the job itself ---------------------------------------------------------------------- */

/* Time to return ERR_CANCELLED: ask before each step, and keep a step under a tenth of a second. */
bool job_stopping(const struct job *job);
/* Waits so long, or less when the server stops. */
void job_pause(struct job *job, uint32_t wait_ms);
/* Durable progress. Each is a commit: at most a few a second. */
enum err job_save(struct job *job, struct bytes text) MUST_CHECK;
/* The last text; run returns OK after it. To finish together with other changes: jobs_put. */
enum err job_finish(struct job *job, struct bytes text) MUST_CHECK;
