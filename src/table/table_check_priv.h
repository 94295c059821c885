/* table_check_priv.h - between the files of `stele check`: one walk over a table's rows.
 *   table_check.c        the walk, items, server records
 *   table_check_index.c  entries of indexes, and what they count
 *   table_check_journal.c  a walk of its own over the journal
 */
#pragma once

#include "base/arena.h"
#include "item/value.h"
#include "table/table.h"
#include "table/table_check.h"

struct check_index;

struct check {
    struct catalog *catalog;
    struct store_snapshot *snapshot;
    table_check_fn *fault_found;
    void *ctx;
    struct table_check_report *report;
    struct arena arena;
    struct table *table; /* of the rows being walked; NULL: of no table we know */
    uint32_t table_id;
    uint64_t items, bytes;                       /* of this table */
    struct check_index *indexes;                 /* by place in the definition */
    uint64_t collection_items, collection_bytes; /* what its item collections count together */
};

void check_found(struct check *check, const char *text, struct bytes key);

/* A table's rows come in this order: items, entries, counters, records of builds. */
void check_indexes_begin(struct check *check);
void check_indexes_item(struct check *check, struct bytes key, struct value attributes,
                        uint64_t version);
void check_indexes_entry(struct check *check, struct bytes key, struct bytes value);
void check_indexes_expiry(struct check *check, struct bytes key);
void check_indexes_count(struct check *check, struct bytes key, struct bytes value);
void check_indexes_record(struct check *check, struct bytes key);
void check_indexes_end(struct check *check);

/* After the rows. ERR_IO. */
enum err check_journal(struct check *check) MUST_CHECK;
