/* op_list_imports.c - ListImports: those of the last 90 days in order of time, a page at a time. */
#include "transfer/import_params.h"

#define RESULTS_MAX 25 /* and how many without a PageSize */

struct page_of_imports {
    struct job_query query;
    unsigned limit, count;
    struct listed {
        struct bytes id;
        struct bytes text; /* of its record */
    } list[RESULTS_MAX + 1];
};

static enum err read_filter(struct req *req, struct bytes *table_arn);
static enum err collect(struct req *req, struct bytes table_arn, struct page_of_imports *page);
static enum err reply(struct req *req, const struct page_of_imports *page);

enum err op_list_imports(struct req *req)
{
    struct page_of_imports page = {
        .query = transfer_params_query(req, &import_kind, TRANSFER_KEPT_MS),
        .limit = (unsigned)input_integer(req->input, "PageSize", RESULTS_MAX),
    };
    struct bytes token, of_table = {0};
    enum err err = read_filter(req, &of_table);

    if (err == OK && input_string(req->input, "NextToken", &token))
        err = import_params_token(req, token, &page.query.after);
    if (err == OK)
        err = collect(req, of_table, &page);
    return err == OK ? reply(req, &page) : err;
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

/* One more than fits, if there is one. Nobody looks for a table or a record with a cursor in hand:
 * that may wait. */
static enum err collect(struct req *req, struct bytes table_arn, struct page_of_imports *page)
{
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, &page->query, req->may_wait);
    struct arena scratch; /* records may be large, and many */
    struct import_record record;
    struct job_record job;
    enum err err = OK;

    arena_init(&scratch);
    while (page->count <= page->limit && (err = job_cursor_next(jobs, &scratch, &job)) == OK &&
           (err = import_record_read(job.text, &scratch, &record)) == OK) {
        if (table_arn.size == 0 || bytes_equal(record.table_arn, table_arn))
            page->list[page->count++] = (struct listed){
                .id = arena_copy(req->arena, job.name.id),
                .text = arena_copy(req->arena, job.text),
            };
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    return err == ERR_ABSENT ? OK : err;
}

static enum err append_summary(struct req *req, const struct page_of_imports *page,
                               const struct listed *listed, bool is_first)
{
    struct job_name name = {page->query.account, page->query.region, page->query.kind, listed->id};
    struct import_record record;
    enum err err = import_record_read(listed->text, req->arena, &record);

    if (err == OK)
        err = import_params_refresh(req, &name, &record);
    if (err != OK)
        return err == ERR_ABSENT ? OK : err; /* forgotten meanwhile */
    if (!is_first)
        buf_append_byte(req->reply, ',');
    import_summarise(req->reply, &record);
    return OK;
}

static enum err reply(struct req *req, const struct page_of_imports *page)
{
    bool has_more = page->count > page->limit;
    unsigned shown = has_more ? page->limit : page->count;
    size_t begun;

    buf_append_lit(req->reply, "{\"ImportSummaryList\":[");
    begun = req->reply->size;
    for (unsigned i = 0; i < shown; i++) {
        enum err err = append_summary(req, page, &page->list[i], req->reply->size == begun);

        if (err != OK)
            return err;
    }
    buf_append_byte(req->reply, ']');
    if (has_more)
        buf_append_format(
            req->reply, ",\"NextToken\":\"%.*s\"",
            BYTES_ARGS(import_params_make_token(page->list[shown - 1].id, req->arena)));
    buf_append_byte(req->reply, '}');
    return OK;
}
