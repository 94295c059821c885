/* expr.h - expressions: text in, trees out, trees evaluated on items.
 * Condition, filter, key condition, projection and update expressions of one request are parsed
 * together, because names and values are shared and "unused" is a property of all of them.
 * No requests, stores, clocks or threads.
 * Holds:    a tree is immutable once parsed, points into the arena and the request it came from,
 *           and evaluation never changes its item.
 * Bounds:   4,096 bytes of text, 300 operators, depth by both; no recursion without a limit. An
 *           update stops when it would build more than an item can hold.
 * Errors:   ERR_VALIDATION with the exact text; texts that PutItem and UpdateItem wrap are marked
 *           (struct fault, wrapped).
 * Source:   contract core-api-expressions.md.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "item/value.h"

struct yyjson_val;
struct expr_condition;
struct expr_projection;
struct expr_update;
struct expr_path;

/* What a request says; NULL or absent members are NULL. In the order in which they are checked. */
struct expr_input {
    const struct yyjson_val *names;  /* ExpressionAttributeNames: map of strings */
    const struct yyjson_val *values; /* ExpressionAttributeValues: map of AttributeValues */
    const struct yyjson_val *update;
    const struct yyjson_val *condition;
    const struct yyjson_val *key_condition;
    const struct yyjson_val *filter;
    const struct yyjson_val *projection;
};

/* One comparison of a key attribute with literal values. */
enum expr_key_operator {
    EXPR_KEY_EQ,
    EXPR_KEY_LT,
    EXPR_KEY_LE,
    EXPR_KEY_GT,
    EXPR_KEY_GE,
    EXPR_KEY_BETWEEN,
    EXPR_KEY_BEGINS_WITH,
};
struct expr_key_condition {
    struct bytes attribute;
    enum expr_key_operator operator;
    struct value operands[2]; /* the second for BETWEEN */
};
#define EXPR_KEY_CONDITIONS_MAX 8

/* What was parsed; NULL where the request had no such expression. */
struct expr_set {
    struct expr_update *update;
    struct expr_condition *condition;
    struct expr_condition *filter;
    struct expr_projection *projection;
    struct expr_key_condition *key_conditions; /* in the order of the text */
    unsigned key_condition_count;
};

/* The EXPR check: names, values, each expression, unused ones, in the contract's order (section 1).
 * Not here: whether names and values may be there at all (core-api-items.md 1). */
enum err expr_parse(const struct expr_input *input, struct arena *arena, struct fault *fault,
                    struct expr_set *set) MUST_CHECK;

/* --- evaluation; items are M values, an absent item is an empty one --------------------------- */

/* Allocates nothing. */
bool expr_condition_holds(const struct expr_condition *condition, struct value item);

/* What remains of an item under a projection, as an M value in the arena. */
struct value expr_project(const struct expr_projection *projection, struct value item,
                          struct arena *arena);

/* The item after the update, in the arena. Run-time faults (section 7) are ERR_VALIDATION, bare.
 * Keys are not checked here, nor the exact size; only what no item could be is refused as too
 * large. */
enum err expr_update_apply(const struct expr_update *update, struct value item, struct arena *arena,
                           struct fault *fault, struct value *updated) MUST_CHECK;

/* UPDATED_OLD and UPDATED_NEW: values at the update's target paths, before and after it. Both take
 * the item before the update, since list indexes of the text are positions in that; the new values
 * only after expr_update_apply succeeded on it. False: nothing there at all (for new values: the
 * update only removed). */
bool expr_update_touched_old(const struct expr_update *update, struct value before,
                             struct arena *arena, struct value *touched) MUST_CHECK;
bool expr_update_touched_new(const struct expr_update *update, struct value before,
                             struct arena *arena, struct value *touched) MUST_CHECK;

/* Bytes that the service adds to the item size for an update's actions: `A` in contract
 * core-api-data.md 4, table "Limit checks". */
size_t expr_update_overhead_bytes(const struct expr_update *update);

/* Whether the update only removes (REMOVE and DELETE clauses): such an update creates no item. */
bool expr_update_only_removes(const struct expr_update *update);

/* --- what callers must know about paths ------------------------------------------------------- */

/* Visits the document paths of an expression in order of the text: top-level attribute, and
 * whether anything follows it (a nested path). Stops when visit returns false. */
typedef bool expr_path_visit_fn(void *ctx, struct bytes attribute, bool nested);
void expr_condition_visit_paths(const struct expr_condition *condition, expr_path_visit_fn *visit,
                                void *ctx);
void expr_projection_visit_paths(const struct expr_projection *projection,
                                 expr_path_visit_fn *visit, void *ctx);
/* Targets of the clauses only; and all paths, operands included. */
void expr_update_visit_targets(const struct expr_update *update, expr_path_visit_fn *visit,
                               void *ctx);
void expr_update_visit_paths(const struct expr_update *update, expr_path_visit_fn *visit,
                             void *ctx);

/* The literal value that a SET clause gives a top-level attribute, if it is one (for the type check
 * of index keys before the item is read). */
bool expr_update_literal_for(const struct expr_update *update, struct bytes attribute,
                             struct value *literal) MUST_CHECK;
