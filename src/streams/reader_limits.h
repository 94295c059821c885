/* reader_limits.h - how much readers may ask of a shard: five pages and 2 MB a second, together.
 * A reader asks before it reads, and is charged for what it got; who is refused is charged nothing.
 * Threads: any, without locks.
 * Source:  contract streams-kinesis-lambda.md 1.6.
 */
#pragma once

#include "table/shard.h"

struct reader_limits;

struct reader_limits *reader_limits_create(void);
void reader_limits_destroy(struct reader_limits **limits);

/* Which shard, for the two below. */
uint64_t reader_limits_hash(const uint8_t key[SIPHASH_KEY_BYTES], uint32_t table_id,
                            const struct stream_shard *shard);
/* NULL: there are no limits. */
bool reader_limits_admit(const struct reader_limits *limits, uint64_t shard);
void reader_limits_charge(struct reader_limits *limits, uint64_t shard, size_t page_bytes);
