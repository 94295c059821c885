/* index_params.h - descriptions of secondary indexes in requests, read and checked.
 * Source:    contract core-api-tables.md 1, rows 10 to 26d.
 * Ownership: names point into the request, lists are the request's arena's.
 */
#pragma once

#include "api/schema_params.h"
#include "table/index.h"

struct index_list {
    struct index_definition *indexes; /* local ones first, each kind in the order of the request */
    size_t count;
};

/* What an index is checked against besides itself. */
struct index_context {
    const struct attribute_definitions *definitions;
    const struct key_schema *schema; /* of the table */
    enum table_billing billing;
};

/* Name, keys and projection of one description. ERR_VALIDATION: rows 12 to 17b for a local index,
 * 21 to 21d for a global one. */
enum err index_params_read(struct req *req, yyjson_val *in, enum index_kind kind,
                           const struct index_context *context,
                           struct index_definition *index) MUST_CHECK;

/* LocalSecondaryIndexes and GlobalSecondaryIndexes of CreateTable, with the units of global ones:
 * rows 10 to 25. */
enum err index_params_read_lists(struct req *req, const struct index_context *context,
                                 struct index_list *list) MUST_CHECK;

/* OnDemandThroughput and WarmThroughput of one new global index whose units are known, and of those
 * that index_params_read_lists has read: rows 26 to 26d. */
enum err index_params_limits(struct req *req, yyjson_val *in, enum table_billing billing,
                             struct index_definition *index) MUST_CHECK;
enum err index_params_limits_of_list(struct req *req, enum table_billing billing,
                                     const struct index_list *list) MUST_CHECK;
