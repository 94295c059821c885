/* item_write.c - one decision for every way to write an item. */
#include "api/item_write.h"

#include "api/admission.h"
#include "api/capacity.h"
#include "api/legacy_params.h"
#include "api/reply.h"
#include "table/index_check.h"

struct target_search {
    const struct key_schema *schema;
    struct bytes key_attribute;
};

static enum err check_return_values(struct req *req, yyjson_val *in);
static enum err condition_failed(struct req *req, yyjson_val *in,
                                 const struct table_change *change);
static enum err decide_alone(void *ctx, struct table_change changes[], unsigned count);
static enum err check_targets(struct req *req, const struct item_write *write,
                              const struct key_schema *schema);
static enum err check_index_literals(struct req *req, const struct item_write *write,
                                     const struct table_definition *table);
static enum err decide_update(struct req *req, struct item_write *write,
                              struct table_change *change);
static enum err check_updated_size(struct req *req, const struct item_write *write);

static const struct item_params params_alone[] = {
    [ITEM_WRITE_PUT] = {.expressions = {"ConditionExpression"}, .legacy = {"Expected"}},
    [ITEM_WRITE_UPDATE] = {.expressions = {"UpdateExpression", "ConditionExpression"},
                           .legacy = {"AttributeUpdates", "Expected"}},
    [ITEM_WRITE_DELETE] = {.expressions = {"ConditionExpression"}, .legacy = {"Expected"}},
};

/* Transactions are younger than expressions: there the older parameters never were. */
static const struct item_params params_in_transaction[] = {
    [ITEM_WRITE_PUT] = {.expressions = {"ConditionExpression"}},
    [ITEM_WRITE_UPDATE] = {.expressions = {"UpdateExpression", "ConditionExpression"}},
    [ITEM_WRITE_DELETE] = {.expressions = {"ConditionExpression"}},
    [ITEM_WRITE_CHECK] = {.expressions = {"ConditionExpression"}},
};

enum err item_write_read(struct req *req, yyjson_val *in, enum item_write_kind kind,
                         bool in_transaction, struct item_write *write)
{
    const struct item_params *params =
        in_transaction ? &params_in_transaction[kind] : &params_alone[kind];
    bool put = kind == ITEM_WRITE_PUT;
    struct bytes table_name = {0};
    enum err err;

    *write = (struct item_write){.kind = kind, .flat_size = in_transaction, .in = in};
    input_string(in, "TableName", &table_name);
    err = input_table(table_name, &req->place, &req->fault, &write->name);
    if (err == OK)
        err = item_params_check(req, in, params);
    if (err == OK)
        err = item_params_key(req, in, put ? "Item" : "Key", &write->attributes);
    if (err == OK && !in_transaction && kind != ITEM_WRITE_UPDATE)
        err = check_return_values(req, in);
    if (err != OK)
        return err;
    if (put) {
        size_t size = value_item_size_bytes(write->attributes);

        if (size > ITEM_SIZE_BYTES_MAX)
            return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
        write->exists_after = true;
        write->after = write->attributes;
        write->after_bytes = (uint32_t)size;
    }
    if (!in_transaction && kind == ITEM_WRITE_UPDATE)
        err = legacy_updates(req, &write->expressions);
    if (err == OK && !in_transaction)
        err = legacy_expected(req, &write->expressions);
    return err == OK ? item_params_expressions(req, in, params, &write->expressions) : err;
}

static enum err check_return_values(struct req *req, yyjson_val *in)
{
    struct bytes returns = item_params_return_values(in);

    if (bytes_equal_string(returns, "NONE") || bytes_equal_string(returns, "ALL_OLD"))
        return OK;
    return fault_set_wrapped(&req->fault, ERR_VALIDATION,
                             "ReturnValues can only be ALL_OLD or NONE");
}

enum err item_write_check(struct req *req, const struct item_write *write,
                          const struct table *table)
{
    const struct key_schema *schema = &table->definition.schema;
    enum err err;

    if (write->kind == ITEM_WRITE_PUT)
        err = item_write_check_put(&table->definition, write->attributes, &req->fault);
    else
        err = key_check_key(schema, write->attributes, &req->fault);
    if (err == OK)
        err = check_targets(req, write, schema);
    if (err == OK)
        err = check_index_literals(req, write, &table->definition);
    return err == OK ? item_params_check_key_paths(req, &write->expressions, table) : err;
}

enum err item_write_check_put(const struct table_definition *table, struct value item,
                              struct fault *fault)
{
    enum err err = key_check_item(&table->schema, item, fault);

    return err == OK ? index_check_item(table, item, fault) : err;
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

static enum err check_targets(struct req *req, const struct item_write *write,
                              const struct key_schema *schema)
{
    struct target_search search = {.schema = schema};

    if (write->kind == ITEM_WRITE_UPDATE && write->expressions.update != NULL)
        expr_update_visit_targets(write->expressions.update, visit_target, &search);
    if (search.key_attribute.size == 0)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "One or more parameter values were invalid: Cannot update attribute %.*s. "
                    "This attribute is part of the key",
                    BYTES_ARGS(search.key_attribute));
}

struct literal_check {
    const struct table_definition *table;
    const struct expr_update *update;
    struct fault *fault;
    enum err err;
};

static bool visit_literal(void *ctx, struct bytes attribute, bool nested)
{
    struct literal_check *check = ctx;
    struct value literal;

    if (!nested && expr_update_literal_for(check->update, attribute, &literal))
        check->err = index_check_literal(check->table, attribute, literal, check->fault);
    return check->err == OK;
}

/* Of values that are known before the item is read. */
static enum err check_index_literals(struct req *req, const struct item_write *write,
                                     const struct table_definition *table)
{
    struct literal_check check = {
        .table = table, .update = write->expressions.update, .fault = &req->fault};

    if (write->kind == ITEM_WRITE_UPDATE && check.update != NULL && table->index_count != 0)
        expr_update_visit_targets(check.update, visit_literal, &check);
    return check.err;
}

enum err item_write_decide(struct req *req, struct item_write *write, struct table_change *change)
{
    const struct expr_condition *condition = write->expressions.condition;

    if (write->kind == ITEM_WRITE_UPDATE) { /* of an earlier decision, if it is decided again */
        write->exists_after = false;
        write->after_bytes = 0;
    }
    /* Against the stored item: an absent one has not even its key attributes yet. */
    if (condition != NULL && !expr_condition_holds(condition, change->old.attributes))
        return condition_failed(req, write->in, change);
    switch (write->kind) {
    case ITEM_WRITE_PUT:
        change->action = TABLE_PUT;
        change->attributes = write->attributes;
        break;
    case ITEM_WRITE_UPDATE:
        return decide_update(req, write, change);
    case ITEM_WRITE_DELETE:
        change->action = TABLE_DELETE;
        break;
    case ITEM_WRITE_CHECK:
        break;
    }
    return OK;
}

static enum err condition_failed(struct req *req, yyjson_val *in, const struct table_change *change)
{
    enum err err = req_fail(req, ERR_CONDITIONAL_CHECK_FAILED, "The conditional request failed");
    struct bytes wanted = BYTES("NONE");
    struct buf members;

    input_string(in, "ReturnValuesOnConditionCheckFailure", &wanted);
    if (bytes_equal_string(wanted, "ALL_OLD") && change->exists) {
        buf_init_arena(&members, req->arena, SIZE_MAX);
        buf_append_lit(&members, "\"Item\":");
        value_map_append_json(&members, change->old.attributes);
        req->fault_members = buf_finish_arena(&members);
    }
    return err;
}

static enum err decide_update(struct req *req, struct item_write *write,
                              struct table_change *change)
{
    const struct expr_update *expression = write->expressions.update;
    struct value before = change->exists ? change->old.attributes : write->attributes;
    enum err err;

    write->after = before;
    if (expression != NULL) {
        err = expr_update_apply(expression, before, req->arena, &req->fault, &write->after);
        if (err == OK)
            err =
                index_check_updated(&change->table->definition, before, write->after, &req->fault);
        if (err == OK)
            err = check_updated_size(req, write);
        if (err != OK)
            return err;
    }
    write->exists_after =
        change->exists || expression == NULL || !expr_update_only_removes(expression);
    write->after_bytes = write->exists_after ? (uint32_t)value_item_size_bytes(write->after) : 0;
    if (write->exists_after && !(change->exists && value_equal(write->after, before))) {
        change->action = TABLE_PUT;
        change->attributes = write->after;
    }
    return OK;
}

/* Contract core-api-data.md 4, "Limit checks": updates are measured with what they add, but not in
 * transactions and PartiQL. */
static enum err check_updated_size(struct req *req, const struct item_write *write)
{
    size_t size = value_item_size_bytes(write->after);
    size_t with_overhead = size - value_item_size_bytes(write->attributes) +
                           expr_update_overhead_bytes(write->expressions.update);

    if (size <= ITEM_SIZE_BYTES_MAX && (write->flat_size || with_overhead <= ITEM_SIZE_BYTES_MAX))
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "Item size to update has exceeded the maximum allowed size");
}

uint32_t item_write_sized_bytes(const struct item_write *write, const struct table_change *change)
{
    uint32_t before = change->old.size_bytes;

    return before > write->after_bytes ? before : write->after_bytes;
}

/* Contract core-api-data.md 5.3. */
double item_write_used_units(const struct item_write *write, const struct table_change *change,
                             enum err decided)
{
    if (decided == ERR_CONDITIONAL_CHECK_FAILED && !change->exists)
        return 1;
    if (decided != OK && decided != ERR_CONDITIONAL_CHECK_FAILED && decided != ERR_DUPLICATE_ITEM)
        return 0;
    return capacity_write_units(item_write_sized_bytes(write, change));
}

uint32_t item_write_transact_bytes(const struct item_write *write,
                                   const struct table_change *change)
{
    bool writes = write->kind == ITEM_WRITE_PUT || write->kind == ITEM_WRITE_UPDATE;

    return writes ? write->after_bytes : change->old.size_bytes;
}

/* --- an operation that is one write ---------------------------------------------------------- */

enum err item_write_run(struct req *req, enum item_write_kind kind, req_step_fn *on_durable)
{
    struct item_write_alone *alone = arena_new(req->arena, struct item_write_alone);
    struct table *table;
    enum err err;

    req->state = alone;
    err = item_write_read(req, req->input, kind, false, &alone->write);
    if (err == OK)
        err = req_item_table(req, &alone->write.name, &table);
    if (err == OK)
        err = item_write_check(req, &alone->write, table);
    if (err != OK)
        return err;
    alone->change = (struct table_change){
        .table = table,
        .key = item_params_storage_key(req, table, alone->write.attributes),
    };
    err = admission_check(req, &(struct throttle_place){
                                   .table = table, .way = TABLE_WRITE, .key = alone->change.key});
    if (err == OK)
        err = collections_note(req, &alone->collections, 1, alone->write.name.given, table,
                               alone->change.key, alone->write.attributes);
    return err == OK ? req_write(req, &alone->change, 1, decide_alone, on_durable) : err;
}

static enum err decide_alone(void *ctx, struct table_change changes[], unsigned count)
{
    struct req *req = ctx;
    struct item_write_alone *alone = req->state;
    enum err err = item_write_decide(req, &alone->write, &changes[0]);

    (void)count;
    changes[0].units = item_write_used_units(&alone->write, &changes[0], err);
    return err;
}

enum err item_write_reply(struct req *req)
{
    const struct item_write_alone *alone = req->state;

    buf_append_byte(req->reply, '{');
    if (alone->change.exists &&
        bytes_equal_string(item_params_return_values(req->input), "ALL_OLD"))
        reply_item(req->reply, "Attributes", alone->change.old.attributes);
    item_write_reply_metrics(req, alone);
    buf_append_byte(req->reply, '}');
    return OK;
}

void item_write_reply_metrics(struct req *req, const struct item_write_alone *alone)
{
    const struct table_change *change = &alone->change;
    struct capacity capacity = {
        .table_units = capacity_write_units(item_write_sized_bytes(&alone->write, change)),
    };

    capacity_add_index_changes(&capacity, change);
    capacity_append_member(req->reply, req->input, alone->write.name.given, change->table,
                           &capacity);
    collections_append_member(req->reply, &alone->collections);
}
