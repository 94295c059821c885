/* index_write.h - what a change of an item does to the indexes of its table, for the write door.
 * Planned under the item's latch, when its new image is decided; then added to the mutation that
 * holds it, so that entries and counters change with their item or not at all. Entries have no
 * latch of their own: nobody but the holder of their item's latch decides about them.
 */
#pragma once

#include "store/store.h"
#include "table/table_write.h"

#define INDEX_COLLECTION_BYTES_MAX ((uint64_t)10 << 30) /* contract core-api-data.md 4 */

/* Whether a write has to be planned and submitted between index_build_lock and _unlock. */
bool index_write_is_watched(const struct table_change changes[], unsigned count);

/* Sets change->indexes; *missing is a counter that must be read first when the result is
 * ERR_WOULD_BLOCK. ERR_VALIDATION: the item and its entries in local indexes are larger together
 * than an item may be. ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED: the item's collection would be
 * larger than collection_bytes_max. */
enum err index_write_plan(struct table_change *change, struct store_hold *hold,
                          const uint8_t hash_key[SIPHASH_KEY_BYTES], uint64_t collection_bytes_max,
                          struct arena *arena, struct bytes *missing) MUST_CHECK;
void index_write_add(const struct table_change *change, struct store_mutation *mutation,
                     struct arena *arena);
/* A change that was added is published now: says to whom it matters that there are new entries. */
void index_write_happened(const struct table_change *change);

/* Whether a table's item collections are counted: if it has a local index. */
bool index_counts_collections(const struct table_definition *table);
/* Items and bytes of an item collection, entries of local indexes included, as of the last commit.
 * `key` is the storage key of any item in it. */
enum err index_collection_count(struct store *store, struct bytes key, bool may_wait,
                                struct store_count *count) MUST_CHECK;
