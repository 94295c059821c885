/* shard_text.h - shards and places in them, as clients name them.
 *   shard id         shardId-<ms since 1970, 20 digits>-<8 hexadecimal digits>: when it began; the
 *                    order of ids is the order in which shards began
 *   sequence number  1<version, 20 digits><ordinal, 5 digits>: the order of numbers, and of their
 *                    texts, is the order of changes
 *   iterator         <stream ARN>|1|<base64 of the layout below>
 *                    0 format u8 · 1 kind u8 · 2 table id u32 · 6 lane u16 · 8 shard's begin u64
 *                    16 version u64 · 24 ordinal u16 · 26 issued u64 (ms) · 34 signature u64
 *                    signed with the data directory's key, over the ARN too
 * Source: contract streams-kinesis-lambda.md 1.4 and 1.6.
 */
#pragma once

#include "base/siphash.h"
#include "table/stream.h"

#define SHARD_ITERATOR_LIFE_MS (15 * 60 * UINT64_C(1000))

/* Iterators live for minutes, and so do the values here. */
enum shard_iterator_kind {
    SHARD_ITERATOR_AT = 1,      /* from a place on */
    SHARD_ITERATOR_HORIZON = 2, /* from the oldest change that is there when it is used */
};

struct shard_iterator {
    struct bytes stream_arn;
    enum shard_iterator_kind kind;
    uint32_t table_id;
    uint16_t lane;
    uint64_t shard_begin;
    struct journal_place at;
    uint64_t issued_ms;
};

void shard_id_append(struct buf *out, uint64_t begin, uint16_t lane);
/* The shard of that id; NULL: the stream has none. */
const struct stream_shard *shard_find(const struct stream *stream, struct bytes id);

void sequence_number_append(struct buf *out, struct journal_place place);
/* False: not one of ours. */
bool sequence_number_read(struct bytes text, struct journal_place *place) MUST_CHECK;
/* What a shard says of its begin and, closed, of its end: before and behind all its changes. */
struct journal_place shard_first(const struct stream_shard *shard);
struct journal_place shard_last(const struct stream_shard *shard);

void shard_iterator_append(struct buf *out, const struct shard_iterator *iterator,
                           const uint8_t key[SIPHASH_KEY_BYTES]);
/* False: not one that was signed with this key. The ARN points into the text. */
bool shard_iterator_read(struct bytes text, const uint8_t key[SIPHASH_KEY_BYTES],
                         struct shard_iterator *iterator) MUST_CHECK;
