/* op_put_item.c - PutItem: create an item, or replace it whole. */
#include "api/item_write.h"
#include "api/legacy_params.h"

static const struct item_params params = {
    .expressions = {"ConditionExpression"},
    .legacy = {"Expected"},
};

struct put {
    struct item_write write;
    struct value item;
};

static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_put_item(struct req *req)
{
    struct put *put = arena_new(req->arena, struct put);
    struct table *table;
    enum err err;

    req->state = put;
    err = req_table_name(req, &put->write.name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = item_params_key(req, req->input, "Item", &put->item);
    if (err == OK)
        err = item_write_check_returns(req);
    if (err != OK)
        return err;
    if (value_item_size_bytes(put->item) > ITEM_SIZE_BYTES_MAX)
        return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
    err = legacy_expected(req, &put->write.expressions);
    if (err == OK)
        err = item_params_expressions(req, req->input, &put->write.expressions);
    if (err == OK)
        err = req_item_table(req, &put->write.name, &table);
    if (err == OK)
        err = key_check_item(&table->definition.schema, put->item, &req->fault);
    if (err == OK)
        err = item_params_check_key_paths(req, &put->write.expressions, &table->definition.schema);
    return err == OK ? item_write_submit(req, &put->write, table, put->item, decide, reply) : err;
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct put *put = req->state;
    enum err err = item_write_check_condition(req, &put->write);

    (void)count;
    if (err != OK)
        return err;
    changes[0].action = TABLE_PUT;
    changes[0].attributes = put->item;
    return OK;
}

static enum err reply(struct req *req)
{
    const struct put *put = req->state;

    return item_write_reply(req, &put->write);
}
