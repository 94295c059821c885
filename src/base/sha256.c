/* sha256.c - libcrypto's. */
#include "base/sha256.h"

#include "base/assert.h"

#include <openssl/evp.h>

void sha256(struct bytes data, uint8_t digest[SHA256_BYTES])
{
    unsigned size = 0;
    int ok = EVP_Digest(data.data, data.size, digest, &size, EVP_sha256(), NULL);

    ASSERT(ok == 1);
    ASSERT(size == SHA256_BYTES);
}
