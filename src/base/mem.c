/* mem.c - malloc, or the end. */
#include "base/mem.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

void *mem_alloc(size_t size)
{
    void *memory = malloc(size == 0 ? 1 : size);

    ASSERT(memory != NULL);
    return memory;
}

void *mem_zalloc(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);

    ASSERT(memory != NULL);
    return memory;
}

void *mem_resize(void *old, size_t size)
{
    void *memory = realloc(old, size == 0 ? 1 : size);

    ASSERT(memory != NULL);
    return memory;
}

char *mem_string(const char *copy)
{
    size_t size = strlen(copy) + 1;

    return memcpy(mem_alloc(size), copy, size);
}
