/* index_expiry.c - entries of the hidden index: what they are, and where. */
#include "table/index_expiry.h"

#include "base/assert.h"
#include "item/number.h"

#define LANE           0 /* the one that has all slots */
#define LANE_OFFSET    KEY_PREFIX_BYTES
#define EXPIRY_OFFSET  (LANE_OFFSET + 2)
#define ITEM_OFFSET    (EXPIRY_OFFSET + 8)
#define ITEM_BYTES_MIN (KEY_PREFIX_BYTES - KEY_SLOT_OFFSET + 1)

static struct bytes entry_key(const struct table_definition *table, const struct table_index *index,
                              uint64_t expiry_s, struct bytes item_key, struct arena *arena);

void index_expiry_init(struct index_expiry_state *state)
{
    *state = (struct index_expiry_state){0}; /* there may be entries of any second */
    buf_init(&state->place, SIZE_MAX);
}

void index_expiry_fini(struct index_expiry_state *state)
{
    buf_fini(&state->place);
}

struct index_definition index_expiry_definition(struct bytes attribute)
{
    return (struct index_definition){
        .kind = INDEX_EXPIRY,
        .schema = {.range_count = 1, .attributes = {{attribute, VALUE_N}}},
        .projection = INDEX_PROJECTS_KEYS,
    };
}

bool index_expiry_of(const struct table_index *index, struct value attributes, uint64_t *expiry_s)
{
    struct value value;
    int64_t seconds;

    if (!value_find(attributes, index->definition.schema.attributes[0].name, &value) ||
        value.type != VALUE_N || !number_is_whole(value.payload) ||
        !number_to_i64(value.payload, &seconds) || seconds < 0)
        return false;
    *expiry_s = (uint64_t)seconds;
    return true;
}

bool index_expiry_is_due(uint64_t expiry_s, uint64_t now_ms)
{
    uint64_t first_s, last_s;

    index_expiry_due(now_ms, &first_s, &last_s);
    return expiry_s >= first_s && expiry_s <= last_s;
}

void index_expiry_due(uint64_t now_ms, uint64_t *first_s, uint64_t *last_s)
{
    *last_s = now_ms == 0 ? 0 : (now_ms - 1) / 1000; /* earlier than now */
    *first_s = *last_s > INDEX_EXPIRY_AGE_S_MAX ? *last_s - INDEX_EXPIRY_AGE_S_MAX : 0;
}

void index_expiry_diff(const struct table_definition *table, const struct table_index *index,
                       const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value old,
                       struct value new, struct arena *arena, struct index_diff *diff)
{
    uint64_t before = 0, after = 0;
    bool had = index_expiry_of(index, old, &before), has = index_expiry_of(index, new, &after);
    struct bytes item_key;

    *diff = (struct index_diff){0};
    if ((!had && !has) || (had && has && before == after))
        return;
    item_key = key_of_item(&table->schema, table->id, hash_key, has ? new : old, arena);
    if (had)
        diff->old_key = entry_key(table, index, before, item_key, arena);
    if (has)
        diff->new_key = entry_key(table, index, after, item_key, arena);
    if (had && has)
        diff->change = INDEX_CHANGE_MOVE;
    else
        diff->change = had ? INDEX_CHANGE_REMOVE : INDEX_CHANGE_ADD;
}

static void append_prefix(struct buf *key, uint32_t table_id, uint16_t id, uint64_t expiry_s)
{
    uint8_t behind[ITEM_OFFSET - LANE_OFFSET];

    key_append_prefix(key, table_id, KEY_SPACE_TTL, id, 0);
    bytes_put_u16(behind, LANE);
    bytes_put_u64(behind + (EXPIRY_OFFSET - LANE_OFFSET), expiry_s);
    buf_append(key, behind, sizeof(behind));
}

static struct bytes entry_key(const struct table_definition *table, const struct table_index *index,
                              uint64_t expiry_s, struct bytes item_key, struct arena *arena)
{
    struct buf key;

    buf_init_arena(&key, arena, SIZE_MAX);
    append_prefix(&key, table->id, index->id, expiry_s);
    buf_append_bytes(&key, bytes_skip(item_key, KEY_SLOT_OFFSET));
    return buf_finish_arena(&key);
}

enum err index_expiry_read(struct bytes key, struct arena *arena, uint64_t *expiry_s,
                           struct bytes *item_key)
{
    struct buf item;

    if (key.size < ITEM_OFFSET + ITEM_BYTES_MIN || key.data[4] != KEY_SPACE_TTL ||
        bytes_get_u64(key.data + KEY_SLOT_OFFSET) != 0 ||
        bytes_get_u16(key.data + LANE_OFFSET) != LANE)
        return ERR_CORRUPT;
    *expiry_s = bytes_get_u64(key.data + EXPIRY_OFFSET);
    buf_init_arena(&item, arena, SIZE_MAX);
    key_append_prefix(&item, bytes_get_u32(key.data), KEY_SPACE_ITEM, 0,
                      bytes_get_u64(key.data + ITEM_OFFSET));
    buf_append_bytes(&item, bytes_skip(key, ITEM_OFFSET + KEY_PREFIX_BYTES - KEY_SLOT_OFFSET));
    *item_key = buf_finish_arena(&item);
    return OK;
}

struct store_range index_expiry_range(uint32_t table_id, uint16_t id, uint64_t from_s,
                                      struct arena *arena)
{
    struct store_range range = index_expiry_ids_range(table_id, id, (uint16_t)(id + 1), arena);
    struct buf from;

    buf_init_arena(&from, arena, SIZE_MAX);
    append_prefix(&from, table_id, id, from_s);
    range.from = buf_finish_arena(&from);
    return range;
}

struct store_range index_expiry_ids_range(uint32_t table_id, uint16_t from, uint16_t to,
                                          struct arena *arena)
{
    struct store_range range = {0};
    struct buf key;

    ASSERT(from <= to);
    buf_init_arena(&key, arena, SIZE_MAX);
    key_append_prefix(&key, table_id, KEY_SPACE_TTL, from, 0);
    range.from = buf_finish_arena(&key);
    buf_init_arena(&key, arena, SIZE_MAX);
    key_append_prefix(&key, table_id, KEY_SPACE_TTL, to, 0);
    range.to = buf_finish_arena(&key);
    return range;
}

void index_expiry_added(struct index_expiry_state *state, struct bytes key)
{
    if (key.size != 0)
        index_expiry_from(state, bytes_get_u64(key.data + EXPIRY_OFFSET));
}

void index_expiry_from(struct index_expiry_state *state, uint64_t expiry_s)
{
    uint64_t first_s = atomic_load(&state->first_s);

    while (expiry_s < first_s && !atomic_compare_exchange_weak(&state->first_s, &first_s, expiry_s))
        continue;
}
