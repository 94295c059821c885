/* op_list_imports.c - ListImports: those of the last 90 days in order of time, a page at a time. */
#include "base/clock.h"
#include "table/catalog.h"
#include "transfer/import_params.h"

#define RESULTS_DEFAULT 25
#define RECORDS_A_READ  25

static enum err read_filter(struct req *req, struct bytes *table_arn);
static enum err append_page(struct req *req, struct job_query *query, struct bytes table_arn);

enum err op_list_imports(struct req *req)
{
    char oldest[JOB_ID_SIZE];
    struct job_query query = {
        .account = req->place.account,
        .region = req->place.region,
        .kind = BYTES(IMPORT_KIND),
        .limit = RECORDS_A_READ,
    };
    struct bytes token, of_table = {0};
    enum err err = read_filter(req, &of_table);

    job_id_make(clock_wall_ms() - IMPORT_KEPT_MS, oldest);
    query.after = arena_copy(req->arena, bytes_of_string(oldest));
    if (err == OK && input_string(req->input, "NextToken", &token))
        err = import_params_token(req, token, &query.after);
    if (err != OK)
        return err;
    return append_page(req, &query, of_table);
}

static enum err read_filter(struct req *req, struct bytes *table_arn)
{
    struct input_arn parts;
    struct bytes rest;

    if (!input_string(req->input, "TableArn", table_arn))
        return OK;
    if (!input_arn_split(*table_arn, &parts) || !bytes_equal_string(parts.service, "dynamodb") ||
        !bytes_start_with(parts.resource, BYTES("table/")))
        return req_fail(req, ERR_VALIDATION, "tableArn is not a valid ARN");
    rest = bytes_skip(parts.resource, strlen("table/"));
    if (!input_is_table_name(rest))
        return req_fail(req, ERR_VALIDATION, "tableArn is not a valid ARN");
    if (!bytes_equal(parts.account, req->place.account))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    return OK;
}

/* Until the page is full and it is known whether there are more. */
static enum err append_page(struct req *req, struct job_query *query, struct bytes table_arn)
{
    int64_t left = input_integer(req->input, "PageSize", RESULTS_DEFAULT);
    struct bytes last = {0};
    struct arena scratch; /* records may be large, and many */
    bool more = true;
    enum err err = OK;

    buf_append_lit(req->reply, "{\"ImportSummaryList\":[");
    arena_init(&scratch);
    while (more && left >= 0 && err == OK) {
        struct job_record *list;
        unsigned count;

        arena_reset(&scratch);
        err = jobs_list(req->api->jobs, query, req->may_wait, &scratch, &list, &count, &more);
        for (unsigned i = 0; err == OK && i < count && left >= 0; i++) {
            struct import_record record;

            err = import_record_read(list[i].text, &scratch, &record);
            if (err != OK || (table_arn.size != 0 && !bytes_equal(record.table_arn, table_arn)))
                continue;
            if (left-- == 0)
                break; /* there are more */
            err = import_params_refresh(req, &list[i].name, &record);
            if (err == ERR_ABSENT)
                err = OK; /* forgotten meanwhile */
            if (last.size != 0)
                buf_append_byte(req->reply, ',');
            import_summarise(req->reply, &record);
            last = arena_copy(req->arena, list[i].name.id);
        }
        if (err != OK || count == 0)
            break;
        query->after = arena_copy(req->arena, list[count - 1].name.id);
    }
    arena_fini(&scratch);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, ']');
    if (left < 0)
        buf_append_format(req->reply, ",\"NextToken\":\"%.*s\"",
                          BYTES_ARGS(import_params_make_token(last, req->arena)));
    buf_append_byte(req->reply, '}');
    return OK;
}
