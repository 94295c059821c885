/* sigv4.h - AWS Signature Version 4: who sent a request, proven by a shared secret.
 * Header and query-string form. Every failure of contract table 1.4 has its text here, in the
 * contract's order. Works on any HTTP request; knows nothing of operations.
 * Ownership: results point into the request.
 * Threads:   sigv4_verifier is shared; its cache of signing keys is inside, bounded, per thread.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "net/http_server.h"

/* What the signature says, before any secret is known. */
struct sigv4_claim {
    struct bytes access_key_id;
    struct bytes scope_date; /* YYYYMMDD */
    struct bytes region;
    struct bytes service;
    struct bytes session_token; /* empty: none */
    struct bytes signature;     /* 64 hex digits if well formed */
    struct bytes signed_headers;
    struct bytes date; /* X-Amz-Date or Date as sent */
    bool in_query;
};

/* Presence, completeness and form: what `--auth open` wants. Faults with ERR_MISSING_AUTH_TOKEN,
 * ERR_INCOMPLETE_SIGNATURE or ERR_INVALID_SIGNATURE. */
enum err sigv4_parse(const struct http_request *request, struct arena *arena, struct fault *fault,
                     struct sigv4_claim *claim) MUST_CHECK;

struct sigv4_rules {
    const char *service;    /* the only accepted one, "dynamodb" */
    uint64_t now_ms;        /* wall clock */
    uint32_t skew_ms_max;   /* 15 minutes */
};

/* Date, expiry, host signed, algorithm, credential shape and scope. The region is not compared:
 * one process serves several; it must look like a region ([a-z0-9-]+). */
enum err sigv4_check_scope(const struct sigv4_claim *claim, const struct sigv4_rules *rules,
                           struct fault *fault) MUST_CHECK;

/* Recomputes the signature with the secret; constant-time comparison. ERR_INVALID_SIGNATURE with
 * the canonical request and string to sign in the text. Signing keys are cached per thread. */
enum err sigv4_verify(const struct http_request *request, const struct sigv4_claim *claim,
                      struct bytes secret_access_key, struct arena *arena,
                      struct fault *fault) MUST_CHECK;

/* The client's side, for `stele health`, the benchmark and tests: value of the Authorization
 * header for a request whose headers (host, x-amz-date, ... as given) are all signed. */
struct bytes sigv4_sign(const struct http_request *request, struct bytes access_key_id,
                        struct bytes secret_access_key, struct bytes region, struct bytes service,
                        struct bytes amz_date, struct arena *arena);
