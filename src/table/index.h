/* index.h - what a secondary index is: its definition.
 * A local index shares the partition key of its table, and its capacity; a global one has keys and
 * capacity of its own.
 * Ownership: bytes and lists belong to whoever made the definition.
 * Source:    contract core-api-tables.md 1, 2 and 12.
 */
#pragma once

#include "table/table.h"

#define INDEX_LOCAL_MAX     5   /* of a table */
#define INDEX_GLOBAL_MAX    20  /* of a table */
#define INDEX_INCLUDED_MAX  100 /* attributes in all INCLUDE lists of a table together */
#define INDEX_PART_KEYS_MAX 4   /* partition-key attributes of a global index, and sort-key ones */
_Static_assert(2 * INDEX_PART_KEYS_MAX == KEY_ATTRIBUTES_MAX, "a key schema holds both parts");

enum index_kind { INDEX_LOCAL, INDEX_GLOBAL };
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
