/* op_describe_import.c - DescribeImport: what its record says, also when the table is gone. */
#include "base/clock.h"
#include "table/catalog.h"
#include "transfer/import_params.h"

enum err op_describe_import(struct req *req)
{
    struct job_name name = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = BYTES(IMPORT_KIND),
    };
    struct import_record record = {.status = IMPORT_IN_PROGRESS};
    struct job_record job;
    struct bytes arn = {0};
    uint64_t ms = 0;
    enum err err;

    input_string(req->input, "ImportArn", &arn);
    err = import_params_arn(req, arn, &name.id);
    if (err != OK)
        return err;
    err = jobs_find(req->api->jobs, &name, req->may_wait, req->arena, &job);
    if (err == OK)
        err = import_record_read(job.text, req->arena, &record);
    if (err == OK && (!bytes_equal(record.arn, arn) ||
                      (job_id_read(name.id, &ms) && ms + IMPORT_KEPT_MS < clock_wall_ms())))
        err = ERR_ABSENT;
    if (err == OK)
        err = import_params_refresh(req, &name, &record);
    if (err == ERR_ABSENT)
        return req_fail(req, ERR_IMPORT_NOT_FOUND, "Import not found: %.*s", BYTES_ARGS(arn));
    if (err != OK)
        return err;
    buf_append_lit(req->reply, "{\"ImportTableDescription\":");
    import_describe(req->reply, &record);
    buf_append_byte(req->reply, '}');
    return OK;
}
