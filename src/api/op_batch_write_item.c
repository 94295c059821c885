/* op_batch_write_item.c - BatchWriteItem: up to 25 puts and deletes.
 * They are checked as a whole and go through the write door as one write: more than the service
 * promises (each write atomic alone), and cheaper. What a throttled table or partition does not
 * admit comes back as unprocessed.
 */
#include "api/admission.h"
#include "api/batch.h"
#include "api/collection.h"
#include "api/item_write.h"
#include "api/reply.h"

#define WRITES_MAX 25

struct write {
    yyjson_val *json; /* as sent */
    struct batch_table *of;
    bool put;
    bool throttled;
    struct value attributes; /* the item, or the key */
    uint32_t size_bytes;     /* of the item */
    struct bytes key;        /* storage key */
};

struct batch {
    struct batch_tables tables;
    struct write writes[WRITES_MAX];
    unsigned count;
    struct table_change changes[WRITES_MAX]; /* of those that are not throttled */
    struct write *changed[WRITES_MAX];       /* which write a change is */
    unsigned change_count;
    struct collections collections;
};

static enum err read_requests(struct req *req, struct batch *batch);
static enum err read_request(struct req *req, yyjson_val *json, struct write *write);
static enum err check_keys(struct req *req, struct batch *batch);
static enum err admit(struct req *req, struct batch *batch);
static enum err decide(void *ctx, struct table_change changes[], unsigned count);
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided);
static void reply_unprocessed(struct req *req, const struct batch *batch);
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
    if (err == OK)
        err = admit(req, batch);
    for (unsigned i = 0; i < batch->change_count && err == OK; i++)
        err = collections_note(req, &batch->collections, WRITES_MAX,
                               batch->changed[i]->of->name.given, batch->changes[i].table,
                               batch->changes[i].key, batch->changed[i]->attributes);
    req->settle = settle;
    return err == OK ? req_write(req, batch->changes, batch->change_count, decide, reply) : err;
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
    *write = (struct write){.json = json, .put = put != NULL};
    err = item_params_key(req, put != NULL ? put : delete, put != NULL ? "Item" : "Key",
                          &write->attributes);
    if (err != OK)
        return err;
    if (write->put) {
        size_t size = value_item_size_bytes(write->attributes);

        if (size > ITEM_SIZE_BYTES_MAX)
            return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
        write->size_bytes = (uint32_t)size;
    }
    return OK;
}

/* A put's key attributes: wrong ones are told as those of a Key, empty and long ones as a Put's. */
static enum err check_put(struct req *req, const struct table_definition *table, struct value item)
{
    const struct key_schema *schema = &table->schema;

    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct value value;

        if (!value_find(item, schema->attributes[i].name, &value) ||
            value.type != schema->attributes[i].type)
            return req_fail(req, ERR_VALIDATION,
                            "The provided key element does not match the schema");
    }
    return item_write_check_put(table, item, &req->fault);
}

static enum err check_key(struct req *req, struct batch *batch, struct batch_table *of,
                          unsigned index)
{
    const struct key_schema *schema = &of->table->definition.schema;
    struct write *write = &batch->writes[index];
    enum err err = write->put ? check_put(req, &of->table->definition, write->attributes)
                              : key_check_key(schema, write->attributes, &req->fault);

    if (err != OK)
        return err;
    write->of = of;
    write->key = item_params_storage_key(req, of->table, write->attributes);
    /* Of all tables: one may be there by its name and by its ARN. */
    for (unsigned before = 0; before < index; before++)
        if (bytes_equal(batch->writes[before].key, write->key))
            return req_fail(req, ERR_VALIDATION, "Provided list of item keys contains duplicates");
    return OK;
}

static enum err check_keys(struct req *req, struct batch *batch)
{
    enum err err = OK;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        struct batch_table *of = &batch->tables.at[i];

        for (unsigned j = of->first; j < of->first + of->count && err == OK; j++)
            err = check_key(req, batch, of, j);
    }
    return err;
}

/* By the size of the new item: what the old one adds is charged later, as a debt. The batch fails
 * only if nothing of it is admitted. */
static enum err admit(struct req *req, struct batch *batch)
{
    enum throttle_limit first_limit = THROTTLE_NONE;
    const struct table *throttled = NULL;

    for (unsigned i = 0; i < batch->tables.count; i++) {
        const struct batch_table *of = &batch->tables.at[i];
        struct admission admission;

        admission_begin(req, of->table, TABLE_WRITE, &admission);
        for (unsigned j = of->first; j < of->first + of->count; j++) {
            struct write *write = &batch->writes[j];
            enum throttle_limit limit =
                admission_take(&admission, write->key, capacity_write_units(write->size_bytes));

            write->throttled = limit != THROTTLE_NONE;
            if (!write->throttled) {
                batch->changed[batch->change_count] = write;
                batch->changes[batch->change_count++] =
                    (struct table_change){.table = of->table, .key = write->key};
            } else if (throttled == NULL) {
                throttled = of->table;
                first_limit = limit;
            }
        }
    }
    if (batch->change_count != 0)
        return OK;
    return admission_refuse(req, &(struct throttle_place){.table = throttled, .way = TABLE_WRITE},
                            first_limit);
}

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    const struct req *req = ctx;
    const struct batch *batch = req->state;

    for (unsigned i = 0; i < count; i++) {
        const struct write *write = batch->changed[i];
        uint32_t old_bytes = changes[i].old.size_bytes;

        changes[i].action = write->put ? TABLE_PUT : TABLE_DELETE;
        changes[i].attributes = write->attributes;
        changes[i].units =
            capacity_write_units(old_bytes > write->size_bytes ? old_bytes : write->size_bytes);
    }
    return OK;
}

/* Changes that an index does not admit are left out too. */
static enum err settle(void *ctx, struct table_change changes[], unsigned count, enum err decided)
{
    struct req *req = ctx;
    struct batch *batch = req->state;
    enum err refused = OK;
    unsigned admitted = 0;

    for (unsigned i = 0; i < count && decided == OK; i++) {
        enum err err = admission_check_indexes(req, &changes[i]);

        batch->changed[i]->throttled = err != OK;
        if (err == OK) {
            admitted++;
            continue;
        }
        refused = err;
        admission_leave_out(&changes[i]);
    }
    admission_charge_changes(req, changes, count);
    return admitted == 0 && decided == OK ? refused : decided;
}

/* What was throttled, in the form it was sent. */
static void reply_unprocessed(struct req *req, const struct batch *batch)
{
    reply_member(req->reply, "UnprocessedItems");
    buf_append_byte(req->reply, '{');
    for (unsigned i = 0; i < batch->tables.count; i++) {
        const struct batch_table *of = &batch->tables.at[i];
        bool first = true;

        for (unsigned j = of->first; j < of->first + of->count; j++) {
            if (!batch->writes[j].throttled)
                continue;
            if (first) {
                reply_member_bytes(req->reply, of->name.given);
                buf_append_byte(req->reply, '[');
            } else {
                buf_append_byte(req->reply, ',');
            }
            first = false;
            batch_append_json(req->reply, batch->writes[j].json);
        }
        if (!first)
            buf_append_byte(req->reply, ']');
    }
    buf_append_byte(req->reply, '}');
}

static enum err reply(struct req *req)
{
    struct batch *batch = req->state;

    for (unsigned i = 0; i < batch->change_count; i++)
        if (!batch->changed[i]->throttled)
            capacity_add_change(&batch->changed[i]->of->capacity, &batch->changes[i]);
    buf_append_byte(req->reply, '{');
    reply_unprocessed(req, batch);
    batch_reply_capacity(req, &batch->tables);
    collections_append_by_table(req->reply, &batch->collections);
    buf_append_byte(req->reply, '}');
    return OK;
}
