/* bytes.h - a borrowed run of bytes: where it starts and how long it is.
 * Ownership: none. Whoever made the bytes says how long they live. Not NUL-terminated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t size;
};

/* Bytes of a string literal, usable in initialisers. */
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof("" literal) - 1})

/* printf("%.*s", BYTES_ARGS(b)) */
#define BYTES_ARGS(b) ((int)(b).size), ((const char *)(b).data)

static inline struct bytes bytes_make(const void *data, size_t size)
{
    return (struct bytes){(const uint8_t *)data, size};
}

static inline struct bytes bytes_of_string(const char *string)
{
    return bytes_make(string, strlen(string));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool bytes_equal_string(struct bytes a, const char *string)
{
    return bytes_equal(a, bytes_of_string(string));
}

/* ASCII letters in either case are the same, as in names of HTTP headers. */
static inline bool bytes_equal_no_case(struct bytes a, struct bytes b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        uint8_t x = a.data[i], y = b.data[i];

        if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
    }
    return true;
}

/* Unsigned byte order, a prefix before what it is a prefix of: <0, 0, >0. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order;

    if (common != 0) {
        if (a.data[0] != b.data[0]) /* names mostly differ here, without a call */
            return a.data[0] < b.data[0] ? -1 : 1;
        order = memcmp(a.data, b.data, common);
        if (order != 0)
            return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

static inline bool bytes_start_with(struct bytes whole, struct bytes prefix)
{
    return whole.size >= prefix.size &&
           (prefix.size == 0 || memcmp(whole.data, prefix.data, prefix.size) == 0);
}

/* The rest after the first `count` bytes; count must not exceed the size. */
static inline struct bytes bytes_skip(struct bytes b, size_t count)
{
    return bytes_make(b.data + count, b.size - count);
}

/* Big-endian numbers, as stored keys and headers have them. */
static inline void bytes_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void bytes_put_u32(uint8_t *at, uint32_t value)
{
    bytes_put_u16(at, (uint16_t)(value >> 16));
    bytes_put_u16(at + 2, (uint16_t)value);
}

static inline void bytes_put_u64(uint8_t *at, uint64_t value)
{
    bytes_put_u32(at, (uint32_t)(value >> 32));
    bytes_put_u32(at + 4, (uint32_t)value);
}

static inline uint16_t bytes_get_u16(const uint8_t *at)
{
    return (uint16_t)((at[0] << 8) | at[1]);
}

static inline uint32_t bytes_get_u32(const uint8_t *at)
{
    return ((uint32_t)bytes_get_u16(at) << 16) | bytes_get_u16(at + 2);
}

static inline uint64_t bytes_get_u64(const uint8_t *at)
{
    return ((uint64_t)bytes_get_u32(at) << 32) | bytes_get_u32(at + 4);
}
