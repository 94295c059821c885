/* op_put_item.c - PutItem: create an item, or replace it whole. */
#include "api/item_params.h"

static const struct item_params params = {
    .expressions = {"ConditionExpression"},
    .legacy = {"Expected"},
};

struct put {
    struct table_change change;
    struct expr_set expressions;
    struct value item;
    struct bytes table_name;
};

static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_put_item(struct req *req)
{
    struct put *put = arena_new(req->arena, struct put);
    struct bytes table_name = {0}, returns = item_params_return_values(req->input);
    struct table *table;
    enum err err;

    req->state = put;
    err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = item_params_key(req, req->input, "Item", &put->item);
    if (err != OK)
        return err;
    if (!bytes_equal_string(returns, "NONE") && !bytes_equal_string(returns, "ALL_OLD"))
        return fault_set_wrapped(&req->fault, ERR_VALIDATION,
                                 "ReturnValues can only be ALL_OLD or NONE");
    if (value_item_size_bytes(put->item) > ITEM_SIZE_BYTES_MAX)
        return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
    err = item_params_expressions(req, req->input, &put->expressions);
    if (err != OK)
        return err;
    input_string(req->input, "TableName", &table_name);
    err = req_item_table(req, table_name, &table, &put->table_name);
    if (err != OK)
        return err;
    err = key_check_item(&table->definition.schema, put->item, &req->fault);
    if (err == OK)
        err = item_params_check_key_paths(req, &put->expressions, &table->definition.schema);
    if (err != OK)
        return err;
    put->change = (struct table_change){
        .table = table,
        .key = item_params_storage_key(req, table, put->item),
    };
    return req_write(req, &put->change, 1, decide, reply);
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct put *put = req->state;
    const struct expr_condition *condition = put->expressions.condition;

    (void)count;
    if (condition != NULL &&
        !expr_condition_holds(condition, changes[0].old.attributes))
        return item_params_condition_failed(req, req->input, &changes[0]);
    changes[0].action = TABLE_PUT;
    changes[0].attributes = put->item;
    return OK;
}

static enum err reply(struct req *req)
{
    const struct put *put = req->state;
    const struct table_change *change = &put->change;
    uint32_t old_size = change->old.size_bytes, new_size = change->new_size_bytes;

    buf_append_byte(req->reply, '{');
    if (change->exists && bytes_equal_string(item_params_return_values(req->input), "ALL_OLD"))
        reply_item(req->reply, "Attributes", change->old.attributes);
    capacity_append_member(req->reply, capacity_report_of(req->input), put->table_name,
                           capacity_write_units(old_size > new_size ? old_size : new_size));
    buf_append_byte(req->reply, '}');
    return OK;
}
