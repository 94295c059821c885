/* catalog.h - which tables there are, by (account, region, name).
 * Finding a table is for everybody and never waits. Changing the catalog is for workers and
 * background services: a change holds the change lock over its commit, one at a time.
 * Also here, since it belongs to the data directory as a whole: the key of the slot hash.
 */
#pragma once

#include "base/err.h"
#include "base/siphash.h"
#include "store/store.h"
#include "table/table.h"

struct catalog;

/* Reads all records; takes up drops that were interrupted. ERR_CORRUPT, ERR_IO. The store is
 * borrowed until the close. */
enum err catalog_open(struct store *store, struct fault *fault,
                      struct catalog **catalog) MUST_CHECK;
/* Ends the background work: drops, of which an unfinished one goes on after the next open, and the
 * removal of old token records (table_token.h), once a minute. */
void catalog_close(struct catalog **catalog);

struct store *catalog_store(struct catalog *catalog);
const uint8_t *catalog_hash_key(const struct catalog *catalog);

/* NULL: no such table. Includes tables that are being created or deleted. */
struct table *catalog_acquire(struct catalog *catalog, struct bytes account, struct bytes region,
                              struct bytes name);

/* Names of an account and region in byte order, after `after`, at most `limit`, into the arena.
 * True: there are more. */
bool catalog_list(struct catalog *catalog, struct bytes account, struct bytes region,
                  struct bytes after, unsigned limit, struct arena *arena, struct bytes **names,
                  unsigned *count);
unsigned catalog_count(struct catalog *catalog, struct bytes account, struct bytes region);
/* Units that are provisioned for all tables of an account and region together. */
uint64_t catalog_provisioned_units(struct catalog *catalog, struct bytes account,
                                   struct bytes region, enum table_way way);

/* Tables with an index that is to be built or removed, held: for the thread that does it. */
unsigned catalog_acquire_for_index_work(struct catalog *catalog, struct table *tables[],
                                        unsigned max);

/* Tables that are being filled (table_fill.h), held: all of those, or of one account that are being
 * restored, counted. */
unsigned catalog_acquire_filling(struct catalog *catalog, struct table *tables[], unsigned max);
unsigned catalog_count_restoring(struct catalog *catalog, struct bytes account);
/* Whether one is being restored from this backup. */
bool catalog_is_restoring_from(struct catalog *catalog, struct bytes backup_arn);
/* Whether one is being restored from this table's history, which stays until that ends, also where
 * the table is deleted; but not where its recovery is turned off. */
bool catalog_is_restoring_table(struct catalog *catalog, uint32_t table_id);

/* Tables that may have items which expire in this second or before, held, beginning at a place
 * among all tables that goes on with each call: so that everybody's turn comes. */
unsigned catalog_acquire_expiring(struct catalog *catalog, uint64_t now_s, unsigned *place,
                                  struct table *tables[], unsigned max);

struct journal_watch;
/* Rings when lanes of its tables are written to, and for whoever wakes it (journal_load.h). */
struct journal_watch *catalog_journal_watch(struct catalog *catalog);

struct journal_cut;
/* From where on change records are kept (journal_cut.h). */
struct journal_cut *catalog_journal_cut(struct catalog *catalog);

/* --- changes: may wait, never on a loop ------------------------------------------------------ */

void catalog_change_begin(struct catalog *catalog);
void catalog_change_end(struct catalog *catalog);

/* Between begin and end. Writes the definition durably and publishes it: a new table (id 0: it gets
 * one) or a new state of the table that has its id. ERR_NO_SPACE, ERR_BUSY. */
enum err catalog_put(struct catalog *catalog, const struct table_definition *definition,
                     struct table **table) MUST_CHECK;

/* The same in one mutation with other changes, which it takes. */
enum err catalog_put_with(struct catalog *catalog, const struct table_definition *definition,
                          struct store_mutation *mutation, struct table **table) MUST_CHECK;

/* Between begin and end. The table shows DELETING; after delay_ms it is gone from the catalog, and
 * its rows are removed in the background. */
enum err catalog_drop(struct catalog *catalog, struct table *table, uint32_t delay_ms) MUST_CHECK;
/* The same in one mutation with other changes, which it takes. With a record under table_keep_key
 * the rows stay until that is deleted. */
enum err catalog_drop_with(struct catalog *catalog, struct table *table, uint32_t delay_ms,
                           struct store_mutation *mutation) MUST_CHECK;
/* Whether a dropped table is gone from the catalog, and nobody can write to it any more. */
bool catalog_drop_is_quiet(struct catalog *catalog, uint32_t table_id);
