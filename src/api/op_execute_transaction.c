/* op_execute_transaction.c - ExecuteTransaction: up to 100 PartiQL statements, all reads or all
 * writes, all or none. What a statement means is a transaction's action: reads are those of
 * TransactGetItems, writes and EXISTS those of TransactWriteItems.
 */
#include "api/admission.h"
#include "api/partiql.h"
#include "api/transact_token.h"

_Static_assert(TRANSACT_ACTIONS_MAX + TABLE_TOKEN_KEYS <= STORE_KEYS_PER_HOLD_MAX,
               "a transaction fits a hold");

struct transaction {
    unsigned count;
    bool reads;
    struct transact_action *actions;
    struct partiql_request *requests; /* one per action */
    struct item_write *writes;        /* the same, unless it reads */
    struct item *items;               /* the same, if it reads */
    unsigned change_count;            /* actions that mean an item */
    struct table_change *changes;
    unsigned *change_actions; /* which action a change belongs to */
    struct transact_token token;
};

static enum err read_statements(struct req *req, struct transaction *t, yyjson_val *json);
static enum err check_statement(struct req *req, const struct transaction *t, unsigned index);
static enum err find_keys(struct req *req, struct transaction *t);
static enum err check_action(struct req *req, void *ctx, unsigned index);
static enum err run_reads(struct req *req, struct transaction *t);
static enum err run_writes(struct req *req, struct transaction *t);
static void read_token(struct req *req, struct transaction *t);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided);
static enum err refuse(void *ctx, unsigned index, enum err err);
static enum err reply_to_writes(struct req *req);

enum err op_execute_transaction(struct req *req)
{
    struct transaction *t = arena_new(req->arena, struct transaction);
    yyjson_val *json = input_member(req->input, "TransactStatements");
    enum err err;

    req->state = t;
    t->count = (unsigned)yyjson_arr_size(json);
    t->actions = arena_new_array(req->arena, struct transact_action, t->count);
    t->requests = arena_new_array(req->arena, struct partiql_request, t->count);
    t->writes = arena_new_array(req->arena, struct item_write, t->count);
    t->items = arena_new_array(req->arena, struct item, t->count);
    err = read_statements(req, t, json);
    if (err == OK)
        err = find_keys(req, t);
    if (err == OK)
        err = transact_find_items(req, t->actions, t->count, check_action, t);
    if (err != OK)
        return err;
    return t->reads ? run_reads(req, t) : run_writes(req, t);
}

static enum err read_statements(struct req *req, struct transaction *t, yyjson_val *json)
{
    yyjson_arr_iter all;
    yyjson_val *in;
    unsigned index = 0;

    yyjson_arr_iter_init(json, &all);
    while ((in = yyjson_arr_iter_next(&all)) != NULL) {
        struct partiql_request *request = &t->requests[index];
        enum err err = partiql_read(req, in, request);

        if (index == 0 && err == OK)
            t->reads = partiql_is_read(request);
        if (err == OK)
            err = check_statement(req, t, index);
        if (err == OK && !t->reads)
            err = partiql_write_read(req, request, &t->writes[index]);
        if (err != OK)
            return err;
        t->actions[index].name = request->name;
        t->actions[index].attributes = item_absent().attributes;
        index++;
    }
    return OK;
}

static enum err check_statement(struct req *req, const struct transaction *t, unsigned index)
{
    const struct partiql_request *request = &t->requests[index];

    if (request->statement->returning != PARTIQL_RETURNS_NOTHING)
        return req_fail(req, ERR_VALIDATION,
                        "RETURNING clause is not supported in ExecuteTransaction.");
    if (partiql_is_read(request) != t->reads)
        return req_fail(
            req, ERR_VALIDATION,
            "ExecuteTransaction API does not support both read and write operations in the "
            "same request.");
    return OK;
}

/* An EXISTS that says no more than the key. */
static bool is_bare_exists(const struct partiql_statement *statement, const struct table *table)
{
    return statement->kind == PARTIQL_EXISTS &&
           partiql_condition_count(statement->where) <= key_schema_count(&table->definition.schema);
}

/* The keys that statements say, as far as their tables are known. */
static enum err find_keys(struct req *req, struct transaction *t)
{
    for (unsigned i = 0; i < t->count; i++) {
        struct transact_action *action = &t->actions[i];
        const struct partiql_statement *statement = t->requests[i].statement;
        bool has_index = statement->index.size != 0;
        enum err err = transact_find_table(req, t->actions, i);

        if (err != OK)
            return err;
        if (statement->kind == PARTIQL_INSERT) {
            action->attributes = statement->item;
            continue;
        }
        if (action->table == NULL && !has_index)
            continue;
        if (!has_index &&
            partiql_key(req, statement, &action->table->definition.schema, &action->attributes) &&
            !is_bare_exists(statement, action->table))
            continue;
        if (statement->kind == PARTIQL_EXISTS)
            return req_fail(req, ERR_VALIDATION,
                            "EXISTS() must contain a single item read with additional condition");
        if (statement->kind == PARTIQL_SELECT)
            return req_fail(req, ERR_VALIDATION,
                            "Select statements within ExecuteTransaction must specify the primary "
                            "key in the where clause.");
        return req_fail(req, ERR_VALIDATION, PARTIQL_NO_KEY);
    }
    return OK;
}

static enum err check_action(struct req *req, void *ctx, unsigned index)
{
    struct transaction *t = ctx;
    const struct transact_action *action = &t->actions[index];

    if (t->reads)
        return partiql_read_check(req, &t->requests[index], action->table, action->attributes);
    return partiql_write_check(req, &t->requests[index], &t->writes[index], action->table);
}

/* --- reads ------------------------------------------------------------------------------------ */

static enum err run_reads(struct req *req, struct transaction *t)
{
    enum err err;

    for (unsigned i = 0; i < t->count; i++)
        if (t->actions[i].failure == OK)
            transact_check_capacity(req, &t->actions[i], TABLE_READ);
    err = transact_outcome(req, t->actions, t->count);
    if (err == OK)
        err = transact_read_items(req, t->actions, t->count, t->items);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < t->count; i++)
        transact_charge_read(req, &t->actions[i]);
    buf_append_lit(req->reply, "{\"Responses\":[");
    for (unsigned i = 0; i < t->count; i++) {
        struct value row;

        buf_append_string(req->reply, i == 0 ? "{" : ",{");
        if (partiql_row(req, t->requests[i].statement, t->items[i].attributes, &row))
            reply_item(req->reply, "Item", row);
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, ']');
    transact_append_capacity(req, t->actions, t->count, TRANSACT_READ_UNITS);
    buf_append_byte(req->reply, '}');
    return OK;
}

/* --- writes ----------------------------------------------------------------------------------- */

static enum err run_writes(struct req *req, struct transaction *t)
{
    t->changes = arena_new_array(req->arena, struct table_change, t->count);
    t->change_actions = arena_new_array(req->arena, unsigned, t->count);
    for (unsigned i = 0; i < t->count; i++) {
        if (t->actions[i].key.size == 0)
            continue;
        t->changes[t->change_count] =
            (struct table_change){.table = t->actions[i].table, .key = t->actions[i].key};
        t->actions[i].change = &t->changes[t->change_count];
        t->change_actions[t->change_count++] = i;
    }
    read_token(req, t);
    if (t->change_count + t->token.record_count == 0) /* no action means an item */
        return transact_outcome(req, t->actions, t->count);
    req->settle = settle;
    req->on_refused = refuse;
    return req_write_with(req, t->changes, t->change_count, t->token.records, t->token.record_count,
                          decide, reply_to_writes);
}

/* The same request is the same statements with the same parameters. */
static void read_token(struct req *req, struct transaction *t)
{
    struct buf content;

    if (input_member(req->input, "ClientRequestToken") == NULL)
        return;
    buf_init(&content, SIZE_MAX);
    for (unsigned i = 0; i < t->count; i++) {
        const struct partiql_statement *statement = t->requests[i].statement;

        buf_append_varint(&content, statement->text.size);
        buf_append_bytes(&content, statement->text);
        for (unsigned j = 0; j < statement->parameter_count; j++)
            value_append(&content, statement->parameters[j]);
    }
    transact_token_begin(req, buf_bytes(&content), &t->token);
    buf_fini(&content);
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct transaction *t = req->state;
    uint64_t bytes = 0;
    enum err err = transact_token_look(req, &t->token, t->actions, t->count);

    if (err != OK || t->token.repeats)
        return err;
    for (unsigned i = 0; i < count; i++) {
        unsigned index = t->change_actions[i];
        struct transact_action *action = &t->actions[index];
        struct item_write *write = &t->writes[index];

        action->failure = OK;
        action->item = BYTES("");
        transact_check_capacity(req, action, TABLE_WRITE);
        if (action->failure != OK)
            continue;
        err = partiql_write_decide(req, &t->requests[index], write, &changes[i]);
        changes[i].units = 2 * item_write_used_units(write, &changes[i], err);
        if (err != OK) {
            transact_action_failed(req, action, err);
            continue;
        }
        action->sized_bytes = item_write_sized_bytes(write, &changes[i]);
        bytes += item_write_transact_bytes(write, &changes[i]);
        if (bytes > TRANSACT_BYTES_MAX) /* not later: others wait for the latches */
            return transact_too_large(req);
    }
    err = transact_outcome(req, t->actions, t->count);
    if (err == OK)
        transact_token_leave(req, &t->token, t->actions, t->count);
    return err;
}

static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided)
{
    struct req *req = ctx;
    struct transaction *t = req->state;

    for (unsigned i = 0; i < count && decided == OK; i++)
        transact_check_indexes(req, &t->actions[t->change_actions[i]], &changes[i]);
    if (decided == OK) {
        decided = transact_outcome(req, t->actions, t->count);
        if (decided != OK)
            return decided;
    }
    admission_charge_changes(req, changes, count); /* also of conditions that failed */
    return decided;
}

static enum err refuse(void *ctx, unsigned index, enum err err)
{
    struct req *req = ctx;
    struct transaction *t = req->state;

    transact_action_failed(req, &t->actions[t->change_actions[index]], err);
    return transact_outcome(req, t->actions, t->count);
}

static enum err reply_to_writes(struct req *req)
{
    const struct transaction *t = req->state;

    for (unsigned i = 0; t->token.repeats && i < t->count; i++)
        transact_charge_read(req, &t->actions[i]);
    buf_append_lit(req->reply, "{\"Responses\":[");
    for (unsigned i = 0; i < t->count; i++)
        buf_append_string(req->reply, i == 0 ? "{}" : ",{}");
    buf_append_byte(req->reply, ']');
    transact_append_capacity(req, t->actions, t->count,
                             t->token.repeats ? TRANSACT_READ_UNITS : TRANSACT_WRITE_UNITS);
    buf_append_byte(req->reply, '}');
    return OK;
}
