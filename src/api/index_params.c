/* index_params.c - one description, then the lists of CreateTable. */
#include "api/index_params.h"

#include "api/table_params.h"
#include "api/throughput_params.h"

#include <stdlib.h>

static enum err check_local_keys(struct req *req, const struct index_context *context,
                                 const struct index_definition *index);
static enum err read_projection(struct req *req, yyjson_val *in, struct index_definition *index);
static enum err read_list(struct req *req, yyjson_val *in, enum index_kind kind,
                          const struct index_context *context, struct index_list *list);
static enum err check_names(struct req *req, const struct index_list *list);
static enum err read_units(struct req *req, yyjson_val *in, enum table_billing billing,
                           struct index_definition *indexes);
static enum err check_included(struct req *req, const struct index_list *list);

enum err index_params_read(struct req *req, yyjson_val *in, enum index_kind kind,
                           const struct index_context *context, struct index_definition *index)
{
    enum schema_form form = kind == INDEX_LOCAL ? SCHEMA_SIMPLE : SCHEMA_MULTI;
    enum err err;

    *index = (struct index_definition){
        .kind = kind,
        .capacity = {.on_demand_read_max = -1, .on_demand_write_max = -1},
    };
    input_string(in, "IndexName", &index->name);
    err = schema_params_read(req, input_member(in, "KeySchema"), context->definitions, form,
                             &index->schema);
    if (err == OK && kind == INDEX_LOCAL)
        err = check_local_keys(req, context, index);
    return err == OK ? read_projection(req, input_member(in, "Projection"), index) : err;
}

/* Rows 13 and 14. */
static enum err check_local_keys(struct req *req, const struct index_context *context,
                                 const struct index_definition *index)
{
    struct bytes hash = index->schema.attributes[0].name;
    struct bytes table_hash = context->schema->attributes[0].name;

    if (index->schema.range_count == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Index KeySchema does not have a range key for index: %.*s",
                        BYTES_ARGS(index->name));
    if (!bytes_equal(hash, table_hash))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Index KeySchema does not have the same leading hash key as "
                                      "table KeySchema for index: %.*s. index hash key: %.*s, "
                                      "table hash key: %.*s",
                        BYTES_ARGS(index->name), BYTES_ARGS(hash), BYTES_ARGS(table_hash));
    return OK;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Rows 15 to 17b; the shape has seen to it that a list has 1 to 20 names. */
static enum err read_projection(struct req *req, yyjson_val *in, struct index_definition *index)
{
    yyjson_val *attributes = input_member(in, "NonKeyAttributes");
    struct bytes type = {0}, repeated;
    struct name_list names;

    if (!input_string(in, "ProjectionType", &type))
        return req_fail(req, ERR_VALIDATION, TABLE_INVALID "Unknown ProjectionType: null");
    index->projection = bytes_equal_string(type, "ALL")         ? INDEX_PROJECTS_ALL
                        : bytes_equal_string(type, "KEYS_ONLY") ? INDEX_PROJECTS_KEYS
                                                                : INDEX_PROJECTS_INCLUDED;
    if (index->projection != INDEX_PROJECTS_INCLUDED) {
        if (attributes == NULL)
            return OK;
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ProjectionType is %.*s, but NonKeyAttributes is specified",
                        BYTES_ARGS(type));
    }
    if (attributes == NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    names = name_list_read(attributes, NULL, req->arena);
    if (name_list_repeats(&names, req->arena, &repeated))
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Duplicate element in NonKeyAttributes: %.*s",
                        BYTES_ARGS(repeated));
    qsort(names.names, names.count, sizeof(names.names[0]), compare_names);
    index->included = names.names;
    index->included_count = (unsigned)names.count;
    return OK;
}

/* --- the lists of CreateTable ----------------------------------------------------------------- */

enum err index_params_read_lists(struct req *req, const struct index_context *context,
                                 struct index_list *list)
{
    yyjson_val *local = input_member(req->input, "LocalSecondaryIndexes");
    yyjson_val *global = input_member(req->input, "GlobalSecondaryIndexes");
    size_t local_count = yyjson_arr_size(local), global_count = yyjson_arr_size(global);
    enum err err;

    *list = (struct index_list){
        .indexes = arena_new_array(req->arena, struct index_definition, local_count + global_count),
    };
    if (local != NULL && local_count == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "List of LocalSecondaryIndexes is empty"); /* row 10 */
    if (local != NULL && context->schema->range_count == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "Table KeySchema does not have a range key, which is "
                                      "required when specifying a LocalSecondaryIndex"); /* 11 */
    err = read_list(req, local, INDEX_LOCAL, context, list);
    if (err == OK)
        err = check_names(req, list);
    if (err != OK)
        return err;
    if (local_count > INDEX_LOCAL_MAX)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "Number of LocalSecondaryIndexes exceeds per-table limit of %d",
                        INDEX_LOCAL_MAX); /* 19 */
    if (global != NULL && global_count == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "List of GlobalSecondaryIndexes is empty"); /* 20 */
    err = read_list(req, global, INDEX_GLOBAL, context, list);
    if (err == OK)
        err = check_names(req, list);
    if (err == OK)
        err = read_units(req, global, context->billing, list->indexes + local_count);
    if (err != OK)
        return err;
    if (global_count > INDEX_GLOBAL_MAX)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "GlobalSecondaryIndex count exceeds the per-table limit of %d",
                        INDEX_GLOBAL_MAX); /* 24 */
    return check_included(req, list);
}

static enum err read_list(struct req *req, yyjson_val *in, enum index_kind kind,
                          const struct index_context *context, struct index_list *list)
{
    yyjson_arr_iter at = yyjson_arr_iter_with(in);
    yyjson_val *element;
    enum err err = OK;

    while (err == OK && (element = yyjson_arr_iter_next(&at)) != NULL)
        err = index_params_read(req, element, kind, context, &list->indexes[list->count++]);
    return err;
}

/* Row 18: local and global indexes share one space of names. */
static enum err check_names(struct req *req, const struct index_list *list)
{
    struct name_list names = {.names = arena_new_array(req->arena, struct bytes, list->count)};
    struct bytes repeated;

    while (names.count < list->count) {
        names.names[names.count] = list->indexes[names.count].name;
        names.count++;
    }
    if (!name_list_repeats(&names, req->arena, &repeated))
        return OK;
    return req_fail(req, ERR_VALIDATION, TABLE_INVALID "Duplicate index name: %.*s",
                    BYTES_ARGS(repeated));
}

/* Rows 22 and 23, and row 3 for indexes. */
static enum err read_units(struct req *req, yyjson_val *in, enum table_billing billing,
                           struct index_definition *indexes)
{
    yyjson_arr_iter at = yyjson_arr_iter_with(in);
    yyjson_val *element;
    enum err err = OK;

    for (; err == OK && (element = yyjson_arr_iter_next(&at)) != NULL; indexes++) {
        yyjson_val *throughput = input_member(element, "ProvisionedThroughput");

        if (billing == TABLE_PAY_PER_REQUEST && throughput != NULL)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "ProvisionedThroughput should not be specified for "
                                          "index: %.*s when BillingMode is PAY_PER_REQUEST",
                            BYTES_ARGS(indexes->name));
        if (billing == TABLE_PROVISIONED && throughput == NULL)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "ProvisionedThroughput is not specified for index: %.*s",
                            BYTES_ARGS(indexes->name));
        err = throughput_params_units(req, throughput, &indexes->capacity.throughput);
    }
    return err;
}

/* Row 25: a name counts once for each index that includes it. */
static enum err check_included(struct req *req, const struct index_list *list)
{
    unsigned count = 0;

    for (size_t i = 0; i < list->count; i++)
        count += list->indexes[i].included_count;
    if (count <= INDEX_INCLUDED_MAX)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    TABLE_INVALID
                    "Number of projected attributes exceeds the per-table limit of %d",
                    INDEX_INCLUDED_MAX);
}

enum err index_params_limits(struct req *req, yyjson_val *in, enum table_billing billing,
                             struct index_definition *index)
{
    enum err err = throughput_params_on_demand(req, input_member(in, "OnDemandThroughput"), billing,
                                               index->name, &index->capacity);

    if (err != OK)
        return err;
    return throughput_params_warm(req, input_member(in, "WarmThroughput"), billing, index->name,
                                  &index->capacity);
}

enum err index_params_limits_of_list(struct req *req, enum table_billing billing,
                                     const struct index_list *list)
{
    yyjson_val *in = input_member(req->input, "GlobalSecondaryIndexes");
    yyjson_arr_iter at = yyjson_arr_iter_with(in);
    struct index_definition *index = list->indexes + list->count - yyjson_arr_size(in);
    yyjson_val *element;
    enum err err = OK;

    while (err == OK && (element = yyjson_arr_iter_next(&at)) != NULL)
        err = index_params_limits(req, element, billing, index++);
    return err;
}
