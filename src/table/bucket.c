/* bucket.c - token buckets as one moment each. */
#include "table/bucket.h"

#define NS_PER_S 1e9

static int64_t missing_ns(int64_t full_at_ns, int64_t now_ns)
{
    return full_at_ns > now_ns ? full_at_ns - now_ns : 0;
}

double bucket_level(const struct bucket *bucket, struct bucket_rate rate, int64_t now_ns)
{
    int64_t full_at_ns = atomic_load_explicit(&bucket->full_at_ns, memory_order_relaxed);
    double missing_s = (double)missing_ns(full_at_ns, now_ns) / NS_PER_S;

    return (rate.depth_s - missing_s) * rate.units_per_s;
}

void bucket_charge(struct bucket *bucket, struct bucket_rate rate, int64_t now_ns, double units)
{
    int64_t cost_ns = (int64_t)(units / rate.units_per_s * NS_PER_S);
    int64_t before = atomic_load_explicit(&bucket->full_at_ns, memory_order_relaxed);
    int64_t after;

    do {
        after = (before > now_ns ? before : now_ns) + cost_ns;
    } while (!atomic_compare_exchange_weak_explicit(&bucket->full_at_ns, &before, after,
                                                    memory_order_relaxed, memory_order_relaxed));
}

void bucket_change_rate(struct bucket *bucket, double from_units_per_s, double to_units_per_s,
                        int64_t now_ns)
{
    int64_t before = atomic_load_explicit(&bucket->full_at_ns, memory_order_relaxed);
    int64_t after;

    do {
        double missing = (double)missing_ns(before, now_ns) * from_units_per_s;

        after = now_ns + (int64_t)(missing / to_units_per_s);
    } while (!atomic_compare_exchange_weak_explicit(&bucket->full_at_ns, &before, after,
                                                    memory_order_relaxed, memory_order_relaxed));
}

/* --- many buckets in bounded memory ----------------------------------------------------------- */

_Static_assert((BUCKET_SKETCH_CELLS & (BUCKET_SKETCH_CELLS - 1)) == 0, "cells are masked");

/* Each row looks at other bits. */
static unsigned cell_of(uint64_t hash, unsigned row)
{
    return (unsigned)(hash >> (row * 32)) & (BUCKET_SKETCH_CELLS - 1);
}

double bucket_sketch_level(const struct bucket_sketch *sketch, uint64_t hash,
                           struct bucket_rate rate, int64_t now_ns)
{
    double fullest = bucket_level(&sketch->cells[0][cell_of(hash, 0)], rate, now_ns);

    for (unsigned row = 1; row < BUCKET_SKETCH_ROWS; row++) {
        double level = bucket_level(&sketch->cells[row][cell_of(hash, row)], rate, now_ns);

        if (level > fullest)
            fullest = level;
    }
    return fullest;
}

void bucket_sketch_charge(struct bucket_sketch *sketch, uint64_t hash, struct bucket_rate rate,
                          int64_t now_ns, double units)
{
    for (unsigned row = 0; row < BUCKET_SKETCH_ROWS; row++)
        bucket_charge(&sketch->cells[row][cell_of(hash, row)], rate, now_ns, units);
}
