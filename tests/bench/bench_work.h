/* bench_work.h - what the servers are asked: tables, items, operations, and pools of requests.
 * Items look like small records of an application: a key, a counter, some strings. Their size is
 * counted as the service counts it (names plus values), their text is random, so that neither a
 * compressor nor a cache of equal replies has an easy day.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_mix;
struct bench_target;

#define BENCH_ITEM_BYTES_MIN  150
#define BENCH_ITEM_BYTES_MAX  (400u << 10) /* the service's own limit */
#define BENCH_PARTITION_ITEMS 100          /* items of one partition key, in a sorted table */
#define BENCH_QUERY_ITEMS     10           /* items a Query is asked for */
#define BENCH_TRANSACT_ITEMS  4            /* items that a transaction puts */

/* Item i has the key pk = user i; in a sorted table pk = user i / 100 and sk = 1 to 100. A table
 * with an index has one by city and visits, city i / 100 and visits 1 to 100; it projects all. */
struct bench_table {
    const char *name;
    uint64_t item_count;
    uint32_t item_bytes;
    bool sorted;
    bool indexed;
    bool told;   /* changes leave records: a stream with both images, and recovery */
    bool fields; /* ten of 100 bytes, instead of item_bytes in all */
    bool spread; /* many tables: item i is asked of the table called name-i */
};

struct bench_op {
    const char *name;      /* on the command line */
    const char *operation; /* of the API; NULL: a plain POST */
    bool sorted;           /* runs on a sorted table */
    bool indexed;          /* on one with an index */
    unsigned reply_items;  /* items that a right reply holds */
    const struct bench_mix
        *mix; /* of several operations, on items with fields; NULL: of this one */
    void (*append_body)(const struct bench_table *table, uint64_t item, uint64_t salt,
                        struct buf *out);
};

/* get, get-zipf, put, update, query, query-index, transact, post, or ycsb-a to ycsb-f; NULL: none
 * of them. */
const struct bench_op *bench_op_find(const char *name);

/* The item as JSON; another salt gives the same key other contents. */
void bench_append_item(const struct bench_table *table, uint64_t item, uint64_t salt,
                       struct buf *out);
/* Bodies of the operations that make a table and fill it. */
void bench_append_create(const struct bench_table *table, struct buf *out);
void bench_append_batch(const struct bench_table *table, uint64_t first, unsigned count,
                        struct buf *out);

/* Whole requests on random items, signed beforehand, so that sending one costs a system call and
 * nothing else; the server verifies each as if it were new. Signatures are good for 15 minutes. */
struct bench_pool {
    struct buf requests;
    size_t *ends;
    uint32_t count;
};

/* The same seed makes the same requests. */
void bench_pool_init(struct bench_pool *pool, const struct bench_target *target,
                     const struct bench_op *op, const struct bench_table *table, uint32_t count,
                     uint64_t seed);
void bench_pool_fini(struct bench_pool *pool);

static inline struct bytes bench_pool_at(const struct bench_pool *pool, uint32_t index)
{
    size_t start = index == 0 ? 0 : pool->ends[index - 1];

    return bytes_make(pool->requests.data + start, pool->ends[index] - start);
}
