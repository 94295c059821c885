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
 * Source:   contract core-api-expressions.md; for the parameters that came before expressions, its
 *           section 8.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "item/value.h"

struct yyjson_val;
struct expr_cache;
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
    EXPR_KEY_NOT_INDEXABLE, /* what only KeyConditions can say, and no key serves: NE, IN, ... */
};
struct expr_key_condition {
    struct bytes attribute;
    enum expr_key_operator operator;
    struct value operands[2]; /* the second for BETWEEN */
};
#define EXPR_KEY_CONDITIONS_MAX 8
/* Of a value of the operands' type; never for EXPR_KEY_NOT_INDEXABLE, which its users refuse. */
bool expr_key_condition_holds(const struct expr_key_condition *condition, struct value value);

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
 * Not here: whether names and values may be there at all (core-api-items.md 1). The cache may be
 * NULL; what comes of a request is the same with any or none. */
enum err expr_parse(struct expr_cache *cache, const struct expr_input *input, struct arena *arena,
                    struct fault *fault, struct expr_set *set) MUST_CHECK;

/* Expressions that were parsed before, so that those of the same texts, names and types of values
 * need not be: a request gets trees of its own. For one thread at a time; of bounded size
 * (expr_cache.h), 8 KiB while it holds none. */
struct expr_cache *expr_cache_create(void);
void expr_cache_destroy(struct expr_cache **cache);

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

/* --- legacy parameters: the same trees, from rows instead of text ------------------------------
 * Attributes are top-level names as they are, dots included, and no two rows have the same one. The
 * rows were checked: operators have as many operands as they take, actions values they can use. */

enum expr_legacy_operator {
    EXPR_LEGACY_EQ,
    EXPR_LEGACY_NE,
    EXPR_LEGACY_LT,
    EXPR_LEGACY_LE,
    EXPR_LEGACY_GT,
    EXPR_LEGACY_GE,
    EXPR_LEGACY_BETWEEN,
    EXPR_LEGACY_IN,
    EXPR_LEGACY_BEGINS_WITH,
    EXPR_LEGACY_CONTAINS,
    EXPR_LEGACY_NOT_CONTAINS,
    EXPR_LEGACY_NULL, /* there is no such attribute */
    EXPR_LEGACY_NOT_NULL,
};
struct expr_legacy_condition {
    struct bytes attribute;
    enum expr_legacy_operator operator;
    const struct value *operands;
    unsigned operand_count;
};

enum expr_legacy_action { EXPR_LEGACY_PUT, EXPR_LEGACY_ADD, EXPR_LEGACY_DELETE };
struct expr_legacy_update {
    struct bytes attribute;
    enum expr_legacy_action action;
    bool has_value; /* false only for DELETE: remove the attribute */
    struct value value;
};

/* All of the rows must hold, or any of them; at least one row. */
struct expr_condition *expr_legacy_condition(const struct expr_legacy_condition *rows,
                                             unsigned count, bool any, struct arena *arena);
/* Beside what expressions do, ADD appends to lists; at least one row. */
struct expr_update *expr_legacy_update(const struct expr_legacy_update *rows, unsigned count,
                                       struct arena *arena);
struct expr_projection *expr_legacy_projection(const struct bytes *attributes, unsigned count,
                                               struct arena *arena);
