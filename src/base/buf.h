/* buf.h - a growing byte buffer: what is being written before it is sent or stored.
 * Ownership: the buffer owns its memory; buf_bytes() is borrowed until the next append. Or the
 *            memory is an arena's, and what was written lives as long as that.
 * Bounds:    a maximum given at init; an append beyond it is refused and remembered in
 *            `overflowed`, so a writer may append freely and check once at the end.
 */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t size_max;
    bool overflowed;
    struct arena *arena; /* whose memory it is; NULL: the buffer's own */
};

void buf_init(struct buf *buf, size_t size_max);
/* Writes into the arena, needs no buf_fini. Grows in place if nothing else is allocated there. */
void buf_init_arena(struct buf *buf, struct arena *arena, size_t size_max);
/* What was written to an arena's buffer, which is all that was to be: where others decide how much
 * that is, ask for `overflowed` before. Gives the room behind it back. Nothing may follow. */
struct bytes buf_finish_arena(struct buf *buf);
/* Frees the memory; the buffer may be used again with the same maximum. */
void buf_fini(struct buf *buf);
/* Forgets the contents, keeps the memory unless it is more than keep_bytes_max. */
void buf_reset(struct buf *buf, size_t keep_bytes_max);

bool buf_grow(struct buf *buf, size_t more);

/* Room for `more` bytes behind the end, or NULL past the maximum. Follow with buf_commit. */
static inline uint8_t *buf_reserve(struct buf *buf, size_t more)
{
    if (__builtin_expect(buf->capacity - buf->size < more || buf->data == NULL, 0) &&
        !buf_grow(buf, more))
        return NULL;
    return buf->data + buf->size;
}

static inline void buf_commit(struct buf *buf, size_t size)
{
    buf->size += size;
}

static inline void buf_append(struct buf *buf, const void *data, size_t size)
{
    uint8_t *at = buf_reserve(buf, size);

    if (at == NULL || size == 0)
        return;
    memcpy(at, data, size);
    buf->size += size;
}

static inline void buf_append_bytes(struct buf *buf, struct bytes bytes)
{
    buf_append(buf, bytes.data, bytes.size);
}

static inline void buf_append_byte(struct buf *buf, uint8_t byte)
{
    buf_append(buf, &byte, 1);
}

static inline void buf_append_string(struct buf *buf, const char *string)
{
    buf_append(buf, string, strlen(string));
}

/* Appends a string literal. */
#define buf_append_lit(buf, literal) buf_append((buf), "" literal, sizeof(literal) - 1)

void buf_append_u64(struct buf *buf, uint64_t value); /* decimal */
void buf_append_i64(struct buf *buf, int64_t value);
void buf_append_format(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Unsigned LEB128: seven bits a byte, low first, as stored values use it. */
void buf_append_varint(struct buf *buf, uint64_t value);

static inline struct bytes buf_bytes(const struct buf *buf)
{
    return bytes_make(buf->data, buf->size);
}

/* Removes the first `count` bytes; the rest moves down. */
void buf_consume(struct buf *buf, size_t count);
