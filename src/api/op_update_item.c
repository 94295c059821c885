/* op_update_item.c - UpdateItem: change some attributes of an item, or create it. */
#include "api/item_write.h"
#include "api/legacy_params.h"

static const struct item_params params = {
    .expressions = {"UpdateExpression", "ConditionExpression"},
    .legacy = {"AttributeUpdates", "Expected"},
};

struct update {
    struct item_write write;
    struct value key;
    struct value after; /* the new image ... */
    bool exists_after;  /* ... if there is one */
};

struct target_search {
    const struct key_schema *schema;
    struct bytes key_attribute;
};

static enum err check_targets(struct req *req, const struct update *update,
                              const struct key_schema *schema);
static enum err check_size(struct req *req, const struct update *update);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);
static void reply_values(struct req *req, const struct update *update);

enum err op_update_item(struct req *req)
{
    struct update *update = arena_new(req->arena, struct update);
    const struct key_schema *schema;
    struct table *table;
    enum err err;

    req->state = update;
    err = req_table_name(req, &update->write.name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = item_params_key(req, req->input, "Key", &update->key);
    if (err == OK)
        err = legacy_updates(req, &update->write.expressions);
    if (err == OK)
        err = legacy_expected(req, &update->write.expressions);
    if (err == OK)
        err = item_params_expressions(req, req->input, &update->write.expressions);
    if (err == OK)
        err = req_item_table(req, &update->write.name, &table);
    if (err != OK)
        return err;
    schema = &table->definition.schema;
    err = key_check_key(schema, update->key, &req->fault);
    if (err == OK)
        err = check_targets(req, update, schema);
    if (err == OK)
        err = item_params_check_key_paths(req, &update->write.expressions, schema);
    return err == OK ? item_write_submit(req, &update->write, table, update->key, decide, reply)
                     : err;
}

static bool visit_target(void *ctx, struct bytes attribute, bool nested)
{
    struct target_search *search = ctx;

    (void)nested;
    if (key_schema_find(search->schema, attribute) < 0)
        return true;
    search->key_attribute = attribute;
    return false;
}

static enum err check_targets(struct req *req, const struct update *update,
                              const struct key_schema *schema)
{
    struct target_search search = {.schema = schema};

    if (update->write.expressions.update != NULL)
        expr_update_visit_targets(update->write.expressions.update, visit_target, &search);
    if (search.key_attribute.size == 0)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "One or more parameter values were invalid: Cannot update attribute %.*s. "
                    "This attribute is part of the key",
                    BYTES_ARGS(search.key_attribute));
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct update *update = req->state;
    const struct expr_update *expression = update->write.expressions.update;
    struct table_change *change = &changes[0];
    struct value before = change->exists ? change->old.attributes : update->key;
    /* Against the stored item: an absent one has not even its key attributes yet. */
    enum err err = item_write_check_condition(req, &update->write);

    (void)count;
    update->after = before;
    if (err == OK && expression != NULL)
        err = expr_update_apply(expression, before, req->arena, &req->fault, &update->after);
    if (err == OK && expression != NULL)
        err = check_size(req, update);
    if (err != OK)
        return err;
    update->exists_after =
        change->exists || expression == NULL || !expr_update_only_removes(expression);
    if (update->exists_after && !(change->exists && value_equal(update->after, before))) {
        change->action = TABLE_PUT;
        change->attributes = update->after;
    }
    return OK;
}

/* Contract core-api-data.md 4, "Limit checks": updates are measured with what they add. */
static enum err check_size(struct req *req, const struct update *update)
{
    size_t size = value_item_size_bytes(update->after);
    size_t with_overhead = size - value_item_size_bytes(update->key) +
                           expr_update_overhead_bytes(update->write.expressions.update);

    if (size <= ITEM_SIZE_BYTES_MAX && with_overhead <= ITEM_SIZE_BYTES_MAX)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "Item size to update has exceeded the maximum allowed size");
}

static enum err reply(struct req *req)
{
    const struct update *update = req->state;

    buf_append_byte(req->reply, '{');
    reply_values(req, update);
    capacity_append_member(req->reply, capacity_report_of(req->input), update->write.name.given,
                           capacity_change_units(&update->write.change));
    buf_append_byte(req->reply, '}');
    return OK;
}

static void reply_values(struct req *req, const struct update *update)
{
    struct bytes wanted = item_params_return_values(req->input);
    const struct expr_update *expression = update->write.expressions.update;
    const struct table_change *change = &update->write.change;
    struct value old = change->old.attributes, touched;
    struct value before = change->exists ? old : update->key;

    if (bytes_equal_string(wanted, "ALL_OLD") && change->exists)
        reply_item(req->reply, "Attributes", old);
    else if (bytes_equal_string(wanted, "ALL_NEW") && update->exists_after)
        reply_item(req->reply, "Attributes", update->after);
    else if (bytes_equal_string(wanted, "UPDATED_OLD") && expression != NULL &&
             expr_update_touched_old(expression, old, req->arena, &touched))
        reply_item(req->reply, "Attributes", touched);
    else if (bytes_equal_string(wanted, "UPDATED_NEW") && expression != NULL &&
             update->exists_after &&
             expr_update_touched_new(expression, before, req->arena, &touched))
        reply_item(req->reply, "Attributes", touched);
}
