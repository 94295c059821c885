/* value_build.c - writing values.
 * A container starts with one byte each reserved for its size and its count. Most need no more;
 * otherwise its entries are moved up once, when they are all there.
 */
#include "base/assert.h"
#include "base/varint.h"
#include "item/value.h"

static void append_head(struct buf *out, enum value_type type, size_t payload_size);
static bool entries_ascend(struct value container);

void value_append(struct buf *out, struct value value)
{
    append_head(out, value.type, value.payload.size);
    buf_append_bytes(out, value.payload);
}

void value_build_begin(struct value_builder *builder, struct buf *out, enum value_type type)
{
    append_head(out, type, 0);
    value_build_begin_payload(builder, out, type);
    builder->payload_only = false;
}

void value_build_begin_payload(struct value_builder *builder, struct buf *out, enum value_type type)
{
    ASSERT(type >= VALUE_SS && type <= VALUE_M);
    *builder =
        (struct value_builder){.out = out, .start = out->size, .type = type, .payload_only = true};
    buf_append_byte(out, 0);
}

void value_build_entry(struct value_builder *builder, struct bytes name, struct value value)
{
    value_build_next_entry(builder, name);
    value_append(builder->out, value);
}

void value_build_element(struct value_builder *builder, struct value value)
{
    builder->count++;
    if (builder->type == VALUE_L) {
        value_append(builder->out, value);
        return;
    }
    buf_append_varint(builder->out, value.payload.size);
    buf_append_bytes(builder->out, value.payload);
}

void value_build_next_entry(struct value_builder *builder, struct bytes name)
{
    builder->count++;
    buf_append_varint(builder->out, name.size);
    buf_append_bytes(builder->out, name);
}

void value_build_next_element(struct value_builder *builder)
{
    builder->count++;
}

void value_build_end(struct value_builder *builder)
{
    struct buf *out = builder->out;
    size_t first = builder->start + 1; /* of the entries */
    size_t reserved = builder->payload_only ? 1 : 2;
    size_t entries_size, payload_size, more;
    uint8_t *at;

    if (out->overflowed)
        return; /* what is there is not the whole */
    entries_size = out->size - first;
    payload_size = varint_size(builder->count) + entries_size;
    more = payload_size - entries_size - reserved;
    if (!builder->payload_only)
        more += varint_size(payload_size);
    if (more != 0) {
        if (buf_reserve(out, more) == NULL)
            return;
        memmove(out->data + first + more, out->data + first, entries_size);
        buf_commit(out, more);
    }
    at = out->data + first - reserved;
    if (!builder->payload_only)
        at += varint_put(at, payload_size);
    varint_put(at, builder->count);
    ASSERT_SLOW(entries_ascend((struct value){builder->type, bytes_make(at, payload_size)}));
}

static void append_head(struct buf *out, enum value_type type, size_t payload_size)
{
    uint8_t *at = buf_reserve(out, 1 + varint_size(payload_size));

    if (at == NULL)
        return;
    at[0] = (uint8_t)type;
    buf_commit(out, 1 + varint_put(at + 1, payload_size));
}

static __attribute__((unused)) bool entries_ascend(struct value container)
{
    struct value_walk walk = value_walk_begin(container);
    struct bytes previous = {NULL, 0};
    bool first = true;

    while (value_walk_next(&walk)) {
        struct bytes key = container.type == VALUE_M ? walk.name : walk.value.payload;

        if (container.type != VALUE_L && !first && bytes_compare(previous, key) >= 0)
            return false;
        previous = key;
        first = false;
    }
    return true;
}
