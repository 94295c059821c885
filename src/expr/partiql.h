/* partiql.h - PartiQL statements: text in, a statement out, made of the trees of expr.h.
 * A WHERE is a condition, a SET or REMOVE an update, a SELECT list a projection; so they are
 * evaluated by the same code. Parameters are bound while the text is read.
 * No requests, stores, clocks or threads.
 * Holds:   a statement is immutable once parsed, and points into the arena and its text.
 * Bounds:  the text's length is its reader's; depth of the descent (partiql_parser.h).
 * Errors:  ERR_VALIDATION with the exact text.
 * Source:  contract core-api-partiql.md; developer guide, "PartiQL".
 */
#pragma once

#include "expr/expr.h"

enum partiql_kind {
    PARTIQL_SELECT,
    PARTIQL_EXISTS, /* a SELECT whose items are only to be there */
    PARTIQL_INSERT,
    PARTIQL_UPDATE,
    PARTIQL_DELETE,
};

enum partiql_returning {
    PARTIQL_RETURNS_NOTHING,
    PARTIQL_RETURNS_ALL_OLD,
    PARTIQL_RETURNS_ALL_NEW,
    PARTIQL_RETURNS_MODIFIED_OLD,
    PARTIQL_RETURNS_MODIFIED_NEW,
};

struct partiql_order {
    struct bytes attribute;
    bool descending;
};

struct partiql_statement {
    enum partiql_kind kind;
    struct bytes text;
    const struct value *parameters;
    unsigned parameter_count;
    struct bytes table;
    struct bytes index;                 /* empty: the table itself */
    struct expr_projection *projection; /* NULL: all */
    struct expr_condition *where;       /* NULL: none */
    struct partiql_order *orders;
    unsigned order_count;
    struct value item; /* of an INSERT */
    struct expr_update *update;
    enum partiql_returning returning;
};

/* `parameters` is a list of AttributeValues, or NULL. */
enum err partiql_parse(struct bytes text, const struct yyjson_val *parameters, struct arena *arena,
                       struct fault *fault, struct partiql_statement **statement) MUST_CHECK;

/* Whether it can be nothing but a SELECT: by its first word, without parsing the rest. */
bool partiql_begins_select(struct bytes text);

/* --- what a WHERE says of keys ---------------------------------------------------------------- */

/* The values of which a top-level attribute must have one: a = v, a IN [v, w], a = v OR a = w,
 * joined to the rest by AND. Each value once, in order of the text; 0: there is no such condition.
 * `where` may be NULL. */
unsigned partiql_key_values(const struct expr_condition *where, struct bytes attribute,
                            struct arena *arena, const struct value **values);

/* Conditions that AND joins; `where` may be NULL. */
unsigned partiql_condition_count(const struct expr_condition *where);

/* All conditions on a top-level attribute, joined by AND, that a sort key can serve. */
unsigned partiql_key_ranges(const struct expr_condition *where, struct bytes attribute,
                            struct arena *arena, const struct expr_key_condition **ranges);
