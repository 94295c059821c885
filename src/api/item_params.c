/* item_params.c - parameters of the item operations. */
#include "api/item_params.h"

#include "api/legacy_params.h"
#include "api/loop_exprs.h"
#include "table/catalog.h"

struct key_path_search {
    const struct key_schema *schema;
    struct bytes found; /* a key attribute with something behind it */
};

static bool any_present(yyjson_val *in, const char *const names[], size_t count,
                        bool counts_key_conditions);
static struct bytes list_present(struct req *req, yyjson_val *in, const char *const names[],
                                 size_t count, bool counts_key_conditions);
static enum err check_values_used(struct req *req, yyjson_val *in,
                                  const struct item_params *params);
static enum err check_conditional_operator(struct req *req, yyjson_val *in,
                                           const struct item_params *params);
static yyjson_val *expression(yyjson_val *in, const struct item_params *params, const char *name);
static bool takes_values(const struct item_params *params);
static enum err check_key_paths(struct req *req, const struct expr_set *set,
                                const struct key_schema *schema, const char *what);
static bool visit_key_path(void *ctx, struct bytes attribute, bool nested);

static bool has(yyjson_val *in, const char *name)
{
    return input_member(in, name) != NULL;
}

enum err item_params_check(struct req *req, yyjson_val *in, const struct item_params *params)
{
    /* Legacy KeyConditions may stand beside a filter or projection, but not beside its own
     * counterpart. */
    bool counts_key_conditions = has(in, "KeyConditionExpression");
    bool expressions = any_present(in, params->expressions, 4, true);
    bool legacy = any_present(in, params->legacy, 5, counts_key_conditions);

    if (expressions && legacy)
        return item_params_refuse_mixed(
            req, list_present(req, in, params->legacy, 5, counts_key_conditions),
            list_present(req, in, params->expressions, 4, true));
    if (!expressions && has(in, "ExpressionAttributeNames"))
        return req_fail(req, ERR_VALIDATION,
                        "ExpressionAttributeNames can only be specified when using expressions");
    if (has(in, "ExpressionAttributeValues")) {
        enum err err = check_values_used(req, in, params);

        if (err != OK)
            return err;
    }
    return check_conditional_operator(req, in, params);
}

static bool holds_values(const char *expression)
{
    return strcmp(expression, "ProjectionExpression") != 0;
}

/* Values need an expression that can hold some: any but a projection. */
static enum err check_values_used(struct req *req, yyjson_val *in, const struct item_params *params)
{
    struct bytes holders = BYTES("");
    unsigned count = 0;

    for (unsigned i = 0; i < 4 && params->expressions[i] != NULL; i++)
        if (holds_values(params->expressions[i]) && has(in, params->expressions[i]))
            return OK;
    for (unsigned i = 0; i < 4 && params->expressions[i] != NULL; i++) {
        if (!holds_values(params->expressions[i]))
            continue;
        holders = arena_format(req->arena, "%.*s%s%s", BYTES_ARGS(holders),
                               count++ != 0 ? " and " : "", params->expressions[i]);
    }
    if (count == 0)
        return OK;
    return fault_set_wrapped(&req->fault, ERR_VALIDATION,
                             "ExpressionAttributeValues can only be specified when using "
                             "expressions: %.*s %s null",
                             BYTES_ARGS(holders), count > 1 ? "are" : "is");
}

enum err item_params_refuse_mixed(struct req *req, struct bytes legacy, struct bytes expressions)
{
    return fault_set_wrapped(
        &req->fault, ERR_VALIDATION,
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {%.*s} Expression parameters: {%.*s}",
        BYTES_ARGS(legacy), BYTES_ARGS(expressions));
}

static bool is_present(yyjson_val *in, const char *name, bool counts_key_conditions)
{
    return has(in, name) && (counts_key_conditions || strcmp(name, "KeyConditions") != 0);
}

static bool any_present(yyjson_val *in, const char *const names[], size_t count,
                        bool counts_key_conditions)
{
    for (size_t i = 0; i < count && names[i] != NULL; i++)
        if (is_present(in, names[i], counts_key_conditions))
            return true;
    return false;
}

static struct bytes list_present(struct req *req, yyjson_val *in, const char *const names[],
                                 size_t count, bool counts_key_conditions)
{
    struct bytes list = BYTES("");

    for (size_t i = 0; i < count && names[i] != NULL; i++) {
        if (!is_present(in, names[i], counts_key_conditions))
            continue;
        list = arena_format(req->arena, "%.*s%s%s", BYTES_ARGS(list), list.size != 0 ? ", " : "",
                            names[i]);
    }
    return list;
}

/* Both texts are (unverified). KeyConditions are always all meant, and do not count. */
static enum err check_conditional_operator(struct req *req, yyjson_val *in,
                                           const struct item_params *params)
{
    static const char *const holders[] = {"Expected", "QueryFilter", "ScanFilter"};

    for (size_t i = 0; i < 5 && params->legacy[i] != NULL; i++) {
        for (size_t j = 0; j < sizeof(holders) / sizeof(holders[0]); j++) {
            unsigned count;

            if (strcmp(params->legacy[i], holders[j]) != 0 || !has(in, "ConditionalOperator"))
                continue;
            count = legacy_condition_count(input_member(in, holders[j]), 2);
            if (count >= 2)
                return OK;
            return req_fail(req, ERR_VALIDATION, "%s",
                            count == 0
                                ? "ConditionalOperator cannot be used without Filter or Expected"
                                : "ConditionalOperator can only be used when Filter or Expected "
                                  "has two or more elements");
        }
    }
    return OK; /* the operation has no such parameter */
}

enum err item_params_expressions(struct req *req, yyjson_val *in, const struct item_params *params,
                                 struct expr_set *set)
{
    struct expr_input input = {
        .names = input_member(in, "ExpressionAttributeNames"),
        .update = expression(in, params, "UpdateExpression"),
        .condition = expression(in, params, "ConditionExpression"),
        .key_condition = expression(in, params, "KeyConditionExpression"),
        .filter = expression(in, params, "FilterExpression"),
        .projection = expression(in, params, "ProjectionExpression"),
    };

    if (takes_values(params))
        input.values = input_member(in, "ExpressionAttributeValues");
    if (input.update == NULL && input.condition == NULL && input.key_condition == NULL &&
        input.filter == NULL && input.projection == NULL)
        return OK;
    /* Workers are many, and what they do costs more than reading its expressions. */
    return expr_parse(req->may_wait ? NULL : loop_exprs(), &input, req->arena, &req->fault, set);
}

/* A member the operation does not have is none, whatever was sent under its name. */
static yyjson_val *expression(yyjson_val *in, const struct item_params *params, const char *name)
{
    for (unsigned i = 0; i < 4 && params->expressions[i] != NULL; i++)
        if (strcmp(params->expressions[i], name) == 0)
            return input_member(in, name);
    return NULL;
}

static bool takes_values(const struct item_params *params)
{
    for (unsigned i = 0; i < 4 && params->expressions[i] != NULL; i++)
        if (holds_values(params->expressions[i]))
            return true;
    return false;
}

enum err item_params_key(struct req *req, yyjson_val *in, const char *member, struct value *key)
{
    return value_map_from_json(input_member(in, member), req->arena, &req->fault, key);
}

/* The table's keys, then those of its indexes, global ones first: core-api-data.md 3. */
enum err item_params_check_key_paths(struct req *req, const struct expr_set *set,
                                     const struct table *table)
{
    const struct table_definition *definition = &table->definition;
    enum err err = check_key_paths(req, set, &definition->schema, "Key");

    for (unsigned i = 0; i < definition->index_count && err == OK; i++)
        if (definition->indexes[i].definition.kind == INDEX_GLOBAL)
            err = check_key_paths(req, set, &definition->indexes[i].definition.schema, "IndexKey");
    for (unsigned i = 0; i < definition->index_count && err == OK; i++)
        if (definition->indexes[i].definition.kind == INDEX_LOCAL)
            err = check_key_paths(req, set, &definition->indexes[i].definition.schema, "IndexKey");
    return err;
}

static enum err check_key_paths(struct req *req, const struct expr_set *set,
                                const struct key_schema *schema, const char *what)
{
    struct key_path_search search = {.schema = schema};

    if (set->projection != NULL)
        expr_projection_visit_paths(set->projection, visit_key_path, &search);
    if (search.found.size == 0 && set->filter != NULL)
        expr_condition_visit_paths(set->filter, visit_key_path, &search);
    if (search.found.size == 0 && set->update != NULL)
        expr_update_visit_paths(set->update, visit_key_path, &search);
    if (search.found.size == 0 && set->condition != NULL)
        expr_condition_visit_paths(set->condition, visit_key_path, &search);
    if (search.found.size == 0)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "Key attributes must be scalars; list random access '[]' and map lookup '.' "
                    "are not allowed: %s: %.*s",
                    what, BYTES_ARGS(search.found));
}

static bool visit_key_path(void *ctx, struct bytes attribute, bool nested)
{
    struct key_path_search *search = ctx;

    if (!nested || key_schema_find(search->schema, attribute) < 0)
        return true;
    search->found = attribute;
    return false;
}

enum err item_params_check_key_value(struct req *req, struct bytes attribute, struct value value,
                                     bool hash, struct bytes index)
{
    if (index.size == 0 || value.type == VALUE_N || value.payload.size != 0)
        return key_check_value(attribute, value, hash, &req->fault);
    return req_fail(req, ERR_VALIDATION,
                    "One or more parameter values are not valid. A value specified for a secondary "
                    "index key is not supported. The AttributeValue for a key attribute cannot "
                    "contain an empty %s value. IndexName: %.*s, IndexKey: %.*s",
                    value.type == VALUE_S ? "string" : "binary", BYTES_ARGS(index),
                    BYTES_ARGS(attribute));
}

struct bytes item_params_storage_key(struct req *req, const struct table *table,
                                     struct value attributes)
{
    return key_of_item(&table->definition.schema, table->definition.id,
                       catalog_hash_key(req->api->catalog), attributes, req->arena);
}

struct bytes item_params_return_values(yyjson_val *in)
{
    struct bytes wanted = BYTES("NONE");

    input_string(in, "ReturnValues", &wanted);
    return wanted;
}
