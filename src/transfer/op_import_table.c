/* op_import_table.c - ImportTable: checks, a table that nobody may use yet, and a job does the
 * rest. Contract backup-export-import.md 6.1, 6.2, "ClientToken".
 */
#include "api/table_params.h"
#include "base/clock.h"
#include "table/catalog.h"
#include "table/table_fill.h"
#include "transfer/import_params.h"

static enum err import(struct req *req, struct import_record *record,
                       struct table_creation *creation);
static enum err look_back(struct req *req, struct import_record *record,
                          struct store_mutation *mutation, struct bytes *replayed);
static enum err look_at(struct req *req, const struct job_record *job, struct import_record *record,
                        struct store_mutation *mutation, struct bytes *replayed);
static enum err show_again(struct req *req, struct bytes id, struct import_record *record);
static enum err begin(struct req *req, struct import_record *record,
                      struct table_creation *creation, struct store_mutation *mutation);

enum err op_import_table(struct req *req)
{
    struct import_record record = {.status = IMPORT_IN_PROGRESS};
    struct table_creation creation = {0};
    yyjson_doc *doc = NULL;
    enum err err = import_params_read(req, &record, &creation, &doc);

    if (err == OK)
        err = import(req, &record, &creation);
    yyjson_doc_free(doc);
    if (err == OK)
        import_reply(req->reply, &record);
    return err;
}

/* Changes are made one at a time: of two requests with a token, the second finds the first. */
static enum err import(struct req *req, struct import_record *record,
                       struct table_creation *creation)
{
    struct store_mutation *mutation = store_mutation_create();
    struct bytes replayed = {0}; /* id of an import with the same token */
    enum err err = look_back(req, record, mutation, &replayed);

    if (err == OK && replayed.size != 0) {
        err = show_again(req, replayed, record);
        store_mutation_destroy(&mutation);
        return err;
    }
    if (err == OK)
        err = table_creation_check(req, creation);
    if (err == OK && jobs_unfinished(req->api->jobs, IMPORT_KIND) >= IMPORT_COUNT_MAX)
        err = req_fail(req, ERR_LIMIT_EXCEEDED,
                       TABLE_LIMIT "Only %d import operations can be done simultaneously",
                       IMPORT_COUNT_MAX);
    if (err == OK)
        err = table_creation_define(req, creation);
    if (err == OK)
        return begin(req, record, creation, mutation);
    store_mutation_destroy(&mutation);
    return err;
}

/* Over all imports that are known: one that is IN_PROGRESS may have had the same token. Those that
 * ended long ago are forgotten on the way. */
static enum err look_back(struct req *req, struct import_record *record,
                          struct store_mutation *mutation, struct bytes *replayed)
{
    struct job_query query = transfer_params_query(req, &import_kind, 0);
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, &query, req->may_wait);
    struct arena scratch; /* records may be large, and many */
    struct job_record job;
    enum err err;

    arena_init(&scratch);
    while (replayed->size == 0 && (err = job_cursor_next(jobs, &scratch, &job)) == OK &&
           (err = look_at(req, &job, record, mutation, replayed)) == OK)
        arena_reset(&scratch);
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    return err == ERR_ABSENT ? OK : err;
}

static enum err look_at(struct req *req, const struct job_record *job, struct import_record *record,
                        struct store_mutation *mutation, struct bytes *replayed)
{
    struct import_record other;
    enum err err;

    if (job->state == JOB_FINISHED) {
        if (transfer_params_is_forgotten(job->name.id, clock_wall_ms()))
            jobs_remove(mutation, &job->name);
        return OK;
    }
    if (record->token.size == 0)
        return OK;
    err = import_record_read(job->text, req->arena, &other);
    if (err != OK || !bytes_equal(other.token, record->token))
        return err;
    if (!import_record_same(&other, record))
        return req_fail(req, ERR_IMPORT_CONFLICT,
                        "Import conflict: Duplicate request detected with conflicting parameters");
    *record = other;
    *replayed = arena_copy(req->arena, job->name.id);
    return OK;
}

static enum err show_again(struct req *req, struct bytes id, struct import_record *record)
{
    struct job_name name = {req->place.account, req->place.region, BYTES(IMPORT_KIND), id};

    return import_params_refresh(req, &name, record);
}

/* Takes the mutation. */
static enum err begin(struct req *req, struct import_record *record,
                      struct table_creation *creation, struct store_mutation *mutation)
{
    struct table_definition *definition = &creation->definition;
    struct job_name name = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = BYTES(IMPORT_KIND),
    };
    char id[JOB_ID_SIZE];
    struct table *table;
    enum err err;

    record->start_ms = definition->created_ms;
    job_id_make(record->start_ms, id);
    name.id = arena_copy(req->arena, bytes_of_string(id));
    definition->filling = (struct table_filling){.job_kind = name.kind, .job_id = name.id};
    record->arn = import_params_make_arn(definition, name.id, req->arena);
    record->table_name = definition->name;
    record->table_arn = table_arn(definition, req->arena);
    record->table_uuid = arena_copy(req->arena, bytes_of_string(definition->uuid));
    jobs_put(mutation, &name, JOB_UNFINISHED, import_record_write(record, req->arena));
    err = table_fill_begin(req->api->catalog, definition, mutation, &table);
    if (err != OK)
        return err;
    table_release(&table);
    jobs_enqueue(req->api->jobs, &name);
    return OK;
}
