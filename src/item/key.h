/* key.h - where things are: storage keys whose memcmp order is the order the service promises.
 * Layout (frozen, docs/decisions/0001-stored-formats.md), numbers big-endian:
 *   table id u32 · space u8 · index id u16 · slot u64 · components
 * A component is one key attribute: N as number.h has it; S and B with every 00 written 00 ff, and
 * 00 01 at the end. So a partition key's encoding is a prefix of all its items' keys, and no
 * component's encoding is a prefix of another's. The slot is a keyed hash of the encoded
 * partition-key components: Scan order, and what parallel segments and shards divide.
 * Source: architecture, "Keys and places"; contract core-api-data.md section 3.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/siphash.h"
#include "item/value.h"

#define KEY_PREFIX_BYTES    15
#define KEY_SLOT_OFFSET     7
#define KEY_HASH_BYTES_MAX  2048 /* partition key value, before encoding */
#define KEY_RANGE_BYTES_MAX 1024 /* sort key value */

/* Stored: never renumber. */
enum key_space {
    KEY_SPACE_ITEM = 1,
    KEY_SPACE_LOCAL = 2,  /* local secondary index entries */
    KEY_SPACE_GLOBAL = 3, /* global secondary index entries */
    KEY_SPACE_JOURNAL = 4,
    KEY_SPACE_TTL = 5,
    KEY_SPACE_TOMB = 6,  /* deletes in replicated tables */
    KEY_SPACE_COUNT = 7, /* items and bytes, kept by the committer */
    KEY_SPACE_META = 8,  /* catalog, identities, cursors; table id 0 */
};

/* Key attributes of a table or index, partition-key attributes first. Tables and local indexes
 * have 1 + 0..1 of them, global indexes up to 4 + 4. */
#define KEY_ATTRIBUTES_MAX 8
struct key_attribute {
    struct bytes name;
    enum value_type type; /* S, N or B */
};
struct key_schema {
    uint8_t hash_count;
    uint8_t range_count;
    struct key_attribute attributes[KEY_ATTRIBUTES_MAX];
};

static inline unsigned key_schema_count(const struct key_schema *schema)
{
    return (unsigned)schema->hash_count + schema->range_count;
}

/* -1: not a key attribute. */
int key_schema_find(const struct key_schema *schema, struct bytes name);

void key_append_prefix(struct buf *out, uint32_t table_id, enum key_space space, uint16_t index_id,
                       uint64_t slot);
/* value must be S, N or B. */
void key_append_component(struct buf *out, struct value value);
/* The beginning of all S or B components that begin with these bytes (no end mark). */
void key_append_begins_with(struct buf *out, struct bytes beginning);

/* Takes the next component off the front of *at, into the arena. ERR_CORRUPT: damaged. */
enum err key_read_component(struct bytes *at, enum value_type type, struct arena *arena,
                            struct value *value) MUST_CHECK;

/* Slot of encoded partition-key components. */
uint64_t key_slot(const uint8_t hash_key[SIPHASH_KEY_BYTES], struct bytes hash_components);

/* The smallest key greater than every key that begins with `prefix`; empty if there is none. */
struct bytes key_after_prefix(struct bytes prefix, struct arena *arena);

/* Whole storage key of an item from its key attributes, which must be there and of the schema's
 * types (key_check_item, key_check_key), in the arena. */
struct bytes key_of_item(const struct key_schema *schema, uint32_t table_id,
                         const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value attributes,
                         struct arena *arena);

/* Key attributes only, as an M value: what LastEvaluatedKey and journal records hold. */
struct value key_attributes_of(const struct key_schema *schema, struct value attributes,
                               struct arena *arena);

/* A Put's item against the table's schema: missing, type, empty, length, in the contract's order
 * and words (core-api-data.md 3). */
enum err key_check_item(const struct key_schema *schema, struct value attributes,
                        struct fault *fault) MUST_CHECK;
/* A Key parameter: exactly the key attributes, their types, not empty, not too long. */
enum err key_check_key(const struct key_schema *schema, struct value key,
                       struct fault *fault) MUST_CHECK;
/* One key value's emptiness and length; `hash` tells which limit. */
enum err key_check_value(struct bytes name, struct value value, bool hash,
                         struct fault *fault) MUST_CHECK;
