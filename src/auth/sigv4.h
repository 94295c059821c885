/* sigv4.h - AWS Signature Version 4: who sent a request, proven by a shared secret.
 * Header and query-string form. Every failure of contract table 1.4 that concerns the signature has
 * its text here; auth.h runs the steps in the contract's order. Works on any HTTP request; knows
 * nothing of operations or identities.
 * Ownership: results point into the request or the arena they were made with.
 * Threads:   any. Signing keys are cached per thread; a thread's cache ends with the thread.
 * Bounds:    SIGV4_SIGNED_HEADERS_MAX; texts and copies are a small multiple of the request's head.
 * Source:    IAM user guide, "Create a signed AWS API request"; core API contract, 1.4.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "net/http_server.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGV4_SIGNED_HEADERS_MAX 128
#define SIGV4_REGION_BYTES_MAX   32
#define SIGV4_DATE_SIZE          17 /* "20260101T000000Z" and a NUL */

/* What the signature says, before any secret is known. */
struct sigv4_claim {
    struct bytes algorithm;
    struct bytes credential; /* as sent; its five parts follow, all empty unless there are five */
    struct bytes access_key_id;
    struct bytes scope_date; /* YYYYMMDD */
    struct bytes region;
    struct bytes service;
    struct bytes terminator; /* aws4_request */
    struct bytes signature;  /* 64 hex digits if well formed */
    struct bytes signed_headers;
    struct bytes session_token; /* empty: none */
    struct bytes date_sent;     /* X-Amz-Date, else Date */
    char date[SIGV4_DATE_SIZE]; /* the same as yyyymmddThhmmssZ; "" if it is not a date */
    uint64_t date_s;            /* the same in seconds since 1970 */
    uint32_t expires_s;         /* X-Amz-Expires of the query form; 0: not given */
    bool credential_has_five_parts;
    bool in_query;
};

/* Presence, completeness and form: what `--auth open` wants. Faults with ERR_MISSING_AUTH_TOKEN,
 * ERR_INCOMPLETE_SIGNATURE or ERR_INVALID_SIGNATURE. A credential or date of the wrong form passes;
 * sigv4_check_scope refuses it. */
enum err sigv4_parse(const struct http_request *request, struct arena *arena, struct fault *fault,
                     struct sigv4_claim *claim) MUST_CHECK;

struct sigv4_rules {
    const char *service;  /* the only accepted one, "dynamodb" */
    uint64_t now_ms;      /* wall clock */
    uint32_t skew_ms_max; /* 15 minutes; whole minutes, either way */
};

/* Date, expiry, host signed, algorithm, credential shape and scope. The region is not compared:
 * one process serves several; it must look like a region. ERR_INCOMPLETE_SIGNATURE or
 * ERR_INVALID_SIGNATURE. */
enum err sigv4_check_scope(const struct sigv4_claim *claim, const struct sigv4_rules *rules,
                           struct fault *fault) MUST_CHECK;

/* Recomputes the signature with the secret; constant-time comparison. ERR_INVALID_SIGNATURE with
 * the canonical request and string to sign in the text. */
enum err sigv4_verify(const struct http_request *request, const struct sigv4_claim *claim,
                      struct bytes secret_access_key, struct arena *arena,
                      struct fault *fault) MUST_CHECK;

/* The client's side: value of the Authorization header for a request whose headers (host,
 * x-amz-date, ... as given) are all signed. amz_date is the value of its x-amz-date header, from
 * sigv4_date_format. Of service "s3", the path is signed as it is, and the body's hash is the
 * header x-amz-content-sha256, which must be there. */
struct bytes sigv4_sign(const struct http_request *request, struct bytes access_key_id,
                        struct bytes secret_access_key, struct bytes region, struct bytes service,
                        struct bytes amz_date, struct arena *arena);

/* What a client needs besides. Percent-encodes all but letters, digits and "-._~" (and '/' if
 * keep_slash); returns the end. The output is at most three times as long. */
uint8_t *sigv4_percent_encode(uint8_t *out, struct bytes text, bool keep_slash);

#define SIGV4_HEX_BYTES 64 /* a SHA-256 in lower-case hex, no NUL */
void sigv4_sha256_hex(struct bytes data, char out[SIGV4_HEX_BYTES]);

/* yyyymmddThhmmssZ of seconds since 1970. */
void sigv4_date_format(uint64_t seconds, char out[SIGV4_DATE_SIZE]);

/* Looks like a region: 1 to SIGV4_REGION_BYTES_MAX of a-z, 0-9 and '-'. */
bool sigv4_region_valid(struct bytes region);
