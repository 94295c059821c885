/* store_bulk.h - filling ranges of keys that nobody else uses yet, many rows at a time.
 * What a job brings in (a restored table, an imported one, a new index) needs no log, no latch and
 * no image: its rows are sorted, written as the engine's own files, and become visible together.
 * Range:     until finish said OK nobody else reads or writes the keys, and nobody did before: what
 *            the store remembers of single keys is not told.
 * Visible:   on disk all rows or none, durable when finish says OK, and a crash before leaves
 *            nothing; in memory the rows appear while finish runs, and stay if it fails half-way.
 * Threads:   a bulk belongs to one thread at a time. Everything here may wait.
 * Bounds:    buffer_bytes of memory, and again as much while sorted runs are read back; on disk,
 *            the rows once uncompressed in DIR/bulk, if they are more than the buffer, and once as
 *            files of the engine.
 */
#pragma once

#include "store/store.h"

struct store_bulk;

/* Shown each row that stays, once, in the order of the keys. What it returns but OK ends the put or
 * finish that it runs in. */
typedef enum err store_bulk_row_fn(void *ctx, struct bytes key, struct bytes value);

struct store_bulk_options {
    size_t buffer_bytes;    /* for sorting; rows are at most some MiB */
    bool ascending;         /* rows come in the order of their keys, each key once */
    store_bulk_row_fn *row; /* NULL: nobody looks. Runs in put if ascending, else in finish */
    void *ctx;
    /* Asked often in what takes long; true: it ends with ERR_CANCELLED. Or NULL. */
    bool (*stopping)(const void *stopping_ctx);
    const void *stopping_ctx;
};

struct store_bulk *store_bulk_begin(struct store *store, const struct store_bulk_options *options);

/* A row of STORE_DATA, copied. A later row for a key wins over an earlier one.
 * ERR_NO_SPACE: the disk is too full for what is under way; ERR_IO; ERR_CORRUPT: ascending, and
 * the row does not follow. After an error the bulk can only be abandoned. */
enum err store_bulk_put(struct store_bulk *bulk, struct bytes key, struct bytes value) MUST_CHECK;

/* A counter that was never used, as store_count will read it; zeros leave none. */
enum err store_bulk_put_count(struct store_bulk *bulk, struct bytes counter_key,
                              struct store_count count) MUST_CHECK;

/* Ends the bulk in any case. The same errors, ERR_CANCELLED, and those of `row`. */
enum err store_bulk_finish(struct store_bulk **bulk) MUST_CHECK;
/* NULL is fine. */
void store_bulk_abandon(struct store_bulk **bulk);
