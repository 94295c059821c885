/* index_entry.c - entries of secondary indexes. */
#include "table/index_entry.h"

#include "base/assert.h"
#include "table/index_expiry.h"
#include "table/table_keys.h"

static bool is_well_formed(struct value value, const struct key_attribute *attribute, bool hash);
static enum key_space space_of(const struct table_index *index);
static void append_attributes(struct buf *out, const struct key_schema *schema, unsigned from,
                              unsigned to, struct value attributes);
static bool is_included(const struct index_definition *index, struct bytes attribute);
static void set_slot(struct buf *key, size_t hash_end, const uint8_t hash_key[SIPHASH_KEY_BYTES]);

bool index_has(const struct table_index *index, struct value attributes)
{
    const struct key_schema *schema = &index->definition.schema;
    uint64_t expiry_s;

    if (index->definition.kind == INDEX_EXPIRY)
        return index_expiry_of(index, attributes, &expiry_s);
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct value value;

        if (!value_find(attributes, schema->attributes[i].name, &value) ||
            !is_well_formed(value, &schema->attributes[i], i < schema->hash_count))
            return false;
    }
    return true;
}

static bool is_well_formed(struct value value, const struct key_attribute *attribute, bool hash)
{
    if (value.type != attribute->type)
        return false;
    return value.type == VALUE_N ||
           (value.payload.size != 0 &&
            value.payload.size <= (hash ? KEY_HASH_BYTES_MAX : KEY_RANGE_BYTES_MAX));
}

struct bytes index_entry_key(const struct table_definition *table, const struct table_index *index,
                             const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value attributes,
                             struct arena *arena)
{
    const struct key_schema *schema = &index->definition.schema;
    unsigned count = key_schema_count(schema), table_count = key_schema_count(&table->schema);
    bool local = index->definition.kind == INDEX_LOCAL;
    struct buf key;
    size_t hash_end;

    buf_init_arena(&key, arena, SIZE_MAX);
    key_append_prefix(&key, table->id, space_of(index), index->id, 0);
    append_attributes(&key, schema, 0, schema->hash_count, attributes);
    hash_end = key.size;
    append_attributes(&key, schema, schema->hash_count, count, attributes);
    /* A local index's partition key is the table's: once is enough. */
    append_attributes(&key, &table->schema, local ? table->schema.hash_count : 0, table_count,
                      attributes);
    set_slot(&key, hash_end, hash_key);
    return buf_finish_arena(&key);
}

static enum key_space space_of(const struct table_index *index)
{
    return index->definition.kind == INDEX_LOCAL ? KEY_SPACE_LOCAL : KEY_SPACE_GLOBAL;
}

/* Those of the schema's key attributes from `from` to before `to`. */
static void append_attributes(struct buf *out, const struct key_schema *schema, unsigned from,
                              unsigned to, struct value attributes)
{
    for (unsigned i = from; i < to; i++) {
        struct value value;
        bool found = value_find(attributes, schema->attributes[i].name, &value);

        ASSERT(found);
        ASSERT(value.type == schema->attributes[i].type);
        key_append_component(out, value);
    }
}

static void set_slot(struct buf *key, size_t hash_end, const uint8_t hash_key[SIPHASH_KEY_BYTES])
{
    struct bytes components = bytes_make(key->data + KEY_PREFIX_BYTES, hash_end - KEY_PREFIX_BYTES);

    bytes_put_u64(key->data + KEY_SLOT_OFFSET, key_slot(hash_key, components));
}

bool index_projects(const struct table_definition *table, const struct table_index *index,
                    struct bytes attribute)
{
    return index->definition.projection == INDEX_PROJECTS_ALL ||
           key_schema_find(&table->schema, attribute) >= 0 ||
           key_schema_find(&index->definition.schema, attribute) >= 0 ||
           is_included(&index->definition, attribute);
}

static bool is_included(const struct index_definition *index, struct bytes attribute)
{
    unsigned from = 0, to = index->included_count;

    while (from < to) {
        unsigned middle = (from + to) / 2;
        int order = bytes_compare(attribute, index->included[middle]);

        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

struct value index_project(const struct table_definition *table, const struct table_index *index,
                           struct value attributes, struct arena *arena)
{
    struct value_walk walk = value_walk_begin(attributes);
    struct value_builder builder;
    struct buf payload;

    if (index->definition.projection == INDEX_PROJECTS_ALL)
        return attributes;
    buf_init_arena(&payload, arena, SIZE_MAX);
    value_build_begin_payload(&builder, &payload, VALUE_M);
    while (value_walk_next(&walk))
        if (index_projects(table, index, walk.name))
            value_build_entry(&builder, walk.name, walk.value);
    value_build_end(&builder);
    return (struct value){VALUE_M, buf_finish_arena(&payload)};
}

void index_diff(const struct table_definition *table, const struct table_index *index,
                const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value old, struct value new,
                struct arena *arena, struct index_diff *diff)
{
    bool had = index_has(index, old), has = index_has(index, new);
    struct value before = {0}, after = {0};

    if (index->definition.kind == INDEX_EXPIRY) {
        index_expiry_diff(table, index, hash_key, old, new, arena, diff);
        return;
    }
    *diff = (struct index_diff){0};
    if (had) {
        before = index_project(table, index, old, arena);
        diff->old_bytes = (uint32_t)value_item_size_bytes(before);
    }
    if (has) {
        after = index_project(table, index, new, arena);
        diff->new_bytes = (uint32_t)value_item_size_bytes(after);
    }
    if ((!had && !has) || (had && has && value_equal(before, after)))
        return;
    if (had)
        diff->old_key = index_entry_key(table, index, hash_key, before, arena);
    if (has) {
        diff->new_key = index_entry_key(table, index, hash_key, after, arena);
        diff->new_value = item_store(after, 0, arena);
    }
    if (!had)
        diff->change = INDEX_CHANGE_ADD;
    else if (!has)
        diff->change = INDEX_CHANGE_REMOVE;
    else
        diff->change =
            bytes_equal(diff->old_key, diff->new_key) ? INDEX_CHANGE_UPDATE : INDEX_CHANGE_MOVE;
}

struct store_range index_whole_range(uint32_t table_id, const struct table_index *index,
                                     struct arena *arena)
{
    return index_segment_range(table_id, index, 0, 1, arena);
}

struct store_range index_segment_range(uint32_t table_id, const struct table_index *index,
                                       uint32_t segment, uint32_t segment_count,
                                       struct arena *arena)
{
    return table_slots_range(table_id, space_of(index), index->id, segment, segment_count, arena);
}

struct bytes index_partition_prefix(uint32_t table_id, const struct table_index *index,
                                    const uint8_t hash_key[SIPHASH_KEY_BYTES],
                                    const struct value values[], struct arena *arena)
{
    struct buf key;

    buf_init_arena(&key, arena, SIZE_MAX);
    key_append_prefix(&key, table_id, space_of(index), index->id, 0);
    for (unsigned i = 0; i < index->definition.schema.hash_count; i++)
        key_append_component(&key, values[i]);
    set_slot(&key, key.size, hash_key);
    return buf_finish_arena(&key);
}
