/* partiql_lex.h - PartiQL text into tokens (contract core-api-partiql.md 2).
 * Between tokens there may be white space and comments: from two dashes to the end of the line, and
 * between slash-star and star-slash.
 */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

enum partiql_token_kind {
    PARTIQL_TOKEN_END,
    PARTIQL_TOKEN_WORD,   /* a name, or a function's */
    PARTIQL_TOKEN_QUOTED, /* "name" */
    PARTIQL_TOKEN_STRING, /* 'text' */
    PARTIQL_TOKEN_NUMBER, /* without a sign */
    PARTIQL_TOKEN_PARAMETER,
    PARTIQL_TOKEN_OPEN,
    PARTIQL_TOKEN_CLOSE,
    PARTIQL_TOKEN_OPEN_LIST,
    PARTIQL_TOKEN_CLOSE_LIST,
    PARTIQL_TOKEN_OPEN_MAP,
    PARTIQL_TOKEN_CLOSE_MAP,
    PARTIQL_TOKEN_OPEN_SET, /* << */
    PARTIQL_TOKEN_CLOSE_SET,
    PARTIQL_TOKEN_COMMA,
    PARTIQL_TOKEN_COLON,
    PARTIQL_TOKEN_DOT,
    PARTIQL_TOKEN_STAR,
    PARTIQL_TOKEN_SEMICOLON,
    PARTIQL_TOKEN_PLUS,
    PARTIQL_TOKEN_MINUS,
    PARTIQL_TOKEN_EQ,
    PARTIQL_TOKEN_NE,
    PARTIQL_TOKEN_LT,
    PARTIQL_TOKEN_LE,
    PARTIQL_TOKEN_GT,
    PARTIQL_TOKEN_GE,
#define KEYWORD(word) PARTIQL_TOKEN_##word,
#include "expr/partiql_keywords.def"
    PARTIQL_TOKEN_UNKNOWN, /* no token begins like this, or a quotation does not end */
};

struct partiql_token {
    enum partiql_token_kind kind;
    struct bytes text; /* as it stands in the statement, quotation marks included */
};

struct partiql_lexer {
    struct bytes rest;
};

void partiql_lexer_init(struct partiql_lexer *lexer, struct bytes text);
struct partiql_token partiql_lexer_next(struct partiql_lexer *lexer);

/* What a quotation says: without its marks, each doubled mark inside once. In the arena if it is
 * not the text's own bytes. */
struct bytes partiql_unquote(struct bytes quotation, struct arena *arena);
