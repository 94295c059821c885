/* index.h - what a secondary index is: its definition, and how far it has come.
 * A local index shares the partition key of its table, and its capacity; a global one has keys and
 * capacity of its own. How its entries are stored: index_entry.h.
 * Ownership: bytes and lists belong to whoever made the definition; those of a table's indexes live
 *            as long as the table.
 * Source:    contract core-api-tables.md 1, 2, 3 and 12.
 */
#pragma once

#include "item/key.h"
#include "table/throughput.h"

struct bucket;

#define INDEX_LOCAL_MAX     5   /* of a table */
#define INDEX_GLOBAL_MAX    20  /* of a table */
#define INDEX_INCLUDED_MAX  100 /* attributes in all INCLUDE lists of a table together */
#define INDEX_PART_KEYS_MAX 4   /* partition-key attributes of a global index, and sort-key ones */
_Static_assert(2 * INDEX_PART_KEYS_MAX == KEY_ATTRIBUTES_MAX, "a key schema holds both parts");

/* The last is no index that anybody asks for: index_expiry.h. */
enum index_kind { INDEX_LOCAL, INDEX_GLOBAL, INDEX_EXPIRY };
enum index_projection { INDEX_PROJECTS_ALL, INDEX_PROJECTS_KEYS, INDEX_PROJECTS_INCLUDED };

struct index_definition {
    struct bytes name;
    enum index_kind kind;
    struct key_schema schema;
    enum index_projection projection;
    struct bytes *included; /* of INDEX_PROJECTS_INCLUDED: what comes besides keys, by name */
    unsigned included_count;
    struct table_capacity capacity; /* of a global index */
};

/* Whether a table, or a global index, records which keys are used and throttled most. */
struct table_insights {
    bool enabled;
    bool only_throttled;
    uint64_t changed_ms; /* 0: never enabled */
};

/* Stored: never renumber. */
enum index_status { INDEX_CREATING, INDEX_ACTIVE, INDEX_UPDATING, INDEX_DELETING };

/* An index of a table. */
struct table_index {
    uint16_t id; /* in its storage keys; never 0, and never used again in this table */
    struct index_definition definition;
    /* What it is until somebody publishes otherwise; index_status_now tells what it shows. */
    enum index_status status;
    /* INDEX_CREATING: until then room is made for it; afterwards it is filled from the items.
     * INDEX_UPDATING: it ends then by itself, and `before` is what was described until then. */
    uint64_t status_until_ms;
    struct table_capacity before;
    struct table_insights insights; /* of a global index */
    struct bucket *buckets; /* by table_create, one each way: what is left of its capacity */
};
