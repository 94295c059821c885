/* op_scan.c - Scan: all items of a table, or of one segment of it, in slot order. */
#include "api/legacy_params.h"
#include "api/page.h"
#include "api/start_key.h"
#include "table/index_entry.h"
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
static struct store_range range_of(struct req *req, const struct page *page,
                                   const struct segment *segment);
static enum err check_start(struct req *req, struct page *page, const struct segment *segment,
                            struct start_key *start);

enum err op_scan(struct req *req)
{
    struct expr_set expressions = {0};
    struct page page = {.expressions = &expressions};
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
        err = item_params_expressions(req, req->input, &params, &expressions);
    if (err == OK)
        err = page_check_select(req, "", &page.only_count);
    if (err == OK)
        err = req_item_table(req, &name, &page.table);
    if (err == OK)
        err = page_find_index(req, &page);
    if (err != OK)
        return err;
    page.range = range_of(req, &page, &segment);
    err = check_start(req, &page, &segment, &start);
    if (err == OK)
        err = item_params_check_key_paths(
            req, &(struct expr_set){.projection = expressions.projection}, page.table);
    if (err == OK)
        err = page_check_attributes(req, &page);
    if (err == OK)
        err = item_params_check_key_paths(req, &(struct expr_set){.filter = expressions.filter},
                                          page.table);
    if (err != OK)
        return err;
    page.table_name = name.given;
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

static struct store_range range_of(struct req *req, const struct page *page,
                                   const struct segment *segment)
{
    uint32_t id = page->table->definition.id;

    return page->index == NULL
               ? table_segment_range(id, segment->index, segment->count, req->arena)
               : index_segment_range(id, page->index, segment->index, segment->count, req->arena);
}

/* And lets the page begin behind it. */
static enum err check_start(struct req *req, struct page *page, const struct segment *segment,
                            struct start_key *start)
{
    const struct index_definition *index = page_index(page);
    const struct key_schema *table = &page->table->definition.schema;
    struct bytes from;
    enum err err = start_key_check_count(
        req, start, table, index,
        index != NULL ? "The provided starting key is invalid"
                      : "The provided starting key is invalid: The provided key element does not "
                        "match the schema");

    for (unsigned i = 0; index != NULL && i < key_schema_count(&index->schema) && err == OK; i++)
        err = start_key_check_piece(req, start, &index->schema.attributes[i],
                                    i < index->schema.hash_count);
    if (err == OK)
        err = start_key_check_table(req, start);
    if (err != OK || !start->given)
        return err;
    from = page_storage_key(req, page, start->attributes);
    if (bytes_compare(from, page->range.from) < 0 || bytes_compare(from, page->range.to) >= 0)
        return req_fail(req, ERR_VALIDATION,
                        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please "
                        "use ExclusiveStartKey with correct Segment. TotalSegments: %u Segment: "
                        "%u",
                        segment->count, segment->index);
    page->range.from = key_after_prefix(from, req->arena);
    return OK;
}
