/* collection.h - ReturnItemCollectionMetrics: the item collections that a request's writes belong
 * to, and member ItemCollectionMetrics. Only tables with a local index have them.
 * What is told is an estimate, the size before the request: read there, where it may be waited for.
 * Source: contract core-api-data.md 5.4.
 */
#pragma once

#include "api/req.h"

/* Each collection once, in the order in which they were named. Zeroed: none. */
struct collections {
    struct collection *list;
    unsigned count;
};

/* Notes the collection of an item, if the request wants to be told and the table has any. `name` is
 * the table's as it was sent, `key` the item's storage key, `attributes` have its partition key.
 * `most` items will be noted at most. ERR_WOULD_BLOCK, ERR_IO, ERR_CORRUPT. */
enum err collections_note(struct req *req, struct collections *collections, unsigned most,
                          struct bytes name, const struct table *table, struct bytes key,
                          struct value attributes) MUST_CHECK;

/* The member of an operation on one item; nothing without a collection. */
void collections_append_member(struct buf *reply, const struct collections *collections);
/* Of one that names several tables: a list for each. */
void collections_append_by_table(struct buf *reply, const struct collections *collections);
