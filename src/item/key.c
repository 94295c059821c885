/* key.c - storage keys: encoding, decoding and the schema's checks. */
#include "item/key.h"

#include "base/assert.h"
#include "item/number.h"

/* In an encoded S or B component. */
#define ESCAPED_BYTE 0x00
#define ESCAPE_DATA  0xff /* behind a 00 that is data */
#define ESCAPE_END   0x01 /* behind the 00 that ends it */

static enum err read_number(struct bytes *at, struct arena *arena, struct value *value);
static enum err read_escaped(struct bytes *at, enum value_type type, struct arena *arena,
                             struct value *value);
static bool is_hash(const struct key_schema *schema, unsigned index);

int key_schema_find(const struct key_schema *schema, struct bytes name)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++)
        if (bytes_equal(schema->attributes[i].name, name))
            return (int)i;
    return -1;
}

void key_append_prefix(struct buf *out, uint32_t table_id, enum key_space space, uint16_t index_id,
                       uint64_t slot)
{
    uint8_t prefix[KEY_PREFIX_BYTES];

    bytes_put_u32(prefix, table_id);
    prefix[4] = (uint8_t)space;
    bytes_put_u16(prefix + 5, index_id);
    bytes_put_u64(prefix + KEY_SLOT_OFFSET, slot);
    buf_append(out, prefix, sizeof(prefix));
}

void key_append_component(struct buf *out, struct value value)
{
    static const uint8_t end_mark[] = {ESCAPED_BYTE, ESCAPE_END};

    ASSERT(value.type >= VALUE_S && value.type <= VALUE_B);
    if (value.type == VALUE_N) {
        buf_append_bytes(out, value.payload);
        return;
    }
    key_append_begins_with(out, value.payload);
    buf_append(out, end_mark, sizeof(end_mark));
}

void key_append_begins_with(struct buf *out, struct bytes beginning)
{
    const uint8_t *zero;

    while (beginning.size != 0 &&
           (zero = memchr(beginning.data, ESCAPED_BYTE, beginning.size)) != NULL) {
        size_t through = (size_t)(zero - beginning.data) + 1;

        buf_append(out, beginning.data, through);
        buf_append_byte(out, ESCAPE_DATA);
        beginning = bytes_skip(beginning, through);
    }
    buf_append_bytes(out, beginning);
}

enum err key_read_component(struct bytes *at, enum value_type type, struct arena *arena,
                            struct value *value)
{
    ASSERT(type >= VALUE_S && type <= VALUE_B);
    return type == VALUE_N ? read_number(at, arena, value) : read_escaped(at, type, arena, value);
}

uint64_t key_slot(const uint8_t hash_key[SIPHASH_KEY_BYTES], struct bytes hash_components)
{
    return siphash(hash_key, hash_components);
}

struct bytes key_after_prefix(struct bytes prefix, struct arena *arena)
{
    uint8_t *after;

    while (prefix.size > 0 && prefix.data[prefix.size - 1] == 0xff)
        prefix.size--;
    if (prefix.size == 0)
        return BYTES("");
    after = arena_alloc(arena, prefix.size);
    memcpy(after, prefix.data, prefix.size);
    after[prefix.size - 1]++;
    return bytes_make(after, prefix.size);
}

struct bytes key_of_item(const struct key_schema *schema, uint32_t table_id,
                         const uint8_t hash_key[SIPHASH_KEY_BYTES], struct value attributes,
                         struct arena *arena)
{
    struct buf key;
    size_t hash_end = 0;

    buf_init_arena(&key, arena, SIZE_MAX);
    key_append_prefix(&key, table_id, KEY_SPACE_ITEM, 0, 0);
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        struct value value;
        bool found = value_find(attributes, schema->attributes[i].name, &value);

        ASSERT(found);
        ASSERT(value.type == schema->attributes[i].type);
        key_append_component(&key, value);
        if (is_hash(schema, i))
            hash_end = key.size;
    }
    bytes_put_u64(
        key.data + KEY_SLOT_OFFSET,
        key_slot(hash_key, bytes_make(key.data + KEY_PREFIX_BYTES, hash_end - KEY_PREFIX_BYTES)));
    return buf_finish_arena(&key);
}

struct value key_attributes_of(const struct key_schema *schema, struct value attributes,
                               struct arena *arena)
{
    struct value_walk walk = value_walk_begin(attributes);
    struct value_builder builder;
    struct buf payload;

    buf_init_arena(&payload, arena, SIZE_MAX);
    value_build_begin_payload(&builder, &payload, VALUE_M);
    while (value_walk_next(&walk))
        if (key_schema_find(schema, walk.name) >= 0)
            value_build_entry(&builder, walk.name, walk.value);
    value_build_end(&builder);
    return (struct value){VALUE_M, buf_finish_arena(&payload)};
}

enum err key_check_item(const struct key_schema *schema, struct value attributes,
                        struct fault *fault)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        const struct key_attribute *attribute = &schema->attributes[i];
        struct value value;
        enum err err;

        if (!value_find(attributes, attribute->name, &value))
            return fault_set(fault, ERR_VALIDATION,
                             "One or more parameter values were invalid: Missing the key %.*s in "
                             "the item",
                             BYTES_ARGS(attribute->name));
        if (value.type != attribute->type)
            return fault_set(fault, ERR_VALIDATION,
                             "One or more parameter values were invalid: Type mismatch for key "
                             "%.*s expected: %s actual: %s",
                             BYTES_ARGS(attribute->name), value_type_name(attribute->type),
                             value_type_name(value.type));
        err = key_check_value(attribute->name, value, is_hash(schema, i), fault);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err key_check_key(const struct key_schema *schema, struct value key, struct fault *fault)
{
    struct value values[KEY_ATTRIBUTES_MAX];
    bool matches = value_count(key) == key_schema_count(schema);
    enum err err = OK;

    for (unsigned i = 0; matches && i < key_schema_count(schema); i++)
        matches = value_find(key, schema->attributes[i].name, &values[i]) &&
                  values[i].type == schema->attributes[i].type;
    if (!matches)
        return fault_set(fault, ERR_VALIDATION,
                         "The provided key element does not match the schema");
    for (unsigned i = 0; err == OK && i < key_schema_count(schema); i++)
        err = key_check_value(schema->attributes[i].name, values[i], is_hash(schema, i), fault);
    return err;
}

enum err key_check_value(struct bytes name, struct value value, bool hash, struct fault *fault)
{
    if (value.type == VALUE_N)
        return OK;
    if (value.payload.size == 0)
        return fault_set(fault, ERR_VALIDATION,
                         "One or more parameter values are not valid. The AttributeValue for a key "
                         "attribute cannot contain an empty %s value. Key: %.*s",
                         value.type == VALUE_S ? "string" : "binary", BYTES_ARGS(name));
    if (hash && value.payload.size > KEY_HASH_BYTES_MAX)
        return fault_set(fault, ERR_VALIDATION,
                         "One or more parameter values were invalid: Size of hashkey has exceeded "
                         "the maximum size limit of%d bytes", /* the service leaves no space */
                         KEY_HASH_BYTES_MAX);
    if (!hash && value.payload.size > KEY_RANGE_BYTES_MAX)
        return fault_set(fault, ERR_VALIDATION,
                         "One or more parameter values were invalid: Aggregated size of all range "
                         "keys has exceeded the size limit of %d bytes",
                         KEY_RANGE_BYTES_MAX);
    return OK;
}

/* A number ends at the first 00 (positive) or ff (negative) behind its exponent: no pair is
 * written as one of them. */
static enum err read_number(struct bytes *at, struct arena *arena, struct value *value)
{
    size_t size = 1;

    if (at->size >= 3 && at->data[0] != 2) {
        uint8_t end_mark = at->data[0] == 3 ? 0x00 : 0xff;
        size_t most = at->size < NUMBER_BYTES_MAX ? at->size : NUMBER_BYTES_MAX;

        for (size = 2; size < most && at->data[size] != end_mark; size++)
            continue;
        size = size < most ? size + 1 : most;
    }
    if (at->size < size || !number_valid(bytes_make(at->data, size)))
        return ERR_CORRUPT;
    *value = (struct value){VALUE_N, arena_copy(arena, bytes_make(at->data, size))};
    *at = bytes_skip(*at, size);
    return OK;
}

static enum err read_escaped(struct bytes *at, enum value_type type, struct arena *arena,
                             struct value *value)
{
    struct bytes rest = *at;
    uint8_t *plain = arena_alloc(arena, rest.size);
    size_t size = 0;

    while (rest.size >= 2) {
        const uint8_t *zero = memchr(rest.data, ESCAPED_BYTE, rest.size - 1);
        size_t before;

        if (zero == NULL || (zero[1] != ESCAPE_DATA && zero[1] != ESCAPE_END))
            break;
        before = (size_t)(zero - rest.data);
        memcpy(plain + size, rest.data, before);
        size += before;
        rest = bytes_skip(rest, before + 2);
        if (zero[1] == ESCAPE_END) {
            *value = (struct value){type, bytes_make(plain, size)};
            *at = rest;
            return OK;
        }
        plain[size++] = ESCAPED_BYTE;
    }
    return ERR_CORRUPT;
}

static bool is_hash(const struct key_schema *schema, unsigned index)
{
    return index < schema->hash_count;
}
