/* op_get_item.c - GetItem: read one item by its primary key. */
#include "api/admission.h"
#include "api/capacity.h"
#include "api/item_params.h"
#include "api/legacy_params.h"
#include "api/reply.h"
#include "table/table_read.h"

static const struct item_params params = {
    .expressions = {"ProjectionExpression"},
    .legacy = {"AttributesToGet"},
};

enum err op_get_item(struct req *req)
{
    struct input_table name;
    struct expr_set expressions = {0};
    struct table *table;
    struct value key;
    struct throttle_place place;
    struct item item = item_absent();
    struct capacity capacity = {0};
    enum err err;

    err = req_table_name(req, &name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = item_params_key(req, req->input, "Key", &key);
    if (err == OK)
        err = legacy_projection(req, req->input, &expressions);
    if (err == OK)
        err = item_params_expressions(req, req->input, &params, &expressions);
    if (err == OK)
        err = req_item_table(req, &name, &table);
    if (err == OK)
        err = key_check_key(&table->definition.schema, key, &req->fault);
    if (err == OK)
        err = item_params_check_key_paths(req, &expressions, table);
    if (err != OK)
        return err;

    place = (struct throttle_place){
        .table = table,
        .way = TABLE_READ,
        .key = item_params_storage_key(req, table, key),
    };
    err = admission_check(req, &place);
    if (err == OK)
        err = table_get(req->api->store, place.key, req->may_wait, req->arena, &item);
    if (err != OK && err != ERR_ABSENT)
        return err;
    capacity.table_units =
        capacity_read_units(item.size_bytes, input_bool(req->input, "ConsistentRead", false));
    admission_charge(req, &place, capacity.table_units);
    buf_append_byte(req->reply, '{');
    if (err == OK)
        reply_item(req->reply, "Item",
                   expressions.projection != NULL
                       ? expr_project(expressions.projection, item.attributes, req->arena)
                       : item.attributes);
    capacity_append_member(req->reply, req->input, name.given, table, &capacity);
    buf_append_byte(req->reply, '}');
    return OK;
}
