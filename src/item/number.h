/* number.h - DynamoDB numbers: decimal, 38 significant digits, 1E-130 to 9.99...E+125, exact.
 * A number is kept as order-preserving bytes: memcmp of two encodings is their numeric order, equal
 * numbers have equal bytes, and no encoding is a prefix of another. The same bytes serve in stored
 * values and in keys. Layout (frozen, docs/decisions/0001-stored-formats.md):
 *   zero      02
 *   positive  03 · exponent + 64 · (digit pair + 1)* · 00
 *   negative  01 · 255 - (exponent + 64) · (254 - digit pair)* · ff
 * where the value is 0.P1P2P3... x 100^exponent, P in 0..99 two decimal digits each, P1 and the
 * last P not 0, exponent -64..63.
 * Source: contract core-api-data.md section 2 (developer guide, "Number").
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define NUMBER_DIGITS_MAX 38
#define NUMBER_BYTES_MAX  23  /* sign, exponent, 20 pairs (38 digits may straddle), end */
#define NUMBER_TEXT_MAX   172 /* "-0." and 129 zeros and 38 digits, or "-" and 126 digits */

struct number {
    uint8_t size;
    uint8_t data[NUMBER_BYTES_MAX];
};

static inline struct bytes number_bytes(const struct number *number)
{
    return bytes_make(number->data, number->size);
}

/* ERR_VALIDATION with the service's text: not a number, overflow, underflow, too many digits. */
enum err number_parse(struct bytes text, struct number *number, struct fault *fault) MUST_CHECK;

/* Plain decimal, never an exponent: 1e3 is 1000, 1.50 is 1.5, -0 is 0. Damaged bytes give 0. */
void number_append_text(struct buf *out, struct bytes encoded);
size_t number_text(struct bytes encoded, char out[NUMBER_TEXT_MAX]);

/* Exact; ERR_VALIDATION with the overflow, underflow or 38-digit text if the result does not fit,
 * ERR_CORRUPT if an operand is damaged. */
enum err number_add(struct bytes a, struct bytes b, struct number *sum,
                    struct fault *fault) MUST_CHECK;
enum err number_subtract(struct bytes a, struct bytes b, struct number *difference,
                         struct fault *fault) MUST_CHECK;

/* What the item size formula counts for it. */
size_t number_size_bytes(struct bytes encoded);

/* Whole part as an integer, rounded towards zero; false if it does not fit (for expiry times). */
bool number_to_i64(struct bytes encoded, int64_t *value) MUST_CHECK;
/* Whether it has no fraction. Damaged bytes have one. */
bool number_is_whole(struct bytes encoded) MUST_CHECK;

/* Whether bytes are one well-formed encoding: for what comes from a disk. */
bool number_valid(struct bytes encoded) MUST_CHECK;
