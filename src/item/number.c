/* number.c - numbers from text, to text, and what their bytes tell.
 * Text is scanned once for its first and last significant digit; the pairs are then taken from the
 * text itself. A number is unpacked, and so checked, wherever its bytes are read: it costs no more
 * than trusting them.
 */
#include "item/number.h"

#include "base/arena.h"
#include "item/number_priv.h"

#define ZERO_BYTE     2
#define POSITIVE_BYTE 3
#define NEGATIVE_BYTE 1

/* The largest power of ten is 10^125 and the smallest 10^-130, written 0.1 x 10^126 and so on. */
#define EXPONENT10_MAX 126
#define EXPONENT10_MIN (-129)

/* Exponents in texts stop counting here: no text is long enough to bring one back into range. */
#define TEXT_EXPONENT_MAX ((int64_t)1 << 40)

/* Where the digits of a text are. */
struct scan {
    bool negative;
    const uint8_t *whole, *whole_end;
    const uint8_t *fraction, *fraction_end; /* whole_end twice when there is no point */
    int64_t exponent;
};

static enum err not_a_number(struct bytes text, struct fault *fault);
static bool scan_text(struct bytes text, struct scan *scan);
static bool scan_exponent(const uint8_t *at, const uint8_t *end, int64_t *exponent);
static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end);
static void pack_digits(bool negative, int exponent10, const uint8_t *digits, size_t count,
                        struct number *number);
static size_t text_of_count(struct bytes encoded, char out[NUMBER_TEXT_MAX]);

enum err number_parse(struct bytes text, struct number *number, struct fault *fault)
{
    struct scan scan;
    const uint8_t *first, *last; /* significant digit; the one behind it */
    uint8_t joined[NUMBER_DIGITS_MAX];
    int64_t exponent10;
    size_t count;
    enum err err;

    if (!scan_text(text, &scan))
        return not_a_number(text, fault);
    for (first = scan.whole; first < scan.whole_end && *first == '0'; first++)
        continue;
    exponent10 = scan.whole_end - first;
    if (first == scan.whole_end) {
        for (first = scan.fraction; first < scan.fraction_end && *first == '0'; first++)
            continue;
        exponent10 = scan.fraction - first;
        if (first == scan.fraction_end) {
            *number = (struct number){1, {ZERO_BYTE}};
            return OK;
        }
    }
    for (last = scan.fraction_end; last > scan.fraction && last[-1] == '0'; last--)
        continue;
    if (last == scan.fraction && first < scan.whole_end)
        for (last = scan.whole_end; last[-1] == '0'; last--)
            continue;
    count = (size_t)(last - first);
    if (first < scan.whole_end && last > scan.whole_end)
        count--; /* the point */
    exponent10 += scan.exponent;
    err = number_check_range(exponent10, count, fault);
    if (err != OK)
        return err;
    if (first < scan.whole_end && last > scan.whole_end) {
        size_t before = (size_t)(scan.whole_end - first);

        memcpy(joined, first, before);
        memcpy(joined + before, scan.fraction, count - before);
        first = joined;
    }
    pack_digits(scan.negative, (int)exponent10, first, count, number);
    return OK;
}

void number_append_text(struct buf *out, struct bytes encoded)
{
    char text[NUMBER_TEXT_MAX];

    buf_append(out, text, number_text(encoded, text));
}

size_t number_text(struct bytes encoded, char out[NUMBER_TEXT_MAX])
{
    struct decimal decimal;
    char digits[DECIMAL_DIGITS_ROOM];
    char *at = out;
    size_t count = text_of_count(encoded, out);
    int exponent10;

    if (count != 0)
        return count;
    if (!decimal_unpack(encoded, &decimal) || decimal.count == 0) {
        *out = '0';
        return 1;
    }
    count = decimal_write_digits(&decimal, digits);
    exponent10 = decimal_exponent10(&decimal);
    if (decimal.negative)
        *at++ = '-';
    if (exponent10 <= 0) {
        memcpy(at, "0.", 2);
        memset(at + 2, '0', (size_t)-exponent10);
        at += 2 - exponent10;
        memcpy(at, digits, count);
        return (size_t)(at - out) + count;
    }
    if ((size_t)exponent10 >= count) {
        memcpy(at, digits, count);
        memset(at + count, '0', (size_t)exponent10 - count);
        return (size_t)(at - out) + (size_t)exponent10;
    }
    memcpy(at, digits, (size_t)exponent10);
    at[exponent10] = '.';
    memcpy(at + exponent10 + 1, digits + exponent10, count - (size_t)exponent10);
    return (size_t)(at - out) + count + 1;
}

/* Of what nearly all numbers are: a few digits, none after a point, no sign. 0: this is not one. */
static size_t text_of_count(struct bytes encoded, char out[NUMBER_TEXT_MAX])
{
    enum { HEAD = 2, END = 1, PAIRS_MAX = 8 };
    const uint8_t *at, *end;
    char *to = out;

    if (encoded.size <= HEAD + END || encoded.size > HEAD + PAIRS_MAX + END ||
        encoded.data[0] != POSITIVE_BYTE ||
        encoded.data[1] != encoded.size - HEAD - END - NUMBER_EXPONENT_MIN)
        return 0;
    at = encoded.data + HEAD;
    end = encoded.data + encoded.size - END;
    if (*end != 0 || *at <= 1 || end[-1] <= 1)
        return 0;
    if (*at <= 10) /* its first digit is 0 */
        *to++ = (char)('0' + *at++ - 1);
    for (; at < end; at++) {
        unsigned pair = *at - 1u;

        if (pair > 99)
            return 0;
        *to++ = (char)('0' + pair / 10);
        *to++ = (char)('0' + pair % 10);
    }
    return (size_t)(to - out);
}

/* From the ends alone, since every item written is counted. */
size_t number_size_bytes(struct bytes encoded)
{
    bool negative;
    uint8_t flip;
    int first, last, digits, whole;

    if (encoded.size < 4)
        return 1;
    negative = encoded.data[0] == NEGATIVE_BYTE;
    flip = negative ? 0xff : 0;
    first = (encoded.data[2] ^ flip) - 1;
    last = (encoded.data[encoded.size - 2] ^ flip) - 1;
    digits = 2 * ((int)encoded.size - 3) - (first < 10) - (last % 10 == 0);
    whole = 2 * ((encoded.data[1] ^ flip) + NUMBER_EXPONENT_MIN) - (first < 10);
    if (whole < 0)
        whole = 0;
    if (whole > digits)
        whole = digits;
    return 1 + (size_t)(whole + 1) / 2 + (size_t)(digits - whole + 1) / 2 + negative;
}

bool number_to_i64(struct bytes encoded, int64_t *value)
{
    struct decimal decimal;
    int64_t whole = 0;

    if (!decimal_unpack(encoded, &decimal))
        return false;
    for (int i = 0; decimal.count > 0 && i < decimal.exponent; i++) {
        int pair = i < (int)decimal.count ? decimal.pairs[i] : 0;

        if (__builtin_mul_overflow(whole, 100, &whole) ||
            __builtin_add_overflow(whole, decimal.negative ? -pair : pair, &whole))
            return false;
    }
    *value = whole;
    return true;
}

bool number_is_whole(struct bytes encoded)
{
    struct decimal decimal;

    return decimal_unpack(encoded, &decimal) && (int)decimal.count <= decimal.exponent;
}

bool number_valid(struct bytes encoded)
{
    struct decimal decimal;

    return decimal_unpack(encoded, &decimal);
}

enum err number_check_range(int64_t exponent10, size_t digits, struct fault *fault)
{
    if (exponent10 > EXPONENT10_MAX)
        return fault_set(fault, ERR_VALIDATION,
                         "Number overflow. Attempting to store a number with magnitude larger "
                         "than supported range");
    if (exponent10 < EXPONENT10_MIN)
        return fault_set(fault, ERR_VALIDATION,
                         "Number underflow. Attempting to store a number with magnitude smaller "
                         "than supported range");
    if (digits > NUMBER_DIGITS_MAX)
        return fault_set(fault, ERR_VALIDATION,
                         "Attempting to store more than 38 significant digits in a Number");
    return OK;
}

void number_pack(bool negative, int exponent, const uint8_t *pairs, size_t count,
                 struct number *number)
{
    uint8_t flip = negative ? 0xff : 0; /* 255 - (pair + 1) is 254 - pair, and so on */
    uint8_t *at = number->data;

    if (count == 0) {
        *number = (struct number){1, {ZERO_BYTE}};
        return;
    }
    *at++ = negative ? NEGATIVE_BYTE : POSITIVE_BYTE;
    *at++ = (uint8_t)(exponent - NUMBER_EXPONENT_MIN) ^ flip;
    for (size_t i = 0; i < count; i++)
        *at++ = (uint8_t)(pairs[i] + 1) ^ flip;
    *at++ = flip;
    number->size = (uint8_t)(at - number->data);
}

bool decimal_unpack(struct bytes encoded, struct decimal *decimal)
{
    uint8_t flip;
    unsigned count = 0;

    decimal->negative = false;
    decimal->count = 0;
    if (encoded.size == 1)
        return encoded.data[0] == ZERO_BYTE;
    if (encoded.size < 4 || encoded.size > NUMBER_BYTES_MAX ||
        (encoded.data[0] != POSITIVE_BYTE && encoded.data[0] != NEGATIVE_BYTE))
        return false;
    flip = encoded.data[0] == NEGATIVE_BYTE ? 0xff : 0;
    if (encoded.data[encoded.size - 1] != flip || (encoded.data[1] ^ flip) > 127)
        return false;
    for (size_t i = 2; i < encoded.size - 1; i++) {
        unsigned pair = (unsigned)(encoded.data[i] ^ flip) - 1; /* an end mark wraps around */

        if (pair > 99)
            return false;
        decimal->pairs[count++] = (uint8_t)pair;
    }
    if (decimal->pairs[0] == 0 || decimal->pairs[count - 1] == 0)
        return false;
    decimal->count = count;
    if (count == NUMBER_PAIRS_MAX && decimal_digits(decimal) > NUMBER_DIGITS_MAX) {
        decimal->count = 0;
        return false;
    }
    decimal->negative = flip != 0;
    decimal->exponent = (encoded.data[1] ^ flip) + NUMBER_EXPONENT_MIN;
    return true;
}

size_t decimal_write_digits(const struct decimal *decimal, char digits[DECIMAL_DIGITS_ROOM])
{
    char *at = digits;

    if (decimal->pairs[0] >= 10)
        *at++ = (char)('0' + decimal->pairs[0] / 10);
    *at++ = (char)('0' + decimal->pairs[0] % 10);
    for (unsigned i = 1; i < decimal->count; i++) {
        *at++ = (char)('0' + decimal->pairs[i] / 10);
        *at++ = (char)('0' + decimal->pairs[i] % 10);
    }
    return (size_t)(at - digits) - (at[-1] == '0');
}

static enum err not_a_number(struct bytes text, struct fault *fault)
{
    struct bytes parts[] = {BYTES("The parameter cannot be converted to a numeric value"),
                            BYTES(": "), text};

    /* The text as it was sent, NUL bytes included. */
    return fault_set_bytes(fault, ERR_VALIDATION,
                           arena_concat(fault->arena, parts, text.size == 0 ? 1 : 3));
}

/* [+-]? ( digits [ . digits? ] | . digits ) ( [eE] [+-]? digits )? */
static bool scan_text(struct bytes text, struct scan *scan)
{
    const uint8_t *at = text.data, *end = text.data + text.size;

    scan->negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    scan->whole = at;
    at = scan->whole_end = skip_digits(at, end);
    scan->fraction = scan->fraction_end = at;
    if (at < end && *at == '.') {
        scan->fraction = at + 1;
        at = scan->fraction_end = skip_digits(at + 1, end);
    }
    if (scan->whole == scan->whole_end && scan->fraction == scan->fraction_end)
        return false;
    scan->exponent = 0;
    if (at == end)
        return true;
    return (*at == 'e' || *at == 'E') && scan_exponent(at + 1, end, &scan->exponent);
}

static bool scan_exponent(const uint8_t *at, const uint8_t *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';
    int64_t value = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end)
        return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        if (value < TEXT_EXPONENT_MAX)
            value = value * 10 + (*at - '0');
    }
    *exponent = negative ? -value : value;
    return true;
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Encodes 0.DDD x 10^exponent10 from decimal digits. Pairs are counted from the point, so an odd
 * exponent leaves the first digit alone in its pair. */
static void pack_digits(bool negative, int exponent10, const uint8_t *digits, size_t count,
                        struct number *number)
{
    uint8_t pairs[NUMBER_PAIRS_MAX];
    size_t at = 0, i = 0;

    if (exponent10 % 2 != 0)
        pairs[at++] = (uint8_t)(digits[i++] - '0');
    for (; i + 1 < count; i += 2)
        pairs[at++] = (uint8_t)((digits[i] - '0') * 10 + (digits[i + 1] - '0'));
    if (i < count)
        pairs[at++] = (uint8_t)((digits[i] - '0') * 10);
    number_pack(negative, (exponent10 + (exponent10 % 2 != 0)) / 2, pairs, at, number);
}
