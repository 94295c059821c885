/* store_counts.h - counter records: items and bytes of tables and indexes, kept by the committer.
 * A group's additions are summed and each changed record is written once, in the group's own batch,
 * so counters always equal what the items imply.
 * Threads: begin and end are the committer's; read is anybody's.
 */
#pragma once

#include "store/store_priv.h"

struct store_counts;

/* The record of a counter. */
#define STORE_COUNT_RECORD_BYTES 17
void store_count_record(const struct store_count *count, uint8_t record[STORE_COUNT_RECORD_BYTES]);

struct store_counts *store_counts_create(struct store_engine *engine);
void store_counts_destroy(struct store_counts **counts);

/* Sums what the group adds and puts the new records into `totals`. Readers see the old ones. */
enum err store_counts_begin(struct store_counts *counts, const struct store_mutation *group,
                            struct store_mutation *totals) MUST_CHECK;
/* The group happened or it did not. Exactly once after each begin. */
void store_counts_end(struct store_counts *counts, bool happened);

/* Zeros for a counter that was never written. ERR_IO, ERR_CORRUPT; ERR_WOULD_BLOCK unless it may
 * wait. */
enum err store_counts_read(struct store_counts *counts, struct bytes key, bool may_wait,
                           struct store_count *count) MUST_CHECK;
