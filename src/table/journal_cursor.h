/* journal_cursor.h - a table's change records in the order in which they were committed.
 * Records are kept by lane (table_journal.h); a reader wants those of several lanes, or of all, as
 * one sequence. The cursor walks the lanes together and hands out the oldest record each time.
 * Ownership: rows live until the next step.
 * Bounds:    TABLE_JOURNAL_LANE_COUNT rows in memory, and as many cursors of the store.
 */
#pragma once

#include "table/table_journal.h"

struct journal_row {
    struct journal_place place;
    uint16_t lane;
    struct bytes stored; /* item/journal.h */
};

/* What is walked: the records of these lanes from a place on, older than version `to`. */
struct journal_span {
    uint32_t table_id;
    struct journal_lanes lanes;
    struct journal_place from;
    uint64_t to;
};

/* snapshot NULL: what is published by now; then `to` must be, or lanes may end at different
 * moments. */
struct journal_cursor *journal_cursor_open(struct store *store,
                                           const struct store_snapshot *snapshot,
                                           const struct journal_span *span, bool may_wait);
/* ERR_ABSENT: there are no more. ERR_WOULD_BLOCK, ERR_CORRUPT, ERR_IO; then it can only be
 * closed. */
enum err journal_cursor_next(struct journal_cursor *cursor, struct journal_row *row) MUST_CHECK;
void journal_cursor_close(struct journal_cursor **cursor);
