/* memory.h - gives memory back after a burst.
 * What is freed stays with the process, so that the next request need not fault it in again
 * (main.c). After many large requests at once that may be gigabytes, in pieces between what lives
 * longer, which the allocator alone never hands back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_TICK_MS 1000

struct memory_watch {
    uint64_t kept_bytes; /* resident when it was looked at last */
    unsigned calm_ticks; /* since then, with little in hand */
};

/* Each MEMORY_TICK_MS. `held` is what requests have in hand: while that is much, the memory is
 * needed. True: some was given back. */
bool memory_watch_tick(struct memory_watch *watch, size_t held);
