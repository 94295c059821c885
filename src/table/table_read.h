/* table_read.h - reading items: one by its key, or many in key order.
 * All reads see published items only, so an eventually and a strongly consistent read
 * are the same thing on one machine.
 */
#pragma once

#include "item/item.h"
#include "store/store.h"

/* The item under a storage key, copied into the arena. ERR_ABSENT, ERR_WOULD_BLOCK, ERR_IO,
 * ERR_CORRUPT, ERR_NEWER_FORMAT. */
enum err table_get(struct store *store, struct bytes key, bool may_wait, struct arena *arena,
                   struct item *item) MUST_CHECK;

/* The same as of a snapshot: for items that must be of one moment. */
enum err table_get_at(struct store *store, const struct store_snapshot *snapshot, struct bytes key,
                      bool may_wait, struct arena *arena, struct item *item) MUST_CHECK;

/* Walks the items of a range of storage keys; one consistent state. */
struct table_cursor {
    struct store_cursor *cursor;
    struct bytes key; /* of the present item, as long as that */
};
void table_cursor_open(struct table_cursor *cursor, struct store *store, struct store_range range,
                       bool may_wait);
/* The same of a snapshot; NULL is the present. */
void table_cursor_open_at(struct table_cursor *cursor, struct store *store,
                          const struct store_snapshot *snapshot, struct store_range range,
                          bool may_wait);
/* The next item, which points into the cursor until the next call. ERR_ABSENT at the end. */
enum err table_cursor_next(struct table_cursor *cursor, struct item *item) MUST_CHECK;
void table_cursor_close(struct table_cursor *cursor);
