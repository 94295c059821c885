/* expr_lex.h - expression text into tokens (contract section 2).
 * A keyword is one only in its own kind of expression: SET is a name in a condition, and IN in an
 * update (where the reserved words refuse it).
 */
#pragma once

#include "base/bytes.h"

enum token_kind {
    TOKEN_END,
    TOKEN_IDENTIFIER,
    TOKEN_NAME,  /* #n */
    TOKEN_VALUE, /* :v */
    TOKEN_DIGITS,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OPEN_INDEX,
    TOKEN_CLOSE_INDEX,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_EQ,
    TOKEN_NE,
    TOKEN_LT,
    TOKEN_LE,
    TOKEN_GT,
    TOKEN_GE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_BETWEEN,
    TOKEN_IN,
    TOKEN_SET,
    TOKEN_REMOVE,
    TOKEN_ADD,
    TOKEN_DELETE,
    TOKEN_UNKNOWN, /* no token begins like this: one character */
};

enum lexer_keywords { KEYWORDS_NONE, KEYWORDS_CONDITION, KEYWORDS_UPDATE };

struct token {
    enum token_kind kind;
    struct bytes text; /* in the lexer's text; empty at the end */
};

struct lexer {
    struct bytes rest;
    enum lexer_keywords keywords;
};

void lexer_init(struct lexer *lexer, struct bytes text, enum lexer_keywords keywords);
struct token lexer_next(struct lexer *lexer);
