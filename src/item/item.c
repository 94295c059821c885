/* item.c - the header in front of an item's attributes. */
#include "item/item.h"

#include "base/assert.h"

#define FLAGS_OFFSET  1
#define REGION_OFFSET 2

enum err item_open(struct bytes stored, struct item *item)
{
    if (stored.size == 0 || stored.data[0] == 0)
        return ERR_CORRUPT;
    if (stored.data[0] > ITEM_FORMAT)
        return ERR_NEWER_FORMAT;
    if (stored.size <= ITEM_HEADER_BYTES)
        return ERR_CORRUPT; /* no attributes is one byte too */
    if (stored.data[FLAGS_OFFSET] != 0)
        return ERR_NEWER_FORMAT;
    *item = (struct item){
        .version = bytes_get_u64(stored.data + ITEM_VERSION_OFFSET),
        .region = bytes_get_u16(stored.data + REGION_OFFSET),
        .size_bytes = bytes_get_u32(stored.data + ITEM_SIZE_OFFSET),
        .attributes = {VALUE_M, bytes_skip(stored, ITEM_HEADER_BYTES)},
    };
    return OK;
}

struct bytes item_store(struct value attributes, uint16_t region, struct arena *arena)
{
    size_t stored_bytes = ITEM_HEADER_BYTES + attributes.payload.size;
    size_t size_bytes = value_item_size_bytes(attributes);
    uint8_t *stored = arena_alloc(arena, stored_bytes);

    ASSERT(attributes.type == VALUE_M);
    ASSERT(size_bytes <= UINT32_MAX);
    ASSERT_SLOW(value_check(attributes));
    memset(stored, 0, ITEM_HEADER_BYTES);
    stored[0] = ITEM_FORMAT;
    bytes_put_u16(stored + REGION_OFFSET, region);
    bytes_put_u32(stored + ITEM_SIZE_OFFSET, (uint32_t)size_bytes);
    memcpy(stored + ITEM_HEADER_BYTES, attributes.payload.data, attributes.payload.size);
    return bytes_make(stored, stored_bytes);
}

struct item item_absent(void)
{
    static const uint8_t no_attributes[1] = {0};

    return (struct item){.attributes = {VALUE_M, bytes_make(no_attributes, 1)}};
}

enum err item_check(struct bytes stored)
{
    struct item item;
    enum err err = item_open(stored, &item);

    if (err != OK)
        return err;
    if (!value_check(item.attributes) ||
        value_item_size_bytes(item.attributes) != item.size_bytes ||
        item.size_bytes > ITEM_SIZE_BYTES_MAX)
        return ERR_CORRUPT;
    return OK;
}
