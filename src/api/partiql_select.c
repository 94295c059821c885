/* partiql_select.c - one page of a SELECT: reads the ranges of its plan one after the other.
 * A page ends as a Query's or Scan's does (page.h); the last key that was evaluated, and the range
 * it is in, go into the NextToken.
 */
#include "api/admission.h"
#include "api/capacity.h"
#include "api/page.h"
#include "api/partiql.h"
#include "api/partiql_plan.h"
#include "json/json_write.h"
#include "table/table_read.h"

struct select {
    const struct partiql_statement *statement;
    const struct table *table;
    struct partiql_plan plan;
    bool consistent;
    uint64_t limit;
    /* so far: */
    uint64_t scanned, count, bytes;
    double units;
    /* once the page is full: */
    bool ended;                       /* before everything was read */
    struct partiql_position position; /* behind this */
    struct value last;                /* key attributes there */
};

static enum err check_paths(struct req *req, const struct select *select);
static enum err start(struct req *req, struct select *select);
static enum err read_ranges(struct req *req, struct select *select);
static enum err read_point(struct req *req, struct select *select, uint64_t index,
                           struct bytes key);
static enum err read_range(struct req *req, struct select *select, uint64_t index,
                           struct store_range range);
static void evaluate(struct req *req, struct select *select, const struct item *item);
static bool is_full(const struct req *req, const struct select *select);
static bool is_too_long_for_loop(const struct req *req, const struct select *select);
static void end_page(struct req *req, struct select *select, uint64_t index,
                     struct value attributes);
static void reply_end(struct req *req, const struct select *select,
                      const struct partiql_request *request);

enum err partiql_select(struct req *req, const struct partiql_request *request, struct table *table)
{
    int64_t limit = input_integer(request->in, "Limit", INT64_MAX);
    struct select select = {
        .statement = request->statement,
        .table = table,
        .consistent = input_bool(request->in, "ConsistentRead", false),
        .limit = (uint64_t)limit,
    };
    enum err err;

    if (request->statement->index.size != 0)
        return req_fail(req, ERR_VALIDATION, "The table does not have the specified index: %.*s",
                        BYTES_ARGS(request->statement->index));
    err = partiql_plan_make(req, request->statement, table, &select.plan);
    if (err == OK)
        err = check_paths(req, &select);
    if (err == OK)
        err = start(req, &select);
    if (err == OK)
        err = admission_check(req,
                              &(struct throttle_place){.table = select.table, .way = TABLE_READ});
    if (err != OK)
        return err;
    buf_append_lit(req->reply, "{\"Items\":[");
    err = read_ranges(req, &select);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, ']');
    reply_end(req, &select, request);
    return OK;
}

static enum err check_paths(struct req *req, const struct select *select)
{
    const struct expr_set set = {.projection = select->statement->projection,
                                 .filter = select->statement->where};

    return item_params_check_key_paths(req, &set, select->table);
}

/* Where the page begins: behind the token's key. */
static enum err start(struct req *req, struct select *select)
{
    struct store_range range;
    struct bytes token = {0};
    enum err err;

    if (!input_string(req->input, "NextToken", &token))
        return OK;
    err = partiql_token_read(req, select->statement, select->table, token, &select->position);
    if (err != OK)
        return err;
    if (select->position.range < select->plan.range_count) {
        range = partiql_plan_range(req, &select->plan, select->position.range, req->arena);
        if (bytes_compare(select->position.key, range.from) >= 0 &&
            bytes_compare(select->position.key, range.to) < 0)
            return OK;
    }
    return req_fail(req, ERR_VALIDATION, "Invalid NextToken");
}

static enum err read_ranges(struct req *req, struct select *select)
{
    struct partiql_position from = select->position;

    for (uint64_t i = from.range; i < select->plan.range_count && !select->ended; i++) {
        struct arena_mark mark = arena_mark(req->arena);
        struct store_range range;
        enum err err;

        if (!req->may_wait && i - from.range > REQ_LOOP_ITEMS_MAX)
            return ERR_WOULD_BLOCK;
        range = partiql_plan_range(req, &select->plan, i, req->arena);
        if (i == from.range && from.key.size != 0) {
            if (range.backward)
                range.to = from.key;
            else
                range.from = key_after_prefix(from.key, req->arena);
        }
        if (bytes_compare(range.from, range.to) >= 0)
            continue;
        err = select->plan.points ? read_point(req, select, i, range.from)
                                  : read_range(req, select, i, range);
        if (err != OK)
            return err;
        if (!select->ended)
            arena_release(req->arena, mark);
    }
    return OK;
}

/* What is not there costs as much as the smallest item, and is not counted by Limit. */
static enum err read_point(struct req *req, struct select *select, uint64_t index, struct bytes key)
{
    struct item item = item_absent();
    enum err err = table_get(req->api->store, key, req->may_wait, req->arena, &item);

    if (err != OK && err != ERR_ABSENT)
        return err;
    select->units += capacity_read_units(item.size_bytes, select->consistent);
    if (err == ERR_ABSENT)
        return OK;
    evaluate(req, select, &item);
    if (is_too_long_for_loop(req, select))
        return ERR_WOULD_BLOCK;
    if (is_full(req, select) && index + 1 < select->plan.range_count)
        end_page(req, select, index, item.attributes);
    return OK;
}

static enum err read_range(struct req *req, struct select *select, uint64_t index,
                           struct store_range range)
{
    uint64_t bytes_before = select->bytes;
    struct table_cursor cursor;
    struct item item;
    enum err err;

    table_cursor_open(&cursor, req->api->store, range, req->may_wait);
    while ((err = table_cursor_next(&cursor, &item)) == OK) {
        evaluate(req, select, &item);
        if (is_too_long_for_loop(req, select)) {
            err = ERR_WOULD_BLOCK;
            break;
        }
        if (is_full(req, select)) {
            end_page(req, select, index, item.attributes);
            break;
        }
    }
    table_cursor_close(&cursor);
    select->units += capacity_read_units(select->bytes - bytes_before, select->consistent);
    return err == ERR_ABSENT ? OK : err;
}

/* An item that was read: counted, and replied with if the condition holds. */
static void evaluate(struct req *req, struct select *select, const struct item *item)
{
    const struct partiql_statement *statement = select->statement;
    struct value row = item->attributes;
    struct arena_mark mark;

    select->scanned++;
    select->bytes += item->size_bytes;
    if (statement->where != NULL && !expr_condition_holds(statement->where, row))
        return;
    if (select->count++ != 0)
        buf_append_byte(req->reply, ',');
    mark = arena_mark(req->arena);
    if (statement->projection != NULL)
        row = expr_project(statement->projection, row, req->arena);
    value_map_append_json(req->reply, row);
    arena_release(req->arena, mark);
}

static bool is_full(const struct req *req, const struct select *select)
{
    return select->scanned >= select->limit || select->bytes >= PAGE_BYTES_MAX ||
           req->reply->size >= REQ_REPLY_BYTES_ENOUGH;
}

static bool is_too_long_for_loop(const struct req *req, const struct select *select)
{
    return !req->may_wait &&
           (select->scanned > REQ_LOOP_ITEMS_MAX || select->bytes > REQ_LOOP_BYTES_MAX);
}

static void end_page(struct req *req, struct select *select, uint64_t index,
                     struct value attributes)
{
    select->ended = true;
    select->last = key_attributes_of(select->plan.schema, attributes, req->arena);
    select->position = (struct partiql_position){
        .range = index,
        .key = item_params_storage_key(req, select->table, select->last),
    };
}

static void reply_end(struct req *req, const struct select *select,
                      const struct partiql_request *request)
{
    if (select->ended) {
        struct bytes token =
            partiql_token_write(req, select->statement, select->table, select->position);

        reply_member(req->reply, "NextToken");
        json_append_string(req->reply, token);
        reply_item(req->reply, "LastEvaluatedKey", select->last);
    }
    admission_charge(req, &(struct throttle_place){.table = select->table, .way = TABLE_READ},
                     select->units);
    capacity_append_member(req->reply, req->input, request->name.given, select->table,
                           &(struct capacity){.table_units = select->units});
    buf_append_byte(req->reply, '}');
}
