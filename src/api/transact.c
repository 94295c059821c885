/* transact.c - items, reasons and capacity of transactions. */
#include "api/transact.h"

#include "api/admission.h"
#include "api/capacity.h"
#include "api/reply.h"
#include "table/index_check.h"
#include "table/table_read.h"

static enum err check_not_empty(struct req *req, const struct transact_action *action);
static bool fits(const struct key_schema *schema, struct value key);
static void append_reason(struct buf *out, const struct transact_action *action);

enum err transact_find_items(struct req *req, struct transact_action actions[], unsigned count,
                             transact_check_fn *check, void *ctx)
{
    bool all_found = true;
    enum err err;

    for (unsigned i = 0; i < count; i++) {
        err = transact_find_table(req, actions, i);
        if (err == OK && actions[i].table != NULL)
            err = check_not_empty(req, &actions[i]);
        if (err != OK)
            return err;
        all_found &= actions[i].table != NULL;
    }
    for (unsigned i = 0; i < count; i++) {
        struct transact_action *action = &actions[i];

        if (action->table == NULL)
            continue;
        err = check(req, ctx, i);
        if (err != OK) {
            transact_action_failed(req, action, err);
            continue;
        }
        action->key = item_params_storage_key(req, action->table, action->attributes);
        for (unsigned before = 0; before < i; before++)
            if (bytes_equal(actions[before].key, action->key))
                return req_fail(req, ERR_VALIDATION,
                                "Transaction request cannot include multiple operations on one "
                                "item");
    }
    if (!all_found) /* told after what is wrong with the items of the tables that are there */
        return req_fail(req, ERR_RESOURCE_NOT_FOUND, "Requested resource not found");
    return OK;
}

enum err transact_find_table(struct req *req, struct transact_action actions[], unsigned index)
{
    struct transact_action *action = &actions[index];
    enum err err;

    if (action->table != NULL)
        return OK;
    for (unsigned before = 0; before < index; before++) {
        if (bytes_equal(actions[before].name.name, action->name.name)) {
            action->table = actions[before].table;
            return OK;
        }
    }
    err = req_item_table(req, &action->name, &action->table);
    if (err != ERR_RESOURCE_NOT_FOUND)
        return err;
    fault_init(&req->fault, req->arena);
    return OK;
}

/* Contract core-api-items.md 10.1: of what can be wrong with a key, this refuses the request. Of a
 * Key, that it does not fit its table comes first (core-api-data.md 3), and is a reason. */
static enum err check_not_empty(struct req *req, const struct transact_action *action)
{
    const struct key_schema *schema = &action->table->definition.schema;

    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        const struct key_attribute *attribute = &schema->attributes[i];
        struct value value;

        if (value_find(action->attributes, attribute->name, &value) &&
            value.type == attribute->type && value.payload.size == 0)
            return action->puts || fits(schema, action->attributes)
                       ? key_check_value(attribute->name, value, i < schema->hash_count,
                                         &req->fault)
                       : OK;
    }
    return action->puts
               ? index_check_empty(&action->table->definition, action->attributes, &req->fault)
               : OK;
}

static bool fits(const struct key_schema *schema, struct value key)
{
    struct value value;

    if (value_count(key) != key_schema_count(schema))
        return false;
    for (unsigned i = 0; i < key_schema_count(schema); i++)
        if (!value_find(key, schema->attributes[i].name, &value) ||
            value.type != schema->attributes[i].type)
            return false;
    return true;
}

void transact_action_failed(struct req *req, struct transact_action *action, enum err err)
{
    action->failure = err;
    action->message = req->fault.message;
    action->item = req->fault_members;
    fault_init(&req->fault, req->arena);
    req->fault_members = (struct bytes){0};
}

static struct throttle_place place_of(const struct transact_action *action, enum table_way way)
{
    return (struct throttle_place){.table = action->table, .way = way, .key = action->key};
}

/* The fault is a single request's: a cancelled transaction has a reason instead. */
static void fail_throttled(struct req *req, struct transact_action *action, enum err err)
{
    if (err == OK)
        return;
    req->fault_members = BYTES("");
    if (bytes_equal_string(req->fault.message, ADMISSION_HOT_KEY_TEXT))
        req->fault.message = BYTES(ADMISSION_HOT_KEY_TEXT ".");
    transact_action_failed(req, action, err);
}

void transact_check_capacity(struct req *req, struct transact_action *action, enum table_way way)
{
    struct throttle_place place = place_of(action, way);

    fail_throttled(req, action, admission_check(req, &place));
}

void transact_check_indexes(struct req *req, struct transact_action *action,
                            const struct table_change *change)
{
    fail_throttled(req, action, admission_check_indexes(req, change));
}

void transact_charge_read(struct req *req, const struct transact_action *action)
{
    struct throttle_place place = place_of(action, TABLE_READ);

    admission_charge(req, &place, 2 * capacity_read_units(action->sized_bytes, true));
}

enum err transact_outcome(struct req *req, const struct transact_action actions[], unsigned count)
{
    struct buf reasons, codes;
    bool cancelled = false;
    struct bytes listed, members;
    enum err err;

    for (unsigned i = 0; i < count; i++)
        cancelled |= actions[i].failure != OK;
    if (!cancelled)
        return OK;
    buf_init(&reasons, SIZE_MAX);
    buf_init(&codes, SIZE_MAX);
    buf_append_lit(&reasons, "\"CancellationReasons\":[");
    for (unsigned i = 0; i < count; i++) {
        buf_append_string(&reasons, i == 0 ? "" : ",");
        append_reason(&reasons, &actions[i]);
        buf_append_string(&codes, i == 0 ? "" : ", ");
        buf_append_string(&codes, req_error_code(actions[i].failure));
    }
    buf_append_byte(&reasons, ']');
    members = arena_copy(req->arena, buf_bytes(&reasons));
    listed = arena_copy(req->arena, buf_bytes(&codes));
    buf_fini(&reasons);
    buf_fini(&codes);
    err = req_fail(req, ERR_TRANSACTION_CANCELED,
                   "Transaction cancelled, please refer cancellation reasons for specific reasons "
                   "[%.*s]",
                   BYTES_ARGS(listed));
    req->fault_members = members; /* after the text, which begins a new error */
    return err;
}

static void append_reason(struct buf *out, const struct transact_action *action)
{
    buf_append_byte(out, '{');
    reply_string(out, "Code", bytes_of_string(req_error_code(action->failure)));
    if (action->failure != OK)
        reply_string(out, "Message", action->message);
    if (action->item.size != 0) {
        buf_append_byte(out, ',');
        buf_append_bytes(out, action->item);
    }
    buf_append_byte(out, '}');
}

enum err transact_read_items(struct req *req, struct transact_action actions[], unsigned count,
                             struct item items[])
{
    struct store *store = req->api->store;
    struct store_snapshot *snapshot = store_snapshot_begin(store);
    uint64_t bytes = 0;
    enum err err = OK;

    for (unsigned i = 0; i < count && err == OK; i++) {
        items[i] = item_absent();
        err = table_get_at(store, snapshot, actions[i].key, req->may_wait, req->arena, &items[i]);
        if (err == ERR_ABSENT)
            err = OK;
        actions[i].sized_bytes = items[i].size_bytes;
        bytes += items[i].size_bytes;
        if (err == OK && bytes > TRANSACT_BYTES_MAX)
            err = transact_too_large(req);
        else if (err == OK && bytes > REQ_LOOP_BYTES_MAX && !req->may_wait)
            err = ERR_WOULD_BLOCK;
    }
    store_snapshot_end(store, &snapshot);
    return err;
}

enum err transact_too_large(struct req *req)
{
    /* The service's own text is not known. */
    return req_fail(req, ERR_VALIDATION,
                    "The aggregate size of the items in the transaction exceeds 4 MB");
}

static bool table_is_new(const struct transact_action actions[], unsigned index)
{
    for (unsigned before = 0; before < index; before++)
        if (actions[before].table == actions[index].table)
            return false;
    return true;
}

/* Of the item twice the units, of the indexes once. */
static void add_action(struct capacity *capacity, const struct transact_action *action,
                       enum transact_units units)
{
    if (units == TRANSACT_READ_UNITS) {
        capacity->table_units += 2 * capacity_read_units(action->sized_bytes, true);
        return;
    }
    capacity->table_units += 2 * capacity_write_units(action->sized_bytes);
    if (action->change != NULL)
        capacity_add_index_changes(capacity, action->change);
}

void transact_append_capacity(struct req *req, const struct transact_action actions[],
                              unsigned count, enum transact_units units)
{
    enum capacity_report report = capacity_report_of(req->input);

    if (report == CAPACITY_NONE)
        return;
    reply_member(req->reply, "ConsumedCapacity");
    buf_append_byte(req->reply, '[');
    for (unsigned first = 0; first < count; first++) {
        struct capacity capacity = {0};

        if (!table_is_new(actions, first))
            continue;
        for (unsigned i = first; i < count; i++)
            if (actions[i].table == actions[first].table)
                add_action(&capacity, &actions[i], units);
        if (first != 0)
            buf_append_byte(req->reply, ',');
        capacity_append(req->reply, report, actions[first].name.given, actions[first].table,
                        &capacity,
                        units == TRANSACT_READ_UNITS ? "ReadCapacityUnits" : "WriteCapacityUnits");
    }
    buf_append_byte(req->reply, ']');
}
