/* reserved_words.c - looks a word up in the sorted table. */
#include "expr/expr_priv.h"

#define WORD_BYTES_MAX 14

struct reserved_word {
    uint8_t size;
    char word[WORD_BYTES_MAX + 1];
};

static const struct reserved_word words[] = {
#define WORD(word) {sizeof(#word) - 1, #word},
#include "expr/reserved_words.def"
};

bool expr_reserved_word(struct bytes word)
{
    size_t low = 0, high = sizeof(words) / sizeof(words[0]);
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
