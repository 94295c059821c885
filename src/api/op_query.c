/* op_query.c - Query: the items of one partition key, in order of their sort key.
 * The rule order is the contract's (core-api-items.md 6): what the text alone says, then what the
 * schema says, then the start key's values.
 */
#include "api/legacy_params.h"
#include "api/page.h"
#include "table/catalog.h"

#define PARAMETER_INVALID "One or more parameter values were invalid: "

static const struct item_params params = {
    .expressions = {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"},
    .legacy = {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"},
};

struct query {
    const struct key_schema *schema;
    const struct expr_key_condition *hash;
    const struct expr_key_condition *range; /* NULL: the whole partition */
    bool has_start;
    struct value start_key;
};

static enum err check_conditions(struct req *req, const struct expr_set *expressions,
                                 struct query *query);
static enum err check_start_key_values(struct req *req, const struct query *query);
static enum err check_filter(struct req *req, const struct expr_set *expressions,
                             const struct key_schema *schema);
static struct store_range range_of(struct req *req, const struct table *table,
                                   const struct query *query, bool backward);

enum err op_query(struct req *req)
{
    struct page page = {.limit = UINT64_MAX};
    struct query query = {0};
    struct expr_set expressions = {0};
    struct input_table name;
    int64_t limit = input_integer(req->input, "Limit", 0);
    enum err err;

    err = req_table_name(req, &name);
    if (err == OK)
        err = item_params_check(req, req->input, &params);
    if (err == OK)
        err = legacy_filter(req, "QueryFilter", &expressions);
    if (err == OK)
        err = legacy_projection(req, req->input, &expressions);
    if (err == OK)
        err = page_start_key(req, &query.has_start, &query.start_key);
    if (err != OK)
        return err;
    if (input_member(req->input, "KeyConditionExpression") == NULL &&
        input_member(req->input, "KeyConditions") == NULL)
        return req_fail(req, ERR_VALIDATION,
                        "Either the KeyConditions or KeyConditionExpression parameter must be "
                        "specified in the request.");
    err = item_params_expressions(req, req->input, &expressions);
    if (err == OK)
        err = legacy_key_conditions(req, &expressions);
    if (err == OK)
        err = page_check_select(req, "1 validation error detected: ", &page.only_count);
    if (err != OK)
        return err;
    if (expressions.key_condition_count < 1 || expressions.key_condition_count > 2)
        return req_fail(req, ERR_VALIDATION, "Conditions can be of length 1 or 2 only");
    err = req_item_table(req, &name, &page.table);
    if (err == OK)
        err = page_check_index(req);
    if (err != OK)
        return err;
    query.schema = &page.table->definition.schema;
    err = check_conditions(req, &expressions, &query);
    if (err == OK)
        err = check_start_key_values(req, &query);
    if (err == OK) /* of the projection; in a filter no key attribute may stand at all */
        err = item_params_check_key_paths(
            req, &(struct expr_set){.projection = expressions.projection}, query.schema);
    if (err == OK)
        err = check_filter(req, &expressions, query.schema);
    if (err != OK)
        return err;
    page.table_name = name.given;
    page.expressions = &expressions;
    page.range =
        range_of(req, page.table, &query, !input_bool(req->input, "ScanIndexForward", true));
    if (limit > 0)
        page.limit = (uint64_t)limit;
    return page_read(req, &page);
}

static const struct expr_key_condition *condition_on(const struct expr_set *expressions,
                                                     struct bytes attribute)
{
    for (unsigned i = 0; i < expressions->key_condition_count; i++)
        if (bytes_equal(expressions->key_conditions[i].attribute, attribute))
            return &expressions->key_conditions[i];
    return NULL;
}

/* One key attribute's condition: operands of the schema's type, not empty, not too long. */
static enum err check_operands(struct req *req, const struct expr_key_condition *condition,
                               const struct key_attribute *attribute, bool hash)
{
    unsigned operand_count = condition->operator== EXPR_KEY_BETWEEN ? 2 : 1;

    if (condition->operator== EXPR_KEY_NOT_INDEXABLE)
        return req_fail(req, ERR_VALIDATION,
                        "Attempted conditional constraint is not an indexable operation");
    for (unsigned i = 0; i < operand_count; i++)
        if (condition->operands[i].type != attribute->type)
            return req_fail(req, ERR_VALIDATION,
                            PARAMETER_INVALID
                            "Condition parameter type does not match schema type");
    if (hash && condition->operator!= EXPR_KEY_EQ)
        return req_fail(req, ERR_VALIDATION, "Query key condition not supported");
    for (unsigned i = 0; i < operand_count; i++) {
        enum err err = key_check_value(attribute->name, condition->operands[i], hash, &req->fault);

        if (err != OK)
            return err;
    }
    return OK;
}

/* The start key's piece for one key attribute. */
static enum err check_start_key_piece(struct req *req, const struct query *query,
                                      const struct key_attribute *attribute, bool hash)
{
    struct value value;
    enum err err;

    if (!query->has_start)
        return OK;
    if (!value_find(query->start_key, attribute->name, &value) || value.type != attribute->type)
        return req_fail(req, ERR_VALIDATION,
                        "The provided starting key is invalid: The provided key element does not "
                        "match the schema");
    err = key_check_value(attribute->name, value, hash, &req->fault);
    if (err == OK)
        return OK;
    return req_fail(req, err, "The provided starting key is invalid: %.*s",
                    BYTES_ARGS(req->fault.message));
}

static enum err check_conditions(struct req *req, const struct expr_set *expressions,
                                 struct query *query)
{
    const struct key_schema *schema = query->schema;
    unsigned count = expressions->key_condition_count;

    if (query->has_start && value_count(query->start_key) != key_schema_count(schema))
        return req_fail(req, ERR_VALIDATION, "The provided starting key is invalid");
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        const struct key_attribute *attribute = &schema->attributes[i];
        const struct expr_key_condition *condition = condition_on(expressions, attribute->name);
        bool hash = i < schema->hash_count;
        enum err err = check_start_key_piece(req, query, attribute, hash);

        if (err != OK)
            return err;
        if (schema->range_count == 0 && count == 2)
            return req_fail(req, ERR_VALIDATION, "Query key condition not supported");
        if (condition == NULL && (hash || count == 2))
            return req_fail(req, ERR_VALIDATION, "Query condition missed key schema element: %.*s",
                            BYTES_ARGS(attribute->name));
        if (condition == NULL)
            continue;
        err = check_operands(req, condition, attribute, hash);
        if (err != OK)
            return err;
        if (hash)
            query->hash = condition;
        else
            query->range = condition;
    }
    return OK;
}

static bool range_condition_holds(const struct expr_key_condition *condition, struct value value)
{
    int order = value_compare(value, condition->operands[0]);

    switch (condition->operator) {
    case EXPR_KEY_EQ:
        return order == 0;
    case EXPR_KEY_LT:
        return order < 0;
    case EXPR_KEY_LE:
        return order <= 0;
    case EXPR_KEY_GT:
        return order > 0;
    case EXPR_KEY_GE:
        return order >= 0;
    case EXPR_KEY_BETWEEN:
        return order >= 0 && value_compare(value, condition->operands[1]) <= 0;
    case EXPR_KEY_BEGINS_WITH:
        return bytes_start_with(value.payload, condition->operands[0].payload);
    case EXPR_KEY_NOT_INDEXABLE: /* refused by check_operands */
        break;
    }
    return false;
}

static enum err check_start_key_values(struct req *req, const struct query *query)
{
    const struct key_schema *schema = query->schema;
    struct value hash, range;
    bool same_hash;

    if (!query->has_start)
        return OK;
    same_hash = value_find(query->start_key, schema->attributes[0].name, &hash) &&
                value_equal(hash, query->hash->operands[0]);
    if (!same_hash)
        return req_fail(req, ERR_VALIDATION, "%s",
                        query->range == NULL
                            ? "The provided starting key is outside query boundaries based on "
                              "provided conditions"
                            : "The query can return at most one row and cannot be restarted");
    if (query->range != NULL && value_find(query->start_key, query->range->attribute, &range) &&
        !range_condition_holds(query->range, range))
        return req_fail(req, ERR_VALIDATION,
                        "The provided starting key does not match the range key predicate");
    return OK;
}

struct key_search {
    const struct key_schema *schema;
    struct bytes found;
};

static bool visit_key(void *ctx, struct bytes attribute, bool nested)
{
    struct key_search *search = ctx;

    (void)nested;
    if (key_schema_find(search->schema, attribute) < 0)
        return true;
    search->found = attribute;
    return false;
}

static enum err check_filter(struct req *req, const struct expr_set *expressions,
                             const struct key_schema *schema)
{
    struct key_search search = {.schema = schema};

    if (expressions->filter != NULL)
        expr_condition_visit_paths(expressions->filter, visit_key, &search);
    if (search.found.size == 0)
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "%s can only contain non-primary key attributes: Primary key attribute: %.*s",
                    input_member(req->input, "QueryFilter") != NULL ? "QueryFilter"
                                                                    : "Filter Expression",
                    BYTES_ARGS(search.found));
}

/* Keys of one partition with this beginning of the sort key's component. */
static struct bytes key_with(struct req *req, struct bytes partition, struct value value,
                             bool begins_with)
{
    struct buf key;
    struct bytes copy;

    buf_init(&key, SIZE_MAX);
    buf_append_bytes(&key, partition);
    if (begins_with)
        key_append_begins_with(&key, value.payload);
    else
        key_append_component(&key, value);
    copy = arena_copy(req->arena, buf_bytes(&key));
    buf_fini(&key);
    return copy;
}

static struct store_range range_of(struct req *req, const struct table *table,
                                   const struct query *query, bool backward)
{
    const struct expr_key_condition *condition = query->range;
    struct bytes partition, from, to, low, high;
    struct buf key;

    buf_init(&key, SIZE_MAX);
    key_append_component(&key, query->hash->operands[0]);
    low = arena_copy(req->arena, buf_bytes(&key));
    buf_reset(&key, SIZE_MAX);
    key_append_prefix(&key, table->definition.id, KEY_SPACE_ITEM, 0,
                      key_slot(catalog_hash_key(req->api->catalog), low));
    buf_append_bytes(&key, low);
    partition = arena_copy(req->arena, buf_bytes(&key));
    buf_fini(&key);

    from = partition;
    to = key_after_prefix(partition, req->arena);
    if (condition != NULL) {
        bool begins_with = condition->operator== EXPR_KEY_BEGINS_WITH;

        low = key_with(req, partition, condition->operands[0], begins_with);
        high = condition->operator== EXPR_KEY_BETWEEN
                   ? key_with(req, partition, condition->operands[1], false)
                   : low;
        if (condition->operator!= EXPR_KEY_LT && condition->operator!= EXPR_KEY_LE)
            from = condition->operator== EXPR_KEY_GT ? key_after_prefix(low, req->arena) : low;
        if (condition->operator== EXPR_KEY_LT)
            to = low;
        else if (condition->operator!= EXPR_KEY_GT && condition->operator!= EXPR_KEY_GE)
            to = key_after_prefix(high, req->arena);
    }
    if (query->has_start) {
        struct bytes start = item_params_storage_key(req, table, query->start_key);

        if (backward)
            to = start;
        else
            from = key_after_prefix(start, req->arena);
    }
    return (struct store_range){.from = from, .to = to, .backward = backward};
}
