/* sha256.h - SHA-256 (FIPS 180-4), at once or in parts.
 * A state is plain memory. A copy of it goes on from where it was, so what many texts begin with is
 * hashed once.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/sha.h>

#define SHA256_BYTES       32
#define SHA256_BLOCK_BYTES 64

struct sha256 {
    SHA256_CTX state;
};

void sha256_begin(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, struct bytes data);
/* The digest of all that was added. *sha256 must be begun anew then. */
void sha256_end(struct sha256 *sha256, uint8_t digest[SHA256_BYTES]);

void sha256(struct bytes data, uint8_t digest[SHA256_BYTES]);
