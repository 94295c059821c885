/* partiql_lex.c - one switch on the character that a token begins with. */
#include "expr/partiql_lex.h"

static struct bytes skip_blanks(struct bytes text);
static enum partiql_token_kind word_kind(struct bytes word);
static size_t word_bytes(struct bytes text);
static size_t number_bytes_of(struct bytes text);
static enum partiql_token_kind quotation(struct bytes text, size_t *size);
static enum partiql_token_kind symbol(struct bytes text, size_t *size);

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Letters beyond ASCII may stand in a name, too (unverified). */
static bool begins_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool goes_on_word(uint8_t c)
{
    return begins_word(c) || is_digit(c) || c == '$';
}

/* The character at a place, 0 behind the end. */
static uint8_t at(struct bytes text, size_t place)
{
    return place < text.size ? text.data[place] : 0;
}

void partiql_lexer_init(struct partiql_lexer *lexer, struct bytes text)
{
    lexer->rest = text;
}

struct partiql_token partiql_lexer_next(struct partiql_lexer *lexer)
{
    struct bytes text = skip_blanks(lexer->rest);
    uint8_t first = at(text, 0);
    enum partiql_token_kind kind;
    size_t size;

    if (text.size == 0) {
        kind = PARTIQL_TOKEN_END;
        size = 0;
    } else if (begins_word(first)) {
        size = word_bytes(text);
        kind = word_kind(bytes_make(text.data, size));
    } else if (is_digit(first) || (first == '.' && is_digit(at(text, 1)))) {
        size = number_bytes_of(text);
        kind = begins_word(at(text, size)) ? PARTIQL_TOKEN_UNKNOWN : PARTIQL_TOKEN_NUMBER;
    } else if (first == '\'' || first == '"') {
        kind = quotation(text, &size);
    } else {
        kind = symbol(text, &size);
    }
    lexer->rest = bytes_skip(text, size);
    return (struct partiql_token){kind, bytes_make(text.data, size)};
}

struct bytes partiql_unquote(struct bytes quotation, struct arena *arena)
{
    struct bytes inside = bytes_make(quotation.data + 1, quotation.size - 2);
    uint8_t mark = quotation.data[0], *copy;
    size_t size = 0;

    if (inside.size == 0 || memchr(inside.data, mark, inside.size) == NULL)
        return inside;
    copy = arena_alloc(arena, inside.size);
    for (size_t i = 0; i < inside.size; i++) {
        copy[size++] = inside.data[i];
        i += inside.data[i] == mark; /* the other one of two */
    }
    return bytes_make(copy, size);
}

/* White space and comments; one that does not end is no comment. */
static struct bytes skip_blanks(struct bytes text)
{
    for (;;) {
        uint8_t first = at(text, 0);

        if (first == ' ' || first == '\t' || first == '\n' || first == '\r') {
            text = bytes_skip(text, 1);
        } else if (first == '-' && at(text, 1) == '-') {
            const uint8_t *end = memchr(text.data, '\n', text.size);

            text = bytes_skip(text, end != NULL ? (size_t)(end - text.data) : text.size);
        } else if (first == '/' && at(text, 1) == '*') {
            const uint8_t *end = memmem(text.data + 2, text.size - 2, "*/", 2);

            if (end == NULL)
                return text;
            text = bytes_skip(text, (size_t)(end - text.data) + 2);
        } else {
            return text;
        }
    }
}

static enum partiql_token_kind word_kind(struct bytes word)
{
    static const struct bytes keywords[] = {
#define KEYWORD(word) BYTES(#word),
#include "expr/partiql_keywords.def"
    };
    static const enum partiql_token_kind kinds[] = {
#define KEYWORD(word) PARTIQL_TOKEN_##word,
#include "expr/partiql_keywords.def"
    };

    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
        if (bytes_equal_no_case(word, keywords[i]))
            return kinds[i];
    return PARTIQL_TOKEN_WORD;
}

static size_t word_bytes(struct bytes text)
{
    size_t size = 1;

    while (goes_on_word(at(text, size)))
        size++;
    return size;
}

/* digits [ "." digits ] [ e [ sign ] digits ], or "." and digits. */
static size_t number_bytes_of(struct bytes text)
{
    size_t size = 0, exponent;

    while (is_digit(at(text, size)))
        size++;
    if (at(text, size) == '.')
        size++;
    while (is_digit(at(text, size)))
        size++;
    if ((at(text, size) | 0x20) != 'e')
        return size;
    exponent = size + 1;
    if (at(text, exponent) == '+' || at(text, exponent) == '-')
        exponent++;
    if (!is_digit(at(text, exponent)))
        return size;
    while (is_digit(at(text, exponent)))
        exponent++;
    return exponent;
}

static enum partiql_token_kind quotation(struct bytes text, size_t *size)
{
    uint8_t mark = text.data[0];

    for (size_t i = 1; i < text.size; i++) {
        if (text.data[i] != mark)
            continue;
        if (at(text, i + 1) != mark) {
            *size = i + 1;
            return mark == '"' ? PARTIQL_TOKEN_QUOTED : PARTIQL_TOKEN_STRING;
        }
        i++;
    }
    *size = text.size;
    return PARTIQL_TOKEN_UNKNOWN;
}

static enum partiql_token_kind symbol(struct bytes text, size_t *size)
{
    static const struct {
        char text[3];
        enum partiql_token_kind kind;
    } symbols[] = {
        /* those that begin like another one before it */
        {"<<", PARTIQL_TOKEN_OPEN_SET}, {">>", PARTIQL_TOKEN_CLOSE_SET},
        {"<>", PARTIQL_TOKEN_NE},       {"!=", PARTIQL_TOKEN_NE},
        {"<=", PARTIQL_TOKEN_LE},       {">=", PARTIQL_TOKEN_GE},
        {"<", PARTIQL_TOKEN_LT},        {">", PARTIQL_TOKEN_GT},
        {"=", PARTIQL_TOKEN_EQ},        {"?", PARTIQL_TOKEN_PARAMETER},
        {"(", PARTIQL_TOKEN_OPEN},      {")", PARTIQL_TOKEN_CLOSE},
        {"[", PARTIQL_TOKEN_OPEN_LIST}, {"]", PARTIQL_TOKEN_CLOSE_LIST},
        {"{", PARTIQL_TOKEN_OPEN_MAP},  {"}", PARTIQL_TOKEN_CLOSE_MAP},
        {",", PARTIQL_TOKEN_COMMA},     {":", PARTIQL_TOKEN_COLON},
        {".", PARTIQL_TOKEN_DOT},       {"*", PARTIQL_TOKEN_STAR},
        {";", PARTIQL_TOKEN_SEMICOLON}, {"+", PARTIQL_TOKEN_PLUS},
        {"-", PARTIQL_TOKEN_MINUS},
    };

    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        *size = strlen(symbols[i].text);
        if (bytes_start_with(text, bytes_make(symbols[i].text, *size)))
            return symbols[i].kind;
    }
    *size = 1;
    return PARTIQL_TOKEN_UNKNOWN;
}
