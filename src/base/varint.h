/* varint.h - unsigned LEB128: seven bits a byte, low first, a set high bit means that more follow.
 * Only the shortest form of a number is read, so that equal numbers are equal bytes.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#define VARINT_BYTES_MAX 10

static inline size_t varint_size(uint64_t value)
{
    return value < 0x80 ? 1 : (size_t)(70 - __builtin_clzll(value)) / 7;
}

/* Writes varint_size(value) bytes and returns how many. */
static inline size_t varint_put(uint8_t *at, uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        at[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    at[size++] = (uint8_t)value;
    return size;
}

/* The number at the front, and how many bytes it takes; 0 bytes: none is there. */
size_t varint_read_slow(struct bytes at, uint64_t *value);

/* Takes a number off the front of *at. False, and *at as it was: cut off, not the shortest form,
 * or more than 64 bits. */
static inline MUST_CHECK bool varint_take(struct bytes *at, uint64_t *value)
{
    uint64_t number; /* of our own, so that the caller's may stay in registers */
    size_t size = 1;

    if (__builtin_expect(at->size != 0 && at->data[0] < 0x80, 1)) {
        number = at->data[0];
    } else {
        size = varint_read_slow(*at, &number);
        if (size == 0)
            return false;
    }
    *value = number;
    *at = bytes_skip(*at, size);
    return true;
}

/* Takes a size and that many bytes off the front of *at; the same failures, or fewer bytes left. */
static inline MUST_CHECK bool varint_take_bytes(struct bytes *at, struct bytes *taken)
{
    struct bytes rest = *at;
    uint64_t size;

    if (!varint_take(&rest, &size) || size > rest.size)
        return false;
    *taken = bytes_make(rest.data, (size_t)size);
    *at = bytes_skip(rest, (size_t)size);
    return true;
}
