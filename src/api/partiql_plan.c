/* partiql_plan.c - from a WHERE and a key schema to ranges of storage keys. */
#include "api/partiql_plan.h"

#include "api/partiql.h"
#include "api/query_key.h"
#include "base/assert.h"
#include "table/catalog.h"
#include "table/index_entry.h"
#include "table/table_keys.h"

#include <stdlib.h>

static enum err find_values(struct req *req, const struct partiql_statement *statement,
                            struct partiql_plan *plan);
static enum err check_values(struct req *req, const struct partiql_plan *plan);
static enum err check_narrowing(struct req *req, const struct partiql_plan *plan);
static enum err order(struct req *req, const struct partiql_statement *statement,
                      struct partiql_plan *plan);
static enum err merge(struct req *req, struct partiql_plan *plan);
static void sort_values(struct partiql_plan *plan, unsigned attribute, bool descending,
                        struct arena *arena);
static int compare_ascending(const void *a, const void *b);
static int compare_descending(const void *a, const void *b);
static void values_of(const struct partiql_plan *plan, uint64_t index, struct value values[]);
static struct bytes partition_prefix(const struct req *req, const struct partiql_plan *plan,
                                     const struct value values[], struct arena *arena);

enum err partiql_plan_make(struct req *req, const struct partiql_statement *statement,
                           const struct table *table, const struct table_index *index,
                           struct partiql_plan *plan)
{
    enum err err;

    *plan = (struct partiql_plan){
        .table = table,
        .index = index,
        .schema = index != NULL ? &index->definition.schema : &table->definition.schema,
    };
    err = find_values(req, statement, plan);
    if (err == OK)
        err = check_values(req, plan);
    if (err == OK)
        err = check_narrowing(req, plan);
    if (err == OK)
        err = order(req, statement, plan);
    return err;
}

static enum err find_values(struct req *req, const struct partiql_statement *statement,
                            struct partiql_plan *plan)
{
    const struct key_schema *schema = plan->schema;
    unsigned key_count = key_schema_count(schema), equal = 0;

    plan->range_count = 1;
    for (; equal < key_count; equal++) {
        unsigned count = partiql_key_values(statement->where, schema->attributes[equal].name,
                                            req->arena, &plan->values[equal]);

        if (count == 0)
            break;
        plan->value_counts[equal] = count;
        plan->range_count *= count;
        /* Words (unverified). Behind the partition key, IN itself has a limit. */
        if (equal < schema->hash_count && plan->range_count > PARTIQL_PARTITIONS_MAX)
            return req_fail(req, ERR_VALIDATION,
                            "The WHERE clause names too many values of the partition key; number "
                            "of values: %u",
                            (unsigned)plan->range_count);
    }
    if (equal < schema->hash_count) { /* part of a partition key is no help */
        plan->range_count = 1;
        return OK;
    }
    plan->equal_count = equal;
    plan->points = equal == key_count && plan->index == NULL;
    if (equal < key_count)
        plan->narrowing_count = partiql_key_ranges(statement->where, schema->attributes[equal].name,
                                                   req->arena, &plan->narrowing);
    return OK;
}

/* As other statements tell it when it names items, otherwise as Query does. */
static enum err check_values(struct req *req, const struct partiql_plan *plan)
{
    for (unsigned i = 0; i < plan->equal_count; i++) {
        const struct key_attribute *attribute = &plan->schema->attributes[i];

        for (unsigned j = 0; j < plan->value_counts[i]; j++) {
            enum err err;

            if (plan->values[i][j].type != attribute->type && plan->points)
                return partiql_refuse_key_type(req, attribute->name);
            if (plan->values[i][j].type != attribute->type)
                return req_fail(req, ERR_VALIDATION,
                                "One or more parameter values were invalid: Condition parameter "
                                "type does not match schema type");
            err = key_check_value(attribute->name, plan->values[i][j], i < plan->schema->hash_count,
                                  &req->fault);
            if (err != OK)
                return err;
        }
    }
    return OK;
}

static enum err check_narrowing(struct req *req, const struct partiql_plan *plan)
{
    const struct key_attribute *attribute = &plan->schema->attributes[plan->equal_count];

    for (unsigned i = 0; i < plan->narrowing_count; i++) {
        const struct expr_key_condition *condition = &plan->narrowing[i];
        unsigned operands = condition->operator== EXPR_KEY_BETWEEN ? 2 : 1;

        for (unsigned j = 0; j < operands; j++) {
            enum err err;

            if (condition->operands[j].type != attribute->type)
                return req_fail(req, ERR_VALIDATION,
                                "One or more parameter values were invalid: Condition parameter "
                                "type does not match schema type");
            err = key_check_value(attribute->name, condition->operands[j], false, &req->fault);
            if (err != OK)
                return err;
        }
    }
    return OK;
}

/* --- order ------------------------------------------------------------------------------------ */

static enum err order(struct req *req, const struct partiql_statement *statement,
                      struct partiql_plan *plan)
{
    bool named[KEY_ATTRIBUTES_MAX] = {false}, sort_first = false;
    unsigned hash_count = plan->schema->hash_count;

    if (statement->order_count != 0 && plan->equal_count == 0)
        return req_fail(req, ERR_VALIDATION,
                        "Must have at least one non-optional hash key condition in WHERE clause "
                        "when using ORDER BY clause.");
    for (unsigned i = 0; i < statement->order_count; i++) {
        const struct partiql_order *by = &statement->orders[i];
        int place = key_schema_find(plan->schema, by->attribute);

        if (place < 0) /* words (unverified) */
            return req_fail(req, ERR_VALIDATION,
                            "Variable reference %.*s in ORDER BY clause must be part of the "
                            "primary key",
                            BYTES_ARGS(by->attribute));
        named[place] = true;
        sort_first |= i == 0 && (unsigned)place >= hash_count;
        if ((unsigned)place >= hash_count)
            plan->backward = by->descending;
        if ((unsigned)place < plan->equal_count)
            sort_values(plan, (unsigned)place, by->descending, req->arena);
    }
    /* Without a word on it, a sort key ascends. */
    for (unsigned i = hash_count; i < plan->equal_count; i++)
        if (!named[i])
            sort_values(plan, i, false, req->arena);
    for (unsigned i = 0; i < plan->equal_count; i++)
        plan->significance[i] = sort_first ? (i + hash_count) % plan->equal_count : i;
    return sort_first && !plan->points && plan->range_count > 1 ? merge(req, plan) : OK;
}

static enum err merge(struct req *req, struct partiql_plan *plan)
{
    if (plan->range_count > PARTIQL_PARTITIONS_MAX) /* only where an index has many sort keys */
        return req_fail(req, ERR_VALIDATION,
                        "The WHERE clause names too many values for this ORDER BY clause");
    plan->merges = true;
    for (unsigned i = 0; i < plan->range_count; i++)
        plan->partition_bytes[i] = partiql_plan_partition(req, plan, i, req->arena).size;
    return OK;
}

static void sort_values(struct partiql_plan *plan, unsigned attribute, bool descending,
                        struct arena *arena)
{
    unsigned count = plan->value_counts[attribute];
    struct value *values = arena_new_array(arena, struct value, count);

    memcpy(values, plan->values[attribute], count * sizeof(values[0]));
    qsort(values, count, sizeof(values[0]), descending ? compare_descending : compare_ascending);
    plan->values[attribute] = values;
}

static int compare_ascending(const void *a, const void *b)
{
    return value_compare(*(const struct value *)a, *(const struct value *)b);
}

static int compare_descending(const void *a, const void *b)
{
    return compare_ascending(b, a);
}

/* --- ranges ----------------------------------------------------------------------------------- */

struct store_range partiql_plan_range(const struct req *req, const struct partiql_plan *plan,
                                      uint64_t index, struct arena *arena)
{
    struct expr_key_condition conditions[KEY_ATTRIBUTES_MAX];
    struct value values[KEY_ATTRIBUTES_MAX];
    struct query_key key = {.schema = plan->schema, .count = plan->equal_count};
    struct store_range range;
    struct bytes prefix;

    if (plan->equal_count == 0)
        return plan->index != NULL
                   ? index_whole_range(plan->table->definition.id, plan->index, arena)
                   : table_items_range(plan->table->definition.id, arena);
    values_of(plan, index, values);
    for (unsigned i = 0; i < plan->equal_count; i++) {
        conditions[i] = (struct expr_key_condition){.attribute = plan->schema->attributes[i].name,
                                                    .operator= EXPR_KEY_EQ,
                                                    .operands = {values[i]}};
        key.conditions[i] = &conditions[i];
    }
    prefix = partition_prefix(req, plan, values, arena);
    range = query_key_range(&key, prefix, arena);
    for (unsigned i = 0; i < plan->narrowing_count; i++) {
        struct store_range narrower;

        key.count = plan->equal_count + 1;
        key.conditions[plan->equal_count] = &plan->narrowing[i];
        narrower = query_key_range(&key, prefix, arena);
        if (bytes_compare(narrower.from, range.from) > 0)
            range.from = narrower.from;
        if (bytes_compare(narrower.to, range.to) < 0)
            range.to = narrower.to;
    }
    range.backward = plan->backward;
    return range;
}

struct bytes partiql_plan_partition(const struct req *req, const struct partiql_plan *plan,
                                    uint64_t index, struct arena *arena)
{
    struct value values[KEY_ATTRIBUTES_MAX];

    values_of(plan, index, values);
    return partition_prefix(req, plan, values, arena);
}

/* The named values of one range, by key attribute. */
static void values_of(const struct partiql_plan *plan, uint64_t index, struct value values[])
{
    ASSERT(index < plan->range_count);
    for (unsigned i = plan->equal_count; i-- > 0;) {
        unsigned attribute = plan->significance[i], count = plan->value_counts[attribute];

        values[attribute] = plan->values[attribute][index % count];
        index /= count;
    }
}

static struct bytes partition_prefix(const struct req *req, const struct partiql_plan *plan,
                                     const struct value values[], struct arena *arena)
{
    const uint8_t *hash_key = catalog_hash_key(req->api->catalog);
    struct buf component, prefix;
    struct bytes encoded;

    if (plan->index != NULL)
        return index_partition_prefix(plan->table->definition.id, plan->index, hash_key, values,
                                      arena);
    buf_init_arena(&component, arena, SIZE_MAX);
    key_append_component(&component, values[0]);
    encoded = buf_finish_arena(&component);
    buf_init_arena(&prefix, arena, SIZE_MAX);
    key_append_prefix(&prefix, plan->table->definition.id, KEY_SPACE_ITEM, 0,
                      key_slot(hash_key, encoded));
    buf_append_bytes(&prefix, encoded);
    return buf_finish_arena(&prefix);
}
