/* throttle_test.c - partition keys of many tables in one sketch. */
#include "base/bytes.h"
#include "item/key.h"
#include "table/throttle.h"
#include "unit.h"

#include <string.h>

#define NOW_NS 1000000000000u

/* A table, and the beginning of a storage key in it: the same partition key in every table. */
static struct table *make_table(uint32_t id, uint8_t key[KEY_PREFIX_BYTES])
{
    struct table_definition definition = {
        .id = id,
        .name = BYTES("Music"),
        .schema = {.hash_count = 1, .attributes = {{BYTES("Artist"), VALUE_S}}},
        .settings = {.billing = TABLE_PROVISIONED,
                     .capacity = {.throughput = {.read_units = 10000, .write_units = 10000}}},
    };

    memset(key, 0, KEY_PREFIX_BYTES);
    bytes_put_u32(key, id);
    bytes_put_u64(key + KEY_PREFIX_BYTES - 8, 0x0123456789abcdef);
    return table_create(&definition, NULL);
}

static struct throttle_place write_to(const struct table *table, const uint8_t *key)
{
    return (struct throttle_place){
        .table = table, .way = TABLE_WRITE, .key = bytes_make(key, KEY_PREFIX_BYTES)};
}

TEST(throttle_keeps_a_hot_key_of_one_table_from_the_same_key_of_another)
{
    uint8_t key[KEY_PREFIX_BYTES];
    struct throttle_place place;
    struct table *table;
    unsigned wronged = 0;

    for (uint32_t id = 1; id <= 64; id++) {
        table = make_table(id, key);
        place = write_to(table, key);
        throttle_charge(&place, NOW_NS, 2 * THROTTLE_PARTITION_WRITE_UNITS);
        CHECK_U64(throttle_check(&place, NOW_NS), THROTTLE_KEY_RANGE);
        table_release(&table);
    }
    for (uint32_t id = 1001; id <= 5000; id++) {
        table = make_table(id, key);
        place = write_to(table, key);
        wronged += throttle_check(&place, NOW_NS) != THROTTLE_NONE;
        table_release(&table);
    }
    /* 64 of 4,096 cells in each of two rows: one of 4,000 meets them in both, 62 would in one. */
    CHECK(wronged <= 5);
}
