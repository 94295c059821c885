/* crc32_test.c - the fast way agrees with zlib for every size and place. */
#include "base/crc32.h"
#include "unit.h"

#include <stdlib.h>
#include <zlib.h>

TEST(crc32_is_the_one_of_ieee_802_3)
{
    CHECK_U64(crc32_bytes(BYTES("")), 0);
    CHECK_U64(crc32_bytes(BYTES("123456789")), 0xcbf43926); /* the catalogue's check value */
    /* core API contract, 1.3 */
    CHECK_U64(crc32_bytes(BYTES("<UnknownOperationException/>\n")), 3552371480);
}

TEST(crc32_agrees_with_zlib)
{
    static uint8_t data[5000];

    srandom(3);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random();
    for (size_t size = 0; size < 600; size++)
        for (size_t at = 0; at < 17; at += 4)
            CHECK_U64(crc32_bytes(bytes_make(data + at, size)), crc32(0, data + at, (uInt)size));
    for (size_t size = 600; size <= sizeof(data); size += 37)
        CHECK_U64(crc32_bytes(bytes_make(data, size)), crc32(0, data, (uInt)size));
}
