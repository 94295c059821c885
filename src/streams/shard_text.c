/* shard_text.c - ids, sequence numbers and iterators, both ways. */
#include "streams/shard_text.h"

#include "base/base64.h"

#include <inttypes.h>
#include <stdio.h>

#define SHARD_ID_BYTES 37
#define SEQUENCE_BYTES 26
#define SEQUENCE_FIRST '1' /* no leading zero, whatever the version */

#define ITERATOR_FORMAT     1
#define ITERATOR_BYTES      42
#define ITERATOR_TEXT_BYTES 56 /* of its base64 */
#define ITERATOR_SEPARATOR  "|1|"
#define SIGNATURE_OFFSET    34

static uint64_t sign(const uint8_t *layout, struct bytes arn, const uint8_t key[SIPHASH_KEY_BYTES]);

/* The version's counter and the lane make ids of one millisecond differ, and keep their order. */
void shard_id_append(struct buf *out, uint64_t begin, uint16_t lane)
{
    buf_append_format(out, "shardId-%020" PRIu64 "-%04x%04x", stream_time_ms(begin),
                      (unsigned)(begin & 0xffff), (unsigned)lane);
}

const struct stream_shard *shard_find(const struct stream *stream, struct bytes id)
{
    char text[SHARD_ID_BYTES + 1];

    for (unsigned i = 0; i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];

        snprintf(text, sizeof(text), "shardId-%020" PRIu64 "-%04x%04x",
                 stream_time_ms(shard->begin), (unsigned)(shard->begin & 0xffff),
                 (unsigned)shard->lanes.first);
        if (bytes_equal_string(id, text))
            return shard;
    }
    return NULL;
}

void sequence_number_append(struct buf *out, struct journal_place place)
{
    buf_append_format(out, "%c%020" PRIu64 "%05u", SEQUENCE_FIRST, place.version,
                      (unsigned)place.ordinal);
}

static bool read_digits(struct bytes digits, uint64_t max, uint64_t *value)
{
    uint64_t read = 0;

    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = digits.data[i] - (unsigned)'0';

        if (digit > 9 || read > (max - digit) / 10)
            return false;
        read = read * 10 + digit;
    }
    *value = read;
    return true;
}

bool sequence_number_read(struct bytes text, struct journal_place *place)
{
    uint64_t version, ordinal;

    if (text.size != SEQUENCE_BYTES || text.data[0] != SEQUENCE_FIRST ||
        !read_digits(bytes_make(text.data + 1, 20), UINT64_MAX, &version) ||
        !read_digits(bytes_make(text.data + 21, 5), UINT16_MAX, &ordinal))
        return false;
    *place = (struct journal_place){.version = version, .ordinal = (uint16_t)ordinal};
    return true;
}

/* No change has the version of a boundary. */
struct journal_place shard_first(const struct stream_shard *shard)
{
    return (struct journal_place){.version = shard->begin, .ordinal = 1};
}

struct journal_place shard_last(const struct stream_shard *shard)
{
    return (struct journal_place){.version = shard->end, .ordinal = 0};
}

void shard_iterator_append(struct buf *out, const struct shard_iterator *iterator,
                           const uint8_t key[SIPHASH_KEY_BYTES])
{
    uint8_t layout[ITERATOR_BYTES] = {ITERATOR_FORMAT, (uint8_t)iterator->kind};

    bytes_put_u32(layout + 2, iterator->table_id);
    bytes_put_u16(layout + 6, iterator->lane);
    bytes_put_u64(layout + 8, iterator->shard_begin);
    bytes_put_u64(layout + 16, iterator->at.version);
    bytes_put_u16(layout + 24, iterator->at.ordinal);
    bytes_put_u64(layout + 26, iterator->issued_ms);
    bytes_put_u64(layout + SIGNATURE_OFFSET, sign(layout, iterator->stream_arn, key));
    buf_append_bytes(out, iterator->stream_arn);
    buf_append_lit(out, ITERATOR_SEPARATOR);
    base64_append(out, bytes_make(layout, sizeof(layout)));
}

bool shard_iterator_read(struct bytes text, const uint8_t key[SIPHASH_KEY_BYTES],
                         struct shard_iterator *iterator)
{
    uint8_t layout[ITERATOR_TEXT_BYTES];
    struct bytes arn, coded;
    size_t size;

    if (text.size < ITERATOR_TEXT_BYTES + sizeof(ITERATOR_SEPARATOR) - 1)
        return false;
    coded = bytes_skip(text, text.size - ITERATOR_TEXT_BYTES);
    arn = bytes_make(text.data, text.size - ITERATOR_TEXT_BYTES - (sizeof(ITERATOR_SEPARATOR) - 1));
    if (memcmp(arn.data + arn.size, ITERATOR_SEPARATOR, sizeof(ITERATOR_SEPARATOR) - 1) != 0 ||
        !base64_decode(coded, layout, &size) || size != ITERATOR_BYTES ||
        layout[0] != ITERATOR_FORMAT ||
        bytes_get_u64(layout + SIGNATURE_OFFSET) != sign(layout, arn, key))
        return false;
    *iterator = (struct shard_iterator){
        .stream_arn = arn,
        .kind = (enum shard_iterator_kind)layout[1],
        .table_id = bytes_get_u32(layout + 2),
        .lane = bytes_get_u16(layout + 6),
        .shard_begin = bytes_get_u64(layout + 8),
        .at = {.version = bytes_get_u64(layout + 16), .ordinal = bytes_get_u16(layout + 24)},
        .issued_ms = bytes_get_u64(layout + 26),
    };
    return true;
}

/* The key is the slot hash's: what this adds to the text keeps the two apart. */
static uint64_t sign(const uint8_t *layout, struct bytes arn, const uint8_t key[SIPHASH_KEY_BYTES])
{
    uint8_t text[sizeof("iterator") - 1 + SIGNATURE_OFFSET + 8] = "iterator";

    memcpy(text + sizeof("iterator") - 1, layout, SIGNATURE_OFFSET);
    bytes_put_u64(text + sizeof(text) - 8, siphash(key, arn));
    return siphash(key, bytes_make(text, sizeof(text)));
}
