/* shard_text_test.c - ids, sequence numbers and iterators as text, and what is none of ours. */
#include "streams/shard_text.h"
#include "unit.h"

static const uint8_t key[SIPHASH_KEY_BYTES] = {1, 2, 3};
#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-01-01T00:00:00.000"

static struct bytes iterator_text(struct arena *arena)
{
    struct shard_iterator iterator = {
        .stream_arn = BYTES(ARN),
        .kind = SHARD_ITERATOR_AT,
        .table_id = 7,
        .lane = 3,
        .shard_begin = UINT64_C(0x0102030405060708),
        .at = {.version = UINT64_C(0x1112131415161718), .ordinal = 0x2122},
        .issued_ms = 1700000000123,
    };
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    shard_iterator_append(&out, &iterator, key);
    return buf_finish_arena(&out);
}

TEST(sequence_numbers_are_ordered_as_texts)
{
    static const struct journal_place places[] = {
        {0, 0}, {0, 1}, {9, 65535}, {10, 0}, {UINT64_C(117654736679141376), 0}, {UINT64_MAX, 65535},
    };
    struct journal_place read;
    struct bytes before = BYTES("");
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct buf out;
        struct bytes text;

        buf_init_arena(&out, &arena, SIZE_MAX);
        sequence_number_append(&out, places[i]);
        text = buf_finish_arena(&out);
        CHECK_U64(text.size, 26);
        CHECK(text.data[0] != '0' && bytes_compare(before, text) < 0);
        CHECK(sequence_number_read(text, &read));
        CHECK_U64(read.version, places[i].version);
        CHECK_U64(read.ordinal, places[i].ordinal);
        before = text;
    }
    arena_fini(&arena);
}

TEST(sequence_numbers_of_others_are_refused)
{
    static const char *const texts[] = {
        "",
        "111111111111111111111",
        "10000000000000000000000001x",
        "1000000000000000000000000x",
        "20000000000000000000100001",
        "11844674407370955161600000", /* a version of 2^64 */
        "10000000000000000000165536", /* an ordinal of 2^16 */
        "100000000000000000000000001",
    };
    struct journal_place place;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CHECK(!sequence_number_read(bytes_of_string(texts[i]), &place));
}

TEST(shard_ids_are_found_again)
{
    struct stream_shard shards[] = {
        {.begin = UINT64_C(1700000000123) << 16, .end = 0},
        {.begin = (UINT64_C(1700000000123) << 16) + 0xabc, .lanes.first = 1},
    };
    struct stream stream = {.shards = shards, .shard_count = 2};

    CHECK(shard_find(&stream, BYTES("shardId-00000001700000000123-00000000")) == &shards[0]);
    CHECK(shard_find(&stream, BYTES("shardId-00000001700000000123-0abc0001")) == &shards[1]);
    CHECK(shard_find(&stream, BYTES("shardId-00000001700000000123-0abc0002")) == NULL);
    CHECK(shard_find(&stream, BYTES("")) == NULL);
}

TEST(shard_iterators_read_back)
{
    struct shard_iterator read;
    struct arena arena;

    arena_init(&arena);
    CHECK(shard_iterator_read(iterator_text(&arena), key, &read));
    CHECK_TEXT(read.stream_arn, ARN);
    CHECK_U64(read.kind, SHARD_ITERATOR_AT);
    CHECK_U64(read.table_id, 7);
    CHECK_U64(read.lane, 3);
    CHECK_U64(read.shard_begin, UINT64_C(0x0102030405060708));
    CHECK_U64(read.at.version, UINT64_C(0x1112131415161718));
    CHECK_U64(read.at.ordinal, 0x2122);
    CHECK_U64(read.issued_ms, 1700000000123);
    arena_fini(&arena);
}

/* Whatever byte is changed or cut off, and with another data directory's key. */
TEST(shard_iterators_of_others_are_refused)
{
    static const uint8_t other[SIPHASH_KEY_BYTES] = {1, 2, 4};
    struct shard_iterator read;
    struct arena arena;
    struct bytes text;

    arena_init(&arena);
    text = iterator_text(&arena);
    CHECK(!shard_iterator_read(text, other, &read));
    for (size_t i = 0; i < text.size; i++) {
        struct bytes copy = arena_copy(&arena, text);

        ((uint8_t *)copy.data)[i] ^= 1;
        CHECK(!shard_iterator_read(copy, key, &read));
        CHECK(!shard_iterator_read(bytes_make(text.data, i), key, &read));
    }
    arena_fini(&arena);
}
