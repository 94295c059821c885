/* shape.h - what a request may hold, as rows: types, members and constraints of every input.
 * Ownership: rows are constant.
 * Source:    shapes.def, which says where its facts come from.
 */
#pragma once

#include "base/bytes.h"

enum shape_kind {
    SHAPE_STRUCTURE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRING,
    SHAPE_BLOB,
    SHAPE_BOOLEAN,
    SHAPE_INTEGER, /* 32 bits */
    SHAPE_LONG,
    SHAPE_DOUBLE,
    SHAPE_TIMESTAMP,
};

/* Names of shapes are in the service's spelling, those of kinds in capitals: SHAPE_String is a row,
 * SHAPE_STRING a kind. */
enum shape_id {
#define SHAPE(name, kind, ...) SHAPE_##name,
#define STRUCTURE(name)        SHAPE_##name,
#define MEMBER(name, shape, need)
#define END_STRUCTURE
#include "api/shapes.def"
    SHAPE_COUNT
};

#define NO_MIN INT64_MIN
#define NO_MAX INT64_MAX

/* A regular expression as messages show it, and what it means. */
struct shape_pattern {
    const char *text;
    bool (*matches)(struct bytes text); /* the whole of it */
};
extern const struct shape_pattern shape_pattern_name;
extern const struct shape_pattern shape_pattern_no_dollar;
extern const struct shape_pattern shape_pattern_bucket;
extern const struct shape_pattern shape_pattern_account;
extern const struct shape_pattern shape_pattern_csv_delimiter;
extern const struct shape_pattern shape_pattern_csv_header;
extern const struct shape_pattern shape_pattern_hex_blocks;
extern const struct shape_pattern shape_pattern_text;
extern const struct shape_pattern shape_pattern_printable;

/* See shapes.def; bits, so that REQUIRED_ALONE is REQUIRED and ALONE. */
enum shape_need {
    NEED_OPTIONAL = 0,
    NEED_REQUIRED = 1,
    NEED_BEFORE = 2,
    NEED_ALONE = 4,
    NEED_WORDED = 8,
    NEED_REQUIRED_BEFORE = NEED_REQUIRED | NEED_BEFORE,
    NEED_REQUIRED_ALONE = NEED_REQUIRED | NEED_ALONE,
    NEED_OPTIONAL_ALONE = NEED_OPTIONAL | NEED_ALONE,
    NEED_REQUIRED_WORDED = NEED_REQUIRED | NEED_WORDED,
    NEED_OPTIONAL_WORDED = NEED_OPTIONAL | NEED_WORDED,
};

struct shape_member {
    struct bytes name;
    const struct shape *shape;
    enum shape_need need;
};
#define SHAPE_MEMBERS_MAX 20

struct shape {
    enum shape_kind kind;
    const char *name;
    /* structures */
    const struct shape_member *members;
    unsigned member_count;
    /* lists and maps */
    enum shape_id element; /* of a list; value of a map */
    enum shape_id key;     /* of a map */
    /* Bounds of the value of a number, of the length of a string, list or map; for these a max of 0
     * is none. */
    int64_t min, max;
    /* strings */
    const char *values; /* all it may be, joined by ", " as messages show them; or NULL */
    bool open;          /* of values: only the empty text is a constraint error */
    const struct shape_pattern *pattern;
    bool pattern_first; /* a bad pattern is told before a bad length */
    bool in_bytes;      /* the length counts UTF-8 bytes, not characters */
    bool or_arn;        /* an ARN of up to SHAPE_ARN_LENGTH_MAX bytes is taken too */
};
#define SHAPE_ARN_LENGTH_MAX 1024

extern const struct shape shapes[SHAPE_COUNT];

/* Position in the structure's members, or -1. */
int shape_member_find(const struct shape *structure, struct bytes name);
