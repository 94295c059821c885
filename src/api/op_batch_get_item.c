/* op_batch_get_item.c - BatchGetItem: up to 100 items of several tables.
 * Each read stands alone. A reply holds at most 16 MB of items; keys beyond that come back as
 * unprocessed, with their block's settings.
 */
#include "api/item_params.h"

#include <stdlib.h>

#include "table/table_read.h"

#define KEYS_MAX         100
#define REPLY_BYTES_MAX ((uint64_t)16 << 20)

static const struct item_params params = {
    .expressions = {"ProjectionExpression"},
    .legacy = {"AttributesToGet"},
};

struct get {
    yyjson_val *json; /* the key as sent */
    struct value key;
    struct bytes storage_key;
};

struct block { /* of one table */
    yyjson_val *json;
    struct bytes table_name; /* as sent */
    struct table *table;
    struct expr_set expressions;
    unsigned first, count; /* in gets */
    double units;
};

struct batch {
    struct block *blocks;
    unsigned block_count;
    struct get gets[KEYS_MAX];
    unsigned count;
};

static enum err read_blocks(struct req *req, struct batch *batch);
static enum err read_keys(struct req *req, struct batch *batch, struct block *block,
                          bool *too_many);
static enum err find_tables(struct req *req, struct batch *batch);
static enum err read_items(struct req *req, struct batch *batch, unsigned *read_count);
static void reply_unprocessed(struct req *req, const struct batch *batch, unsigned read_count);
static void reply_capacity(struct req *req, const struct batch *batch);

enum err op_batch_get_item(struct req *req)
{
    struct batch *batch = arena_new(req->arena, struct batch);
    unsigned read_count = 0;
    enum err err;

    err = read_blocks(req, batch);
    if (err == OK)
        err = find_tables(req, batch);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, '{');
    err = read_items(req, batch, &read_count);
    if (err != OK)
        return err;
    reply_unprocessed(req, batch, read_count);
    reply_capacity(req, batch);
    buf_append_byte(req->reply, '}');
    return OK;
}

static enum err read_blocks(struct req *req, struct batch *batch)
{
    yyjson_val *items = input_member(req->input, "RequestItems");
    struct input_walk tables = input_walk_begin(items);
    bool too_many = false;

    batch->blocks = arena_new_array(req->arena, struct block, yyjson_obj_size(items));
    while (input_walk_next(&tables)) {
        struct block *block = &batch->blocks[batch->block_count++];
        enum err err;

        block->json = tables.value;
        block->table_name = tables.name;
        err = item_params_check(req, block->json, &params);
        if (err == OK)
            err = item_params_expressions(req, block->json, &block->expressions);
        if (err == OK)
            err = read_keys(req, batch, block, &too_many);
        if (err != OK)
            return err;
    }
    if (too_many)
        return req_fail(req, ERR_VALIDATION,
                        "Too many items requested for the BatchGetItem call");
    return OK;
}

static enum err read_keys(struct req *req, struct batch *batch, struct block *block,
                          bool *too_many)
{
    yyjson_arr_iter keys;
    yyjson_val *json;

    block->first = batch->count;
    yyjson_arr_iter_init(input_member(block->json, "Keys"), &keys);
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
    block->count = batch->count - block->first;
    /* Canonical values: equal keys are equal bytes, and the storage keys are equal exactly then. */
    for (unsigned i = block->first; i < batch->count; i++)
        for (unsigned before = block->first; before < i; before++)
            if (value_equal(batch->gets[before].key, batch->gets[i].key))
                return req_fail(req, ERR_VALIDATION,
                                "Provided list of item keys contains duplicates");
    return OK;
}

static enum err find_tables(struct req *req, struct batch *batch)
{
    for (unsigned i = 0; i < batch->block_count; i++) {
        struct block *block = &batch->blocks[i];
        struct bytes given;
        enum err err = req_item_table(req, block->table_name, &block->table, &given);

        if (err != OK)
            return err;
    }
    for (unsigned i = 0; i < batch->block_count; i++) {
        struct block *block = &batch->blocks[i];
        const struct key_schema *schema = &block->table->definition.schema;
        enum err err;

        for (unsigned j = block->first; j < block->first + block->count; j++) {
            struct get *get = &batch->gets[j];

            err = key_check_key(schema, get->key, &req->fault);
            if (err != OK)
                return err;
            get->storage_key = item_params_storage_key(req, block->table, get->key);
        }
        err = item_params_check_key_paths(req, &block->expressions, schema);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err read_items(struct req *req, struct batch *batch, unsigned *read_count)
{
    uint64_t bytes = 0;

    reply_member(req->reply, "Responses");
    buf_append_byte(req->reply, '{');
    for (unsigned i = 0; i < batch->block_count; i++) {
        struct block *block = &batch->blocks[i];
        bool consistent = input_bool(block->json, "ConsistentRead", false), first = true;

        reply_member_bytes(req->reply, block->table_name);
        buf_append_byte(req->reply, '[');
        for (unsigned j = block->first;
             j < block->first + block->count && bytes < REPLY_BYTES_MAX; j++, ++*read_count) {
            struct arena_mark mark = arena_mark(req->arena);
            struct item item = item_absent();
            enum err err = table_get(req->api->store, batch->gets[j].storage_key, req->may_wait,
                                     req->arena, &item);

            if (err != OK && err != ERR_ABSENT)
                return err;
            if (err == OK) {
                if (!first)
                    buf_append_byte(req->reply, ',');
                first = false;
                value_map_append_json(
                    req->reply,
                    block->expressions.projection != NULL
                        ? expr_project(block->expressions.projection, item.attributes, req->arena)
                        : item.attributes);
            }
            bytes += item.size_bytes;
            if (bytes > REQ_LOOP_BYTES_MAX && !req->may_wait)
                return ERR_WOULD_BLOCK;
            block->units += capacity_read_units(item.size_bytes, consistent);
            arena_release(req->arena, mark);
        }
        buf_append_byte(req->reply, ']');
    }
    buf_append_byte(req->reply, '}');
    return OK;
}

static void append_json(struct buf *out, yyjson_val *json)
{
    size_t size;
    char *text = yyjson_val_write(json, 0, &size);

    if (text != NULL)
        buf_append(out, text, size);
    free(text);
}

/* What was not read, in the form it was sent: with the block's settings. */
static void reply_unprocessed(struct req *req, const struct batch *batch, unsigned read_count)
{
    static const char *const settings[] = {"ConsistentRead", "ProjectionExpression",
                                           "ExpressionAttributeNames"};

    reply_member(req->reply, "UnprocessedKeys");
    buf_append_byte(req->reply, '{');
    for (unsigned i = 0; i < batch->block_count; i++) {
        const struct block *block = &batch->blocks[i];
        unsigned end = block->first + block->count;
        unsigned from = read_count > block->first ? read_count : block->first;

        if (from >= end)
            continue;
        reply_member_bytes(req->reply, block->table_name);
        buf_append_lit(req->reply, "{\"Keys\":[");
        for (unsigned j = from; j < end; j++) {
            if (j != from)
                buf_append_byte(req->reply, ',');
            append_json(req->reply, batch->gets[j].json);
        }
        buf_append_byte(req->reply, ']');
        for (size_t s = 0; s < sizeof(settings) / sizeof(settings[0]); s++) {
            yyjson_val *setting = input_member(block->json, settings[s]);

            if (setting == NULL)
                continue;
            reply_member(req->reply, settings[s]);
            append_json(req->reply, setting);
        }
        buf_append_byte(req->reply, '}');
    }
    buf_append_byte(req->reply, '}');
}

static void reply_capacity(struct req *req, const struct batch *batch)
{
    enum capacity_report report = capacity_report_of(req->input);

    if (report == CAPACITY_NONE)
        return;
    reply_member(req->reply, "ConsumedCapacity");
    buf_append_byte(req->reply, '[');
    for (unsigned i = 0; i < batch->block_count; i++) {
        if (i > 0)
            buf_append_byte(req->reply, ',');
        capacity_append(req->reply, report, batch->blocks[i].table_name, batch->blocks[i].units);
    }
    buf_append_byte(req->reply, ']');
}
