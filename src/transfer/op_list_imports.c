/* op_list_imports.c - ListImports: those of the last 90 days in order of time, a page at a time. */
#include "transfer/import_params.h"

#define RESULTS_DEFAULT 25

static enum err read_filter(struct req *req, struct bytes *table_arn);
static enum err append_page(struct req *req, struct job_query *query, struct bytes table_arn);

enum err op_list_imports(struct req *req)
{
    struct job_query query = transfer_params_query(req, &import_kind, TRANSFER_KEPT_MS);
    struct bytes token, of_table = {0};
    enum err err = read_filter(req, &of_table);

    if (err == OK && input_string(req->input, "NextToken", &token))
        err = import_params_token(req, token, &query.after);
    if (err != OK)
        return err;
    return append_page(req, &query, of_table);
}

static enum err read_filter(struct req *req, struct bytes *table_arn)
{
    struct input_resource named;

    if (!input_string(req->input, "TableArn", table_arn))
        return OK;
    if (!input_table_arn(*table_arn, &named) || !bytes_equal_string(named.arn.service, "dynamodb"))
        return req_fail(req, ERR_VALIDATION, "tableArn is not a valid ARN");
    if (!bytes_equal(named.arn.account, req->place.account))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    return OK;
}

/* Until the page is full and it is known whether there are more. */
static enum err append_page(struct req *req, struct job_query *query, struct bytes table_arn)
{
    int64_t left = input_integer(req->input, "PageSize", RESULTS_DEFAULT);
    struct bytes last = {0};
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, query, req->may_wait);
    struct arena scratch; /* records may be large, and many */
    struct job_record job;
    enum err err;

    buf_append_lit(req->reply, "{\"ImportSummaryList\":[");
    arena_init(&scratch);
    while ((err = job_cursor_next(jobs, &scratch, &job)) == OK) {
        struct import_record record;

        err = import_record_read(job.text, &scratch, &record);
        if (err != OK)
            break;
        if (table_arn.size == 0 || bytes_equal(record.table_arn, table_arn)) {
            if (left-- == 0)
                break; /* there are more */
            err = import_params_refresh(req, &job.name, &record);
            if (err != OK && err != ERR_ABSENT) /* forgotten meanwhile */
                break;
            if (last.size != 0)
                buf_append_byte(req->reply, ',');
            import_summarise(req->reply, &record);
            last = arena_copy(req->arena, job.name.id);
        }
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    if (err != OK && err != ERR_ABSENT)
        return err;
    buf_append_byte(req->reply, ']');
    if (left < 0)
        buf_append_format(req->reply, ",\"NextToken\":\"%.*s\"",
                          BYTES_ARGS(import_params_make_token(last, req->arena)));
    buf_append_byte(req->reply, '}');
    return OK;
}
