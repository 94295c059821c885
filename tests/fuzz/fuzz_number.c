/* fuzz_number.c - numbers as text and as bytes. What is accepted reads back from its own text, its
 * sums stay valid and undo each other; damaged bytes are refused, and reading them is harmless.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "fuzz.h"
#include "item/number.h"

#include <stdlib.h>

static void check_text(struct bytes text, struct arena *arena);
static void check_bytes(struct bytes encoded, struct arena *arena);
static void check_number(struct bytes encoded, struct arena *arena);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;

    arena_init(&arena);
    check_text(bytes_make(data, size), &arena);
    check_bytes(bytes_make(data, size), &arena);
    arena_fini(&arena);
    return 0;
}

static void check_text(struct bytes text, struct arena *arena)
{
    struct number number;
    struct fault fault;

    fault_init(&fault, arena);
    if (number_parse(text, &number, &fault) == OK)
        check_number(number_bytes(&number), arena);
    else
        ASSERT(fault.err == ERR_VALIDATION && fault.message.size != 0);
}

static void check_bytes(struct bytes encoded, struct arena *arena)
{
    char text[NUMBER_TEXT_MAX];
    int64_t whole;

    ASSERT(number_text(encoded, text) <= NUMBER_TEXT_MAX);
    (void)number_size_bytes(encoded);
    if (number_valid(encoded))
        check_number(encoded, arena);
    else
        ASSERT(!number_to_i64(encoded, &whole));
}

static void check_number(struct bytes encoded, struct arena *arena)
{
    char text[NUMBER_TEXT_MAX];
    size_t text_size = number_text(encoded, text);
    struct number again, sum, back;
    struct fault fault;
    enum err err;

    fault_init(&fault, arena);
    ASSERT(number_valid(encoded));
    ASSERT(number_size_bytes(encoded) <= 22);
    err = number_parse(bytes_make(text, text_size), &again, &fault);
    ASSERT(err == OK);
    ASSERT(bytes_equal(number_bytes(&again), encoded));

    err = number_subtract(encoded, encoded, &sum, &fault);
    ASSERT(err == OK && sum.size == 1);
    if (number_parse(BYTES("-0.7"), &again, &fault) != OK ||
        number_add(encoded, number_bytes(&again), &sum, &fault) != OK)
        return;
    ASSERT(bytes_compare(number_bytes(&sum), encoded) < 0);
    err = number_subtract(number_bytes(&sum), number_bytes(&again), &back, &fault);
    ASSERT(err == OK && bytes_equal(number_bytes(&back), encoded));
}
