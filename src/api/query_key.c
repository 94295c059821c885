/* query_key.c - conditions against a key schema, and the range they stand for. */
#include "api/query_key.h"

#include "api/item_params.h"

#define PARAMETER_INVALID     "One or more parameter values were invalid: "
#define SIMPLE_CONDITIONS_MAX 2

static const struct expr_key_condition *condition_on(const struct expr_set *set,
                                                     struct bytes attribute);
static enum err check_present(struct req *req, const struct expr_set *set, struct query_key *key,
                              unsigned index, const struct expr_key_condition *condition);
static enum err check_operands(struct req *req, const struct expr_key_condition *condition,
                               const struct key_attribute *attribute, bool hash,
                               struct bytes index);
static struct bytes component_after(struct bytes prefix, struct value value, bool begins_with,
                                    struct arena *arena);

static enum err not_supported(struct req *req)
{
    return req_fail(req, ERR_VALIDATION, "Query key condition not supported");
}

static bool is_simple(const struct key_schema *schema)
{
    return schema->hash_count == 1 && schema->range_count <= 1;
}

enum err query_key_check_count(struct req *req, const struct expr_set *set, bool of_index)
{
    unsigned most = of_index ? KEY_ATTRIBUTES_MAX : SIMPLE_CONDITIONS_MAX;

    if (set->key_condition_count >= 1 && set->key_condition_count <= most)
        return OK;
    return req_fail(req, ERR_VALIDATION, "Conditions can be of length 1 or 2 only");
}

enum err query_key_read(struct req *req, const struct expr_set *set,
                        const struct key_schema *schema, struct bytes index,
                        const struct start_key *start, struct query_key *key)
{
    *key = (struct query_key){.schema = schema};
    if (is_simple(schema) && set->key_condition_count > SIMPLE_CONDITIONS_MAX)
        return query_key_check_count(req, set, false);
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        const struct key_attribute *attribute = &schema->attributes[i];
        const struct expr_key_condition *condition = condition_on(set, attribute->name);
        bool hash = i < schema->hash_count;
        enum err err = start_key_check_piece(req, start, attribute, hash);

        if (err == OK && set->key_condition_count > key_schema_count(schema))
            err = not_supported(req);
        if (err == OK)
            err = check_present(req, set, key, i, condition);
        if (err == OK && condition != NULL)
            err = check_operands(req, condition, attribute, hash, index);
        if (err != OK)
            return err;
        if (condition != NULL)
            key->conditions[key->count++] = condition;
    }
    return OK;
}

static const struct expr_key_condition *condition_on(const struct expr_set *set,
                                                     struct bytes attribute)
{
    for (unsigned i = 0; i < set->key_condition_count; i++)
        if (bytes_equal(set->key_conditions[i].attribute, attribute))
            return &set->key_conditions[i];
    return NULL;
}

/* A partition-key attribute needs a condition, and a sort-key attribute as long as there are
 * conditions that were not met yet: they are on later ones, or on what is no key. */
static enum err check_present(struct req *req, const struct expr_set *set, struct query_key *key,
                              unsigned index, const struct expr_key_condition *condition)
{
    bool hash = index < key->schema->hash_count;

    if (condition == NULL && (hash || key->count < set->key_condition_count))
        return req_fail(req, ERR_VALIDATION, "Query condition missed key schema element: %.*s",
                        BYTES_ARGS(key->schema->attributes[index].name));
    /* Behind a range there is nothing to tell apart. */
    if (condition != NULL && index > key->schema->hash_count &&
        key->conditions[index - 1]->operator!= EXPR_KEY_EQ)
        return not_supported(req);
    return OK;
}

/* Operands of the schema's type, not empty, not too long. */
static enum err check_operands(struct req *req, const struct expr_key_condition *condition,
                               const struct key_attribute *attribute, bool hash, struct bytes index)
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
        return not_supported(req);
    for (unsigned i = 0; i < operand_count; i++) {
        enum err err =
            item_params_check_key_value(req, attribute->name, condition->operands[i], hash, index);

        if (err != OK)
            return err;
    }
    return OK;
}

enum err query_key_check_start(struct req *req, const struct query_key *key,
                               const struct start_key *start)
{
    bool same_partition = true, within = true;

    if (!start->given)
        return OK;
    for (unsigned i = 0; i < key->count; i++) {
        struct value value;
        bool holds = value_find(start->attributes, key->conditions[i]->attribute, &value) &&
                     expr_key_condition_holds(key->conditions[i], value);

        if (i < key->schema->hash_count)
            same_partition &= holds;
        else
            within &= holds;
    }
    if (!within)
        return req_fail(req, ERR_VALIDATION,
                        "The provided starting key does not match the range key predicate");
    if (same_partition)
        return OK;
    return req_fail(req, ERR_VALIDATION, "%s",
                    key->count == key->schema->hash_count
                        ? "The provided starting key is outside query boundaries based on provided "
                          "conditions"
                        : "The query can return at most one row and cannot be restarted");
}

/* --- ranges ---------------------------------------------------------------------------------- */

void query_key_partition(const struct query_key *key, struct value values[])
{
    for (unsigned i = 0; i < key->schema->hash_count; i++)
        values[i] = key->conditions[i]->operands[0];
}

struct store_range query_key_range(const struct query_key *key, struct bytes partition,
                                   struct arena *arena)
{
    const struct expr_key_condition *last = key->conditions[key->count - 1];
    unsigned equal = last->operator== EXPR_KEY_EQ ? key->count : key->count - 1;
    struct bytes prefix = partition, low, high;
    struct store_range range;

    for (unsigned i = key->schema->hash_count; i < equal; i++)
        prefix = component_after(prefix, key->conditions[i]->operands[0], false, arena);
    range = (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
    if (equal == key->count)
        return range;

    low = component_after(prefix, last->operands[0], last->operator== EXPR_KEY_BEGINS_WITH, arena);
    high = last->operator== EXPR_KEY_BETWEEN
               ? component_after(prefix, last->operands[1], false, arena)
               : low;
    if (last->operator!= EXPR_KEY_LT && last->operator!= EXPR_KEY_LE)
        range.from = last->operator== EXPR_KEY_GT ? key_after_prefix(low, arena) : low;
    if (last->operator== EXPR_KEY_LT)
        range.to = low;
    else if (last->operator!= EXPR_KEY_GT && last->operator!= EXPR_KEY_GE)
        range.to = key_after_prefix(high, arena);
    return range;
}

static struct bytes component_after(struct bytes prefix, struct value value, bool begins_with,
                                    struct arena *arena)
{
    struct buf key;

    buf_init_arena(&key, arena, SIZE_MAX);
    buf_append_bytes(&key, prefix);
    if (begins_with)
        key_append_begins_with(&key, value.payload);
    else
        key_append_component(&key, value);
    return buf_finish_arena(&key);
}
