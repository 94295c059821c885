/* index_entry.h - entries of secondary indexes: which items have one, where it is, what it holds,
 * and what a change of an item does to it.
 * Key (frozen, docs/decisions/0001-stored-formats.md), behind table id, space and index id:
 *   local   slot of the partition key · partition key · index sort key · sort key
 *   global  slot of the index's partition keys · index keys · partition key · sort key
 * Value: a stored item (item/item.h) of the projected attributes: the keys of table and index and
 *   what the index includes. Its size is what reads of the index count. Its version is that of the
 *   change that made these attributes what they are: an item's change that projects to the same
 *   leaves the entry alone.
 * An item has an entry if it has all key attributes of the index, of their types, not empty and
 * not too long. Others are passed over: writes refuse the wrong ones, but an index may be newer
 * than its items.
 */
#pragma once

#include "item/item.h"
#include "store/store.h"
#include "table/table.h"

/* Whether an item with these attributes has an entry. An absent item has none. */
bool index_has(const struct table_index *index, struct value attributes);

/* Storage key of the entry of an item that has one. The attributes of an entry will do, or a map of
 * just the keys of table and index, such as an ExclusiveStartKey. */
struct bytes index_entry_key(const struct table_definition *table, const struct table_index *index,
                             const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value attributes,
                             struct arena *arena);

/* The attributes that an entry holds of these. */
struct value index_project(const struct table_definition *table, const struct table_index *index,
                           struct value attributes, struct arena *arena);

/* Whether the index projects an attribute: a key of table or index, included, or any with ALL. */
bool index_projects(const struct table_definition *table, const struct table_index *index,
                    struct bytes attribute);

/* --- what a change of an item does to an index ------------------------------------------------ */

enum index_change {
    INDEX_CHANGE_NONE,   /* no entry before and after, or the same */
    INDEX_CHANGE_ADD,    /* an entry appears */
    INDEX_CHANGE_REMOVE, /* it disappears */
    INDEX_CHANGE_UPDATE, /* other attributes under the same key */
    INDEX_CHANGE_MOVE,   /* another key: one disappears, one appears */
};

struct index_diff {
    enum index_change change;
    struct bytes old_key; /* REMOVE, UPDATE, MOVE */
    struct bytes new_key; /* ADD, UPDATE (the same), MOVE */
    struct bytes
        new_value;      /* of new_key, with version 0: the committer stamps ITEM_VERSION_OFFSET */
    uint32_t old_bytes; /* of the entry as it was, 0 if there was none, also for NONE */
    uint32_t new_bytes; /* as it will be */
};

/* Both attributes may be those of item_absent(). Pure; the only thing that maintains indexes. */
void index_diff(const struct table_definition *table, const struct table_index *index,
                const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value old, struct value new,
                struct arena *arena, struct index_diff *diff);

/* --- reading an index: table_cursor (table_read.h) over one of these ranges -------------------*/

/* All entries; and those in segment `segment` of `segment_count`, which is also the segment of
 * their index partition. */
struct store_range index_whole_range(uint32_t table_id, const struct table_index *index,
                                     struct arena *arena);
struct store_range index_segment_range(uint32_t table_id, const struct table_index *index,
                                       uint32_t segment, uint32_t segment_count,
                                       struct arena *arena);

/* The beginning of the keys of one partition: `values` are those of the schema's partition-key
 * attributes. What follows are components (key_append_component) of the other attributes in the
 * order of the layout above; key_after_prefix gives the end. */
struct bytes index_partition_prefix(uint32_t table_id, const struct table_index *index,
                                    const uint8_t hash_key[SIPHASH_KEY_BYTES],
                                    const struct value values[], struct arena *arena);
