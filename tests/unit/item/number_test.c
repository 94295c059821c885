/* number_test.c - numbers against rows of the contract, and against schoolbook arithmetic on
 * strings of digits. */
#include "item_fixture.h"

static struct number number_of(const char *text)
{
    struct number number = {0};
    struct fault fault;
    struct arena arena;

    arena_init(&arena);
    fault_init(&fault, &arena);
    if (number_parse(bytes_of_string(text), &number, &fault) != OK)
        unit_failed(__FILE__, __LINE__, "refused: %s", text);
    arena_fini(&arena);
    return number;
}

static const char *text_of(struct bytes encoded)
{
    static char text[NUMBER_TEXT_MAX + 1];

    text[number_text(encoded, text)] = 0;
    return text;
}

#define ZEROS_10 "0000000000"
#define ZEROS_50 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10
#define NINES_38 "99999999999999999999999999999999999999"

TEST(number_text_is_canonical)
{
    static const struct {
        const char *sent, *text;
    } rows[] = {
        {"0", "0"},
        {"-0", "0"},
        {"0.000", "0"},
        {"0e999", "0"},
        {"-00.00e-999", "0"},
        {"1", "1"},
        {"+1", "1"},
        {"-1", "-1"},
        {"007", "7"},
        {"10", "10"},
        {"1e3", "1000"},
        {"1E+3", "1000"},
        {"1.50", "1.5"},
        {"5.", "5"},
        {".5", "0.5"},
        {"-.5", "-0.5"},
        {"1E-3", "0.001"},
        {"12.345e1", "123.45"},
        {"12.345e2", "1234.5"},
        {"12.345e3", "12345"},
        {"12.345e4", "123450"},
        {"12.345e-4", "0.0012345"},
        {"100.001", "100.001"},
        {"1234567890123456789012345678901234567.8", "1234567890123456789012345678901234567.8"},
        {"9223372036854775807", "9223372036854775807"},
        {"0." ZEROS_50 "12", "0." ZEROS_50 "12"},
        {"1E125", "1" ZEROS_50 ZEROS_50 ZEROS_10 ZEROS_10 "00000"},
        {"10" ZEROS_50 ZEROS_50 ZEROS_50 "e-150", "10"},
        {"0.00000" ZEROS_50 ZEROS_50 ZEROS_50 "1e156", "1"},
        {"1e-130", "0." ZEROS_50 ZEROS_50 ZEROS_10 ZEROS_10 "0000000001"},
        {NINES_38 "E88", NINES_38 ZEROS_50 ZEROS_10 ZEROS_10 ZEROS_10 "00000000"},
        {"-" NINES_38 "E-167", "-0." ZEROS_50 ZEROS_50 ZEROS_10 ZEROS_10 "000000000" NINES_38},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct number number = number_of(rows[i].sent);

        CHECK(number_valid(number_bytes(&number)));
        CHECK_TEXT(bytes_of_string(text_of(number_bytes(&number))), rows[i].text);
    }
}

TEST(number_refuses_with_the_services_words)
{
#define NOT_NUMERIC "The parameter cannot be converted to a numeric value"
#define OVERFLOW \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define UNDERFLOW \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"
#define DIGITS "Attempting to store more than 38 significant digits in a Number"
    static const struct {
        const char *sent, *message;
    } rows[] = {
        {"", NOT_NUMERIC},
        {" ", NOT_NUMERIC ":  "},
        {"a", NOT_NUMERIC ": a"},
        {"+", NOT_NUMERIC ": +"},
        {"-", NOT_NUMERIC ": -"},
        {".", NOT_NUMERIC ": ."},
        {"+.e1", NOT_NUMERIC ": +.e1"},
        {"+e2", NOT_NUMERIC ": +e2"},
        {"1e", NOT_NUMERIC ": 1e"},
        {"1e+", NOT_NUMERIC ": 1e+"},
        {"1e1.5", NOT_NUMERIC ": 1e1.5"},
        {"1e5 ", NOT_NUMERIC ": 1e5 "},
        {" 1", NOT_NUMERIC ":  1"},
        {"1 2", NOT_NUMERIC ": 1 2"},
        {"--1", NOT_NUMERIC ": --1"},
        {"+-1", NOT_NUMERIC ": +-1"},
        {"1.2.3", NOT_NUMERIC ": 1.2.3"},
        {"1+2", NOT_NUMERIC ": 1+2"},
        {"0x1", NOT_NUMERIC ": 0x1"},
        {"1,5", NOT_NUMERIC ": 1,5"},
        {"1_000", NOT_NUMERIC ": 1_000"},
        {"NaN", NOT_NUMERIC ": NaN"},
        {"Infinity", NOT_NUMERIC ": Infinity"},
        {"1e126", OVERFLOW},
        {"-1e126", OVERFLOW},
        {"10e125", OVERFLOW},
        {"1e99999999999999999999999", OVERFLOW},
        {"1e-131", UNDERFLOW},
        {"0.1e-130", UNDERFLOW},
        {"-1e-99999999999999999999999", UNDERFLOW},
        {"123456789012345678901234567890123456789", DIGITS},
        {"1" ZEROS_10 ZEROS_10 ZEROS_10 "00000001", DIGITS},
        {"0.123456789012345678901234567890123456789", DIGITS},
        /* The magnitude is tested before the digits. */
        {"1" NINES_38 "e126", OVERFLOW},
        {"1" NINES_38 "e-200", UNDERFLOW},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct number number = {0};
        struct fault fault;

        fault_init(&fault, &arena);
        CHECK_ERR(number_parse(bytes_of_string(rows[i].sent), &number, &fault), ERR_VALIDATION);
        CHECK_TEXT(fault.message, rows[i].message);
        CHECK(!fault.wrapped);
        CHECK_U64(number.size, 0); /* untouched */
    }
    arena_fini(&arena);
}

TEST(number_message_keeps_every_byte_of_the_text)
{
    struct number number;
    struct fault fault;
    struct arena arena;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_ERR(number_parse(BYTES("1\0x"), &number, &fault), ERR_VALIDATION);
    CHECK(bytes_equal(fault.message, BYTES(NOT_NUMERIC ": 1\0x")));
    arena_fini(&arena);
}

/* Stored formats: these rows must never change. */
TEST(number_golden_bytes)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"0", "02"},
        {"1", "03 41 02 00"},
        {"-1", "01 be fd ff"},
        {"10", "03 41 0b 00"},
        {"99", "03 41 64 00"},
        {"100", "03 42 02 00"},
        {"-100", "01 bd fd ff"},
        {"12345", "03 43 02 18 2e 00"},
        {"-12345", "01 bc fd e7 d1 ff"},
        {"0.5", "03 40 33 00"},
        {"0.05", "03 40 06 00"},
        {"0.005", "03 3f 33 00"},
        {"1.5", "03 41 02 33 00"},
        {"1E-130", "03 00 02 00"},
        {"-1E-130", "01 ff fd ff"},
        {"1E125", "03 7f 0b 00"},
        {NINES_38 "E88", "03 7f 64646464646464646464646464646464646464 00"},
        {"-9." NINES_38 "E125", NULL}, /* one digit too many */
        {"-9.9999999999999999999999999999999999999E124",
         "01 80 f5 9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b a4 ff"},
        {"12345678901234567890123456789012345678",
         "03 53 0d 23 39 4f 5b 0d 23 39 4f 5b 0d 23 39 4f 5b 0d 23 39 4f 00"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct number number;
        struct fault fault;

        fault_init(&fault, &arena);
        if (rows[i].hex == NULL) {
            CHECK_ERR(number_parse(bytes_of_string(rows[i].text), &number, &fault), ERR_VALIDATION);
            continue;
        }
        CHECK_OK(number_parse(bytes_of_string(rows[i].text), &number, &fault));
        CHECK_HEX(number_bytes(&number), rows[i].hex);
    }
    arena_fini(&arena);
}

TEST(number_valid_refuses_what_is_not_canonical)
{
    static const char *const rows[] = {
        "",
        "00",
        "03",
        "01",
        "02 00",
        "04 41 02 00",
        "03 41 00",    /* no pair */
        "03 41 02",    /* no end */
        "03 41 02 ff", /* the other end */
        "01 be fd 00",
        "03 80 02 00", /* exponent */
        "01 7f fd ff",
        "03 41 01 02 00", /* first pair 0 */
        "03 41 02 01 00", /* last pair 0 */
        "03 41 65 00",    /* pair 100 */
        "01 be 9a ff",
        "03 41 02 00 02 00", /* end inside */
        "03 41 02 00 00",
        "03 41 0b 02020202020202020202020202020202020202 00",      /* 20 pairs, 40 digits */
        "03 41 02 0202020202020202020202020202020202020202 02 00", /* 22 pairs */
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes encoded = bytes_of_hex(rows[i], &arena);

        if (number_valid(encoded))
            unit_failed(__FILE__, __LINE__, "valid: %s", rows[i]);
        CHECK_TEXT(bytes_of_string(text_of(encoded)), "0");
    }
    /* 38 digits in 20 pairs are well. */
    CHECK(
        number_valid(bytes_of_hex("03 41 02 020202020202020202020202020202020202 0b 00", &arena)));
    arena_fini(&arena);
}

TEST(number_size_counts_digit_pairs_on_both_sides_of_the_point)
{
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"0", 1},
        {"100", 2},
        {"0.0000001", 2},
        {"12345", 4},
        {"-1", 3},
        {"1", 2},
        {"99", 2},
        {"123", 3},
        {"1.5", 3},
        {"12.34", 3},
        {"100.05", 4},
        {"0.01234", 3},
        {"12340", 3},
        {"123400", 3},
        {"-0.5", 3},
        {"1000000000000000000000000000000000000000000", 2},
        {NINES_38, 20},
        {"-" NINES_38, 21},
        {"1.2345678901234567890123456789012345678", 21},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct number number = number_of(rows[i].text);

        if (number_size_bytes(number_bytes(&number)) != rows[i].size)
            unit_failed(__FILE__, __LINE__, "size of %s is %zu", rows[i].text,
                        number_size_bytes(number_bytes(&number)));
    }
}

TEST(number_whole_part_fits_or_not)
{
    static const struct {
        const char *text;
        int64_t whole;
    } fits[] = {
        {"0", 0},
        {"1700000000", 1700000000},
        {"1700000000.999", 1700000000},
        {"-1.5", -1},
        {"0.9", 0},
        {"1e-130", 0},
        {"1e18", 1000000000000000000},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775807.9", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const too_large[] = {"9223372036854775808", "-9223372036854775809", "1e19",
                                            "1e125"};
    int64_t whole;

    for (size_t i = 0; i < COUNT_OF(fits); i++) {
        struct number number = number_of(fits[i].text);

        whole = 42;
        CHECK(number_to_i64(number_bytes(&number), &whole));
        CHECK_U64(whole, fits[i].whole);
    }
    for (size_t i = 0; i < COUNT_OF(too_large); i++) {
        struct number number = number_of(too_large[i]);

        CHECK(!number_to_i64(number_bytes(&number), &whole));
    }
}

TEST(number_tells_whether_it_is_whole)
{
    static const char *const whole[] = {"0",  "1",    "-1",   "10",    "100",
                                        "99", "1E99", "12E2", "1.5E1", "1700000000"};
    static const char *const others[] = {"0.5", "1.01", "-0.1", "1E-130", "99.99", "1700000000.1"};

    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        struct number number = number_of(whole[i]);

        CHECK(number_is_whole(number_bytes(&number)));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct number number = number_of(others[i]);

        CHECK(!number_is_whole(number_bytes(&number)));
    }
}

TEST(number_arithmetic_is_exact_or_refused)
{
    static const struct {
        const char *a, *b, *sum; /* or the message */
    } rows[] = {
        {"0", "0", "0"},
        {"1", "0", "1"},
        {"0", "-1", "-1"},
        {"1", "-1", "0"},
        {"99", "1", "100"},
        {"0.1", "0.2", "0.3"},
        {"-0.1", "1", "0.9"},
        {"1", "-100", "-99"},
        {"5", "-7", "-2"},
        {"-5", "-7", "-12"},
        {"1e37", "1", "10000000000000000000000000000000000001"},
        {"1e38", "1", DIGITS},
        {"1e38", "-1", NINES_38},
        {"1e125", "1e-130", DIGITS},
        {NINES_38, "1", "1" ZEROS_10 ZEROS_10 ZEROS_10 "00000000"},
        {NINES_38 "E88", "1e88", OVERFLOW},
        {"-" NINES_38 "E88", "-1e88", OVERFLOW},
        {NINES_38 "E88", "-" NINES_38 "E88", "0"},
        {"1.1e-130", "-1e-130", UNDERFLOW},
        {NINES_38 "E88", "1E50", DIGITS},
    };
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct number a = number_of(rows[i].a), b = number_of(rows[i].b), sum;
        enum err err = number_add(number_bytes(&a), number_bytes(&b), &sum, &fault);

        if (err == OK)
            CHECK_TEXT(bytes_of_string(text_of(number_bytes(&sum))), rows[i].sum);
        else
            CHECK_TEXT(fault.message, rows[i].sum);
    }
    arena_fini(&arena);
}

/* --- against arithmetic on a ruler of decimal digits ---------------------------------------- */

/* Digit i is worth 10^(RULER_TOP - i). */
#define RULER_TOP    126
#define RULER_DIGITS (RULER_TOP + 1 + 130 + 38)

struct ruler {
    bool negative;
    char digits[RULER_DIGITS];
};

static int ruler_compare(const struct ruler *a, const struct ruler *b)
{
    int order = memcmp(a->digits, b->digits, RULER_DIGITS);

    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? -order : order;
}

static struct ruler ruler_sum(const struct ruler *a, const struct ruler *b)
{
    struct ruler sum = {.negative = a->negative};
    int carry = 0;

    if (a->negative != b->negative && memcmp(a->digits, b->digits, RULER_DIGITS) < 0)
        return ruler_sum(b, a);
    for (int i = RULER_DIGITS - 1; i >= 0; i--) {
        int digit =
            a->digits[i] + carry + (a->negative == b->negative ? b->digits[i] : -b->digits[i]);

        carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        sum.digits[i] = (char)(digit - 10 * carry);
    }
    return sum;
}

/* Where the first digit that is not 0 is, and the one behind the last; false: it is zero. */
static bool ruler_span(const struct ruler *ruler, int *first, int *end)
{
    for (*first = 0; *first < RULER_DIGITS && ruler->digits[*first] == 0;)
        ++*first;
    for (*end = RULER_DIGITS; *end > *first && ruler->digits[*end - 1] == 0;)
        --*end;
    return *first < *end;
}

static const char *ruler_text(const struct ruler *ruler)
{
    static char text[RULER_DIGITS + 4];
    char *at = text;
    int first, end;

    if (!ruler_span(ruler, &first, &end))
        return "0";
    if (RULER_TOP - first > 125)
        return OVERFLOW;
    if (RULER_TOP - first < -130)
        return UNDERFLOW;
    if (end - first > 38)
        return DIGITS;
    if (ruler->negative)
        *at++ = '-';
    for (int i = first < RULER_TOP ? first : RULER_TOP; i < end || i <= RULER_TOP; i++) {
        *at++ = (char)('0' + ruler->digits[i]);
        if (i == RULER_TOP && end > i + 1)
            *at++ = '.';
    }
    *at = 0;
    return text;
}

/* A random number as a client might write it, and on the ruler. Exponents cluster, so that digits
 * overlap often. */
static void random_number(uint64_t *chance, char *text, struct ruler *ruler)
{
    int digits = 1 + (int)chance_below(chance, chance_below(chance, 3) == 0 ? 38 : 6);
    int wide = chance_below(chance, 4) == 0;
    int exponent = wide ? (int)chance_below(chance, 256) - 130 : (int)chance_below(chance, 40) - 20;
    int point = (int)chance_below(chance, (unsigned)digits + 1);
    size_t size = 0;

    *ruler = (struct ruler){.negative = chance_below(chance, 2) == 0};
    if (ruler->negative)
        text[size++] = '-';
    else if (chance_below(chance, 8) == 0)
        text[size++] = '+';
    for (unsigned zeros = chance_below(chance, 3); zeros > 0 && point > 0; zeros--)
        text[size++] = '0';
    for (int i = 0; i < digits; i++) {
        int digit = chance_below(chance, 4) == 0 ? 0 : (int)chance_below(chance, 10);

        if (i == 0 && digit == 0)
            digit = 1; /* the first digit is worth 10^exponent */
        if (i == point)
            text[size++] = '.';
        text[size++] = (char)('0' + digit);
        ruler->digits[RULER_TOP - exponent + i] = (char)digit;
    }
    snprintf(text + size, 16, "%s%d", chance_below(chance, 2) == 0 ? "e" : "E",
             exponent - (point - 1));
}

TEST(number_order_text_and_sums_agree_with_schoolbook_arithmetic)
{
    uint64_t chance = 0x2545f4914f6cdd1d;
    struct arena arena;
    struct fault fault;
    unsigned refused = 0;

    arena_init(&arena);
    fault_init(&fault, &arena);
    for (unsigned i = 0; i < 20000; i++) {
        char text_a[80], text_b[80];
        struct ruler ruler_a, ruler_b, expected;
        struct number a, b, again, result;
        int order, wanted;
        enum err err;

        random_number(&chance, text_a, &ruler_a);
        random_number(&chance, text_b, &ruler_b);
        if (number_parse(bytes_of_string(text_a), &a, &fault) != OK ||
            number_parse(bytes_of_string(text_b), &b, &fault) != OK) {
            unit_failed(__FILE__, __LINE__, "refused: %s or %s", text_a, text_b);
            break;
        }
        CHECK(number_valid(number_bytes(&a)));
        CHECK_TEXT(bytes_of_string(text_of(number_bytes(&a))), ruler_text(&ruler_a));
        again = number_of(text_of(number_bytes(&a)));
        CHECK(bytes_equal(number_bytes(&again), number_bytes(&a)));

        order = bytes_compare(number_bytes(&a), number_bytes(&b));
        wanted = ruler_compare(&ruler_a, &ruler_b);
        CHECK((order > 0) == (wanted > 0) && (order < 0) == (wanted < 0));
        /* No encoding is a prefix of another. */
        CHECK(order == 0 || !bytes_start_with(number_bytes(&a), number_bytes(&b)));

        expected = ruler_sum(&ruler_a, &ruler_b);
        err = number_add(number_bytes(&a), number_bytes(&b), &result, &fault);
        CHECK(err != OK || number_valid(number_bytes(&result)));
        CHECK_TEXT(err == OK ? bytes_of_string(text_of(number_bytes(&result))) : fault.message,
                   ruler_text(&expected));
        refused += err != OK;

        ruler_b.negative = !ruler_b.negative;
        expected = ruler_sum(&ruler_a, &ruler_b);
        err = number_subtract(number_bytes(&a), number_bytes(&b), &result, &fault);
        CHECK_TEXT(err == OK ? bytes_of_string(text_of(number_bytes(&result))) : fault.message,
                   ruler_text(&expected));
        arena_reset(&arena);
    }
    CHECK(refused > 100 && refused < 15000); /* both ways were tried */
    arena_fini(&arena);
}
