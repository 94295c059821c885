/* partiql_plan.h - which storage keys a SELECT must read: points, parts of partitions, or all.
 * Idea:   equalities (=, IN, OR) on the first key attributes, without a gap, name the ranges; what
 *         else the WHERE says of the next attribute narrows each of them. The whole condition is
 *         evaluated on what is read, so that a plan decides what it costs, never what it finds.
 * Source: contract core-api-partiql.md 3.
 */
#pragma once

#include "api/req.h"
#include "expr/partiql.h"
#include "store/store.h"

#define PARTIQL_PARTITIONS_MAX 50 /* values of a partition key; contract 5, "IN limits" */

struct partiql_plan {
    const struct table *table;
    const struct table_index *index; /* NULL: the table itself is read */
    const struct key_schema *schema; /* of what is read */
    unsigned equal_count; /* leading key attributes of which values are named; 0: a scan */
    const struct value *values[KEY_ATTRIBUTES_MAX]; /* of each, in the order of reading */
    unsigned value_counts[KEY_ATTRIBUTES_MAX];
    const struct expr_key_condition *narrowing; /* conditions on the next one */
    unsigned narrowing_count;
    bool points; /* each range is one key: what is there is read as GetItem does */
    bool backward;
    /* Named attributes by what changes slowest from range to range. */
    unsigned significance[KEY_ATTRIBUTES_MAX];
    uint64_t range_count;
    /* The sort key orders items of several partitions: their ranges are read at once. */
    bool merges;
    size_t partition_bytes[PARTIQL_PARTITIONS_MAX]; /* then, of each range's keys */
};

/* ERR_VALIDATION: an ORDER BY that no keys serve, values that no key can have. */
enum err partiql_plan_make(struct req *req, const struct partiql_statement *statement,
                           const struct table *table, const struct table_index *index,
                           struct partiql_plan *plan) MUST_CHECK;

/* The storage keys of one range, in the order of reading; of a point, `from` is the key. May be
 * empty: from not before to. In the arena. */
struct store_range partiql_plan_range(const struct req *req, const struct partiql_plan *plan,
                                      uint64_t index, struct arena *arena);

/* The beginning of the storage keys of the range's partition. Not of a scan. */
struct bytes partiql_plan_partition(const struct req *req, const struct partiql_plan *plan,
                                    uint64_t index, struct arena *arena);
