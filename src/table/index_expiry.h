/* index_expiry.h - the hidden index of a table whose items expire: which of them, when.
 * It is maintained by index_diff like the others, built and removed by the same thread, and never
 * shown. Expiry (ttl/) walks it in the order of its keys.
 * Key (frozen, docs/decisions/0001-stored-formats.md):
 *   prefix of space ttl, the id of this index, slot 0 · lane u16 · expiry u64, in seconds since
 *   1970 · slot, partition key and sort key of the item
 * There is no value. Ids count from 1 and are never used again: each time that expiry is turned on
 * there is a new index, and what was left of those before is removed meanwhile.
 * Source: contract core-api-tables.md 8.
 */
#pragma once

#include "base/buf.h"
#include "table/index_entry.h"

#include <stdatomic.h>

/* An item that expired longer ago stays for ever. */
#define INDEX_EXPIRY_AGE_S_MAX (UINT64_C(5) * 365 * 86400)

/* What is known of a table's entries without looking, and how far expiry is; shared by all its
 * definitions. */
struct index_expiry_state {
    _Atomic uint64_t first_s; /* the first entry that was not looked at is not before this second */
    _Atomic bool goes_on;     /* there are more behind `place` */
    _Atomic uint64_t deleted; /* items that expired, since the process began */
    /* By indexes with smaller ids nothing expires any more, whoever has an earlier definition. */
    _Atomic unsigned ended_before;
    struct buf place; /* of the one that works on it: an entry's key */
};
void index_expiry_init(struct index_expiry_state *state);
void index_expiry_fini(struct index_expiry_state *state);

/* The hidden index for an attribute: what it always is, without id and status. */
struct index_definition index_expiry_definition(struct bytes attribute);

/* When an item with these attributes expires. False: never, as its attribute is not there, not a
 * number, or not a whole one of seconds since 1970. */
bool index_expiry_of(const struct table_index *index, struct value attributes, uint64_t *expiry_s);

/* Whether it is to be deleted now. */
bool index_expiry_is_due(uint64_t expiry_s, uint64_t now_ms);
/* The range of seconds that are due now. */
void index_expiry_due(uint64_t now_ms, uint64_t *first_s, uint64_t *last_s);

/* For index_diff. */
void index_expiry_diff(const struct table_definition *table, const struct table_index *index,
                       const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value old,
                       struct value new, struct arena *arena, struct index_diff *diff);

/* An entry's expiry, and the storage key of its item. ERR_CORRUPT: not the key of an entry. */
enum err index_expiry_read(struct bytes key, struct arena *arena, uint64_t *expiry_s,
                           struct bytes *item_key) MUST_CHECK;

/* Entries from a second on; and all of the indexes with ids from `from` to before `to`. */
struct store_range index_expiry_range(uint32_t table_id, uint16_t id, uint64_t from_s,
                                      struct arena *arena);
struct store_range index_expiry_ids_range(uint32_t table_id, uint16_t from, uint16_t to,
                                          struct arena *arena);

/* The entry with this key, if it is not empty, can be read now; or there may be one of a second. */
void index_expiry_added(struct index_expiry_state *state, struct bytes key);
void index_expiry_from(struct index_expiry_state *state, uint64_t expiry_s);
