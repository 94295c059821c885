/* table_fill.h - a new table that a job fills before anybody may use it: restored, or imported.
 *   request   catalog_change_begin; checks; definition->filling names the job; table_fill_begin
 *             with the job's record in the mutation; catalog_change_end
 *   the job   table_fill_acquire; table_fill_open; table_fill_add …; table_fill_finish;
 *             table_fill_publish with the job's last record; or table_fill_abandon with it
 * The table shows CREATING from begin to publish. Its items go through the store's bulk path; one
 * pass over them in the order of their keys counts them and makes all entries of indexes. No change
 * leaves a record in the journal: the table begins with what was filled in.
 * After a crash the job begins again with table_fill_open, which removes what was there; a table
 * whose job is not there or finished is dropped (jobs/job_table.h). So no half table survives.
 * Threads:  a fill belongs to its job's thread. Everything here may wait.
 * Bounds:   64 MiB of memory, more with larger rows; on disk what store_bulk.h says.
 */
#pragma once

#include "store/store.h"
#include "table/table.h"

struct catalog;
struct table_fill;

/* Between catalog_change_begin and _end: the table, CREATING, in one mutation with the record of
 * the job that definition->filling names. Takes the mutation. ERR_NO_SPACE, ERR_BUSY. */
enum err table_fill_begin(struct catalog *catalog, const struct table_definition *definition,
                          struct store_mutation *mutation, struct table **table) MUST_CHECK;

/* The table that this job fills; NULL: there is none any more. Releases: table_release. */
struct table *table_fill_acquire(struct catalog *catalog, struct bytes account, struct bytes region,
                                 struct bytes name, struct bytes job_id);

struct table_fill_options {
    bool ascending;                 /* items come in the order of their storage keys, each once */
    bool (*stopping)(const void *); /* asked while it finishes: true: ERR_CANCELLED. Or NULL */
    const void *ctx;
};

/* Holds the table itself. Removes what an earlier try left. ERR_CANCELLED, ERR_NO_SPACE, ERR_BUSY,
 * ERR_IO. */
enum err table_fill_open(struct catalog *catalog, struct table *table,
                         const struct table_fill_options *options,
                         struct table_fill **fill) MUST_CHECK;
/* What is not published stays for the next try. NULL is fine. */
void table_fill_close(struct table_fill **fill);

/* An item, copied. It has passed key_check_item and the service's limits. Of two with the same key
 * the later one stays. ERR_NO_SPACE, ERR_IO, ERR_CORRUPT (ascending, and it does not follow); after
 * an error the fill can only be closed. */
enum err table_fill_add(struct table_fill *fill, struct value attributes) MUST_CHECK;
/* The same of an item as it was stored in this data directory: the storage key that it had in
 * another table of the same key schema, and its row. */
enum err table_fill_add_stored(struct table_fill *fill, struct bytes key,
                               struct bytes stored) MUST_CHECK;

/* All items are there: they and what follows from them become durable. *count is what the table
 * has. The errors of adding, and ERR_CANCELLED. */
enum err table_fill_finish(struct table_fill *fill, struct store_count *count) MUST_CHECK;

/* After finish: ACTIVE, in one mutation with the job's last record. Takes the mutation.
 * ERR_BUSY, ERR_NO_SPACE: it did not happen, and may be tried again with another one. ERR_ABSENT:
 * the table is gone. */
enum err table_fill_publish(struct table_fill *fill, struct store_mutation *mutation) MUST_CHECK;

/* At any time: the table is gone, in one mutation with the job's last record, if it is there still.
 * Takes the mutation. ERR_BUSY, ERR_NO_SPACE: it did not happen. */
enum err table_fill_abandon(struct catalog *catalog, struct table *table,
                            struct store_mutation *mutation) MUST_CHECK;
