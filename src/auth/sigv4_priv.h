/* sigv4_priv.h - what the files of the signature code share: dates, query strings, the canonical
 * request, hashes and signing keys. */
#pragma once

#include "auth/sigv4.h"
#include "base/sha256.h"

/* ---- dates (sigv4_date.c) ---- */

/* yyyymmddThhmmssZ. False: not of that form, or no such day or time. */
bool sigv4_date_parse_basic(struct bytes text, uint64_t *seconds);
/* "Sun, 06 Nov 1994 08:49:37 GMT", the form of a Date header; the name of the day is not looked at.
 */
bool sigv4_date_parse_http(struct bytes text, uint64_t *seconds);

/* ---- query strings (sigv4_query.c) ---- */

struct sigv4_param {
    struct bytes name; /* decoded, in the arena */
    struct bytes value;
};

/* Takes the next parameter off *rest; false at the end. "a" is a parameter with an empty value,
 * "&&" holds none, '+' is a space, and a '%' without two hex digits behind it is itself. */
bool sigv4_query_next(struct bytes *rest, struct arena *arena, struct sigv4_param *param);

/* ---- canonical request (sigv4_canonical.c) ---- */

/* Exactly what the client must have hashed. signed_headers: names joined by ';', at most
 * SIGV4_SIGNED_HEADERS_MAX of them; any case and order, repetitions count once. */
struct bytes sigv4_canonical_request(const struct http_request *request,
                                     struct bytes signed_headers, struct arena *arena);

/* The same for a request to S3: its path is signed as it is sent, since keys may have "." and ""
 * between their slashes, and the hash of its body is what its x-amz-content-sha256 says. */
struct bytes sigv4_canonical_s3_request(const struct http_request *request,
                                        struct bytes signed_headers, struct arena *arena);

/* The header names of a request as a SignedHeaders value. */
struct bytes sigv4_signed_headers_of(const struct http_request *request, struct arena *arena);

/* ---- hashes and signing keys (sigv4_key.c) ---- */

/* Key of an HMAC-SHA256, ready to use: begun with the key xor ipad and xor opad (RFC 2104). */
struct sigv4_key {
    struct sha256 inner, outer;
};

/* What a signing key is derived from. The access key id is not part of it. */
struct sigv4_key_scope {
    struct bytes secret;
    struct bytes date; /* YYYYMMDD */
    struct bytes region;
    struct bytes service;
};

/* From this thread's cache, or NULL. Valid until the thread's next sigv4_key_keep. */
const struct sigv4_key *sigv4_key_find(const struct sigv4_key_scope *scope);
void sigv4_key_derive(const struct sigv4_key_scope *scope, struct sigv4_key *key);
/* Puts it into this thread's cache, in place of the oldest. */
void sigv4_key_keep(const struct sigv4_key_scope *scope, const struct sigv4_key *key);

void sigv4_hmac_hex(const struct sigv4_key *key, struct bytes data, char out[SIGV4_HEX_BYTES]);
