/* partiql_select.c - one page of a SELECT.
 * A page ends as a Query's or Scan's does (page.h); where the last item was that was evaluated goes
 * into the NextToken.
 */
#include "api/admission.h"
#include "api/capacity.h"
#include "api/page.h"
#include "api/partiql.h"
#include "api/partiql_reader.h"
#include "api/reply.h"
#include "api/start_key.h"

struct select {
    const struct partiql_statement *statement;
    struct table *table;
    const struct table_index *index; /* NULL: the table itself is read */
    struct partiql_plan plan;
    bool consistent;
    uint64_t limit;
    bool fetches;                    /* items behind the entries of a local index */
    struct store_snapshot *snapshot; /* then: items must fit the entries that name them */
    /* so far: */
    uint64_t scanned, count;
    uint64_t bytes; /* with those of fetched items */
    double fetched_units;
    /* once the page is full: */
    bool ended;                       /* before everything was read */
    struct partiql_position position; /* behind this */
    struct value last;                /* key attributes there */
};

static enum err check(struct req *req, struct select *select);
static enum err check_attributes(struct req *req, struct select *select,
                                 const struct expr_set *set);
static enum err start(struct req *req, struct select *select);
static enum err read_page(struct req *req, struct select *select, double *units);
static enum err read_items(struct req *req, struct select *select, struct partiql_reader *reader);
static enum err evaluate(struct req *req, struct select *select, const struct item *item);
static enum err fetch(struct req *req, struct select *select, struct value entry,
                      struct value *attributes);
static bool is_full(const struct req *req, const struct select *select);
static bool is_too_long_for_loop(const struct req *req, const struct select *select);
static void end_page(struct req *req, struct select *select, const struct item *item,
                     struct partiql_position at);
static struct throttle_place place_of(struct req *req, const struct select *select);
static void reply_end(struct req *req, const struct select *select, const struct capacity *capacity,
                      const struct partiql_request *request);

enum err partiql_select(struct req *req, const struct partiql_request *request, struct table *table)
{
    struct select select = {
        .statement = request->statement,
        .table = table,
        .consistent = input_bool(request->in, "ConsistentRead", false),
        .limit = (uint64_t)input_integer(request->in, "Limit", INT64_MAX),
    };
    struct capacity capacity = {0};
    struct throttle_place place;
    double units;
    enum err err = check(req, &select);

    if (err == OK)
        err = start(req, &select);
    if (err != OK)
        return err;
    place = place_of(req, &select);
    err = admission_check(req, &place);
    if (err == OK)
        err = read_page(req, &select, &units);
    if (err != OK)
        return err;
    if (select.index == NULL)
        capacity.table_units = units;
    else
        capacity_add_index(&capacity, (unsigned)(select.index - table->definition.indexes), units);
    capacity.table_units += select.fetched_units;
    admission_charge(req, &place, capacity_total(&capacity)); /* a local index's: the table's */
    reply_end(req, &select, &capacity, request);
    return OK;
}

static enum err check(struct req *req, struct select *select)
{
    const struct partiql_statement *statement = select->statement;
    const struct expr_set set = {.projection = statement->projection, .filter = statement->where};
    enum err err = OK;

    if (statement->index.size != 0)
        err = page_readable_index(req, select->table, statement->index, &select->index);
    if (err == OK)
        err = partiql_plan_make(req, statement, select->table, select->index, &select->plan);
    if (err == OK)
        err = item_params_check_key_paths(req, &set, select->table);
    return err == OK ? check_attributes(req, select, &set) : err;
}

/* Contract core-api-partiql.md 3, "Index reads": what a scan filters by and its index does not have
 * is missing there. What a local index is to show and does not have it fetches. */
static enum err check_attributes(struct req *req, struct select *select, const struct expr_set *set)
{
    struct page_lacks lacks;
    bool local;

    page_find_lacks(select->table, select->index, set, req->arena, &lacks);
    local = select->index != NULL && select->index->definition.kind == INDEX_LOCAL;
    select->fetches = local && lacks.shown.size != 0;
    if (!local && lacks.shown.size != 0)
        return page_refuse_lack(req, select->index, lacks.shown);
    if (lacks.filtered.size == 0 || select->plan.equal_count == 0)
        return OK;
    return local ? page_refuse_filter(req, select->index, lacks.filtered)
                 : page_refuse_lack(req, select->index, lacks.filtered);
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

static enum err read_page(struct req *req, struct select *select, double *units)
{
    struct store *store = req->api->store;
    struct partiql_reader reader;
    enum err err;

    if (select->fetches)
        select->snapshot = store_snapshot_begin(store);
    buf_append_lit(req->reply, "{\"Items\":[");
    partiql_reader_begin(&reader, req, &select->plan, select->snapshot, select->position,
                         select->consistent);
    err = read_items(req, select, &reader);
    partiql_reader_end(&reader);
    buf_append_byte(req->reply, ']');
    *units = reader.units;
    if (select->fetches)
        store_snapshot_end(store, &select->snapshot);
    return err;
}

static enum err read_items(struct req *req, struct select *select, struct partiql_reader *reader)
{
    struct partiql_position at;
    struct item item;
    enum err err;

    while ((err = partiql_reader_next(reader, &item, &at)) == OK) {
        err = evaluate(req, select, &item);
        if (err == OK && is_too_long_for_loop(req, select))
            err = ERR_WOULD_BLOCK;
        if (err != OK)
            return err;
        if (!is_full(req, select))
            continue;
        if (!select->plan.points || at.range + 1 < select->plan.range_count)
            end_page(req, select, &item, at);
        return OK;
    }
    return err == ERR_ABSENT ? OK : err;
}

/* An item that was read: counted, and replied with if the condition holds. */
static enum err evaluate(struct req *req, struct select *select, const struct item *item)
{
    const struct partiql_statement *statement = select->statement;
    struct arena_mark mark = arena_mark(req->arena);
    struct value whole = item->attributes, row;
    enum err err = OK;

    select->scanned++;
    select->bytes += item->size_bytes;
    if (select->fetches)
        err = fetch(req, select, item->attributes, &whole);
    if (err != OK)
        return err;
    if (partiql_row(req, statement, item->attributes, whole, &row)) {
        if (select->count++ != 0)
            buf_append_byte(req->reply, ',');
        value_map_append_json(req->reply, row);
    }
    arena_release(req->arena, mark);
    return OK;
}

/* The item behind an entry, of the same moment. */
static enum err fetch(struct req *req, struct select *select, struct value entry,
                      struct value *attributes)
{
    struct item item;
    enum err err = table_get_at(req->api->store, select->snapshot,
                                item_params_storage_key(req, select->table, entry), req->may_wait,
                                req->arena, &item);

    if (err != OK)
        return err == ERR_ABSENT ? ERR_CORRUPT : err; /* entries and items change together */
    select->bytes += item.size_bytes;
    select->fetched_units += capacity_read_units(item.size_bytes, select->consistent);
    *attributes = item.attributes;
    return OK;
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
    select->last = start_key_of(&select->table->definition.schema,
                                select->index != NULL ? select->plan.schema : NULL,
                                item->attributes, req->arena);
    select->position = (struct partiql_position){at.range, arena_copy(req->arena, at.key)};
}

/* Of one partition, if there is only one. */
static struct throttle_place place_of(struct req *req, const struct select *select)
{
    const struct partiql_plan *plan = &select->plan;
    struct bytes key = BYTES("");

    if (plan->range_count == 1 && plan->equal_count != 0)
        key = partiql_plan_range(req, plan, 0, req->arena).from;
    return (struct throttle_place){
        .table = select->table, .index = select->index, .way = TABLE_READ, .key = key};
}

static void reply_end(struct req *req, const struct select *select, const struct capacity *capacity,
                      const struct partiql_request *request)
{
    if (select->ended) {
        struct bytes token =
            partiql_token_write(req, select->statement, select->table, &select->position);

        reply_string(req->reply, "NextToken", token);
        reply_item(req->reply, "LastEvaluatedKey", select->last);
    }
    capacity_append_member(req->reply, req->input, request->name.given, select->table, capacity);
    buf_append_byte(req->reply, '}');
}
