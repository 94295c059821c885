/* number_math.c - exact addition and subtraction, pair by pair as on paper.
 * Both numbers are laid on one ruler of places that covers every pair a number can have and the
 * carry above; the limits are tested on the exact result.
 */
#include "item/number_priv.h"

/* Place 0 is that of a carry out of the highest pair. */
#define PLACES (1 + NUMBER_EXPONENT_MAX - NUMBER_EXPONENT_MIN + NUMBER_PAIRS_MAX)

static enum err combine(const struct decimal *a, const struct decimal *b, struct number *result,
                        struct fault *fault);
static int compare_magnitude(const struct decimal *a, const struct decimal *b);
static int first_place(const struct decimal *decimal);
static int end_place(const struct decimal *decimal);
static void add_places(uint8_t *places, const struct decimal *decimal);
static void subtract_places(uint8_t *places, const struct decimal *decimal);

enum err number_add(struct bytes a, struct bytes b, struct number *sum, struct fault *fault)
{
    struct decimal left, right;

    if (!decimal_unpack(a, &left) || !decimal_unpack(b, &right))
        return fault_set(fault, ERR_CORRUPT, "a stored number is damaged");
    return combine(&left, &right, sum, fault);
}

enum err number_subtract(struct bytes a, struct bytes b, struct number *difference,
                         struct fault *fault)
{
    struct decimal left, right;

    if (!decimal_unpack(a, &left) || !decimal_unpack(b, &right))
        return fault_set(fault, ERR_CORRUPT, "a stored number is damaged");
    right.negative = !right.negative;
    return combine(&left, &right, difference, fault);
}

static enum err combine(const struct decimal *a, const struct decimal *b, struct number *result,
                        struct fault *fault)
{
    uint8_t places[PLACES];
    int first, end, exponent;
    unsigned digits;
    enum err err;

    if (compare_magnitude(a, b) < 0) {
        const struct decimal *smaller = a;

        a = b;
        b = smaller;
    }
    if (b->count == 0) {
        number_pack(a->negative, a->exponent, a->pairs, a->count, result);
        return OK;
    }
    first = first_place(a) - 1; /* for the carry */
    end = end_place(a) > end_place(b) ? end_place(a) : end_place(b);
    memset(places + first, 0, (size_t)(end - first));
    memcpy(places + first_place(a), a->pairs, a->count);
    if (a->negative == b->negative)
        add_places(places, b);
    else
        subtract_places(places, b);

    while (end > first && places[end - 1] == 0)
        end--;
    while (first < end && places[first] == 0)
        first++;
    if (first == end) {
        number_pack(false, 0, NULL, 0, result);
        return OK;
    }
    exponent = NUMBER_EXPONENT_MAX + 1 - first;
    digits = 2 * (unsigned)(end - first) - (places[first] < 10) - (places[end - 1] % 10 == 0);
    err = number_check_range(2 * exponent - (places[first] < 10), digits, fault);
    if (err != OK)
        return err;
    number_pack(a->negative, exponent, places + first, (size_t)(end - first), result);
    return OK;
}

static int compare_magnitude(const struct decimal *a, const struct decimal *b)
{
    if (a->count == 0 || b->count == 0)
        return (a->count != 0) - (b->count != 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    return bytes_compare(bytes_make(a->pairs, a->count), bytes_make(b->pairs, b->count));
}

static int first_place(const struct decimal *decimal)
{
    return NUMBER_EXPONENT_MAX + 1 - decimal->exponent;
}

static int end_place(const struct decimal *decimal)
{
    return first_place(decimal) + (int)decimal->count;
}

static void add_places(uint8_t *places, const struct decimal *decimal)
{
    int start = first_place(decimal);
    unsigned carry = 0;

    for (int i = (int)decimal->count - 1; i >= 0 || carry != 0; i--) {
        unsigned sum = places[start + i] + carry + (i >= 0 ? decimal->pairs[i] : 0);

        carry = sum >= 100;
        places[start + i] = (uint8_t)(carry ? sum - 100 : sum);
    }
}

/* What is subtracted is not larger than what lies on the places. */
static void subtract_places(uint8_t *places, const struct decimal *decimal)
{
    int start = first_place(decimal);
    int borrow = 0;

    for (int i = (int)decimal->count - 1; i >= 0 || borrow != 0; i--) {
        int difference = places[start + i] - borrow - (i >= 0 ? decimal->pairs[i] : 0);

        borrow = difference < 0;
        places[start + i] = (uint8_t)(borrow ? difference + 100 : difference);
    }
}
