/* item_params.h - what the item operations share in their parameters.
 * Source: contract core-api-items.md 1 to 7, core-api-data.md 5.
 */
#pragma once

#include "api/req.h"
#include "expr/expr.h"

/* Which parameters an operation takes expressions in, and their older counterparts; NULL ends a
 * list. Both orders are those of the messages. */
struct item_params {
    const char *expressions[4];
    const char *legacy[5];
};

/* Contract core-api-items.md 1: expressions and their older counterparts exclude each other; names
 * and values need an expression, and a ConditionalOperator needs conditions. */
enum err item_params_check(struct req *req, yyjson_val *in,
                           const struct item_params *params) MUST_CHECK;

/* The error of that exclusion; both lists as they are told: "a, b". */
enum err item_params_refuse_mixed(struct req *req, struct bytes legacy,
                                  struct bytes expressions) MUST_CHECK;

/* The EXPR check on those members of `in` that the operation has. Without any, the set stays as it
 * is: it is empty then, or has what legacy parameters gave (legacy_params.h), which exclude all of
 * these. */
enum err item_params_expressions(struct req *req, yyjson_val *in, const struct item_params *params,
                                 struct expr_set *set) MUST_CHECK;

/* A Key parameter as a map value (AV check). */
enum err item_params_key(struct req *req, yyjson_val *in, const char *member,
                         struct value *key) MUST_CHECK;

/* "Key attributes must be scalars": no path of an expression goes into a key attribute of the table
 * or of any of its indexes. The set's parts may be NULL. */
enum err item_params_check_key_paths(struct req *req, const struct expr_set *set,
                                     const struct table *table) MUST_CHECK;

/* One value of a key that a request gives, its emptiness and length; `hash` tells which limit,
 * `index` whose key it is of: empty for the table's. */
enum err item_params_check_key_value(struct req *req, struct bytes attribute, struct value value,
                                     bool hash, struct bytes index) MUST_CHECK;

/* Storage key of an item whose key attributes were checked. */
struct bytes item_params_storage_key(struct req *req, const struct table *table,
                                     struct value attributes);

/* What ReturnValues says; "NONE" if absent. */
struct bytes item_params_return_values(yyjson_val *in);
