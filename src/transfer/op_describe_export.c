/* op_describe_export.c - DescribeExport: what its record says, also when the table is gone. */
#include "transfer/export_params.h"

enum err op_describe_export(struct req *req)
{
    struct export_record record;
    struct job_record job;
    struct bytes arn = {0};
    enum err err;

    input_string(req->input, "ExportArn", &arn);
    err = transfer_params_find(req, &export_kind, arn, &job);
    if (err == OK)
        err = export_record_read(job.text, req->arena, &record);
    if (err == OK && !bytes_equal(record.arn, arn))
        err = transfer_params_not_found(req, &export_kind, arn);
    if (err == OK)
        export_reply(req->reply, &record);
    return err;
}
