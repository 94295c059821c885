/* memory_test.c - when memory is given back. */
#include "server/memory.h"
#include "unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PIECES 4096
#define PIECE  ((size_t)64 << 10)

/* Every second piece stays, so that those between do not go by themselves, with the heap's end. */
TEST(memory_is_given_back_in_calm)
{
    static void *pieces[PIECES];
    struct memory_watch watch = {0};
    unsigned given = 0;

    malloc_trim(0); /* what earlier tests left would be used again, and nothing grow */
    CHECK(!memory_watch_tick(&watch, 0));
    for (unsigned i = 0; i < PIECES; i++)
        pieces[i] = memset(malloc(PIECE), 1, PIECE);
    for (unsigned i = 0; i < PIECES; i += 2)
        free(pieces[i]);
    for (unsigned i = 0; i < 5; i++)
        CHECK(!memory_watch_tick(&watch, (size_t)64 << 20)); /* not while much is in hand */
    for (unsigned i = 0; i < 5; i++)
        given += memory_watch_tick(&watch, 0);
    CHECK(given == 1 || mallinfo2().arena == 0); /* a sanitizer's allocator tells nothing */
    for (unsigned i = 1; i < PIECES; i += 2)
        free(pieces[i]);
}
