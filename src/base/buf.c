/* buf.c - doubling growth up to the buffer's maximum. */
#include "base/buf.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/varint.h"

#include <stdarg.h>
#include <stdlib.h>

#define CAPACITY_BYTES_MIN 256

void buf_init(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max};
}

void buf_init_arena(struct buf *buf, struct arena *arena, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max, .arena = arena};
}

struct bytes buf_finish_arena(struct buf *buf)
{
    struct bytes written;

    ASSERT(buf->arena != NULL);
    ASSERT(!buf->overflowed);
    arena_resize(buf->arena, buf->data, buf->capacity, buf->size);
    written = buf_bytes(buf);
    buf_init_arena(buf, buf->arena, buf->size_max);
    return written;
}

void buf_fini(struct buf *buf)
{
    if (buf->arena == NULL)
        free(buf->data);
    *buf = (struct buf){.size_max = buf->size_max, .arena = buf->arena};
}

void buf_reset(struct buf *buf, size_t keep_bytes_max)
{
    if (buf->capacity > keep_bytes_max) {
        buf_fini(buf);
        return;
    }
    buf->size = 0;
    buf->overflowed = false;
}

bool buf_grow(struct buf *buf, size_t more)
{
    size_t capacity = buf->capacity < CAPACITY_BYTES_MIN ? CAPACITY_BYTES_MIN : buf->capacity;

    if (buf->overflowed || more > buf->size_max - buf->size) {
        buf->overflowed = true;
        buf->capacity = buf->size; /* so that a later, smaller append does not slip in */
        return false;
    }
    while (capacity - buf->size < more)
        capacity *= 2;
    if (capacity > buf->size_max)
        capacity = buf->size_max;
    buf->data = buf->arena == NULL ? mem_resize(buf->data, capacity)
                                   : arena_resize(buf->arena, buf->data, buf->capacity, capacity);
    buf->capacity = capacity;
    return true;
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
    uint8_t text[FORMAT_U64_BYTES_MAX];

    buf_append_bytes(buf, format_u64(value, text));
}

void buf_append_i64(struct buf *buf, int64_t value)
{
    if (value < 0)
        buf_append_byte(buf, '-');
    buf_append_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_append_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    size_t size;
    uint8_t *at;

    va_start(args, format);
    size = format_text(NULL, 0, format, args);
    va_end(args);
    at = buf_reserve(buf, size + 1); /* it also writes a NUL */
    if (at == NULL)
        return;
    va_start(args, format);
    format_text((char *)at, size + 1, format, args);
    va_end(args);
    buf_commit(buf, size);
}

void buf_append_varint(struct buf *buf, uint64_t value)
{
    uint8_t bytes[VARINT_BYTES_MAX];

    buf_append(buf, bytes, varint_put(bytes, value));
}

void buf_consume(struct buf *buf, size_t count)
{
    ASSERT(count <= buf->size);
    buf->size -= count;
    memmove(buf->data, buf->data + count, buf->size);
}
