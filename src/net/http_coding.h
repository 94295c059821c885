/* http_coding.h - content codings: gzip and deflate bodies in, gzip bodies out.
 * Source: RFC 9110 section 8.4 and 12.5.3; RFC 1950, 1951, 1952
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum http_coding { HTTP_CODING_NONE, HTTP_CODING_GZIP, HTTP_CODING_DEFLATE, HTTP_CODING_UNKNOWN };

/* What a Content-Encoding header names. */
enum http_coding http_coding_of(struct bytes content_encoding);
/* What an Accept-Encoding header says about gzip. */
bool http_coding_accepts_gzip(struct bytes accept_encoding);

/* Decodes a whole body into *out, which is empty and bounds the result. ERR_CORRUPT, or
 * ERR_TOO_LARGE: more than *out may hold; *out is then undefined. */
enum err http_coding_decode(enum http_coding coding, struct bytes body, struct buf *out) MUST_CHECK;

/* A compressor for one reply after the other; its state (a quarter MiB) comes with the first. */
struct http_gzip;
void http_gzip_destroy(struct http_gzip **gzip);
/* Appends the gzip form of body to *out; makes *gzip if it is NULL. ERR_TOO_LARGE: it is no
 * smaller than the body, *out is then undefined. */
enum err http_gzip_encode(struct http_gzip **gzip, struct bytes body, struct buf *out) MUST_CHECK;
