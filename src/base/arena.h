/* arena.h - memory that is dropped whole: a request's, a snapshot's, a scratch's.
 * Allocation never fails and is never freed alone; loops mark and release.
 * Threads: an arena belongs to one thread at a time.
 * Bounds:  none of its own; what fills it was bounded at the door.
 */
#pragma once

#include "base/bytes.h"

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *block; /* the one being filled, newest first */
    uint8_t *next;             /* free space inside it */
    uint8_t *end;
    size_t block_bytes; /* size of the next ordinary block */
    size_t bytes;       /* of all its blocks */
};

/* After a reset it keeps at most so much. */
#define ARENA_KEEP_BYTES (((size_t)256 << 10) + 64)

/* A point to go back to. Only valid until an older mark is released or the arena is reset. */
struct arena_mark {
    struct arena_block *block;
    uint8_t *next;
};

/* No memory is taken until the first allocation. */
void arena_init(struct arena *arena);
/* Frees everything. The arena may be used again. */
void arena_fini(struct arena *arena);
/* Forgets everything, keeps the oldest block for the next request. */
void arena_reset(struct arena *arena);

void *arena_alloc_slow(struct arena *arena, size_t size);

/* What an allocation takes: whole units of alignment. */
static inline size_t arena_room(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

/* Uninitialised, aligned for any type. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
    uint8_t *at = arena->next;

    size = arena_room(size);
    if (__builtin_expect(size > (size_t)(arena->end - at), 0))
        return arena_alloc_slow(arena, size);
    arena->next = at + size;
    return at;
}

/* Makes `old` (old_size bytes, or NULL and 0) larger or smaller, in place if nothing was allocated
 * after it; otherwise a larger one is a copy and the old memory stays behind. */
void *arena_resize(struct arena *arena, void *old, size_t old_size, size_t size);

/* Zeroed. */
void *arena_zalloc(struct arena *arena, size_t size);

/* `count` zeroed things of one type. */
#define arena_new_array(arena, type, count) \
    ((type *)arena_zalloc((arena), sizeof(type) * (size_t)(count)))
#define arena_new(arena, type) arena_new_array(arena, type, 1)

struct arena_mark arena_mark(const struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);

/* Copies; the result is also NUL-terminated (the NUL is not counted). */
struct bytes arena_copy(struct arena *arena, struct bytes bytes);
struct bytes arena_concat(struct arena *arena, const struct bytes *parts, size_t part_count);
struct bytes arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct bytes arena_vformat(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
