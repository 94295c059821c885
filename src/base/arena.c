/* arena.c - blocks chained newest first; the newest is the one being filled.
 * Ordinary blocks double from 4 KiB to 256 KiB, so that a small request touches little memory and a
 * large one takes few calls. An allocation larger than the next block gets a block of its own size.
 */
#include "base/arena.h"

#include "base/assert.h"
#include "base/format.h"
#include "base/mem.h"

#include <stdlib.h>

#define BLOCK_BYTES_MIN ((size_t)4 << 10)
#define BLOCK_BYTES_MAX ((size_t)256 << 10)

struct arena_block {
    struct arena_block *older;
    uint8_t *end;
    _Alignas(16) uint8_t data[];
};
_Static_assert(sizeof(struct arena_block) + BLOCK_BYTES_MAX <= ARENA_KEEP_BYTES, "one is kept");

static size_t block_size(const struct arena_block *block)
{
    return (size_t)(block->end - (const uint8_t *)block);
}

void arena_init(struct arena *arena)
{
    static uint8_t nothing[1]; /* so that an allocation of no bytes has an address too */

    *arena = (struct arena){.next = nothing, .end = nothing, .block_bytes = BLOCK_BYTES_MIN};
}

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->block;

    while (block != NULL) {
        struct arena_block *older = block->older;

        free(block);
        block = older;
    }
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->block;

    if (block == NULL)
        return;
    while (block->older != NULL) {
        struct arena_block *older = block->older;

        free(block);
        block = older;
    }
    arena->bytes = block_size(block);
    if (block->end - block->data > (ptrdiff_t)BLOCK_BYTES_MAX) {
        free(block);
        arena_init(arena);
        return;
    }
    arena->block = block;
    arena->next = block->data;
    arena->end = block->end;
}

void *arena_alloc_slow(struct arena *arena, size_t size)
{
    size_t bytes = arena->block_bytes;
    struct arena_block *block;

    ASSERT(size <= SIZE_MAX / 4);
    if (bytes < size)
        bytes = size;
    if (arena->block_bytes < BLOCK_BYTES_MAX)
        arena->block_bytes *= 2;
    block = mem_alloc(sizeof(*block) + bytes);
    arena->bytes += sizeof(*block) + bytes;
    block->older = arena->block;
    block->end = block->data + bytes;
    arena->block = block;
    arena->next = block->data + size;
    arena->end = block->end;
    return block->data;
}

void *arena_resize(struct arena *arena, void *old, size_t old_size, size_t size)
{
    size_t old_room = arena_room(old_size), room = arena_room(size);
    uint8_t *start = old;
    void *copy;

    if (start != NULL && start + old_room == arena->next && room <= (size_t)(arena->end - start)) {
        arena->next = start + room;
        return start;
    }
    if (size <= old_size)
        return start;
    copy = arena_alloc(arena, size);
    if (old_size != 0)
        memcpy(copy, start, old_size);
    return copy;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    void *memory = arena_alloc(arena, size);

    return size == 0 ? memory : memset(memory, 0, size);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->block, arena->next};
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
    if (mark.block == NULL) {
        arena_reset(arena); /* the mark was taken before the first block */
        return;
    }
    while (arena->block != mark.block) {
        struct arena_block *older = arena->block->older;

        ASSERT(older != NULL);
        arena->bytes -= block_size(arena->block);
        free(arena->block);
        arena->block = older;
    }
    arena->next = mark.next;
    arena->end = mark.block->end;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    uint8_t *copy = arena_alloc(arena, bytes.size + 1);

    if (bytes.size != 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = 0;
    return bytes_make(copy, bytes.size);
}

struct bytes arena_concat(struct arena *arena, const struct bytes *parts, size_t part_count)
{
    size_t size = 0;
    uint8_t *whole, *end;

    for (size_t i = 0; i < part_count; i++)
        size += parts[i].size;
    whole = end = arena_alloc(arena, size + 1);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size != 0)
            memcpy(end, parts[i].data, parts[i].size);
        end += parts[i].size;
    }
    *end = 0;
    return bytes_make(whole, size);
}

struct bytes arena_format(struct arena *arena, const char *format, ...)
{
    struct bytes text;
    va_list args;

    va_start(args, format);
    text = arena_vformat(arena, format, args);
    va_end(args);
    return text;
}

struct bytes arena_vformat(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char *text;
    size_t size;

    va_copy(again, args);
    size = format_text(NULL, 0, format, again);
    va_end(again);
    text = arena_alloc(arena, size + 1);
    format_text(text, size + 1, format, args);
    return bytes_make(text, size);
}
