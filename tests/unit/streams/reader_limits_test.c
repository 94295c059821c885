/* reader_limits_test.c - what readers of a shard may ask for at once. */
#include "streams/reader_limits.h"
#include "unit.h"

static const uint8_t key[SIPHASH_KEY_BYTES] = "0123456789abcde";

TEST(reader_limits_of_pages)
{
    struct stream_shard one = {.begin = 1000, .lanes = {1, 8}},
                        other = {.begin = 1000, .lanes = {9, 16}};
    struct reader_limits *limits = reader_limits_create();
    uint64_t shard = reader_limits_hash(key, 1, &one);
    unsigned pages = 0;

    while (pages < 1000 && reader_limits_admit(limits, shard)) {
        reader_limits_charge(limits, shard, 0);
        pages++;
    }
    CHECK(pages >= 10 && pages < 1000);
    CHECK(reader_limits_admit(limits, reader_limits_hash(key, 1, &other)));
    CHECK(reader_limits_admit(limits, reader_limits_hash(key, 2, &one)));
    CHECK(reader_limits_admit(NULL, shard));
    reader_limits_charge(NULL, shard, 1);
    reader_limits_destroy(&limits);
}

TEST(reader_limits_of_bytes)
{
    struct reader_limits *limits = reader_limits_create();
    unsigned pages = 0;

    while (pages < 1000 && reader_limits_admit(limits, 7)) {
        reader_limits_charge(limits, 7, 1 << 20);
        pages++;
    }
    CHECK(pages >= 4 && pages < 10);
    reader_limits_destroy(&limits);
}
