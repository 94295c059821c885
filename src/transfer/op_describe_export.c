/* op_describe_export.c - DescribeExport: what its record says, also when the table is gone. */
#include "base/clock.h"
#include "jobs/jobs.h"
#include "transfer/export_params.h"

enum err op_describe_export(struct req *req)
{
    struct job_name name = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = BYTES(EXPORT_KIND),
    };
    struct export_record record = {.status = 0};
    struct bytes arn = {0}, table;
    struct job_record job;
    uint64_t ms = 0;
    enum err err;

    input_string(req->input, "ExportArn", &arn);
    err = export_params_arn(req, arn, &table, &name.id);
    if (err != OK)
        return err;
    err = jobs_find(req->api->jobs, &name, req->may_wait, req->arena, &job);
    if (err == OK)
        err = export_record_read(job.text, req->arena, &record);
    if (err == OK && (!bytes_equal(record.arn, arn) ||
                      (job_id_read(name.id, &ms) && ms + EXPORT_KEPT_MS < clock_wall_ms())))
        err = ERR_ABSENT;
    if (err == ERR_ABSENT)
        return req_fail(req, ERR_EXPORT_NOT_FOUND, "Export not found: %.*s", BYTES_ARGS(arn));
    if (err != OK)
        return err;
    buf_append_lit(req->reply, "{\"ExportDescription\":");
    export_describe(req->reply, &record);
    buf_append_byte(req->reply, '}');
    return OK;
}
