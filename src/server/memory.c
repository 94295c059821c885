/* memory.c - when more is resident than at the last look, and the allocator says that much of it is
 * free, it is told to let go of whole pages. That takes it a lock and some milliseconds for each
 * hundred megabytes, so only in calm.
 */
#include "server/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define GROWTH_BYTES   ((uint64_t)64 << 20)
#define FREE_BYTES_MIN ((size_t)64 << 20)
#define HELD_BYTES_MAX ((size_t)16 << 20)
#define CALM_TICKS     2

static uint64_t resident_bytes(void);

bool memory_watch_tick(struct memory_watch *watch, size_t held)
{
    uint64_t resident = resident_bytes();
    bool much;

    if (watch->kept_bytes == 0 || resident < watch->kept_bytes)
        watch->kept_bytes = resident;
    if (held > HELD_BYTES_MAX || resident < watch->kept_bytes + GROWTH_BYTES) {
        watch->calm_ticks = 0;
        return false;
    }
    if (++watch->calm_ticks < CALM_TICKS)
        return false;
    much = mallinfo2().fordblks >= FREE_BYTES_MIN;
    if (much)
        malloc_trim(FREE_BYTES_MIN / 2);
    watch->kept_bytes = resident_bytes(); /* caches grow for good */
    watch->calm_ticks = 0;
    return much;
}

static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long size, resident = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
