/* crc32c_test.c - the RFC's values, both ways, in any pieces. */
#include "base/crc32c.h"
#include "unit.h"

#include <stdlib.h>

TEST(crc32c_is_the_one_of_rfc_3720)
{
    uint8_t data[32] = {0};

    CHECK_U64(crc32c_bytes(BYTES("")), 0);
    CHECK_U64(crc32c_bytes(BYTES("123456789")), 0xe3069283); /* the catalogue's check value */
    CHECK_U64(crc32c_bytes(bytes_make(data, sizeof(data))), 0x8a9136aa); /* the RFC's examples */
    memset(data, 0xff, sizeof(data));
    CHECK_U64(crc32c_bytes(bytes_make(data, sizeof(data))), 0x62a8ab43);
}

TEST(crc32c_is_the_same_either_way_and_in_pieces)
{
    static uint8_t data[1000];

    srandom(5);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random();
    for (size_t size = 0; size < sizeof(data); size += 7) {
        struct bytes whole = bytes_make(data + size % 5, size - size % 5);
        struct bytes begin = bytes_make(whole.data, whole.size / 3);
        uint32_t crc = crc32c_bytes(whole);

        CHECK_U64(crc32c_bytes_by_tables(whole), crc);
        CHECK_U64(crc32c_extend(crc32c_bytes(begin), bytes_skip(whole, begin.size)), crc);
    }
}
