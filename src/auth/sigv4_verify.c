/* sigv4_verify.c - from a canonical request to a signature, on both sides.
 *   string to sign: AWS4-HMAC-SHA256 \n date \n scope \n hex(sha256(canonical request))
 * Source: IAM user guide, "Create a signed AWS API request", steps 3 to 5.
 */
#include "auth/sigv4_priv.h"
#include "base/assert.h"

#include <openssl/crypto.h>

static struct bytes string_to_sign(const struct sigv4_key_scope *scope, struct bytes date,
                                   struct bytes canonical_request, struct arena *arena);
static struct bytes authorization(struct bytes access_key_id, const struct sigv4_key_scope *scope,
                                  struct bytes names, struct bytes signature, struct arena *arena);
static enum err mismatch(struct bytes canonical_request, struct bytes to_sign, struct fault *fault);

enum err sigv4_verify(const struct http_request *request, const struct sigv4_claim *claim,
                      struct bytes secret_access_key, struct arena *arena, struct fault *fault)
{
    const struct sigv4_key_scope scope = {secret_access_key, claim->scope_date, claim->region,
                                          claim->service};
    struct bytes canonical = sigv4_canonical_request(request, claim->signed_headers, arena);
    struct bytes to_sign = string_to_sign(&scope, bytes_of_string(claim->date), canonical, arena);
    const struct sigv4_key *key = sigv4_key_find(&scope);
    struct sigv4_key derived;
    char signature[SIGV4_HEX_BYTES];

    if (key == NULL)
        sigv4_key_derive(&scope, &derived);
    sigv4_hmac_hex(key != NULL ? key : &derived, to_sign, signature);
    if (claim->signature.size != sizeof(signature) ||
        CRYPTO_memcmp(claim->signature.data, signature, sizeof(signature)) != 0)
        return mismatch(canonical, to_sign, fault);
    /* Only scopes that were proven are kept: who has no secret cannot empty the cache. */
    if (key == NULL)
        sigv4_key_keep(&scope, &derived);
    return OK;
}

struct bytes sigv4_sign(const struct http_request *request, struct bytes access_key_id,
                        struct bytes secret_access_key, struct bytes region, struct bytes service,
                        struct bytes amz_date, struct arena *arena)
{
    struct sigv4_key_scope scope = {
        .secret = secret_access_key, .region = region, .service = service};
    struct bytes names = sigv4_signed_headers_of(request, arena);
    struct bytes canonical = bytes_equal_string(service, "s3")
                                 ? sigv4_canonical_s3_request(request, names, arena)
                                 : sigv4_canonical_request(request, names, arena);
    const struct sigv4_key *key;
    struct sigv4_key derived;
    struct bytes to_sign;
    char signature[SIGV4_HEX_BYTES];

    ASSERT(amz_date.size == SIGV4_DATE_SIZE - 1);
    scope.date = bytes_make(amz_date.data, 8);
    to_sign = string_to_sign(&scope, amz_date, canonical, arena);
    key = sigv4_key_find(&scope);
    if (key == NULL) {
        sigv4_key_derive(&scope, &derived);
        sigv4_key_keep(&scope, &derived);
        key = &derived;
    }
    sigv4_hmac_hex(key, to_sign, signature);
    return authorization(access_key_id, &scope, names, bytes_make(signature, sizeof(signature)),
                         arena);
}

/* Not arena_format, which would take a quarter of a verification's time. */
static struct bytes string_to_sign(const struct sigv4_key_scope *scope, struct bytes date,
                                   struct bytes canonical_request, struct arena *arena)
{
    char hash[SIGV4_HEX_BYTES];
    const struct bytes parts[] = {
        BYTES("AWS4-HMAC-SHA256\n"),
        date,
        BYTES("\n"),
        scope->date,
        BYTES("/"),
        scope->region,
        BYTES("/"),
        scope->service,
        BYTES("/aws4_request\n"),
        bytes_make(hash, sizeof(hash)),
    };

    sigv4_sha256_hex(canonical_request, hash);
    return arena_concat(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct bytes authorization(struct bytes access_key_id, const struct sigv4_key_scope *scope,
                                  struct bytes names, struct bytes signature, struct arena *arena)
{
    const struct bytes parts[] = {
        BYTES("AWS4-HMAC-SHA256 Credential="),
        access_key_id,
        BYTES("/"),
        scope->date,
        BYTES("/"),
        scope->region,
        BYTES("/"),
        scope->service,
        BYTES("/aws4_request, SignedHeaders="),
        names,
        BYTES(", Signature="),
        signature,
    };

    return arena_concat(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

/* The service shows both strings, which lets a client's author see what differs; neither holds a
 * secret of ours. */
static enum err mismatch(struct bytes canonical_request, struct bytes to_sign, struct fault *fault)
{
    const struct bytes parts[] = {
        BYTES("The request signature we calculated does not match the signature you provided. "
              "Check your AWS Secret Access Key and signing method. Consult the service "
              "documentation for details.\n\n"
              "The Canonical String for this request should have been\n'"),
        canonical_request,
        BYTES("'\n\nThe String-to-Sign should have been\n'"),
        to_sign,
        BYTES("'\n"),
    };

    return fault_set_bytes(fault, ERR_INVALID_SIGNATURE,
                           arena_concat(fault->arena, parts, sizeof(parts) / sizeof(parts[0])));
}
