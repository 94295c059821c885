/* sigv4_key.c - HMAC and signing keys, quick enough for every request.
 * A signing key costs four HMACs and is good for a day, so a thread keeps the last few, each with
 * its padded blocks hashed already.
 */
#include "auth/sigv4_priv.h"
#include "base/mem.h"
#include "base/thread.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#define LETTERS_AFTER_DIGITS ('a' - '9' - 1)
#define KEYS_MAX             16
#define SCOPE_BYTES_MAX      256 /* a secret has 40, a region under 20; longer: not cached */

struct cached_key {
    struct sigv4_key_scope scope; /* points into text */
    struct sigv4_key key;
    uint8_t text[SCOPE_BYTES_MAX];
};

/* What one thread owns. */
struct thread_keys {
    size_t count;
    size_t oldest; /* the one to replace next, once full */
    struct cached_key keys[KEYS_MAX];
};

static _Thread_local struct thread_keys *own;

static struct thread_keys *thread_keys(void);
static void begin_own(void);
static void end_own(void);
static void key_init(struct sigv4_key *key, struct bytes prefix, struct bytes secret);
static void hmac(const struct sigv4_key *key, struct bytes data, uint8_t mac[SHA256_BYTES]);
static struct bytes copy_to(uint8_t **at, struct bytes text);
static void hex(const uint8_t hash[SHA256_BYTES], char out[SIGV4_HEX_BYTES]);

void sigv4_sha256_hex(struct bytes data, char out[SIGV4_HEX_BYTES])
{
    uint8_t hash[SHA256_BYTES];

    sha256(data, hash);
    hex(hash, out);
}

const struct sigv4_key *sigv4_key_find(const struct sigv4_key_scope *scope)
{
    struct thread_keys *mine = thread_keys();

    for (size_t i = 0; i < mine->count; i++) {
        const struct sigv4_key_scope *has = &mine->keys[i].scope;

        if (bytes_equal(has->date, scope->date) && bytes_equal(has->region, scope->region) &&
            bytes_equal(has->secret, scope->secret) && bytes_equal(has->service, scope->service))
            return &mine->keys[i].key;
    }
    return NULL;
}

void sigv4_key_derive(const struct sigv4_key_scope *scope, struct sigv4_key *key)
{
    const struct bytes steps[] = {scope->date, scope->region, scope->service,
                                  BYTES("aws4_request")};
    uint8_t mac[SHA256_BYTES];

    key_init(key, BYTES("AWS4"), scope->secret);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        hmac(key, steps[i], mac);
        key_init(key, BYTES(""), bytes_make(mac, sizeof(mac)));
    }
    OPENSSL_cleanse(mac, sizeof(mac));
}

void sigv4_key_keep(const struct sigv4_key_scope *scope, const struct sigv4_key *key)
{
    struct thread_keys *mine = thread_keys();
    struct cached_key *slot;
    uint8_t *at;

    if (scope->secret.size + scope->date.size + scope->region.size + scope->service.size >
        SCOPE_BYTES_MAX)
        return;
    if (mine->count < KEYS_MAX) {
        slot = &mine->keys[mine->count++];
    } else {
        slot = &mine->keys[mine->oldest];
        mine->oldest = (mine->oldest + 1) % KEYS_MAX;
    }
    at = slot->text;
    slot->scope.secret = copy_to(&at, scope->secret);
    slot->scope.date = copy_to(&at, scope->date);
    slot->scope.region = copy_to(&at, scope->region);
    slot->scope.service = copy_to(&at, scope->service);
    slot->key = *key;
}

void sigv4_hmac_hex(const struct sigv4_key *key, struct bytes data, char out[SIGV4_HEX_BYTES])
{
    uint8_t mac[SHA256_BYTES];

    hmac(key, data, mac);
    hex(mac, out);
}

static struct thread_keys *thread_keys(void)
{
    if (own == NULL)
        begin_own();
    return own;
}

static void begin_own(void)
{
    own = mem_zalloc(sizeof(*own));
    thread_at_end(end_own);
}

static void end_own(void)
{
    OPENSSL_cleanse(own, sizeof(*own)); /* secrets */
    free(own);
    own = NULL;
}

/* RFC 2104; the secret is prefix and secret in a row, hashed if it is longer than a block. */
static void key_init(struct sigv4_key *key, struct bytes prefix, struct bytes secret)
{
    uint8_t block[SHA256_BLOCK_BYTES] = {0}, inner[SHA256_BLOCK_BYTES], outer[SHA256_BLOCK_BYTES];
    uint8_t *at = block;

    if (prefix.size + secret.size <= sizeof(block)) {
        copy_to(&at, prefix);
        copy_to(&at, secret);
    } else {
        sha256_begin(&key->inner);
        sha256_add(&key->inner, prefix);
        sha256_add(&key->inner, secret);
        sha256_end(&key->inner, block);
    }
    for (size_t i = 0; i < sizeof(block); i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    sha256_begin(&key->inner);
    sha256_add(&key->inner, bytes_make(inner, sizeof(inner)));
    sha256_begin(&key->outer);
    sha256_add(&key->outer, bytes_make(outer, sizeof(outer)));
    OPENSSL_cleanse(block, sizeof(block));
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
}

static void hmac(const struct sigv4_key *key, struct bytes data, uint8_t mac[SHA256_BYTES])
{
    struct sha256 hash = key->inner;

    sha256_add(&hash, data);
    sha256_end(&hash, mac);
    hash = key->outer;
    sha256_add(&hash, bytes_make(mac, SHA256_BYTES));
    sha256_end(&hash, mac);
}

static struct bytes copy_to(uint8_t **at, struct bytes text)
{
    struct bytes copy = bytes_make(*at, text.size);

    if (text.size != 0)
        memcpy(*at, text.data, text.size);
    *at += text.size;
    return copy;
}

/* Sixteen bytes at a time: a request has three hashes that are written so. */
static void hex(const uint8_t hash[SHA256_BYTES], char out[SIGV4_HEX_BYTES])
{
    for (size_t i = 0; i < SHA256_BYTES; i += 16) {
        uint8_t low __attribute__((vector_size(16)));
        uint8_t high __attribute__((vector_size(16)));

        memcpy(&low, hash + i, sizeof(low));
        high = low >> 4;
        low &= 15;
        high += '0' + ((__typeof__(high))(high > 9) & LETTERS_AFTER_DIGITS);
        low += '0' + ((__typeof__(low))(low > 9) & LETTERS_AFTER_DIGITS);
        for (size_t k = 0; k < 16; k++) {
            out[(i + k) * 2] = (char)high[k];
            out[(i + k) * 2 + 1] = (char)low[k];
        }
    }
}
