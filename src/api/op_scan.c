/* op_scan.c - Scan: all items of a table, or of one segment of it, in slot order. */
#include "api/legacy_params.h"
#include "api/page.h"
#include "api/start_key.h"
#include "table/catalog.h"
#include "table/table_keys.h"

static const struct item_params params = {
    .expressions = {"ProjectionExpression", "FilterExpression"},
    .legacy = {"AttributesToGet", "ScanFilter", "ConditionalOperator"},
};

struct segment {
    uint32_t index;
    uint32_t count;
};

static enum err read_segment(struct req *req, struct segment *segment);
static enum err start_after(struct req *req, const struct table *table, struct value key,
                            const struct segment *segment, struct store_range *range);

enum err op_scan(struct req *req)
{
    struct page page = {0};
    struct expr_set expressions = {0};
    struct input_table name;
    struct segment segment;
    struct start_key start;
    int64_t limit = input_integer(req->input, "Limit", INT64_MAX);
    enum err err;

    err = req_table_name(req, &name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK && limit < 1) /* not a constraint error as in Query: core-api-items.md 6 */
        err = req_fail(req, ERR_VALIDATION, "Limit must be greater than or equal to 1");
    if (err == OK)
        err = legacy_projection(req, req->input, &expressions);
    if (err == OK)
        err = legacy_filter(req, "ScanFilter", &expressions);
    if (err == OK)
        err = start_key_read(req, &start);
    if (err == OK)
        err = read_segment(req, &segment);
    if (err == OK)
        err = item_params_expressions(req, req->input, &expressions);
    if (err == OK)
        err = page_check_select(req, "", &page.only_count);
    if (err == OK)
        err = req_item_table(req, &name, &page.table);
    if (err == OK)
        err = page_check_index(req);
    if (err != OK)
        return err;
    page.range =
        table_segment_range(page.table->definition.id, segment.index, segment.count, req->arena);
    if (start.given)
        err = start_after(req, page.table, start.attributes, &segment, &page.range);
    if (err == OK)
        err = item_params_check_key_paths(req, &expressions, &page.table->definition.schema);
    if (err != OK)
        return err;
    page.table_name = name.given;
    page.expressions = &expressions;
    page.limit = (uint64_t)limit;
    return page_read(req, &page);
}

static enum err read_segment(struct req *req, struct segment *segment)
{
    bool has_index = input_member(req->input, "Segment") != NULL;
    bool has_count = input_member(req->input, "TotalSegments") != NULL;

    *segment = (struct segment){
        .index = (uint32_t)input_integer(req->input, "Segment", 0),
        .count = (uint32_t)input_integer(req->input, "TotalSegments", 1),
    };
    if (has_index && !has_count)
        return req_fail(req, ERR_VALIDATION,
                        "The TotalSegments parameter is required but was not present in the "
                        "request when Segment parameter is present");
    if (has_count && !has_index)
        return req_fail(req, ERR_VALIDATION,
                        "The Segment parameter is required but was not present in the request "
                        "when parameter TotalSegments is present");
    if (segment->index >= segment->count)
        return req_fail(req, ERR_VALIDATION,
                        "The Segment parameter is zero-based and must be less than parameter "
                        "TotalSegments: Segment: %u is not less than TotalSegments: %u",
                        segment->index, segment->count);
    return OK;
}

static enum err start_after(struct req *req, const struct table *table, struct value key,
                            const struct segment *segment, struct store_range *range)
{
    struct bytes start;
    enum err err = OK;

    if (value_count(key) != key_schema_count(&table->definition.schema))
        return req_fail(req, ERR_VALIDATION,
                        "The provided starting key is invalid: The provided key element does not "
                        "match the schema");
    err = key_check_key(&table->definition.schema, key, &req->fault);
    if (err != OK)
        return req_fail(req, err, "The provided starting key is invalid: %.*s",
                        BYTES_ARGS(req->fault.message));
    start = item_params_storage_key(req, table, key);
    if (bytes_compare(start, range->from) < 0 || bytes_compare(start, range->to) >= 0)
        return req_fail(req, ERR_VALIDATION,
                        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please "
                        "use ExclusiveStartKey with correct Segment. TotalSegments: %u Segment: "
                        "%u",
                        segment->count, segment->index);
    range->from = key_after_prefix(start, req->arena);
    return OK;
}
