/* mem.h - allocation that never returns NULL.
 * A process out of memory stops; that is safe because demands are bounded before we allocate.
 * For modules with long-lived state; a request's memory comes from its arena.
 */
#pragma once

#include <stddef.h>

/* Uninitialised / zeroed / resized memory. free() ends it. Size 0 gives a unique pointer. */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull, alloc_size(2)));
char *mem_string(const char *copy) __attribute__((malloc, returns_nonnull));
