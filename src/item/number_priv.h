/* number_priv.h - numbers unpacked into digit pairs, for what computes with them. */
#pragma once

#include "item/number.h"

#define NUMBER_PAIRS_MAX    20
#define NUMBER_EXPONENT_MIN (-64) /* of 100 */
#define NUMBER_EXPONENT_MAX 63

/* 0.P1P2P3... x 100^exponent; no pairs: zero. First and last pair are not 0. */
struct decimal {
    bool negative;
    int exponent;
    unsigned count;
    uint8_t pairs[NUMBER_PAIRS_MAX];
};

/* False, and zero: the bytes are not a number. */
bool decimal_unpack(struct bytes encoded, struct decimal *decimal) MUST_CHECK;

/* Significant decimal digits, and the power of ten of 0.DDD x 10^n. */
static inline unsigned decimal_digits(const struct decimal *decimal)
{
    return 2 * decimal->count - (decimal->pairs[0] < 10) -
           (decimal->pairs[decimal->count - 1] % 10 == 0);
}

static inline int decimal_exponent10(const struct decimal *decimal)
{
    return 2 * decimal->exponent - (decimal->pairs[0] < 10);
}

/* The significant digits, first and last not 0; how many there are. Not for zero. */
#define DECIMAL_DIGITS_ROOM (2 * NUMBER_PAIRS_MAX)
size_t decimal_write_digits(const struct decimal *decimal, char digits[DECIMAL_DIGITS_ROOM]);

/* The service's limits on 0.DDD x 10^exponent10, in its order: overflow, underflow, digits. */
enum err number_check_range(int64_t exponent10, size_t digits, struct fault *fault) MUST_CHECK;

/* Encodes pairs as they are; exponent and count are within range. */
void number_pack(bool negative, int exponent, const uint8_t *pairs, size_t count,
                 struct number *number);
