/* partiql_select.c - one page of a SELECT.
 * A page ends as a Query's or Scan's does (page.h); where the last item was that was evaluated goes
 * into the NextToken.
 */
#include "api/admission.h"
#include "api/capacity.h"
#include "api/page.h"
#include "api/partiql.h"
#include "api/partiql_reader.h"
#include "api/start_key.h"
#include "json/json_write.h"

struct select {
    const struct partiql_statement *statement;
    struct table *table;
    struct partiql_plan plan;
    uint64_t limit;
    /* so far: */
    uint64_t scanned, count, bytes;
    /* once the page is full: */
    bool ended;                       /* before everything was read */
    struct partiql_position position; /* behind this */
    struct value last;                /* key attributes there */
};

static enum err check_paths(struct req *req, const struct select *select);
static enum err start(struct req *req, struct select *select);
static enum err read_items(struct req *req, struct select *select, struct partiql_reader *reader);
static void evaluate(struct req *req, struct select *select, const struct item *item);
static bool is_full(const struct req *req, const struct select *select);
static bool is_too_long_for_loop(const struct req *req, const struct select *select);
static void end_page(struct req *req, struct select *select, const struct item *item,
                     struct partiql_position at);
static void reply_end(struct req *req, const struct select *select, double units,
                      const struct partiql_request *request);

enum err partiql_select(struct req *req, const struct partiql_request *request, struct table *table)
{
    struct select select = {
        .statement = request->statement,
        .table = table,
        .limit = (uint64_t)input_integer(request->in, "Limit", INT64_MAX),
    };
    struct partiql_reader reader;
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
    partiql_reader_begin(&reader, req, &select.plan, select.position,
                         input_bool(request->in, "ConsistentRead", false));
    err = read_items(req, &select, &reader);
    partiql_reader_end(&reader);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, ']');
    reply_end(req, &select, reader.units, request);
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

static enum err read_items(struct req *req, struct select *select, struct partiql_reader *reader)
{
    struct partiql_position at;
    struct item item;
    enum err err;

    while ((err = partiql_reader_next(reader, &item, &at)) == OK) {
        evaluate(req, select, &item);
        if (is_too_long_for_loop(req, select))
            return ERR_WOULD_BLOCK;
        if (!is_full(req, select))
            continue;
        if (!select->plan.points || at.range + 1 < select->plan.range_count)
            end_page(req, select, &item, at);
        return OK;
    }
    return err == ERR_ABSENT ? OK : err;
}

/* An item that was read: counted, and replied with if the condition holds. */
static void evaluate(struct req *req, struct select *select, const struct item *item)
{
    struct arena_mark mark = arena_mark(req->arena);
    struct value row;

    select->scanned++;
    select->bytes += item->size_bytes;
    if (!partiql_row(req, select->statement, item->attributes, &row))
        return;
    if (select->count++ != 0)
        buf_append_byte(req->reply, ',');
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

static void end_page(struct req *req, struct select *select, const struct item *item,
                     struct partiql_position at)
{
    select->ended = true;
    select->last =
        start_key_of(&select->table->definition.schema, NULL, item->attributes, req->arena);
    select->position = (struct partiql_position){at.range, arena_copy(req->arena, at.key)};
}

static void reply_end(struct req *req, const struct select *select, double units,
                      const struct partiql_request *request)
{
    if (select->ended) {
        struct bytes token =
            partiql_token_write(req, select->statement, select->table, &select->position);

        reply_member(req->reply, "NextToken");
        json_append_string(req->reply, token);
        reply_item(req->reply, "LastEvaluatedKey", select->last);
    }
    admission_charge(req, &(struct throttle_place){.table = select->table, .way = TABLE_READ},
                     units);
    capacity_append_member(req->reply, req->input, request->name.given, select->table,
                           &(struct capacity){.table_units = units});
    buf_append_byte(req->reply, '}');
}
