/* sha256_test.c - the examples of FIPS 180-2. */
#include "base/sha256.h"
#include "unit.h"

#include <stdio.h>

static void check_digest(const uint8_t digest[SHA256_BYTES], const char *expected)
{
    char text[2 * SHA256_BYTES + 1];

    for (unsigned i = 0; i < SHA256_BYTES; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
    CHECK_TEXT(bytes_of_string(text), expected);
}

static void check(struct bytes data, const char *expected)
{
    uint8_t digest[SHA256_BYTES];

    sha256(data, digest);
    check_digest(digest, expected);
}

TEST(sha256_examples)
{
    check(BYTES(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check(BYTES("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* A million times a, in parts of which none is a block; a copy goes on for itself. */
TEST(sha256_in_parts)
{
    uint8_t digest[SHA256_BYTES], part[500];
    struct sha256 whole, other;

    memset(part, 'a', sizeof(part));
    sha256_begin(&whole);
    for (int i = 0; i < 1000; i++) {
        if (i == 500)
            other = whole;
        sha256_add(&whole, bytes_make(part, sizeof(part)));
        sha256_add(&whole, BYTES(""));
    }
    for (int i = 500; i < 2000; i++)
        sha256_add(&other, bytes_make(part, sizeof(part)));
    sha256_end(&other, digest);
    check_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    for (int i = 1000; i < 2000; i++)
        sha256_add(&whole, bytes_make(part, sizeof(part)));
    sha256_end(&whole, digest);
    check_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
