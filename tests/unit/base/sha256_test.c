/* sha256_test.c - the examples of FIPS 180-2. */
#include "base/sha256.h"
#include "unit.h"

#include <stdio.h>

static void check(struct bytes data, const char *expected)
{
    uint8_t digest[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];

    sha256(data, digest);
    for (unsigned i = 0; i < SHA256_BYTES; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
    CHECK_TEXT(bytes_of_string(text), expected);
}

TEST(sha256_examples)
{
    check(BYTES(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check(BYTES("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
