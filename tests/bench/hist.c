/* hist.c - bucket arithmetic.
 * Values below 2 * HIST_SUB_COUNT have a bucket each. Above, a value of b bits loses its lowest
 * b - 11: what is left, 1,024 to 2,047, is its place within its power of two.
 */
#include "bench/hist.h"

#include <math.h>
#include <string.h>

static uint32_t bucket_of(uint64_t value);
static uint64_t bucket_last_value(uint32_t bucket);

void hist_reset(struct hist *hist)
{
    memset(hist, 0, sizeof(*hist));
}

void hist_record(struct hist *hist, uint64_t value)
{
    hist->count++;
    hist->sum += value;
    if (value > hist->max)
        hist->max = value;
    hist->buckets[bucket_of(value)]++;
}

uint64_t hist_quantile(const struct hist *hist, double quantile)
{
    uint64_t wanted = (uint64_t)ceil(quantile * (double)hist->count);
    uint64_t seen = 0;

    if (hist->count == 0)
        return 0;
    if (wanted == 0)
        wanted = 1;
    for (uint32_t bucket = 0; bucket < HIST_BUCKET_COUNT; bucket++) {
        seen += hist->buckets[bucket];
        if (seen >= wanted) {
            uint64_t last = bucket_last_value(bucket);

            return last < hist->max && bucket < HIST_BUCKET_COUNT - 1 ? last : hist->max;
        }
    }
    return hist->max;
}

uint64_t hist_mean(const struct hist *hist)
{
    return hist->count == 0 ? 0 : hist->sum / hist->count;
}

static uint32_t bucket_of(uint64_t value)
{
    unsigned shift;

    if (value > HIST_VALUE_MAX)
        value = HIST_VALUE_MAX;
    if (value < 2 * HIST_SUB_COUNT)
        return (uint32_t)value;
    shift = 63 - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
    return (uint32_t)(shift * HIST_SUB_COUNT + (value >> shift));
}

static uint64_t bucket_last_value(uint32_t bucket)
{
    unsigned shift;

    if (bucket < 2 * HIST_SUB_COUNT)
        return bucket;
    shift = bucket / HIST_SUB_COUNT - 1;
    return ((uint64_t)(bucket - shift * HIST_SUB_COUNT + 1) << shift) - 1;
}
