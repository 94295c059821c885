/* op_transact_get_items.c - TransactGetItems: up to 100 items as of one moment.
 * One snapshot of the store for all: it holds whole transactions or nothing of them.
 */
#include "api/reply.h"
#include "api/transact.h"

static const struct item_params params = {.expressions = {"ProjectionExpression"}};

struct transaction {
    unsigned count;
    struct transact_action *actions;
    struct expr_set *expressions; /* one per action */
    struct item *items;
};

static enum err read_actions(struct req *req, struct transaction *t, yyjson_val *json);
static enum err check_action(struct req *req, void *ctx, unsigned index);
static void check_capacity(struct req *req, struct transaction *t);
static void reply_items(struct req *req, const struct transaction *t);

enum err op_transact_get_items(struct req *req)
{
    struct transaction *t = arena_new(req->arena, struct transaction);
    yyjson_val *json = input_member(req->input, "TransactItems");
    enum err err;

    t->count = (unsigned)yyjson_arr_size(json);
    t->actions = arena_new_array(req->arena, struct transact_action, t->count);
    t->expressions = arena_new_array(req->arena, struct expr_set, t->count);
    t->items = arena_new_array(req->arena, struct item, t->count);
    err = read_actions(req, t, json);
    if (err == OK)
        err = transact_find_items(req, t->actions, t->count, check_action, t);
    if (err == OK)
        check_capacity(req, t);
    if (err == OK)
        err = transact_outcome(req, t->actions, t->count);
    if (err == OK)
        err = transact_read_items(req, t->actions, t->count, t->items);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < t->count; i++)
        transact_charge_read(req, &t->actions[i]);
    buf_append_byte(req->reply, '{');
    reply_items(req, t);
    transact_append_capacity(req, t->actions, t->count, TRANSACT_READ_UNITS);
    buf_append_byte(req->reply, '}');
    return OK;
}

static enum err read_actions(struct req *req, struct transaction *t, yyjson_val *json)
{
    yyjson_arr_iter all;
    yyjson_val *item;
    unsigned index = 0;

    yyjson_arr_iter_init(json, &all);
    while ((item = yyjson_arr_iter_next(&all)) != NULL) {
        struct transact_action *action = &t->actions[index];
        yyjson_val *get = input_member(item, "Get");
        struct bytes table_name = {0};
        enum err err;

        input_string(get, "TableName", &table_name);
        err = input_table(table_name, &req->place, &req->fault, &action->name);
        if (err == OK)
            err = item_params_check(req, get, &params);
        if (err == OK)
            err = item_params_key(req, get, "Key", &action->attributes);
        if (err == OK)
            err = item_params_expressions(req, get, &params, &t->expressions[index]);
        if (err != OK)
            return err;
        index++;
    }
    return OK;
}

static enum err check_action(struct req *req, void *ctx, unsigned index)
{
    struct transaction *t = ctx;
    const struct transact_action *action = &t->actions[index];
    const struct key_schema *schema = &action->table->definition.schema;
    enum err err = key_check_key(schema, action->attributes, &req->fault);

    return err == OK ? item_params_check_key_paths(req, &t->expressions[index], action->table)
                     : err;
}

static void check_capacity(struct req *req, struct transaction *t)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->actions[i].failure == OK)
            transact_check_capacity(req, &t->actions[i], TABLE_READ);
}

static void reply_items(struct req *req, const struct transaction *t)
{
    reply_member(req->reply, "Responses");
    buf_append_byte(req->reply, '[');
    for (unsigned i = 0; i < t->count; i++) {
        const struct expr_projection *projection = t->expressions[i].projection;
        struct value shown = t->items[i].attributes;

        if (projection != NULL)
            shown = expr_project(projection, shown, req->arena);
        buf_append_string(req->reply, i == 0 ? "{" : ",{");
        if (value_count(shown) != 0) /* nothing of an item is shown as no item */
            reply_item(req->reply, "Item", shown);
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, ']');
}
