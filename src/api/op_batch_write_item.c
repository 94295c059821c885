/* op_batch_write_item.c - BatchWriteItem: up to 25 puts and deletes.
 * They are checked as a whole and go through the write door as one write: more than the service
 * promises (each write atomic alone), and cheaper.
 */
#include "api/batch.h"

#define WRITES_MAX 25

struct write {
    bool put;
    struct value attributes; /* the item, or the key */
};

struct batch {
    struct batch_tables tables;
    struct write writes[WRITES_MAX];
    struct table_change changes[WRITES_MAX];
    unsigned count;
};

static enum err read_requests(struct req *req, struct batch *batch);
static enum err read_request(struct req *req, yyjson_val *json, struct write *write);
static enum err check_keys(struct req *req, struct batch *batch);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_batch_write_item(struct req *req)
{
    struct batch *batch = arena_new(req->arena, struct batch);
    enum err err;

    req->state = batch;
    err = batch_read_names(req, &batch->tables);
    if (err == OK)
        err = read_requests(req, batch);
    if (err == OK)
        err = batch_find_tables(req, &batch->tables);
    if (err == OK)
        err = check_keys(req, batch);
    return err == OK ? req_write(req, batch->changes, batch->count, decide, reply) : err;
}

static enum err read_requests(struct req *req, struct batch *batch)
{
    bool too_many = false;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        struct batch_table *table = &batch->tables.at[i];
        yyjson_arr_iter requests = yyjson_arr_iter_with(table->json);
        yyjson_val *request;

        table->first = batch->count;
        while ((request = yyjson_arr_iter_next(&requests)) != NULL) {
            struct write write;
            enum err err = read_request(req, request, &write);

            if (err != OK)
                return err;
            too_many |= batch->count == WRITES_MAX;
            if (!too_many) /* the others are only checked, as the contract's order wants */
                batch->writes[batch->count++] = write;
        }
        table->count = batch->count - table->first;
    }
    if (too_many)
        return req_fail(req, ERR_VALIDATION,
                        "Too many items requested for the BatchWriteItem call");
    return OK;
}

static enum err read_request(struct req *req, yyjson_val *json, struct write *write)
{
    yyjson_val *put = input_member(json, "PutRequest");
    yyjson_val *delete = input_member(json, "DeleteRequest");
    enum err err;

    if ((put == NULL) == (delete == NULL))
        return req_fail(req, ERR_VALIDATION,
                        "Supplied AttributeValue has more than one datatypes set, must contain "
                        "exactly one of the supported datatypes");
    write->put = put != NULL;
    err = item_params_key(req, put != NULL ? put : delete, put != NULL ? "Item" : "Key",
                          &write->attributes);
    if (err != OK)
        return err;
    if (write->put && value_item_size_bytes(write->attributes) > ITEM_SIZE_BYTES_MAX)
        return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
    return OK;
}

/* A put's key attributes: wrong ones are told as those of a Key, empty and long ones as a Put's. */
static enum err check_put(struct req *req, const struct key_schema *schema, struct value item)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct value value;

        if (!value_find(item, schema->attributes[i].name, &value) ||
            value.type != schema->attributes[i].type)
            return req_fail(req, ERR_VALIDATION,
                            "The provided key element does not match the schema");
    }
    return key_check_item(schema, item, &req->fault);
}

static enum err check_key(struct req *req, struct batch *batch, struct table *table, unsigned index)
{
    const struct key_schema *schema = &table->definition.schema;
    const struct write *write = &batch->writes[index];
    struct table_change *change = &batch->changes[index];
    enum err err = write->put ? check_put(req, schema, write->attributes)
                              : key_check_key(schema, write->attributes, &req->fault);

    if (err != OK)
        return err;
    *change = (struct table_change){
        .table = table,
        .key = item_params_storage_key(req, table, write->attributes),
    };
    /* Of all tables: one may be there by its name and by its ARN. */
    for (unsigned before = 0; before < index; before++)
        if (bytes_equal(batch->changes[before].key, change->key))
            return req_fail(req, ERR_VALIDATION, "Provided list of item keys contains duplicates");
    return OK;
}

static enum err check_keys(struct req *req, struct batch *batch)
{
    enum err err = OK;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        const struct batch_table *table = &batch->tables.at[i];

        for (unsigned j = table->first; j < table->first + table->count && err == OK; j++)
            err = check_key(req, batch, table->table, j);
    }
    return err;
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    const struct req *req = ctx;
    const struct batch *batch = req->state;

    for (unsigned i = 0; i < count; i++) {
        changes[i].action = batch->writes[i].put ? TABLE_PUT : TABLE_DELETE;
        changes[i].attributes = batch->writes[i].attributes;
    }
    return OK;
}

static enum err reply(struct req *req)
{
    struct batch *batch = req->state;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        struct batch_table *table = &batch->tables.at[i];

        for (unsigned j = table->first; j < table->first + table->count; j++)
            capacity_add_change(&table->capacity, &batch->changes[j]);
    }
    buf_append_lit(req->reply, "{\"UnprocessedItems\":{}");
    batch_reply_capacity(req, &batch->tables);
    buf_append_byte(req->reply, '}');
    return OK;
}
