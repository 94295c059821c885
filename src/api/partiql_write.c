/* partiql_write.c - INSERT, UPDATE, DELETE and EXISTS as item writes. */
#include "api/partiql.h"
#include "base/assert.h"

static enum err condition_failed(struct req *req);

enum err partiql_write_read(struct req *req, const struct partiql_request *request,
                            struct item_write *write)
{
    static const enum item_write_kind kinds[] = {
        [PARTIQL_EXISTS] = ITEM_WRITE_CHECK,
        [PARTIQL_INSERT] = ITEM_WRITE_PUT,
        [PARTIQL_UPDATE] = ITEM_WRITE_UPDATE,
        [PARTIQL_DELETE] = ITEM_WRITE_DELETE,
    };
    const struct partiql_statement *statement = request->statement;

    ASSERT(statement->kind != PARTIQL_SELECT);
    *write = (struct item_write){
        .kind = kinds[statement->kind],
        .flat_size = true,
        .in = request->in,
        .name = request->name,
        .expressions = {.update = statement->update, .condition = statement->where},
    };
    if (statement->kind != PARTIQL_INSERT)
        return OK;
    write->attributes = write->after = statement->item;
    write->exists_after = true;
    write->after_bytes = (uint32_t)value_item_size_bytes(statement->item);
    if (write->after_bytes > ITEM_SIZE_BYTES_MAX)
        return req_fail(req, ERR_VALIDATION, "Item size has exceeded the maximum allowed size");
    return OK;
}

enum err partiql_write_check(struct req *req, const struct partiql_request *request,
                             struct item_write *write, const struct table *table)
{
    if (write->kind != ITEM_WRITE_PUT) {
        const struct key_schema *schema = &table->definition.schema;
        enum err err;

        if (!partiql_key(req, request->statement, schema, &write->attributes))
            return req_fail(req, ERR_VALIDATION, PARTIQL_NO_KEY);
        err = partiql_check_key_types(req, schema, write->attributes);
        if (err != OK)
            return err;
    }
    return item_write_check(req, write, table);
}

enum err partiql_write_decide(struct req *req, const struct partiql_request *request,
                              struct item_write *write, struct table_change *change)
{
    switch (request->statement->kind) {
    case PARTIQL_INSERT:
        if (change->exists)
            return req_fail(req, ERR_DUPLICATE_ITEM, "Duplicate primary key exists in table");
        break;
    case PARTIQL_DELETE:
        if (!change->exists)
            return OK;
        break;
    default:
        if (!change->exists)
            return condition_failed(req);
        break;
    }
    return item_write_decide(req, write, change);
}

static enum err condition_failed(struct req *req)
{
    return req_fail(req, ERR_CONDITIONAL_CHECK_FAILED, "The conditional request failed");
}

bool partiql_write_row(struct req *req, const struct partiql_request *request,
                       const struct item_write *write, const struct table_change *change,
                       struct value *row)
{
    const struct expr_update *update = request->statement->update;
    struct value before = change->old.attributes;

    switch (request->statement->returning) {
    case PARTIQL_RETURNS_ALL_OLD:
        *row = before;
        return change->exists;
    case PARTIQL_RETURNS_ALL_NEW:
        *row = write->after;
        return true;
    case PARTIQL_RETURNS_MODIFIED_OLD:
        return expr_update_touched_old(update, before, req->arena, row);
    case PARTIQL_RETURNS_MODIFIED_NEW:
        return expr_update_touched_new(update, before, req->arena, row);
    case PARTIQL_RETURNS_NOTHING:
        break;
    }
    return false;
}
