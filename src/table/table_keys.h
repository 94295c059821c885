/* table_keys.h - which storage keys belong to what: records, counters, whole tables, items.
 * Layout: item/key.h and docs/decisions/0001-stored-formats.md. All results live in the arena.
 */
#pragma once

#include "base/arena.h"
#include "item/key.h"
#include "store/store.h"

/* A server record of space meta. */
struct bytes table_meta_key(struct bytes name, struct arena *arena);
/* A table's catalog record, and the range of all of them. */
struct bytes table_record_key(uint32_t table_id, struct arena *arena);
struct store_range table_records_range(struct arena *arena);

/* Items and bytes of a table (index id 0) or of one of its indexes. */
struct bytes table_count_key(uint32_t table_id, uint16_t index_id, struct arena *arena);

/* Of the item collection that an item belongs to, by its storage key: its table and slot. */
struct bytes table_collection_count_key(struct bytes item_key, struct arena *arena);
#define TABLE_COLLECTION_COUNT_ID UINT16_MAX /* in place of an index id */

/* How far the building of an index has come (index_build.h); and of the hidden index of expiry,
 * whose ids are of their own, with the range of those from `from` to before `to`. */
struct bytes table_index_build_key(uint32_t table_id, uint16_t index_id, struct arena *arena);
struct bytes table_ttl_build_key(uint32_t table_id, uint16_t id, struct arena *arena);
struct store_range table_ttl_builds_range(uint32_t table_id, uint16_t from, uint16_t to,
                                          struct arena *arena);

/* While it is there, the rows of a dropped table stay: somebody copies them. */
struct bytes table_keep_key(uint32_t table_id, struct arena *arena);

/* Everything a table has, in every space. */
struct store_range table_whole_range(uint32_t table_id, struct arena *arena);
/* Its items; and those whose slots are in segment `segment` of `segment_count`. */
struct store_range table_items_range(uint32_t table_id, struct arena *arena);
struct store_range table_segment_range(uint32_t table_id, uint32_t segment, uint32_t segment_count,
                                       struct arena *arena);
/* The same of any space that is ordered by slots, and of the index that has this id in it. */
struct store_range table_slots_range(uint32_t table_id, enum key_space space, uint16_t index_id,
                                     uint32_t segment, uint32_t segment_count, struct arena *arena);
