/* store_sort.h - rows in any order come out in the order of their keys, the newest one of each.
 * Rows gather in a buffer; a full one is sorted and becomes a run, a file in the engine's scratch
 * folder; all runs are merged on reading. Where there are many, the newer ones are merged into one
 * on the way. An engine that has no files keeps its runs in memory.
 * A run is not for keeping: rows of key size u32 · value size u32 · key · value, in this machine's
 * byte order.
 */
#pragma once

#include "store/store_priv.h"

struct store_sort;

/* stopping: as in struct store_bulk_options. */
struct store_sort *store_sort_create(struct store_engine *engine, size_t buffer_bytes,
                                     bool (*stopping)(const void *ctx), const void *ctx);
/* Its files go with it. */
void store_sort_destroy(struct store_sort **sort);

/* ERR_NO_SPACE, ERR_IO, ERR_CANCELLED. */
enum err store_sort_add(struct store_sort *sort, struct bytes key, struct bytes value) MUST_CHECK;

/* Nothing is added any more, and rows can be read. */
enum err store_sort_turn(struct store_sort *sort) MUST_CHECK;
/* The next row, good until the next call. ERR_ABSENT: there are no more. */
enum err store_sort_next(struct store_sort *sort, struct bytes *key,
                         struct bytes *value) MUST_CHECK;
