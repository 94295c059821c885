/* op_batch_write_item.c - BatchWriteItem: up to 25 puts and deletes.
 * They are checked as a whole and go through the write door as one write: more than the service
 * promises (each write atomic alone), and cheaper.
 */
#include "api/item_params.h"

#define WRITES_MAX 25

struct write {
    struct bytes table_name; /* as sent */
    struct table *table;
    bool put;
    struct value attributes; /* the item, or the key */
};

struct batch {
    struct write writes[WRITES_MAX];
    struct table_change changes[WRITES_MAX];
    unsigned count;
};

static enum err read_requests(struct req *req, struct batch *batch);
static enum err read_request(struct req *req, yyjson_val *json, struct bytes table_name,
                             struct batch *batch);
static enum err find_tables(struct req *req, struct batch *batch);
static enum err check_keys(struct req *req, struct batch *batch);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err reply(struct req *req);

enum err op_batch_write_item(struct req *req)
{
    struct batch *batch = arena_new(req->arena, struct batch);
    enum err err;

    req->state = batch;
    err = read_requests(req, batch);
    if (err == OK)
        err = find_tables(req, batch);
    if (err == OK)
        err = check_keys(req, batch);
    return err == OK ? req_write(req, batch->changes, batch->count, decide, reply) : err;
}

static enum err read_requests(struct req *req, struct batch *batch)
{
    struct input_walk tables = input_walk_begin(input_member(req->input, "RequestItems"));
    bool too_many = false;

    while (input_walk_next(&tables)) {
        yyjson_arr_iter requests;
        yyjson_val *request;

        yyjson_arr_iter_init(tables.value, &requests);
        while ((request = yyjson_arr_iter_next(&requests)) != NULL) {
            unsigned count = batch->count;
            enum err err;

            if (count == WRITES_MAX) { /* still checked, as the contract's order wants */
                too_many = true;
                batch->count--;
            }
            err = read_request(req, request, tables.name, batch);
            if (err != OK)
                return err;
        }
    }
    if (too_many)
        return req_fail(req, ERR_VALIDATION,
                        "Too many items requested for the BatchWriteItem call");
    return OK;
}

static enum err read_request(struct req *req, yyjson_val *json, struct bytes table_name,
                             struct batch *batch)
{
    yyjson_val *put = input_member(json, "PutRequest");
    yyjson_val *delete = input_member(json, "DeleteRequest");
    struct write *write = &batch->writes[batch->count];
    enum err err;

    if ((put == NULL) == (delete == NULL))
        return req_fail(req, ERR_VALIDATION,
                        "Supplied AttributeValue has more than one datatypes set, must contain "
                        "exactly one of the supported datatypes");
    *write = (struct write){.table_name = table_name, .put = put != NULL};
    err = item_params_key(req, put != NULL ? put : delete, put != NULL ? "Item" : "Key",
                          &write->attributes);
    if (err != OK)
        return err;
    if (write->put && value_item_size_bytes(write->attributes) > ITEM_SIZE_BYTES_MAX)
        return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
    batch->count++;
    return OK;
}

static enum err find_tables(struct req *req, struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        struct write *write = &batch->writes[i];
        struct bytes given;
        enum err err;

        if (i > 0 && batch->writes[i - 1].table_name.data == write->table_name.data) {
            write->table = batch->writes[i - 1].table;
            continue;
        }
        err = req_item_table(req, write->table_name, &write->table, &given);
        if (err != OK)
            return err;
    }
    return OK;
}

/* A put's key attributes: wrong ones are told as those of a Key, empty and long ones as a Put's. */
static enum err check_put(struct req *req, const struct write *write)
{
    const struct key_schema *schema = &write->table->definition.schema;

    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct value value;

        if (!value_find(write->attributes, schema->attributes[i].name, &value) ||
            value.type != schema->attributes[i].type)
            return req_fail(req, ERR_VALIDATION,
                            "The provided key element does not match the schema");
    }
    return key_check_item(schema, write->attributes, &req->fault);
}

static enum err check_keys(struct req *req, struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        struct write *write = &batch->writes[i];
        enum err err = write->put ? check_put(req, write)
                                  : key_check_key(&write->table->definition.schema,
                                                  write->attributes, &req->fault);

        if (err != OK)
            return err;
        batch->changes[i] = (struct table_change){
            .table = write->table,
            .key = item_params_storage_key(req, write->table, write->attributes),
        };
        for (unsigned before = 0; before < i; before++)
            if (bytes_equal(batch->changes[before].key, batch->changes[i].key))
                return req_fail(req, ERR_VALIDATION,
                                "Provided list of item keys contains duplicates");
    }
    return OK;
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
    const struct batch *batch = req->state;
    enum capacity_report report = capacity_report_of(req->input);

    buf_append_lit(req->reply, "{\"UnprocessedItems\":{}");
    if (report != CAPACITY_NONE) {
        reply_member(req->reply, "ConsumedCapacity");
        buf_append_byte(req->reply, '[');
        for (unsigned i = 0; i < batch->count;) {
            unsigned first = i;
            double units = 0;

            for (; i < batch->count && batch->writes[i].table == batch->writes[first].table; i++) {
                const struct table_change *change = &batch->changes[i];
                uint32_t old_size = change->old.size_bytes, new_size = change->new_size_bytes;

                units += capacity_write_units(old_size > new_size ? old_size : new_size);
            }
            if (first != 0)
                buf_append_byte(req->reply, ',');
            capacity_append(req->reply, report, batch->writes[first].table_name, units);
        }
        buf_append_byte(req->reply, ']');
    }
    buf_append_byte(req->reply, '}');
    return OK;
}
