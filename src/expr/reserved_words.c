/* reserved_words.c - looks a word up in a sorted table: that of expressions, or that of PartiQL. */
#include "expr/expr_priv.h"
#include "expr/partiql_parser.h"

#define WORD_BYTES_MAX 17

struct reserved_word {
    uint8_t size;
    char word[WORD_BYTES_MAX + 1];
};

static const struct reserved_word expression_words[] = {
#define WORD(word) {sizeof(#word) - 1, #word},
#include "expr/reserved_words.def"
};

static const struct reserved_word partiql_words[] = {
#define WORD(word) {sizeof(#word) - 1, #word},
#include "expr/partiql_reserved.def"
};

static bool is_among(const struct reserved_word *words, size_t count, struct bytes word)
{
    size_t low = 0, high = count;
    uint8_t upper[WORD_BYTES_MAX];

    if (word.size > WORD_BYTES_MAX)
        return false;
    for (size_t i = 0; i < word.size; i++)
        upper[i] = word.data[i] >= 'a' && word.data[i] <= 'z' ? (uint8_t)(word.data[i] - 'a' + 'A')
                                                              : word.data[i];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(bytes_make(upper, word.size),
                                  bytes_make(words[middle].word, words[middle].size));

        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool expr_reserved_word(struct bytes word)
{
    return is_among(expression_words, sizeof(expression_words) / sizeof(expression_words[0]), word);
}

bool partiql_reserved_word(struct bytes word)
{
    return is_among(partiql_words, sizeof(partiql_words) / sizeof(partiql_words[0]), word);
}
