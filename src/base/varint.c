/* varint.c - numbers of more than one byte. */
#include "base/varint.h"

size_t varint_read_slow(struct bytes at, uint64_t *value)
{
    uint64_t number = 0;

    for (size_t i = 0; i < at.size && i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = at.data[i];

        number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte >= 0x80)
            continue;
        /* A last byte of 0 could be left out; the tenth holds one bit. */
        if ((byte == 0 && i > 0) || (i == VARINT_BYTES_MAX - 1 && byte > 1))
            return 0;
        *value = number;
        return i + 1;
    }
    return 0;
}
