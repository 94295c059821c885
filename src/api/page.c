/* page.c - what Query and Scan have in common. */
#include "api/page.h"

#include "api/capacity.h"
#include "api/start_key.h"
#include "base/assert.h"
#include "table/table_read.h"

#define PAGE_BYTES_MAX ((uint64_t)1 << 20)

enum err page_check_select(struct req *req, const char *prefix, bool *only_count)
{
    struct bytes select = {0};
    bool gets = input_member(req->input, "AttributesToGet") != NULL;
    bool projects = gets || input_member(req->input, "ProjectionExpression") != NULL;

    *only_count = false;
    if (!input_string(req->input, "Select", &select))
        return OK;
    *only_count = bytes_equal_string(select, "COUNT");
    if (bytes_equal_string(select, "SPECIFIC_ATTRIBUTES")) {
        if (projects)
            return OK;
        return req_fail(req, ERR_VALIDATION,
                        "%sMust specify the AttributesToGet or ProjectionExpression when choosing "
                        "to get SPECIFIC_ATTRIBUTES",
                        prefix);
    }
    if (projects)
        return req_fail(req, ERR_VALIDATION, "Cannot specify the %s when choosing to get %.*s",
                        gets ? "AttributesToGet" : "ProjectionExpression", BYTES_ARGS(select));
    if (bytes_equal_string(select, "ALL_PROJECTED_ATTRIBUTES") &&
        input_member(req->input, "IndexName") == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an "
                        "IndexName");
    return OK;
}

enum err page_check_index(struct req *req)
{
    struct bytes index = {0};

    if (!input_string(req->input, "IndexName", &index))
        return OK;
    return req_fail(req, ERR_VALIDATION, "The table does not have the specified index: %.*s",
                    BYTES_ARGS(index));
}

static void append_item(struct req *req, const struct page *page, struct value attributes,
                        bool first)
{
    struct arena_mark mark = arena_mark(req->arena);

    if (!first)
        buf_append_byte(req->reply, ',');
    if (page->expressions->projection != NULL)
        attributes = expr_project(page->expressions->projection, attributes, req->arena);
    value_map_append_json(req->reply, attributes);
    arena_release(req->arena, mark);
}

/* What was read so far. */
struct progress {
    uint64_t scanned, count, bytes;
};

static bool is_full(const struct req *req, const struct page *page, const struct progress *so_far)
{
    return so_far->scanned >= page->limit || so_far->bytes >= PAGE_BYTES_MAX ||
           req->reply->size >= REQ_REPLY_BYTES_ENOUGH;
}

static bool is_too_long_for_loop(const struct progress *so_far)
{
    return so_far->scanned > REQ_LOOP_ITEMS_MAX || so_far->bytes > REQ_LOOP_BYTES_MAX;
}

/* Reads until the page is full (OK, and *last is the key to go on with) or the range ends
 * (ERR_ABSENT). */
static enum err read_items(struct req *req, const struct page *page, struct table_cursor *cursor,
                           struct progress *so_far, struct value *last)
{
    const struct expr_condition *filter = page->expressions->filter;
    struct item item;

    do {
        enum err err = table_cursor_next(cursor, &item);

        if (err != OK)
            return err;
        so_far->scanned++;
        so_far->bytes += item.size_bytes;
        if (!req->may_wait && is_too_long_for_loop(so_far))
            return ERR_WOULD_BLOCK;
        if (filter == NULL || expr_condition_holds(filter, item.attributes)) {
            if (!page->only_count)
                append_item(req, page, item.attributes, so_far->count == 0);
            so_far->count++;
        }
    } while (!is_full(req, page, so_far));
    *last = start_key_of(&page->table->definition.schema, NULL, item.attributes, req->arena);
    return OK;
}

enum err page_read(struct req *req, const struct page *page)
{
    struct progress so_far = {0};
    struct capacity capacity = {0};
    struct value last = {0};
    struct table_cursor cursor;
    enum err err;

    buf_append_byte(req->reply, '{');
    if (!page->only_count) {
        reply_member(req->reply, "Items");
        buf_append_byte(req->reply, '[');
    }
    table_cursor_open(&cursor, req->api->store, page->range, req->may_wait);
    err = read_items(req, page, &cursor, &so_far, &last);
    table_cursor_close(&cursor);
    if (err != OK && err != ERR_ABSENT)
        return err;
    if (!page->only_count)
        buf_append_byte(req->reply, ']');
    reply_member(req->reply, "Count");
    buf_append_u64(req->reply, so_far.count);
    reply_member(req->reply, "ScannedCount");
    buf_append_u64(req->reply, so_far.scanned);
    if (err == OK)
        reply_item(req->reply, "LastEvaluatedKey", last);
    capacity.table_units =
        capacity_read_units(so_far.bytes, input_bool(req->input, "ConsistentRead", false));
    capacity_append_member(req->reply, req->input, page->table_name, page->table, &capacity);
    buf_append_byte(req->reply, '}');
    return OK;
}
