/* op_delete_item.c - DeleteItem: delete one item; that there is none is no error. */
#include "api/item_write.h"
#include "api/legacy_params.h"

static const struct item_params params = {
    .expressions = {"ConditionExpression"},
    .legacy = {"Expected"},
};

static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_delete_item(struct req *req)
{
    struct item_write *write = arena_new(req->arena, struct item_write);
    struct table *table;
    struct value key;
    enum err err;

    req->state = write;
    err = req_table_name(req, &write->name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = item_params_key(req, req->input, "Key", &key);
    if (err == OK)
        err = item_write_check_returns(req);
    if (err == OK)
        err = legacy_expected(req, &write->expressions);
    if (err == OK)
        err = item_params_expressions(req, req->input, &write->expressions);
    if (err == OK)
        err = req_item_table(req, &write->name, &table);
    if (err == OK)
        err = key_check_key(&table->definition.schema, key, &req->fault);
    if (err == OK)
        err = item_params_check_key_paths(req, &write->expressions, &table->definition.schema);
    return err == OK ? item_write_submit(req, write, table, key, decide, reply) : err;
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    enum err err = item_write_check_condition(req, req->state);

    (void)count;
    if (err == OK)
        changes[0].action = TABLE_DELETE;
    return err;
}

static enum err reply(struct req *req)
{
    return item_write_reply(req, req->state);
}
