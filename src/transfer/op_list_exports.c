/* op_list_exports.c - ListExports: in the order of ARNs, a page at a time.
 * Records lie in order of time, so all of the last 90 days are looked at for each page; the ones of
 * the page are kept. A page's token is the last ARN's end in hexadecimal digits.
 */
#include "api/reply.h"
#include "table/catalog.h"
#include "transfer/export_params.h"

#include <stdlib.h>

#define RESULTS_DEFAULT 25
#define KEPT_MAX        (25 + 1) /* a page, and whether there is another one */

struct summary {
    struct bytes arn;
    uint64_t status;
    bool is_incremental;
};

struct page_of_exports {
    struct bytes table_uuid; /* of this table only; empty: of all */
    struct bytes after;      /* an ARN */
    struct summary list[KEPT_MAX];
    size_t count;
    size_t limit;
};

static enum err read_after(struct req *req, struct page_of_exports *page);
static enum err collect(struct req *req, struct page_of_exports *page);
static void keep(struct page_of_exports *page, const struct export_record *record,
                 struct arena *arena);
static void reply(struct req *req, const struct page_of_exports *page);

enum err op_list_exports(struct req *req)
{
    struct page_of_exports page = {
        .limit = (size_t)input_integer(req->input, "MaxResults", RESULTS_DEFAULT),
    };
    struct bytes arn = {0}, name;
    enum err err = read_after(req, &page);

    if (err != OK)
        return err;
    if (input_string(req->input, "TableArn", &arn)) {
        struct table *table;

        err = export_params_table(req, arn, &name);
        if (err == ERR_TABLE_NOT_FOUND) {
            req->fault = (struct fault){.arena = req->fault.arena};
            table = NULL;
        } else if (err != OK) {
            return err;
        } else {
            table = catalog_acquire(req->api->catalog, req->place.account, req->place.region, name);
        }
        /* Exports of an earlier table of this name are not shown. */
        if (table == NULL) {
            reply(req, &page);
            return OK;
        }
        req_take_table(req, table);
        page.table_uuid = bytes_of_string(table->definition.uuid);
    }
    err = collect(req, &page);
    if (err == OK)
        reply(req, &page);
    return err;
}

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err read_after(struct req *req, struct page_of_exports *page)
{
    struct bytes token = {0};
    uint8_t *text;

    if (!input_string(req->input, "NextToken", &token))
        return OK;
    text = arena_alloc(req->arena, token.size / 2 + 1);
    for (size_t i = 0; i + 1 < token.size; i += 2) {
        int high = digit(token.data[i]), low = digit(token.data[i + 1]);

        if (high < 0 || low < 0) {
            token.size = 0;
            break;
        }
        text[i / 2] = (uint8_t)(high << 4 | low);
    }
    page->after = bytes_make(text, token.size / 2);
    if (token.size == 0 || token.size % 2 != 0 || !bytes_start_with(page->after, BYTES("arn:")))
        return req_fail(req, ERR_VALIDATION, "Invalid Request: Provided nextToken is invalid: %.*s",
                        BYTES_ARGS(input_text(input_member(req->input, "NextToken"))));
    return OK;
}

static enum err collect(struct req *req, struct page_of_exports *page)
{
    struct job_query query = transfer_params_query(req, &export_kind, TRANSFER_KEPT_MS);
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, &query, req->may_wait);
    struct export_record record;
    struct job_record job;
    struct arena scratch; /* records may be large, and many */
    enum err err;

    arena_init(&scratch);
    while ((err = job_cursor_next(jobs, &scratch, &job)) == OK &&
           (err = export_record_read(job.text, &scratch, &record)) == OK) {
        keep(page, &record, req->arena);
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    return err == ERR_ABSENT ? OK : err;
}

/* In its place, if it is one of the first behind `after`. */
static void keep(struct page_of_exports *page, const struct export_record *record,
                 struct arena *arena)
{
    size_t at = page->count;

    if ((page->table_uuid.size != 0 && !bytes_equal(record->table_uuid, page->table_uuid)) ||
        bytes_compare(record->arn, page->after) <= 0)
        return;
    while (at > 0 && bytes_compare(record->arn, page->list[at - 1].arn) < 0)
        at--;
    if (at > page->limit)
        return;
    if (page->count <= page->limit)
        page->count++;
    memmove(&page->list[at + 1], &page->list[at], (page->count - 1 - at) * sizeof(page->list[0]));
    page->list[at] = (struct summary){
        .arn = arena_copy(arena, record->arn),
        .status = record->status,
        .is_incremental = record->is_incremental != 0,
    };
}

static void reply(struct req *req, const struct page_of_exports *page)
{
    static const char *const statuses[] = {"IN_PROGRESS", "COMPLETED", "FAILED"};
    size_t count = page->count < page->limit ? page->count : page->limit;

    buf_append_lit(req->reply, "{\"ExportSummaries\":[");
    for (size_t i = 0; i < count; i++) {
        const struct summary *each = &page->list[i];

        buf_append_string(req->reply, i > 0 ? ",{" : "{");
        reply_string(req->reply, "ExportArn", each->arn);
        buf_append_format(req->reply, ",\"ExportStatus\":\"%s\",\"ExportType\":\"%s\"}",
                          statuses[each->status % 3],
                          each->is_incremental ? "INCREMENTAL_EXPORT" : "FULL_EXPORT");
    }
    buf_append_byte(req->reply, ']');
    if (page->count > count) {
        reply_member(req->reply, "NextToken");
        buf_append_byte(req->reply, '"');
        for (size_t i = 0; i < page->list[count - 1].arn.size; i++)
            buf_append_format(req->reply, "%02x", page->list[count - 1].arn.data[i]);
        buf_append_byte(req->reply, '"');
    }
    buf_append_byte(req->reply, '}');
}
