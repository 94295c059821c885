/* schema_params.h - AttributeDefinitions and KeySchema of requests about tables and indexes.
 * Source: contract core-api-tables.md 1, rows 4 to 9 and 21 to 21d.
 */
#pragma once

#include "api/name_list.h"
#include "api/req.h"
#include "table/index.h"

/* The AttributeDefinitions of a request. */
struct attribute_definitions {
    struct name_list names;       /* as sent */
    struct key_attribute *sorted; /* by name; of several with one name, any */
};

/* NULL: the request has none. */
void attribute_definitions_read(struct req *req, yyjson_val *list,
                                struct attribute_definitions *definitions);
/* NULL: not defined. */
const struct key_attribute *
attribute_definitions_find(const struct attribute_definitions *definitions, struct bytes name);

/* Tables and local indexes have one partition key and at most one sort key, global indexes up to
 * INDEX_PART_KEYS_MAX attributes in each part. */
enum schema_form { SCHEMA_SIMPLE, SCHEMA_MULTI };

/* A KeySchema list. ERR_VALIDATION: rows 5 to 8, or for SCHEMA_MULTI 5, 7 and 21b to 21d. */
enum err schema_params_read(struct req *req, yyjson_val *keys,
                            const struct attribute_definitions *definitions, enum schema_form form,
                            struct key_schema *schema) MUST_CHECK;
