/* expr_lex.c - one table of characters, one switch. */
#include "expr/expr_lex.h"

enum { SPACE = 1, LETTER = 2, DIGIT = 4, WORD = LETTER | DIGIT };

static const uint8_t classes[256] = {
    ['\t'] = SPACE,        ['\n'] = SPACE,         ['\r'] = SPACE,         [' '] = SPACE,
    ['0' ... '9'] = DIGIT, ['A' ... 'Z'] = LETTER, ['a' ... 'z'] = LETTER, ['_'] = LETTER,
};

struct keyword {
    enum lexer_keywords keywords;
    enum token_kind kind;
    struct bytes word;
};

static const struct keyword keywords[] = {
    {KEYWORDS_CONDITION, TOKEN_AND, BYTES("AND")},
    {KEYWORDS_CONDITION, TOKEN_OR, BYTES("OR")},
    {KEYWORDS_CONDITION, TOKEN_NOT, BYTES("NOT")},
    {KEYWORDS_CONDITION, TOKEN_BETWEEN, BYTES("BETWEEN")},
    {KEYWORDS_CONDITION, TOKEN_IN, BYTES("IN")},
    {KEYWORDS_UPDATE, TOKEN_SET, BYTES("SET")},
    {KEYWORDS_UPDATE, TOKEN_REMOVE, BYTES("REMOVE")},
    {KEYWORDS_UPDATE, TOKEN_ADD, BYTES("ADD")},
    {KEYWORDS_UPDATE, TOKEN_DELETE, BYTES("DELETE")},
};

static enum token_kind punctuation(struct bytes text, size_t *size);
static enum token_kind word_kind(const struct lexer *lexer, struct bytes word);
static size_t word_end(struct bytes text, size_t from, uint8_t class);
static size_t character_bytes(struct bytes text);

void lexer_init(struct lexer *lexer, struct bytes text, enum lexer_keywords words)
{
    *lexer = (struct lexer){text, words};
}

struct token lexer_next(struct lexer *lexer)
{
    struct bytes text = bytes_skip(lexer->rest, word_end(lexer->rest, 0, SPACE));
    enum token_kind kind;
    size_t size;

    if (text.size == 0) {
        kind = TOKEN_END;
        size = 0;
    } else if (classes[text.data[0]] & LETTER) {
        size = word_end(text, 1, WORD);
        kind = TOKEN_IDENTIFIER;
        if (size < text.size && (text.data[size] == '#' || text.data[size] == ':'))
            ; /* "AND:v" is no keyword and a value */
        else
            kind = word_kind(lexer, bytes_make(text.data, size));
    } else if (classes[text.data[0]] & DIGIT) {
        kind = TOKEN_DIGITS;
        size = word_end(text, 1, DIGIT);
    } else if (text.data[0] == '#' || text.data[0] == ':') {
        size = word_end(text, 1, WORD);
        kind = text.data[0] == '#' ? TOKEN_NAME : TOKEN_VALUE;
        if (size == 1)
            kind = TOKEN_UNKNOWN; /* reported by users of the service: token: ":", near: "a : b" */
    } else {
        kind = punctuation(text, &size);
    }
    lexer->rest = bytes_skip(text, size);
    return (struct token){kind, bytes_make(text.data, size)};
}

static enum token_kind punctuation(struct bytes text, size_t *size)
{
    uint8_t second = text.size > 1 ? text.data[1] : 0;

    *size = 1;
    switch (text.data[0]) {
    case '(':
        return TOKEN_OPEN;
    case ')':
        return TOKEN_CLOSE;
    case '[':
        return TOKEN_OPEN_INDEX;
    case ']':
        return TOKEN_CLOSE_INDEX;
    case ',':
        return TOKEN_COMMA;
    case '.':
        return TOKEN_DOT;
    case '+':
        return TOKEN_PLUS;
    case '-':
        return TOKEN_MINUS;
    case '=':
        return TOKEN_EQ;
    case '<':
        *size = second == '=' || second == '>' ? 2 : 1;
        return second == '=' ? TOKEN_LE : second == '>' ? TOKEN_NE : TOKEN_LT;
    case '>':
        *size = second == '=' ? 2 : 1;
        return second == '=' ? TOKEN_GE : TOKEN_GT;
    default:
        *size = character_bytes(text);
        return TOKEN_UNKNOWN;
    }
}

static enum token_kind word_kind(const struct lexer *lexer, struct bytes word)
{
    if (word.size < 2 || word.size > 7)
        return TOKEN_IDENTIFIER;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        const struct keyword *keyword = &keywords[i];
        size_t at = 0;

        if (keyword->keywords != lexer->keywords || keyword->word.size != word.size)
            continue;
        /* Words hold letters, digits and _, of which only letters lose bit 5 to a capital. */
        while (at < word.size && (word.data[at] & ~0x20) == keyword->word.data[at])
            at++;
        if (at == word.size)
            return keyword->kind;
    }
    return TOKEN_IDENTIFIER;
}

/* Where characters of this class end, looking from `from`. */
static size_t word_end(struct bytes text, size_t from, uint8_t class)
{
    while (from < text.size && (classes[text.data[from]] & class) != 0)
        from++;
    return from;
}

/* A whole UTF-8 character, so that messages stay valid UTF-8. */
static size_t character_bytes(struct bytes text)
{
    size_t size = 1;

    while (size < text.size && size < 4 && (text.data[size] & 0xc0) == 0x80)
        size++;
    return text.data[0] < 0x80 ? 1 : size;
}
