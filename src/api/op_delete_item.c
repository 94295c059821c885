/* op_delete_item.c - DeleteItem: delete one item; that there is none is no error. */
#include "api/item_params.h"

static const struct item_params params = {
    .expressions = {"ConditionExpression"},
    .legacy = {"Expected"},
};

struct delete {
    struct table_change change;
    struct expr_set expressions;
    struct bytes table_name;
};

static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_delete_item(struct req *req)
{
    struct delete *delete = arena_new(req->arena, struct delete);
    struct bytes table_name = {0}, returns = item_params_return_values(req->input);
    struct table *table;
    struct value key;
    enum err err;

    req->state = delete;
    err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = item_params_key(req, req->input, "Key", &key);
    if (err != OK)
        return err;
    if (!bytes_equal_string(returns, "NONE") && !bytes_equal_string(returns, "ALL_OLD"))
        return req_fail(req, ERR_VALIDATION, "ReturnValues can only be ALL_OLD or NONE");
    err = item_params_expressions(req, req->input, &delete->expressions);
    if (err != OK)
        return err;
    input_string(req->input, "TableName", &table_name);
    err = req_item_table(req, table_name, &table, &delete->table_name);
    if (err == OK)
        err = key_check_key(&table->definition.schema, key, &req->fault);
    if (err == OK)
        err = item_params_check_key_paths(req, &delete->expressions, &table->definition.schema);
    if (err != OK)
        return err;
    delete->change = (struct table_change){
        .table = table,
        .key = item_params_storage_key(req, table, key),
    };
    return req_write(req, &delete->change, 1, decide, reply);
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct delete *delete = req->state;
    const struct expr_condition *condition = delete->expressions.condition;

    (void)count;
    if (condition != NULL &&
        !expr_condition_holds(condition, changes[0].old.attributes))
        return item_params_condition_failed(req, req->input, &changes[0]);
    changes[0].action = TABLE_DELETE;
    return OK;
}

static enum err reply(struct req *req)
{
    const struct delete *delete = req->state;
    const struct table_change *change = &delete->change;

    buf_append_byte(req->reply, '{');
    if (change->exists && bytes_equal_string(item_params_return_values(req->input), "ALL_OLD"))
        reply_item(req->reply, "Attributes", change->old.attributes);
    capacity_append_member(req->reply, capacity_report_of(req->input), delete->table_name,
                           capacity_write_units(change->old.size_bytes));
    buf_append_byte(req->reply, '}');
    return OK;
}
