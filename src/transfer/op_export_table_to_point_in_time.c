/* op_export_table_to_point_in_time.c - ExportTableToPointInTime: checks, a record, and a job does
 * the rest. Contract backup-export-import.md 5.1, "Check order".
 */
#include "backup/recovery_params.h"
#include "base/clock.h"
#include "jobs/jobs.h"
#include "store/store.h"
#include "transfer/export_params.h"

#define FORGET_AT_ONCE 100

/* An earlier request with the same token. */
struct replay {
    struct export_record record;
    bool found;
};

static enum err begin_or_replay(struct req *req, struct export_record *record);
static enum err find_table(struct req *req, struct export_record *record, struct table **table);
static enum err find_replay(struct req *req, const struct export_record *record,
                            struct replay *replay);
static enum err begin(struct req *req, struct export_record *record);
static enum err forget_old(struct req *req, struct store_mutation *mutation, uint64_t now_ms);

enum err op_export_table_to_point_in_time(struct req *req)
{
    struct export_record record = {.status = EXPORT_IN_PROGRESS};
    enum err err = export_params_read(req, &record);

    if (err == OK)
        err = begin_or_replay(req, &record);
    if (err == OK)
        export_reply(req->reply, &record);
    return err;
}

/* It counts as a change of the catalog, which are made one at a time: of two requests with a token,
 * the second finds the first. */
static enum err begin_or_replay(struct req *req, struct export_record *record)
{
    struct replay replay = {.found = false};
    struct table *table;
    enum err err = find_table(req, record, &table);

    if (err == OK)
        err = export_params_check_filter(req, table);
    if (err == OK && record->token.size != 0)
        err = find_replay(req, record, &replay);
    if (err == OK && replay.found) {
        *record = replay.record;
        return OK;
    }
    if (err == OK)
        err = export_params_times(req, &table->definition, record);
    if (err == OK && jobs_unfinished(req->api->jobs, EXPORT_KIND) >= EXPORT_COUNT_MAX)
        err = req_fail(req, ERR_LIMIT_EXCEEDED,
                       "Subscriber limit exceeded: Only %d export operations can be done "
                       "simultaneously",
                       EXPORT_COUNT_MAX);
    return err == OK ? begin(req, record) : err;
}

static enum err find_table(struct req *req, struct export_record *record, struct table **table)
{
    const struct table_definition *d;
    struct bytes arn = {0}, name;
    enum err err;

    input_string(req->input, "TableArn", &arn);
    err = export_params_table(req, arn, &name);
    if (err == OK)
        err = recovery_params_find(req, name, table);
    if (err == ERR_TABLE_NOT_FOUND)
        return req_fail(req, err, "Table not found: %.*s", BYTES_ARGS(arn));
    if (err != OK)
        return err;
    d = &(*table)->definition;
    if (!recovery_is_on(d))
        return req_fail(req, ERR_POINT_IN_TIME_RECOVERY_UNAVAILABLE,
                        "Point in time recovery is not enabled for table '%.*s'",
                        BYTES_ARGS(d->name));
    record->table_id = d->id;
    record->table_name = d->name;
    record->table_arn = arn;
    record->table_uuid = bytes_of_string(d->uuid);
    return OK;
}

/* Among the exports of the last hours; ids are in order of time. */
static enum err find_replay(struct req *req, const struct export_record *record,
                            struct replay *replay)
{
    struct job_query query = transfer_params_query(req, &export_kind, EXPORT_TOKEN_MS);
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, &query, req->may_wait);
    struct job_record job;
    struct arena scratch; /* records may be large, and many */
    enum err err = OK;

    arena_init(&scratch);
    while (!replay->found && (err = job_cursor_next(jobs, &scratch, &job)) == OK &&
           (err = export_record_read(job.text, &scratch, &replay->record)) == OK) {
        replay->found = bytes_equal(replay->record.token, record->token);
        if (replay->found)
            err = export_record_read(job.text, req->arena, &replay->record);
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    if (err != OK || !replay->found)
        return err == ERR_ABSENT ? OK : err;
    if (!bytes_equal(replay->record.digest, record->digest) ||
        replay->record.table_id != record->table_id)
        return req_fail(req, ERR_EXPORT_CONFLICT,
                        "Export conflict: Duplicate request detected with conflicting parameters");
    return OK;
}

static enum err begin(struct req *req, struct export_record *record)
{
    char id[JOB_ID_SIZE];
    struct job_name name = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = BYTES(EXPORT_KIND),
    };
    struct store_mutation *mutation;
    enum err err;

    record->start_ms = clock_wall_ms();
    job_id_make(record->start_ms, id);
    name.id = arena_copy(req->arena, bytes_of_string(id));
    record->arn = arena_format(req->arena, "%.*s/export/%s", BYTES_ARGS(record->table_arn), id);
    mutation = store_mutation_create();
    jobs_put(mutation, &name, JOB_UNFINISHED, export_record_write(record, req->arena));
    err = forget_old(req, mutation, record->start_ms);
    if (err == OK)
        err = store_submit_and_wait(req->api->store, NULL, &mutation);
    store_mutation_destroy(&mutation);
    if (err == OK)
        jobs_enqueue(req->api->jobs, &name);
    return err;
}

/* The records of exports that ended long ago, the oldest ones, go with each new export. */
static enum err forget_old(struct req *req, struct store_mutation *mutation, uint64_t now_ms)
{
    struct job_query query = transfer_params_query(req, &export_kind, 0);
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, &query, req->may_wait);
    struct job_record job;
    struct arena scratch;
    enum err err = OK;

    arena_init(&scratch);
    for (unsigned i = 0; i < FORGET_AT_ONCE; i++) {
        err = job_cursor_next(jobs, &scratch, &job);
        if (err != OK)
            break;
        if (job.state == JOB_FINISHED && transfer_params_is_forgotten(job.name.id, now_ms))
            jobs_remove(mutation, &job.name);
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    return err == ERR_ABSENT ? OK : err;
}
