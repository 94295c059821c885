/* siphash.c - after the paper's section 2. Words are little-endian, whatever the machine. */
#include "base/siphash.h"

static inline uint64_t load(const uint8_t *at)
{
    return __builtin_bswap64(bytes_get_u64(at)); /* one instruction, and right everywhere */
}

static inline uint64_t load_some(const uint8_t *at, size_t size)
{
    uint64_t word = 0;

    while (size-- > 0)
        word = word << 8 | at[size];
    return word;
}

static inline uint64_t rotate(uint64_t word, unsigned count)
{
    return word << count | word >> (64 - count);
}

static inline void rounds(uint64_t v[4], unsigned count)
{
    while (count-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], struct bytes data)
{
    uint64_t k0 = load(key), k1 = load(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
                     k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
    size_t whole = data.size & ~(size_t)7;
    uint64_t last;

    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = load(data.data + i);

        v[3] ^= word;
        rounds(v, 2);
        v[0] ^= word;
    }
    last = (uint64_t)data.size << 56;
    if (data.size != whole) /* data of no bytes may be NULL */
        last |= load_some(data.data + whole, data.size - whole);
    v[3] ^= last;
    rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
