/* op_query.c - Query: the items of one partition key, in order of their sort key.
 * The rule order is the contract's (core-api-items.md 6): what the text alone says, then what the
 * schema says, then the start key's values.
 */
#include "api/legacy_params.h"
#include "api/page.h"
#include "api/query_key.h"
#include "table/catalog.h"
#include "table/index_entry.h"

static const struct item_params params = {
    .expressions = {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"},
    .legacy = {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"},
};

static enum err check_against_schema(struct req *req, struct page *page, struct start_key *start,
                                     struct query_key *key);
static enum err check_filter(struct req *req, const struct expr_set *expressions,
                             const struct key_schema *schema);
static struct store_range range_of(struct req *req, const struct page *page,
                                   const struct query_key *key, const struct start_key *start);

enum err op_query(struct req *req)
{
    struct expr_set expressions = {0};
    struct page page = {.expressions = &expressions, .limit = UINT64_MAX};
    struct query_key key;
    struct start_key start;
    struct input_table name;
    int64_t limit = input_integer(req->input, "Limit", 0);
    enum err err;

    err = req_table_name(req, &name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = legacy_filter(req, "QueryFilter", &expressions);
    if (err == OK)
        err = legacy_projection(req, req->input, &expressions);
    if (err == OK)
        err = start_key_read(req, &start);
    if (err != OK)
        return err;
    if (input_member(req->input, "KeyConditionExpression") == NULL &&
        input_member(req->input, "KeyConditions") == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "Either the KeyConditions or KeyConditionExpression parameter must be "
                        "specified in the request.");
    err = item_params_expressions(req, req->input, &params, &expressions);
    if (err == OK)
        err = legacy_key_conditions(req, &expressions);
    if (err == OK)
        err = page_check_select(req, "1 validation error detected: ", &page.only_count);
    if (err == OK)
        err =
            query_key_check_count(req, &expressions, input_member(req->input, "IndexName") != NULL);
    if (err == OK)
        err = req_item_table(req, &name, &page.table);
    if (err == OK)
        err = page_find_index(req, &page);
    if (err == OK)
        err = check_against_schema(req, &page, &start, &key);
    if (err != OK)
        return err;
    page.table_name = name.given;
    page.in_partition = true;
    page.range = range_of(req, &page, &key, &start);
    if (limit > 0)
        page.limit = (uint64_t)limit;
    return page_read(req, &page);
}

static enum err check_against_schema(struct req *req, struct page *page, struct start_key *start,
                                     struct query_key *key)
{
    const struct expr_set *expressions = page->expressions;
    const struct key_schema *table = &page->table->definition.schema;
    const struct index_definition *index = page_index(page);
    const struct key_schema *schema = index != NULL ? &index->schema : table;
    struct bytes index_name = index != NULL ? index->name : BYTES("");
    enum err err =
        start_key_check_count(req, start, table, index, "The provided starting key is invalid");

    if (err == OK)
        err = query_key_read(req, expressions, schema, index_name, start, key);
    if (err == OK)
        err = start_key_check_table(req, start);
    if (err == OK)
        err = query_key_check_start(req, key, start);
    if (err == OK)
        err = item_params_check_key_paths(
            req, &(struct expr_set){.projection = expressions->projection}, page->table);
    if (err == OK)
        err = check_filter(req, expressions, schema);
    if (err == OK)
        err = page_check_filter(req, page);
    if (err == OK)
        err = page_check_attributes(req, page);
    if (err == OK)
        err = item_params_check_key_paths(req, &(struct expr_set){.filter = expressions->filter},
                                          page->table);
    return err;
}

struct key_search {
    const struct key_schema *schema;
    struct bytes found;
};

static bool visit_key(void *ctx, struct bytes attribute, bool nested)
{
    struct key_search *search = ctx;

    (void)nested;
    if (key_schema_find(search->schema, attribute) < 0)
        return true;
    search->found = attribute;
    return false;
}

static enum err check_filter(struct req *req, const struct expr_set *expressions,
                             const struct key_schema *schema)
{
    struct key_search search = {.schema = schema};

    if (expressions->filter != NULL)
        expr_condition_visit_paths(expressions->filter, visit_key, &search);
    if (search.found.size == 0)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "%s can only contain non-primary key attributes: Primary key attribute: %.*s",
                    input_member(req->input, "QueryFilter") != NULL ? "QueryFilter"
                                                                    : "Filter Expression",
                    BYTES_ARGS(search.found));
}

/* The beginning of the storage keys of one partition of a table. */
static struct bytes partition_of(struct req *req, const struct table *table, struct value hash)
{
    struct buf component, prefix;
    struct bytes encoded;

    buf_init_arena(&component, req->arena, SIZE_MAX);
    key_append_component(&component, hash);
    encoded = buf_finish_arena(&component);
    buf_init_arena(&prefix, req->arena, SIZE_MAX);
    key_append_prefix(&prefix, table->definition.id, KEY_SPACE_ITEM, 0,
                      key_slot(catalog_hash_key(req->api->catalog), encoded));
    buf_append_bytes(&prefix, encoded);
    return buf_finish_arena(&prefix);
}

static struct store_range range_of(struct req *req, const struct page *page,
                                   const struct query_key *key, const struct start_key *start)
{
    struct value hash[KEY_ATTRIBUTES_MAX];
    struct store_range range;
    struct bytes partition, from;

    query_key_partition(key, hash);
    partition = page->index == NULL
                    ? partition_of(req, page->table, hash[0])
                    : index_partition_prefix(page->table->definition.id, page->index,
                                             catalog_hash_key(req->api->catalog), hash, req->arena);
    range = query_key_range(key, partition, req->arena);
    range.backward = !input_bool(req->input, "ScanIndexForward", true);
    if (!start->given)
        return range;
    from = page_storage_key(req, page, start->attributes);
    if (range.backward)
        range.to = from;
    else
        range.from = key_after_prefix(from, req->arena);
    return range;
}
