/* rng.c - getrandom, and xorshift64* for what need not be secret. */
#include "base/rng.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

void rng_fill(void *out, size_t size)
{
    uint8_t *at = out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        ASSERT(got > 0);
        at += got;
        size -= (size_t)got;
    }
}

uint64_t rng_fast(void)
{
    static _Thread_local uint64_t state;

    while (state == 0)
        rng_fill(&state, sizeof(state));
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dULL;
}

void rng_uuid(char out[RNG_UUID_SIZE])
{
    uint8_t b[16];

    rng_fill(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, RNG_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
