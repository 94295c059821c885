/* store_bed.c - a store to be tested. */
#include "store_bed.h"

#include <stdio.h>

void bed_open(struct bed *bed, bool on_disk)
{
    struct store_options options = {
        .cache_bytes = 8 << 20, .image_bytes = 1 << 20, .queue_bytes_max = 64 << 20};

    if (bed->path[0] == 0)
        snprintf(bed->path, sizeof(bed->path), "%s/data", unit_temp_dir());
    bed->on_disk = on_disk;
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    options.path = on_disk ? bed->path : NULL;
    CHECK_OK(store_open(&options, &bed->fault, &bed->store));
}

void bed_close(struct bed *bed)
{
    store_close(&bed->store);
    arena_fini(&bed->arena);
}
