/* table_keys.c - prefixes and the ranges between them. */
#include "table/table_keys.h"

#include "base/assert.h"

/* What a Query reads has one slot, and the store looks for it by that. */
_Static_assert(KEY_PREFIX_BYTES == STORE_PREFIX_BYTES, "a prefix ends with the slot");

static struct bytes prefix_key(uint32_t table_id, enum key_space space, uint16_t index_id,
                               uint64_t slot, struct bytes rest, struct arena *arena)
{
    struct buf key;
    struct bytes copy;

    buf_init(&key, KEY_PREFIX_BYTES + rest.size);
    key_append_prefix(&key, table_id, space, index_id, slot);
    buf_append_bytes(&key, rest);
    copy = arena_copy(arena, buf_bytes(&key));
    buf_fini(&key);
    return copy;
}

struct bytes table_meta_key(struct bytes name, struct arena *arena)
{
    return prefix_key(0, KEY_SPACE_META, 0, 0, name, arena);
}

struct bytes table_record_key(uint32_t table_id, struct arena *arena)
{
    uint8_t name[] = "table/....";

    bytes_put_u32(name + 6, table_id);
    return table_meta_key(bytes_make(name, 10), arena);
}

struct store_range table_records_range(struct arena *arena)
{
    struct bytes prefix = table_meta_key(BYTES("table/"), arena);

    return (struct store_range){.from = prefix, .to = key_after_prefix(prefix, arena)};
}

struct bytes table_count_key(uint32_t table_id, uint16_t index_id, struct arena *arena)
{
    return prefix_key(table_id, KEY_SPACE_COUNT, index_id, 0, BYTES(""), arena);
}

struct bytes table_collection_count_key(struct bytes item_key, struct arena *arena)
{
    ASSERT(item_key.size > KEY_PREFIX_BYTES && item_key.data[4] == KEY_SPACE_ITEM);
    return prefix_key(bytes_get_u32(item_key.data), KEY_SPACE_COUNT, TABLE_COLLECTION_COUNT_ID,
                      bytes_get_u64(item_key.data + KEY_SLOT_OFFSET), BYTES(""), arena);
}

struct bytes table_index_build_key(uint32_t table_id, uint16_t index_id, struct arena *arena)
{
    return prefix_key(table_id, KEY_SPACE_META, index_id, 0, BYTES(""), arena);
}

struct bytes table_ttl_build_key(uint32_t table_id, uint16_t id, struct arena *arena)
{
    uint8_t rest[2];

    bytes_put_u16(rest, id);
    return prefix_key(table_id, KEY_SPACE_META, 0, 0, bytes_make(rest, sizeof(rest)), arena);
}

struct store_range table_ttl_builds_range(uint32_t table_id, uint16_t from, uint16_t to,
                                          struct arena *arena)
{
    return (struct store_range){.from = table_ttl_build_key(table_id, from, arena),
                                .to = table_ttl_build_key(table_id, to, arena)};
}

struct bytes table_keep_key(uint32_t table_id, struct arena *arena)
{
    uint8_t name[] = "keep/....";

    bytes_put_u32(name + 5, table_id);
    return table_meta_key(bytes_make(name, 9), arena);
}

struct store_range table_whole_range(uint32_t table_id, struct arena *arena)
{
    uint8_t *from = arena_alloc(arena, 4), *to = arena_alloc(arena, 4);

    ASSERT(table_id != 0 && table_id < UINT32_MAX);
    bytes_put_u32(from, table_id);
    bytes_put_u32(to, table_id + 1);
    return (struct store_range){.from = bytes_make(from, 4), .to = bytes_make(to, 4)};
}

struct store_range table_items_range(uint32_t table_id, struct arena *arena)
{
    return table_segment_range(table_id, 0, 1, arena);
}

struct store_range table_segment_range(uint32_t table_id, uint32_t segment, uint32_t segment_count,
                                       struct arena *arena)
{
    return table_slots_range(table_id, KEY_SPACE_ITEM, 0, segment, segment_count, arena);
}

struct store_range table_slots_range(uint32_t table_id, enum key_space space, uint16_t index_id,
                                     uint32_t segment, uint32_t segment_count, struct arena *arena)
{
    unsigned __int128 all = (unsigned __int128)1 << 64;
    unsigned __int128 first = all * segment / segment_count;
    unsigned __int128 after = all * (segment + 1) / segment_count;
    struct store_range range = {0};

    ASSERT(segment < segment_count && index_id < UINT16_MAX);
    range.from = prefix_key(table_id, space, index_id, (uint64_t)first, BYTES(""), arena);
    if (after == all)
        range.to = prefix_key(table_id, space, (uint16_t)(index_id + 1), 0, BYTES(""), arena);
    else
        range.to = prefix_key(table_id, space, index_id, (uint64_t)after, BYTES(""), arena);
    return range;
}
