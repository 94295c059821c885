/* op_batch_get_item.c - BatchGetItem: up to 100 items of several tables.
 * Each read stands alone. A reply holds at most 16 MB of items; keys beyond that, and those that
 * a throttled table or partition does not admit, come back as unprocessed, with their table's
 * settings.
 */
#include "api/admission.h"
#include "api/batch.h"
#include "api/legacy_params.h"
#include "api/reply.h"
#include "table/table_read.h"

#define KEYS_MAX        100
#define ITEMS_BYTES_MAX ((uint64_t)16 << 20)

static const struct item_params params = {
    .expressions = {"ProjectionExpression"},
    .legacy = {"AttributesToGet"},
};

struct get {
    yyjson_val *json; /* the key as sent */
    struct value key;
    struct bytes storage_key;
    bool processed;
    double units; /* if it was */
};

struct batch {
    struct batch_tables tables;
    struct expr_set *expressions; /* one for each table */
    struct get gets[KEYS_MAX];
    unsigned count;
    uint64_t bytes; /* of the items in the reply */
    bool full;      /* the next item had no room */
    /* what was throttled first: */
    const struct table *throttled;
    enum throttle_limit limit;
};

static enum err check_not_mixed(struct req *req, const struct batch *batch);
static enum err read_requests(struct req *req, struct batch *batch);
static enum err read_keys(struct req *req, struct batch *batch, struct batch_table *table,
                          bool *too_many);
static enum err check_keys(struct req *req, struct batch *batch);
static enum err read_items(struct req *req, struct batch *batch);
static enum err read_item(struct req *req, struct batch *batch, struct get *get,
                          const struct expr_projection *projection, uint32_t *size_bytes);
static enum err charge(struct req *req, struct batch *batch);
static void reply_unprocessed(struct req *req, const struct batch *batch);

enum err op_batch_get_item(struct req *req)
{
    struct batch *batch = arena_new(req->arena, struct batch);
    enum err err;

    err = batch_read_names(req, &batch->tables);
    if (err == OK)
        err = check_not_mixed(req, batch);
    if (err == OK)
        err = read_requests(req, batch);
    if (err == OK)
        err = batch_find_tables(req, &batch->tables);
    if (err == OK)
        err = check_keys(req, batch);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, '{');
    err = read_items(req, batch);
    if (err == OK)
        err = charge(req, batch);
    if (err != OK)
        return err;
    reply_unprocessed(req, batch);
    batch_reply_capacity(req, &batch->tables);
    buf_append_byte(req->reply, '}');
    return OK;
}

/* An expression for one table and older parameters for another do not go together either. */
static enum err check_not_mixed(struct req *req, const struct batch *batch)
{
    const char *projection = params.expressions[0], *legacy = params.legacy[0];
    bool has_projection = false, has_legacy = false;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        has_projection |= input_member(batch->tables.at[i].json, projection) != NULL;
        has_legacy |= input_member(batch->tables.at[i].json, legacy) != NULL;
    }
    return has_projection && has_legacy
               ? item_params_refuse_mixed(req, bytes_of_string(legacy), bytes_of_string(projection))
               : OK;
}

static enum err read_requests(struct req *req, struct batch *batch)
{
    bool too_many = false;

    batch->expressions = arena_new_array(req->arena, struct expr_set, batch->tables.count);
    for (unsigned i = 0; i < batch->tables.count; i++) {
        struct batch_table *table = &batch->tables.at[i];
        enum err err = item_params_check(req, table->json, &params);

        if (err == OK)
            err = legacy_projection(req, table->json, &batch->expressions[i]);
        if (err == OK)
            err = item_params_expressions(req, table->json, &params, &batch->expressions[i]);
        if (err == OK)
            err = read_keys(req, batch, table, &too_many);
        if (err != OK)
            return err;
    }
    if (too_many)
        return req_fail(req, ERR_VALIDATION, "Too many items requested for the BatchGetItem call");
    return OK;
}

static enum err read_keys(struct req *req, struct batch *batch, struct batch_table *table,
                          bool *too_many)
{
    yyjson_arr_iter keys = yyjson_arr_iter_with(input_member(table->json, "Keys"));
    yyjson_val *json;

    table->first = batch->count;
    while ((json = yyjson_arr_iter_next(&keys)) != NULL) {
        struct value key;
        enum err err = value_map_from_json(json, req->arena, &req->fault, &key);

        if (err != OK)
            return err;
        *too_many |= batch->count == KEYS_MAX;
        if (*too_many)
            continue; /* still checked, as the contract's order wants */
        batch->gets[batch->count++] = (struct get){.json = json, .key = key};
    }
    table->count = batch->count - table->first;
    /* Canonical values: equal keys are equal bytes, and the storage keys are equal exactly then. */
    for (unsigned i = table->first; i < batch->count; i++)
        for (unsigned before = table->first; before < i; before++)
            if (value_equal(batch->gets[before].key, batch->gets[i].key))
                return req_fail(req, ERR_VALIDATION,
                                "Provided list of item keys contains duplicates");
    return OK;
}

static enum err check_keys(struct req *req, struct batch *batch)
{
    for (unsigned i = 0; i < batch->tables.count; i++) {
        const struct batch_table *table = &batch->tables.at[i];
        const struct key_schema *schema = &table->table->definition.schema;
        enum err err;

        for (unsigned j = table->first; j < table->first + table->count; j++) {
            struct get *get = &batch->gets[j];

            err = key_check_key(schema, get->key, &req->fault);
            if (err != OK)
                return err;
            get->storage_key = item_params_storage_key(req, table->table, get->key);
        }
        err = item_params_check_key_paths(req, &batch->expressions[i], table->table);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err read_table(struct req *req, struct batch *batch, struct batch_table *table,
                           const struct expr_projection *projection)
{
    bool consistent = input_bool(table->json, "ConsistentRead", false);
    struct admission admission;

    admission_begin(req, table->table, TABLE_READ, &admission);
    for (unsigned i = table->first; i < table->first + table->count; i++) {
        struct get *get = &batch->gets[i];
        enum throttle_limit limit;
        uint32_t size_bytes;
        enum err err;

        if (batch->full || req->reply->size >= REQ_REPLY_BYTES_ENOUGH)
            break;
        limit = admission_take(&admission, get->storage_key, 0);
        if (limit != THROTTLE_NONE && batch->throttled == NULL) {
            batch->throttled = table->table;
            batch->limit = limit;
        }
        if (limit != THROTTLE_NONE)
            continue;
        err = read_item(req, batch, get, projection, &size_bytes);
        if (err != OK)
            return err;
        if (batch->full)
            break;
        get->units = capacity_read_units(size_bytes, consistent);
        admission.left -= get->units; /* known only now */
        batch->bytes += size_bytes;
        if (batch->bytes > REQ_LOOP_BYTES_MAX && !req->may_wait)
            return ERR_WOULD_BLOCK;
    }
    return OK;
}

static enum err read_items(struct req *req, struct batch *batch)
{
    reply_member(req->reply, "Responses");
    buf_append_byte(req->reply, '{');
    for (unsigned i = 0; i < batch->tables.count; i++) {
        struct batch_table *table = &batch->tables.at[i];
        enum err err;

        reply_member_bytes(req->reply, table->name.given);
        buf_append_byte(req->reply, '[');
        err = read_table(req, batch, table, batch->expressions[i].projection);
        if (err != OK)
            return err;
        buf_append_byte(req->reply, ']');
    }
    buf_append_byte(req->reply, '}');
    return OK;
}

/* An item behind those that were written of its table, or nothing for one that is absent. One with
 * which the items would be more than a reply holds stays unprocessed. */
static enum err read_item(struct req *req, struct batch *batch, struct get *get,
                          const struct expr_projection *projection, uint32_t *size_bytes)
{
    struct arena_mark mark = arena_mark(req->arena);
    struct item item = item_absent();
    enum err err = table_get(req->api->store, get->storage_key, req->may_wait, req->arena, &item);

    batch->full = err == OK && item.size_bytes > ITEMS_BYTES_MAX - batch->bytes;
    get->processed = !batch->full;
    if (err == OK && !batch->full) {
        if (req->reply->data[req->reply->size - 1] != '[')
            buf_append_byte(req->reply, ',');
        value_map_append_json(
            req->reply, projection != NULL ? expr_project(projection, item.attributes, req->arena)
                                           : item.attributes);
    }
    *size_bytes = item.size_bytes;
    arena_release(req->arena, mark);
    return err == ERR_ABSENT ? OK : err;
}

/* The batch fails only if nothing of it was admitted. */
static enum err charge(struct req *req, struct batch *batch)
{
    bool processed = false;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        struct batch_table *table = &batch->tables.at[i];
        struct throttle_place place = {.table = table->table, .way = TABLE_READ};

        for (unsigned j = table->first; j < table->first + table->count; j++) {
            const struct get *get = &batch->gets[j];

            if (!get->processed)
                continue;
            processed = true;
            place.key = get->storage_key;
            table->capacity.table_units += get->units;
            admission_charge(req, &place, get->units);
        }
    }
    if (processed)
        return OK;
    return admission_refuse(
        req, &(struct throttle_place){.table = batch->throttled, .way = TABLE_READ}, batch->limit);
}

/* What was not read, in the form it was sent: with the table's settings. */
static void reply_unprocessed(struct req *req, const struct batch *batch)
{
    static const char *const settings[] = {"ConsistentRead", "ProjectionExpression",
                                           "ExpressionAttributeNames", "AttributesToGet"};

    reply_member(req->reply, "UnprocessedKeys");
    buf_append_byte(req->reply, '{');
    for (unsigned i = 0; i < batch->tables.count; i++) {
        const struct batch_table *table = &batch->tables.at[i];
        bool first = true;

        for (unsigned j = table->first; j < table->first + table->count; j++) {
            if (batch->gets[j].processed)
                continue;
            if (first) {
                reply_member_bytes(req->reply, table->name.given);
                buf_append_lit(req->reply, "{\"Keys\":[");
            } else {
                buf_append_byte(req->reply, ',');
            }
            first = false;
            batch_append_json(req->reply, batch->gets[j].json);
        }
        if (first)
            continue;
        buf_append_byte(req->reply, ']');
        for (size_t s = 0; s < sizeof(settings) / sizeof(settings[0]); s++) {
            yyjson_val *setting = input_member(table->json, settings[s]);

            if (setting == NULL)
                continue;
            reply_member(req->reply, settings[s]);
            batch_append_json(req->reply, setting);
        }
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, '}');
}
