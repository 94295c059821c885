/* ion_write_test.c - strings and symbols as Ion text. */
#include "base/arena.h"
#include "ion/ion_write.h"
#include "unit.h"

TEST(ion_strings_escape_what_a_line_cannot_hold)
{
    static const struct {
        struct bytes text;
        const char *written;
    } rows[] = {
        {BYTES(""), "\"\""},
        {BYTES("a'b"), "\"a'b\""},
        {BYTES("\"\\/"), "\"\\\"\\\\/\""},
        {BYTES("\0\a\b\t\n\v\f\r"), "\"\\0\\a\\b\\t\\n\\v\\f\\r\""},
        {BYTES("\x01\x1b\x1f\x7f"), "\"\\x01\\x1b\\x1f\\x7f\""},
        {BYTES("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\""},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;

        buf_init_arena(&out, &arena, SIZE_MAX);
        ion_append_string(&out, rows[i].text);
        CHECK_TEXT(buf_finish_arena(&out), rows[i].written);
    }
    arena_fini(&arena);
}

TEST(ion_symbols_are_quoted_unless_plain)
{
    static const char *const rows[][2] = {
        {"Id", "Id"},         {"_a$9", "_a$9"},    {"$", "$"},
        {"$a1", "$a1"},       {"$1a", "$1a"},      {"", "''"},
        {"$10", "'$10'"},     {"9a", "'9a'"},      {"a-b", "'a-b'"},
        {"a b", "'a b'"},     {"a.b", "'a.b'"},    {"it's", "'it\\'s'"},
        {"\"", "'\"'"},       {"null", "'null'"},  {"true", "'true'"},
        {"false", "'false'"}, {"nan", "'nan'"},    {"Null", "Null"},
        {"nullx", "nullx"},   {"a\nb", "'a\\nb'"}, {"\xc3\xa9", "'\xc3\xa9'"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;

        buf_init_arena(&out, &arena, SIZE_MAX);
        ion_append_symbol(&out, bytes_of_string(rows[i][0]));
        CHECK_TEXT(buf_finish_arena(&out), rows[i][1]);
    }
    arena_fini(&arena);
}
