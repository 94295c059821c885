/* rng.h - random bytes from the system: ids, tokens, hash keys. Never fails, any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void rng_fill(void *out, size_t size);

/* Fast, not secret: a per-thread generator seeded from the system, for request ids and jitter. */
uint64_t rng_fast(void);

#define RNG_UUID_SIZE 37 /* 36 characters and a NUL */
/* A random (version 4) UUID in lower case. */
void rng_uuid(char out[RNG_UUID_SIZE]);
