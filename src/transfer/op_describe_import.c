/* op_describe_import.c - DescribeImport: what its record says, also when the table is gone. */
#include "transfer/import_params.h"

enum err op_describe_import(struct req *req)
{
    struct import_record record;
    struct job_record job;
    struct bytes arn = {0};
    enum err err;

    input_string(req->input, "ImportArn", &arn);
    err = transfer_params_find(req, &import_kind, arn, &job);
    if (err == OK)
        err = import_record_read(job.text, req->arena, &record);
    if (err == OK)
        err = bytes_equal(record.arn, arn) ? import_params_refresh(req, &job.name, &record)
                                           : ERR_ABSENT;
    if (err == ERR_ABSENT)
        return transfer_params_not_found(req, &import_kind, arn);
    if (err == OK)
        import_reply(req->reply, &record);
    return err;
}
