/* unicode_test.c - code points out of UTF-8, and their kinds. */
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
