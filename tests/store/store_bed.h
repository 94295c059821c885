/* store_bed.h - a store to be tested, of either engine. */
#pragma once

#include "base/arena.h"
#include "store/store.h"
#include "unit.h"

struct bed {
    struct store *store;
    struct arena arena;
    struct fault fault;
    char path[256]; /* of its folder; set before the first open, or one of the test's own */
    bool on_disk;
};

/* On disk, or in memory. A bed that was closed may be opened again, in its folder. */
void bed_open(struct bed *bed, bool on_disk);
void bed_close(struct bed *bed);

/* A test of what both engines must do: a function of a bed. */
#define ON_EACH_ENGINE(behaviour) \
    TEST(store_mem_##behaviour)   \
    {                             \
        struct bed bed = {0};     \
        bed_open(&bed, false);    \
        behaviour(&bed);          \
        bed_close(&bed);          \
    }                             \
    TEST(store_rocks_##behaviour) \
    {                             \
        struct bed bed = {0};     \
        bed_open(&bed, true);     \
        behaviour(&bed);          \
        bed_close(&bed);          \
    }
