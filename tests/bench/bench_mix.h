/* bench_mix.h - the core workloads of the Yahoo! Cloud Serving Benchmark: which request comes next,
 * and on which item.
 * Source: Cooper et al., "Benchmarking Cloud Serving Systems with YCSB" (SoCC 2010), and the
 * workload files a to f of its repository: shares, distributions, and items of ten fields of 100
 * bytes. Where the API asks for something of its own: a scan is a Query of 1 to 100 items in a
 * partition, and a read-modify-write is a GetItem and then an UpdateItem, two requests.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BENCH_SCAN_ITEMS_MAX 100

enum bench_part { BENCH_READ, BENCH_UPDATE, BENCH_INSERT, BENCH_SCAN, BENCH_PART_COUNT };

enum bench_choice {
    BENCH_ZIPFIAN, /* some items are wanted often, wherever they are */
    BENCH_LATEST,  /* those that were inserted last are */
};

struct bench_mix {
    unsigned percent[BENCH_PART_COUNT];
    unsigned read_update_percent; /* a read, then an update of the same item */
    enum bench_choice choice;
};

/* Numbers from a Zipf distribution with the benchmark's constant 0.99, as in Gray et al., "Quickly
 * Generating Billion-Record Synthetic Databases" (SIGMOD 1994). */
struct bench_zipf {
    uint64_t count;
    double alpha, zeta, eta;
};

struct bench_mixer {
    const struct bench_mix *mix;
    struct bench_zipf zipf;
    uint64_t state; /* of the random numbers */
    uint64_t item_count;
    uint64_t update_next; /* item + 1 of a read that an update follows; 0: none */
};

/* SplitMix64 (Steele, Lea, Flood 2014): good enough to scatter keys and fill text, and seedable. */
uint64_t bench_random(uint64_t *state);

void bench_zipf_init(struct bench_zipf *zipf, uint64_t count);
/* 0 is the likeliest, count - 1 the least likely. */
uint64_t bench_zipf_next(const struct bench_zipf *zipf, uint64_t *state);

/* A workload over that many items. */
void bench_mixer_init(struct bench_mixer *mixer, const struct bench_mix *mix, uint64_t item_count,
                      uint64_t seed);
enum bench_part bench_mixer_next(struct bench_mixer *mixer, uint64_t *item);
