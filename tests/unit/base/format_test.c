/* format_test.c - printf's formats, with bytes that hold a NUL; digits. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/format.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static size_t format(char *to, size_t room, const char *format, ...) PRINTF_LIKE(3, 4);

static size_t format(char *to, size_t room, const char *directives, ...)
{
    va_list args;
    size_t size;

    va_start(args, directives);
    size = format_text(to, room, directives, args);
    va_end(args);
    return size;
}

/* The same as snprintf says. */
#define CHECK_SAME(...)                                                      \
    do {                                                                     \
        char ours[200], theirs[200];                                         \
        int size_ = snprintf(theirs, sizeof(theirs), __VA_ARGS__);           \
                                                                             \
        CHECK_U64(format(ours, sizeof(ours), __VA_ARGS__), (uint64_t)size_); \
        CHECK_TEXT(bytes_of_string(ours), theirs);                           \
    } while (0)

TEST(format_says_what_printf_says)
{
    CHECK_SAME("nothing");
    CHECK_SAME("%d %i %u %x|%c|100%%", -7, 8, 4000000000u, 255, 'c');
    CHECK_SAME("%ld %lu %lld %llu %zu", -1L, 1UL, -1LL, UINT64_C(18446744073709551615) + 0ULL,
               (size_t)12);
    CHECK_SAME("%02d %04x %08x %014llu %03u %5d|%-5d|", 7, 10, 1u, 12ULL, 5u, 42, 42);
    CHECK_SAME("%s and %s", "one", "");
    CHECK_SAME("%.4s %-6s| %.*s", "abcdef", "ab", 2, "xyz");
    CHECK_SAME("%.*g %g", 3, 3.14159, 0.5);
    CHECK_SAME("%.1f %.0f %f", 3.14159, 2.5, 0.5);
    CHECK_SAME("%*d", 6, 42);
    CHECK_SAME("%0150u and %d", 7u, 8);
}

TEST(format_takes_all_of_bytes)
{
    struct bytes name = bytes_make("a\0b", 3);
    struct arena arena;
    struct bytes text;
    struct buf buf;

    arena_init(&arena);
    text = arena_format(&arena, "[%.*s] %u", BYTES_ARGS(name), 5u);
    CHECK_U64(text.size, 7);
    CHECK(memcmp(text.data, "[a\0b] 5", 8) == 0);
    buf_init(&buf, 100);
    buf_append_format(&buf, "%s%.*s", "x", BYTES_ARGS(name));
    CHECK(bytes_equal(buf_bytes(&buf), bytes_make("xa\0b", 4)));
    buf_fini(&buf);
    arena_fini(&arena);
}

TEST(format_writes_what_fits)
{
    char text[4] = "zzz";

    CHECK_U64(format(NULL, 0, "%s%d", "abc", 12), 5);
    CHECK_U64(format(text, sizeof(text), "%s%d", "abc", 12), 5);
    CHECK_TEXT(bytes_of_string(text), "abc");
    CHECK_U64(format(text, 1, "%s", "abc"), 3);
    CHECK_TEXT(bytes_of_string(text), "");
}

TEST(format_writes_whole_numbers_as_decimal_digits)
{
    uint8_t text[FORMAT_U64_BYTES_MAX];

    CHECK_TEXT(format_u64(0, text), "0");
    CHECK_TEXT(format_u64(10, text), "10");
    CHECK_TEXT(format_u64(9876543210, text), "9876543210");
    CHECK_TEXT(format_u64(UINT64_MAX, text), "18446744073709551615");
}
