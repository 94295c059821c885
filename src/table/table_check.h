/* table_check.h - `stele check`: does a data directory hold what it should?
 * Walks every row: that it can be read, belongs to a table, is well formed, lies where its key
 * attributes say; that indexes and counters equal what the items imply, and that the journal agrees
 * with them.
 */
#pragma once

#include "base/err.h"
#include "store/store.h"

struct catalog;

struct table_check_report {
    uint64_t tables;
    uint64_t items;
    uint64_t bytes;   /* of items, as the service counts */
    uint64_t entries; /* of indexes */
    uint64_t changes; /* in the journal */
    uint64_t faults;
};

/* Called for each fault with its text. */
typedef void table_check_fn(void *ctx, const char *text);

/* ERR_CORRUPT if there were faults; ERR_IO. */
enum err table_check(struct catalog *catalog, table_check_fn *fault_found, void *ctx,
                     struct table_check_report *report) MUST_CHECK;
