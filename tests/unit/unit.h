/* unit.h - unit tests: TEST registers, CHECK reports and goes on.
 *   TEST(base64_decodes_what_it_encoded) { CHECK(...); CHECK_U64(got, 3); }
 * All tests of the tree are linked into stele-unit; `stele-unit TEXT` runs those whose name has it.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

struct unit_test {
    const char *file;
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};

void unit_register(struct unit_test *test);
void unit_failed(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

/* A folder made for the running test, removed with its contents when the test ends. */
const char *unit_temp_dir(void);

#define TEST(test_name)                                                         \
    static void test_name(void);                                                \
    __attribute__((constructor)) static void register_##test_name(void)         \
    {                                                                           \
        static struct unit_test test = {__FILE__, #test_name, test_name, NULL}; \
        unit_register(&test);                                                   \
    }                                                                           \
    static void test_name(void)

#define CHECK(condition)                                               \
    do {                                                               \
        if (!(condition))                                              \
            unit_failed(__FILE__, __LINE__, "not so: %s", #condition); \
    } while (0)

#define CHECK_U64(actual, expected)                                                              \
    do {                                                                                         \
        uint64_t a_ = (uint64_t)(actual), e_ = (uint64_t)(expected);                             \
        if (a_ != e_)                                                                            \
            unit_failed(__FILE__, __LINE__, "%s is %" PRIu64 ", expected %" PRIu64, #actual, a_, \
                        e_);                                                                     \
    } while (0)

#define CHECK_ERR(actual, expected)                                                         \
    do {                                                                                    \
        enum err a_ = (actual), e_ = (expected);                                            \
        if (a_ != e_)                                                                       \
            unit_failed(__FILE__, __LINE__, "%s is %s, expected %s", #actual, err_name(a_), \
                        err_name(e_));                                                      \
    } while (0)

#define CHECK_OK(actual) CHECK_ERR(actual, OK)

/* Bytes against a C string. */
#define CHECK_TEXT(actual, expected)                                                        \
    do {                                                                                    \
        struct bytes a_ = (actual);                                                         \
        const char *e_ = (expected);                                                        \
        if (!bytes_equal_string(a_, e_))                                                    \
            unit_failed(__FILE__, __LINE__, "%s is\n    %.*s\n  expected\n    %s", #actual, \
                        BYTES_ARGS(a_), e_);                                                \
    } while (0)
