/* table_creation.h - what the operations share that make a table as their request describes it:
 * CreateTable, and ImportTable, whose TableCreationParameters stand in req->input while it is read.
 * Source: contract core-api-tables.md 1.
 */
#pragma once

#include "api/index_params.h"
#include "api/req.h"

struct table_creation {
    struct input_table name;
    struct table_definition definition;
    struct attribute_definitions attributes;
    struct index_list indexes;
};

/* Rows 1 to 26d: name, billing, keys, indexes. */
enum err table_creation_read(struct req *req, struct table_creation *creation) MUST_CHECK;

/* Rows 29 to 31, under the catalog's change lock: the name is free, and the quotas allow it. */
enum err table_creation_check(struct req *req, const struct table_creation *creation) MUST_CHECK;

/* Completes the definition: a table that is CREATING, and its indexes, as of now. Checks the quota
 * of the account. */
enum err table_creation_define(struct req *req, struct table_creation *creation) MUST_CHECK;
