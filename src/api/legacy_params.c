/* legacy_params.c - legacy parameters from JSON to rows, and from these to trees.
 * Conditions of filters and keys have one form, those of Expected another; both become rows of the
 * same kind, whose operands are checked by the same rules.
 */
#include "api/legacy_params.h"

#include "api/name_list.h"

#define INVALID     "One or more parameter values were invalid: "
#define TYPE(type)  (1u << VALUE_##type)
#define SCALARS     (TYPE(S) | TYPE(N) | TYPE(B))
#define ALL_TYPES   (~0u)
#define SETS        (TYPE(SS) | TYPE(NS) | TYPE(BS))
#define ANY_NUMBER  LEGACY_TERMS_MAX
#define FOR_KEYS(o) EXPR_KEY_##o
#define NOT_KEYS    EXPR_KEY_NOT_INDEXABLE

/* Contract core-api-expressions.md 8.1. EQ and NE take all types, as the guide says: the service
 * was seen to filter by EQ of a BOOL (2022), which older captures have as refused. */
static const struct comparison {
    const char *name;
    unsigned operands_min, operands_max;
    unsigned types; /* of the operands, in filters and key conditions */
    enum expr_key_operator on_key;
} comparisons[] = {
    [EXPR_LEGACY_EQ] = {"EQ", 1, 1, ALL_TYPES, FOR_KEYS(EQ)},
    [EXPR_LEGACY_NE] = {"NE", 1, 1, ALL_TYPES, NOT_KEYS},
    [EXPR_LEGACY_LT] = {"LT", 1, 1, SCALARS, FOR_KEYS(LT)},
    [EXPR_LEGACY_LE] = {"LE", 1, 1, SCALARS, FOR_KEYS(LE)},
    [EXPR_LEGACY_GT] = {"GT", 1, 1, SCALARS, FOR_KEYS(GT)},
    [EXPR_LEGACY_GE] = {"GE", 1, 1, SCALARS, FOR_KEYS(GE)},
    [EXPR_LEGACY_BETWEEN] = {"BETWEEN", 2, 2, SCALARS, FOR_KEYS(BETWEEN)},
    [EXPR_LEGACY_IN] = {"IN", 1, ANY_NUMBER, SCALARS, NOT_KEYS},
    [EXPR_LEGACY_BEGINS_WITH] = {"BEGINS_WITH", 1, 1, TYPE(S) | TYPE(B), FOR_KEYS(BEGINS_WITH)},
    [EXPR_LEGACY_CONTAINS] = {"CONTAINS", 1, 1, SCALARS, NOT_KEYS},
    [EXPR_LEGACY_NOT_CONTAINS] = {"NOT_CONTAINS", 1, 1, SCALARS, NOT_KEYS},
    [EXPR_LEGACY_NULL] = {"NULL", 0, 0, 0, NOT_KEYS},
    [EXPR_LEGACY_NOT_NULL] = {"NOT_NULL", 0, 0, 0, NOT_KEYS},
};

/* The conditions of one parameter. */
struct conditions {
    struct req *req;
    const char *parameter;
    struct expr_legacy_condition *rows;
    unsigned count;
    size_t terms; /* attributes and values */
};

typedef enum err read_condition_fn(struct conditions *all, yyjson_val *json,
                                   struct expr_legacy_condition *row);

static enum err read_conditions(struct conditions *all, struct req *req, const char *parameter,
                                read_condition_fn *read);
static read_condition_fn read_filter_condition, read_expected, read_expected_value;
static enum err read_expected_comparison(struct conditions *all, yyjson_val *json,
                                         const struct comparison *comparison,
                                         struct expr_legacy_condition *row);
static enum err read_operands(struct conditions *all, yyjson_val *list,
                              struct expr_legacy_condition *row);
static enum err read_operand(struct conditions *all, yyjson_val *json,
                             struct expr_legacy_condition *row);
static enum err check_operands(struct req *req, const struct comparison *comparison,
                               const struct expr_legacy_condition *row, unsigned types);
static const struct comparison *comparison_of(yyjson_val *json);
static bool any_suffices(struct req *req);
static enum err read_update(struct req *req, yyjson_val *json, struct expr_legacy_update *row);
static enum err too_many(struct req *req, const char *parameter);
static bool has_type(struct value value, unsigned types);

/* --- the interface --------------------------------------------------------------------------- */

unsigned legacy_condition_count(yyjson_val *map, unsigned up_to)
{
    struct input_walk walk = input_walk_begin(map);
    unsigned count = 0;

    if (yyjson_obj_size(map) > LEGACY_TERMS_MAX) /* too many to tell repeated names apart */
        return up_to;
    while (count < up_to && input_walk_next(&walk))
        count++;
    return count;
}

enum err legacy_expected(struct req *req, struct expr_set *set)
{
    struct conditions all;
    enum err err = read_conditions(&all, req, "Expected", read_expected);

    if (err == OK && all.count != 0)
        set->condition = expr_legacy_condition(all.rows, all.count, any_suffices(req), req->arena);
    return err;
}

enum err legacy_filter(struct req *req, const char *parameter, struct expr_set *set)
{
    struct conditions all;
    enum err err = read_conditions(&all, req, parameter, read_filter_condition);

    if (err == OK && all.count != 0)
        set->filter = expr_legacy_condition(all.rows, all.count, any_suffices(req), req->arena);
    return err;
}

enum err legacy_key_conditions(struct req *req, struct expr_set *set)
{
    struct conditions all;
    enum err err = read_conditions(&all, req, "KeyConditions", read_filter_condition);

    if (err != OK || all.count == 0)
        return err;
    set->key_conditions = arena_new_array(req->arena, struct expr_key_condition, all.count);
    set->key_condition_count = all.count;
    for (unsigned i = 0; i < all.count; i++) {
        const struct expr_legacy_condition *row = &all.rows[i];
        struct expr_key_condition *condition = &set->key_conditions[i];

        condition->attribute = row->attribute;
        condition->operator= comparisons[row->operator].on_key;
        if (condition->operator!= EXPR_KEY_NOT_INDEXABLE)
            memcpy(condition->operands, row->operands, row->operand_count * sizeof(struct value));
    }
    return OK;
}

enum err legacy_updates(struct req *req, struct expr_set *set)
{
    yyjson_val *map = input_member(req->input, "AttributeUpdates");
    struct input_walk walk = input_walk_begin(map);
    struct expr_legacy_update *rows;
    unsigned count = 0;

    if (yyjson_obj_size(map) > LEGACY_TERMS_MAX)
        return too_many(req, "AttributeUpdates");
    rows = arena_new_array(req->arena, struct expr_legacy_update, yyjson_obj_size(map));
    for (; input_walk_next(&walk); count++) {
        enum err err = read_update(req, walk.value, &rows[count]);

        if (err != OK)
            return err;
        rows[count].attribute = walk.name;
    }
    if (count != 0)
        set->update = expr_legacy_update(rows, count, req->arena);
    return OK;
}

enum err legacy_projection(struct req *req, yyjson_val *in, struct expr_set *set)
{
    yyjson_val *json = input_member(in, "AttributesToGet");
    struct name_list list;
    struct bytes repeated;

    if (json == NULL)
        return OK;
    list = name_list_read(json, NULL, req->arena);
    if (name_list_repeats(&list, req->arena, &repeated))
        return req_fail(req, ERR_VALIDATION, INVALID "Duplicate value in attribute name: %.*s",
                        BYTES_ARGS(repeated));
    set->projection = expr_legacy_projection(list.names, (unsigned)list.count, req->arena);
    return OK;
}

/* --- conditions ------------------------------------------------------------------------------ */

/* The bound comes first: it is what makes the walk's cost bearable (input.h). */
static enum err read_conditions(struct conditions *all, struct req *req, const char *parameter,
                                read_condition_fn *read)
{
    yyjson_val *map = input_member(req->input, parameter);
    struct input_walk walk = input_walk_begin(map);

    *all = (struct conditions){.req = req, .parameter = parameter, .terms = yyjson_obj_size(map)};
    if (all->terms > LEGACY_TERMS_MAX)
        return too_many(req, parameter);
    all->rows = arena_new_array(req->arena, struct expr_legacy_condition, all->terms);
    while (input_walk_next(&walk)) {
        struct expr_legacy_condition *row = &all->rows[all->count++];
        enum err err;

        row->attribute = walk.name;
        err = read(all, walk.value, row);
        if (err != OK)
            return err;
    }
    return OK;
}

/* {ComparisonOperator, AttributeValueList}: contract 8.1. */
static enum err read_filter_condition(struct conditions *all, yyjson_val *json,
                                      struct expr_legacy_condition *row)
{
    const struct comparison *comparison = comparison_of(json);
    enum err err = read_operands(all, input_member(json, "AttributeValueList"), row);

    if (err != OK)
        return err;
    row->operator=(enum expr_legacy_operator)(comparison - comparisons);
    return check_operands(all->req, comparison, row, comparison->types);
}

/* {Value, Exists} or {ComparisonOperator, AttributeValueList or Value}: contract 8.2. */
static enum err read_expected(struct conditions *all, yyjson_val *json,
                              struct expr_legacy_condition *row)
{
    bool list = input_member(json, "AttributeValueList") != NULL;
    const struct comparison *comparison = comparison_of(json);

    if (list && input_member(json, "Value") != NULL)
        return req_fail(all->req, ERR_VALIDATION,
                        INVALID "Value and AttributeValueList cannot be used together for "
                                "Attribute: %.*s",
                        BYTES_ARGS(row->attribute));
    if (comparison != NULL)
        return read_expected_comparison(all, json, comparison, row);
    if (list)
        return req_fail(all->req, ERR_VALIDATION,
                        INVALID "AttributeValueList can only be used with a ComparisonOperator "
                                "for Attribute: %.*s",
                        BYTES_ARGS(row->attribute));
    return read_expected_value(all, json, row);
}

/* That values are checked before they are counted is (unverified). Their types are not checked
 * against the operator: a comparison that means nothing is false. */
static enum err read_expected_comparison(struct conditions *all, yyjson_val *json,
                                         const struct comparison *comparison,
                                         struct expr_legacy_condition *row)
{
    yyjson_val *value = input_member(json, "Value");
    yyjson_val *list = input_member(json, "AttributeValueList");
    enum err err;

    if (input_member(json, "Exists") != NULL)
        return req_fail(all->req, ERR_VALIDATION,
                        INVALID "Exists and ComparisonOperator cannot be used together for "
                                "Attribute: %.*s",
                        BYTES_ARGS(row->attribute));
    if (value == NULL && list == NULL && comparison->operands_min > 0)
        return req_fail(all->req, ERR_VALIDATION,
                        INVALID "Value or AttributeValueList must be used with "
                                "ComparisonOperator: %s for Attribute: %.*s",
                        comparison->name, BYTES_ARGS(row->attribute));
    err = value != NULL ? read_operand(all, value, row) : read_operands(all, list, row);
    if (err != OK)
        return err;
    row->operator=(enum expr_legacy_operator)(comparison - comparisons);
    return check_operands(all->req, comparison, row, ALL_TYPES);
}

static enum err read_expected_value(struct conditions *all, yyjson_val *json,
                                    struct expr_legacy_condition *row)
{
    yyjson_val *value = input_member(json, "Value");
    bool exists = input_bool(json, "Exists", true);

    if (exists && value == NULL)
        return req_fail(all->req, ERR_VALIDATION,
                        INVALID "Value must be provided when Exists is %s for Attribute: %.*s",
                        input_member(json, "Exists") != NULL ? "true" : "null",
                        BYTES_ARGS(row->attribute));
    if (!exists && value != NULL)
        return req_fail(all->req, ERR_VALIDATION,
                        INVALID "Value cannot be used when Exists is false for Attribute: %.*s",
                        BYTES_ARGS(row->attribute));
    row->operator= exists ? EXPR_LEGACY_EQ : EXPR_LEGACY_NULL;
    return exists ? read_operand(all, value, row) : OK;
}

static enum err read_operands(struct conditions *all, yyjson_val *list,
                              struct expr_legacy_condition *row)
{
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    struct value *operands;
    yyjson_val *json;

    all->terms += yyjson_arr_size(list);
    if (all->terms > LEGACY_TERMS_MAX)
        return too_many(all->req, all->parameter);
    operands = arena_new_array(all->req->arena, struct value, yyjson_arr_size(list));
    row->operands = operands;
    for (; (json = yyjson_arr_iter_next(&at)) != NULL; row->operand_count++) {
        enum err err =
            value_from_json(json, all->req->arena, &all->req->fault, &operands[row->operand_count]);

        if (err != OK)
            return err;
    }
    return OK;
}

static enum err read_operand(struct conditions *all, yyjson_val *json,
                             struct expr_legacy_condition *row)
{
    struct value *operand = arena_new(all->req->arena, struct value);

    row->operands = operand;
    row->operand_count = 1;
    return value_from_json(json, all->req->arena, &all->req->fault, operand);
}

static enum err check_operands(struct req *req, const struct comparison *comparison,
                               const struct expr_legacy_condition *row, unsigned types)
{
    const struct value *operands = row->operands;

    if (row->operand_count < comparison->operands_min ||
        row->operand_count > comparison->operands_max)
        return req_fail(req, ERR_VALIDATION,
                        INVALID "Invalid number of argument(s) for the %s ComparisonOperator",
                        comparison->name);
    for (unsigned i = 1; i < row->operand_count; i++)
        if (operands[i].type != operands[0].type)
            return req_fail(req, ERR_VALIDATION,
                            INVALID "AttributeValues inside AttributeValueList must be of same "
                                    "type");
    if (row->operand_count > 0 && !has_type(operands[0], types))
        return req_fail(req, ERR_VALIDATION,
                        INVALID "ComparisonOperator %s is not valid for %s AttributeValue type",
                        comparison->name, value_type_name(operands[0].type));
    if (row->operator== EXPR_LEGACY_BETWEEN && has_type(operands[0], SCALARS) &&
        value_compare(operands[0], operands[1]) > 0)
        return req_fail(req, ERR_VALIDATION,
                        "The BETWEEN condition was provided a range where the lower bound is "
                        "greater than the upper bound");
    return OK;
}

/* NULL: the condition has no ComparisonOperator. */
static const struct comparison *comparison_of(yyjson_val *json)
{
    struct bytes name;

    if (!input_string(json, "ComparisonOperator", &name))
        return NULL;
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
        if (bytes_equal_string(name, comparisons[i].name))
            return &comparisons[i];
    return NULL;
}

static bool any_suffices(struct req *req)
{
    struct bytes text = BYTES("AND");

    input_string(req->input, "ConditionalOperator", &text);
    return bytes_equal_string(text, "OR");
}

/* --- updates --------------------------------------------------------------------------------- */

/* {Action, Value}: contract 8.3. */
static enum err read_update(struct req *req, yyjson_val *json, struct expr_legacy_update *row)
{
    yyjson_val *value = input_member(json, "Value");
    struct bytes action = BYTES("PUT");

    input_string(json, "Action", &action);
    row->action = bytes_equal_string(action, "ADD")      ? EXPR_LEGACY_ADD
                  : bytes_equal_string(action, "DELETE") ? EXPR_LEGACY_DELETE
                                                         : EXPR_LEGACY_PUT;
    row->has_value = value != NULL;
    if (value != NULL) {
        enum err err = value_from_json(value, req->arena, &req->fault, &row->value);

        if (err != OK)
            return err;
    } else if (row->action != EXPR_LEGACY_DELETE) {
        return req_fail(req, ERR_VALIDATION,
                        INVALID "Only DELETE action is allowed when no attribute value is "
                                "specified");
    }
    if (row->has_value && row->action == EXPR_LEGACY_DELETE && !has_type(row->value, SETS))
        return req_fail(req, ERR_VALIDATION,
                        INVALID "DELETE action with value is not supported for the type %s",
                        value_type_name(row->value.type));
    if (row->action == EXPR_LEGACY_ADD && !has_type(row->value, SETS | TYPE(N) | TYPE(L)))
        return req_fail(req, ERR_VALIDATION, INVALID "ADD action is not supported for the type %s",
                        value_type_name(row->value.type));
    return OK;
}

static enum err too_many(struct req *req, const char *parameter)
{
    return req_fail(req, ERR_VALIDATION,
                    INVALID "Too many attributes and values in %s: Stele takes up to %d", parameter,
                    LEGACY_TERMS_MAX);
}

static bool has_type(struct value value, unsigned types)
{
    return (types >> value.type & 1) != 0;
}
