/* bucket.h - token buckets: units that come back at a rate, up to what some seconds of it give.
 * A request is admitted while anything is left, and charged whole when its size is known: the level
 * falls below zero then, and the next one waits until that is paid.
 * Pure: rate and time are the caller's. Threads: any, without locks; who charges at the same moment
 *       may both be admitted.
 * Source: contract core-api-data.md 6.1, "Model for an implementation".
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All of it in one word: the moment at which the bucket will be full. In the past: it is full, as
 * a zeroed bucket is. How much is missing until then follows from the rate. */
struct bucket {
    _Atomic int64_t full_at_ns;
};

/* How fast units come back, and how many seconds of them a full bucket holds. */
struct bucket_rate {
    double units_per_s; /* more than 0 */
    double depth_s;
};

/* Units that are left; below zero, units that are owed. */
double bucket_level(const struct bucket *bucket, struct bucket_rate rate, int64_t now_ns);
void bucket_charge(struct bucket *bucket, struct bucket_rate rate, int64_t now_ns, double units);

/* The bucket goes on at another rate, of the same depth in seconds: what was used stays used, so
 * that a debt does not wait longer than the new rate makes it. */
void bucket_change_rate(struct bucket *bucket, double from_units_per_s, double to_units_per_s,
                        int64_t now_ns);

/* --- many buckets in bounded memory ----------------------------------------------------------- */

#define BUCKET_SKETCH_ROWS  2
#define BUCKET_SKETCH_CELLS 4096 /* a row; a power of two */

/* Buckets by hash: each hash has one in every row, and is judged by the fullest of them. So one is
 * wronged by others only if others meet it in all rows. */
struct bucket_sketch {
    struct bucket cells[BUCKET_SKETCH_ROWS][BUCKET_SKETCH_CELLS];
};

double bucket_sketch_level(const struct bucket_sketch *sketch, uint64_t hash,
                           struct bucket_rate rate, int64_t now_ns);
void bucket_sketch_charge(struct bucket_sketch *sketch, uint64_t hash, struct bucket_rate rate,
                          int64_t now_ns, double units);
