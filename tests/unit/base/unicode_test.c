/* unicode_test.c - code points out of UTF-8, and their kinds. */
#include "base/arena.h"
#include "base/unicode.h"
#include "unit.h"

TEST(unicode_decodes_each_length)
{
    static const uint32_t expected[] = {'a', 0xdf, 0x6f22, 0x1f600, 'z'};
    struct bytes text = BYTES("a\xc3\x9f\xe6\xbc\xa2\xf0\x9f\x98\x80z");
    uint32_t code_point;

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        CHECK(unicode_next(&text, &code_point));
        CHECK_U64(code_point, expected[i]);
    }
    CHECK(!unicode_next(&text, &code_point));
}

TEST(unicode_stops_at_the_end_of_damaged_text)
{
    struct bytes text = bytes_make("\xf0\x9f\x98\x80", 2);
    uint32_t code_point;

    CHECK(unicode_next(&text, &code_point));
    CHECK(!unicode_next(&text, &code_point));
}

TEST(unicode_valid_is_what_the_standard_says)
{
    static const struct {
        struct bytes text;
        bool valid;
    } rows[] = {
        {BYTES(""), true},
        {BYTES("plain text of some length"), true},
        {BYTES("\0a"), true},
        {BYTES("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
         true},
        {BYTES("twelve chars\xc3\xa9 and more"), true},
        {BYTES("\x80"), false},
        {BYTES("\xc3"), false},
        {BYTES("\xc3("), false},
        {BYTES("\xc0\x80"), false},
        {BYTES("\xc1\xbf"), false},
        {BYTES("\xe0\x9f\xbf"), false},
        {BYTES("\xed\xa0\x80"), false},
        {BYTES("\xf0\x8f\xbf\xbf"), false},
        {BYTES("\xf4\x90\x80\x80"), false},
        {BYTES("\xf8\x88\x80\x80\x80"), false},
        {BYTES("twelve chars\xe9 and more"), false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (unicode_valid(rows[i].text) != rows[i].valid)
            unit_failed(__FILE__, __LINE__, "row %zu", i);
}

TEST(unicode_appends_what_it_decodes)
{
    static const uint32_t code_points[] = {0,      'a',    0x7f,   0x80,    0x7ff,   0x800,
                                           0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    struct bytes text;
    struct buf out;

    buf_init(&out, 64);
    for (size_t i = 0; i < sizeof(code_points) / sizeof(code_points[0]); i++)
        unicode_append(&out, code_points[i]);
    text = buf_bytes(&out);
    CHECK(unicode_valid(text));
    for (size_t i = 0; i < sizeof(code_points) / sizeof(code_points[0]); i++) {
        uint32_t code_point = 1;

        CHECK(unicode_next(&text, &code_point));
        CHECK_U64(code_point, code_points[i]);
    }
    CHECK_U64(text.size, 0);
    buf_fini(&out);
}

TEST(unicode_kinds)
{
    static const uint32_t yes[] = {'0',    '9',    'A',    'z',    ' ',    0xa0,   0xdf,
                                   0x0660, 0x0434, 0x2028, 0x6f22, 0x2167, 0x20000};
    static const uint32_t no[] = {0,      '\t',   '#',    ',',     '/',      ':',
                                  '[',    '`',    '{',    0x7f,    0xd7,     0x0301,
                                  0x20ac, 0x2603, 0xe000, 0x1f600, 0x10ffff, 0x200000};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (!unicode_is_word_or_space(yes[i]))
            unit_failed(__FILE__, __LINE__, "U+%04x is one", (unsigned)yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (unicode_is_word_or_space(no[i]))
            unit_failed(__FILE__, __LINE__, "U+%04x is none", (unsigned)no[i]);
}

TEST(unicode_repaired_leaves_what_is_valid)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"plain \xc3\xa9", "plain \xc3\xa9"},
        {"\xe9t\xe9", "\xef\xbf\xbdt\xef\xbf\xbd"},
        {"a\xf0\x9f\x98\x80\xc3", "a\xf0\x9f\x98\x80\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_TEXT(unicode_repaired(bytes_of_string(rows[i][0]), &arena), rows[i][1]);
    arena_fini(&arena);
}
