/* op_execute_transaction.c - ExecuteTransaction: up to 100 PartiQL statements, all reads or all
 * writes, all or none. What a statement means is a transaction's action: reads are those of
 * TransactGetItems, writes and EXISTS those of TransactWriteItems.
 */
#include "api/partiql.h"
#include "api/reply.h"
#include "api/transact_write.h"
#include "base/container.h"

struct transaction {
    struct transact_write write;      /* its actions, also if it reads */
    struct partiql_request *requests; /* one per action */
    struct item *items;               /* the same, if it reads */
    bool reads;
};

static enum err read_statements(struct req *req, struct transaction *t, yyjson_val *json);
static enum err check_statement(struct req *req, const struct transaction *t, unsigned index);
static enum err find_keys(struct req *req, struct transaction *t);
static enum err check_action(struct req *req, void *ctx, unsigned index);
static enum err run_reads(struct req *req, struct transaction *t);
static enum err run_writes(struct req *req, struct transaction *t);
static void read_token(struct req *req, struct transaction *t);
static enum err decide(struct req *req, struct transact_write *transact, unsigned index,
                       struct table_change *change);
static enum err reply_to_writes(struct req *req);

enum err op_execute_transaction(struct req *req)
{
    struct transaction *t = arena_new(req->arena, struct transaction);
    yyjson_val *json = input_member(req->input, "TransactStatements");
    enum err err;

    t->write.decide = decide;
    t->write.count = (unsigned)yyjson_arr_size(json);
    t->write.actions = arena_new_array(req->arena, struct transact_action, t->write.count);
    t->requests = arena_new_array(req->arena, struct partiql_request, t->write.count);
    t->write.writes = arena_new_array(req->arena, struct item_write, t->write.count);
    t->items = arena_new_array(req->arena, struct item, t->write.count);
    err = read_statements(req, t, json);
    if (err == OK)
        err = find_keys(req, t);
    if (err == OK)
        err = transact_find_items(req, t->write.actions, t->write.count, check_action, t);
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
            err = partiql_write_read(req, request, &t->write.writes[index]);
        if (err != OK)
            return err;
        t->write.actions[index].name = request->name;
        t->write.actions[index].attributes = item_absent().attributes;
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
    for (unsigned i = 0; i < t->write.count; i++) {
        struct transact_action *action = &t->write.actions[i];
        const struct partiql_statement *statement = t->requests[i].statement;
        bool has_index = statement->index.size != 0;
        enum err err = transact_find_table(req, t->write.actions, i);

        if (err != OK)
            return err;
        if (statement->kind == PARTIQL_INSERT) {
            action->attributes = statement->item;
            action->puts = true;
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
    const struct transact_action *action = &t->write.actions[index];

    if (t->reads)
        return partiql_read_check(req, &t->requests[index], action->table, action->attributes);
    return partiql_write_check(req, &t->requests[index], &t->write.writes[index], action->table);
}

/* --- reads ------------------------------------------------------------------------------------ */

static enum err run_reads(struct req *req, struct transaction *t)
{
    enum err err;

    for (unsigned i = 0; i < t->write.count; i++)
        if (t->write.actions[i].failure == OK)
            transact_check_capacity(req, &t->write.actions[i], TABLE_READ);
    err = transact_outcome(req, t->write.actions, t->write.count);
    if (err == OK)
        err = transact_read_items(req, t->write.actions, t->write.count, t->items);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < t->write.count; i++)
        transact_charge_read(req, &t->write.actions[i]);
    buf_append_lit(req->reply, "{\"Responses\":[");
    for (unsigned i = 0; i < t->write.count; i++) {
        struct value row;

        buf_append_string(req->reply, i == 0 ? "{" : ",{");
        if (partiql_row(req, t->requests[i].statement, t->items[i].attributes,
                        t->items[i].attributes, &row))
            reply_item(req->reply, "Item", row);
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, ']');
    transact_append_capacity(req, t->write.actions, t->write.count, TRANSACT_READ_UNITS);
    buf_append_byte(req->reply, '}');
    return OK;
}

/* --- writes ----------------------------------------------------------------------------------- */

static enum err run_writes(struct req *req, struct transaction *t)
{
    transact_write_name(&t->write, req->arena);
    read_token(req, t);
    return transact_write_run(req, &t->write, reply_to_writes);
}

/* The same request is the same statements with the same parameters. */
static void read_token(struct req *req, struct transaction *t)
{
    struct buf content;

    if (input_member(req->input, "ClientRequestToken") == NULL)
        return;
    buf_init(&content, SIZE_MAX);
    for (unsigned i = 0; i < t->write.count; i++) {
        const struct partiql_statement *statement = t->requests[i].statement;

        buf_append_varint(&content, statement->text.size);
        buf_append_bytes(&content, statement->text);
        for (unsigned j = 0; j < statement->parameter_count; j++)
            value_append(&content, statement->parameters[j]);
    }
    transact_token_begin(req, buf_bytes(&content), &t->write.token);
    buf_fini(&content);
}

static enum err decide(struct req *req, struct transact_write *transact, unsigned index,
                       struct table_change *change)
{
    struct transaction *t = CONTAINER_OF(transact, struct transaction, write);

    return partiql_write_decide(req, &t->requests[index], &transact->writes[index], change);
}

static enum err reply_to_writes(struct req *req)
{
    const struct transact_write *t = req->state;

    for (unsigned i = 0; t->token.repeats && i < t->count; i++)
        transact_charge_read(req, &t->actions[i]);
    buf_append_lit(req->reply, "{\"Responses\":[");
    for (unsigned i = 0; i < t->count; i++)
        buf_append_string(req->reply, i == 0 ? "{}" : ",{}");
    buf_append_byte(req->reply, ']');
    transact_write_append_capacity(req, t);
    buf_append_byte(req->reply, '}');
    return OK;
}
