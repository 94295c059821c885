/* reader_limits.c - two token buckets for each shard, in sketches: of pages, and of their bytes. */
#include "streams/reader_limits.h"

#include "base/clock.h"
#include "base/mem.h"
#include "table/bucket.h"

#include <stdlib.h>

/* Two seconds' worth may be used at once: clients that keep to the limit do so on average. */
static const struct bucket_rate pages_rate = {.units_per_s = 5, .depth_s = 2};
static const struct bucket_rate bytes_rate = {.units_per_s = 2 << 20, .depth_s = 2};

struct reader_limits {
    struct bucket_sketch pages, bytes;
};

struct reader_limits *reader_limits_create(void)
{
    return mem_zalloc(sizeof(struct reader_limits));
}

void reader_limits_destroy(struct reader_limits **limits)
{
    free(*limits);
    *limits = NULL;
}

uint64_t reader_limits_hash(const uint8_t key[SIPHASH_KEY_BYTES], uint32_t table_id,
                            const struct stream_shard *shard)
{
    uint8_t text[4 + 2 + 8];

    bytes_put_u32(text, table_id);
    bytes_put_u16(text + 4, shard->lanes.first);
    bytes_put_u64(text + 6, shard->begin);
    return siphash(key, bytes_make(text, sizeof(text)));
}

bool reader_limits_admit(const struct reader_limits *limits, uint64_t shard)
{
    int64_t now_ns = (int64_t)clock_mono_ns();

    return limits == NULL || (bucket_sketch_level(&limits->pages, shard, pages_rate, now_ns) > 0 &&
                              bucket_sketch_level(&limits->bytes, shard, bytes_rate, now_ns) > 0);
}

void reader_limits_charge(struct reader_limits *limits, uint64_t shard, size_t page_bytes)
{
    int64_t now_ns = (int64_t)clock_mono_ns();

    if (limits == NULL)
        return;
    bucket_sketch_charge(&limits->pages, shard, pages_rate, now_ns, 1);
    bucket_sketch_charge(&limits->bytes, shard, bytes_rate, now_ns, (double)page_bytes);
}
