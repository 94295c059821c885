/* base64.h - RFC 4648 base64 with padding, as JSON carries binary values. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Upper bound of the decoded size of `text`. */
static inline size_t base64_decoded_bytes_max(size_t text_size)
{
    return text_size / 4 * 3;
}

void base64_append(struct buf *out, struct bytes data);

/* Decodes into out (room for base64_decoded_bytes_max). False: a length that is not a multiple of
 * four, a character outside the alphabet, misplaced padding, or bits set behind the last byte. */
bool base64_decode(struct bytes text, uint8_t *out, size_t *out_size) MUST_CHECK;
