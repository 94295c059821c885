/* reserved_words_test.c - reserved words. */
#include "expr/expr_priv.h"
#include "unit.h"

TEST(reserved_words_are_found_in_any_case)
{
    static const char *const all[] = {
#define WORD(word) #word,
#include "expr/reserved_words.def"
    };
    static const char *const others[] = {"",  "A",   "ABORTS",           "ABOR",
                                         "_", "ZZZ", "ABSOLUTELYNOTTHIS"};
    const size_t count = sizeof(all) / sizeof(all[0]);

    CHECK_U64(count, 573);
    for (size_t i = 0; i < count; i++) {
        char lower[32] = "";

        CHECK(i == 0 || strcmp(all[i - 1], all[i]) < 0);
        for (size_t j = 0; all[i][j] != 0; j++)
            lower[j] = (char)(all[i][j] | 0x20);
        CHECK(expr_reserved_word(bytes_of_string(all[i])));
        CHECK(expr_reserved_word(bytes_of_string(lower)));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CHECK(!expr_reserved_word(bytes_of_string(others[i])));
}
