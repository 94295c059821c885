/* hist.h - a histogram of latencies that keeps three significant digits.
 * Log-linear: every power of two is cut into 1,024 equal buckets, so a value is known to 0.1 % from
 * a nanosecond to a minute, recording is a few instructions, and no sample is ever dropped.
 * Bounds: larger values than HIST_VALUE_MAX are counted in the last bucket; `max` stays exact.
 */
#pragma once

#include <stdint.h>

#define HIST_SUB_BITS     10 /* 1,024 buckets a power of two: 0.1 % */
#define HIST_SUB_COUNT    (1u << HIST_SUB_BITS)
#define HIST_VALUE_BITS   36 /* 2^36 ns are 68 s */
#define HIST_VALUE_MAX    ((UINT64_C(1) << HIST_VALUE_BITS) - 1)
#define HIST_BUCKET_COUNT ((HIST_VALUE_BITS - HIST_SUB_BITS + 1) * HIST_SUB_COUNT)

/* Zeroed is empty. Large (216 KB): not for the stack. */
struct hist {
    uint64_t count;
    uint64_t sum;
    uint64_t max;
    uint64_t buckets[HIST_BUCKET_COUNT];
};

void hist_reset(struct hist *hist);
void hist_record(struct hist *hist, uint64_t value);

/* The value that a share of `quantile` (0 to 1) of the samples does not exceed, rounded up within
 * its bucket, never above max; 0 without samples. */
uint64_t hist_quantile(const struct hist *hist, double quantile);
/* Exact; 0 without samples. */
uint64_t hist_mean(const struct hist *hist);
