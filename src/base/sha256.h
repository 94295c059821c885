/* sha256.h - SHA-256 of bytes that are at hand (FIPS 180-4).
 * To tell whether two contents are the same; signatures have a faster way of their own (auth/).
 */
#pragma once

#include "base/bytes.h"

#define SHA256_BYTES 32

void sha256(struct bytes data, uint8_t digest[SHA256_BYTES]);
