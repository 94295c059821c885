/* legacy_params.h - the parameters that came before expressions: Expected, AttributeUpdates,
 * QueryFilter, ScanFilter, KeyConditions with ConditionalOperator, AttributesToGet.
 * Each is read, checked in the contract's order and turned into the tree that an expression would
 * give, in the set where evaluation looks for it. An absent or empty parameter leaves the set as it
 * is. That they exclude expressions is item_params.h.
 * Holds:    attribute names are literal top-level names.
 * Bounds:   LEGACY_TERMS_MAX attributes and values in one parameter: conditions are evaluated on
 *           every item of a page, and their text has no limit of its own as an expression's has.
 * Errors:   ERR_VALIDATION with the exact text.
 * Source:   contract core-api-expressions.md 8, core-api-items.md 2 to 8 for when each is called.
 */
#pragma once

#include "api/req.h"
#include "expr/expr.h"

#define LEGACY_TERMS_MAX 1024

/* Entries of a map of conditions, at most `up_to`; NULL has none. */
unsigned legacy_condition_count(struct yyjson_val *map, unsigned up_to);

/* Expected and ConditionalOperator: set->condition. */
enum err legacy_expected(struct req *req, struct expr_set *set) MUST_CHECK;

/* AttributeUpdates: set->update. */
enum err legacy_updates(struct req *req, struct expr_set *set) MUST_CHECK;

/* QueryFilter or ScanFilter, and ConditionalOperator: set->filter. */
enum err legacy_filter(struct req *req, const char *parameter, struct expr_set *set) MUST_CHECK;

/* KeyConditions: set->key_conditions, however many; all are meant to hold. */
enum err legacy_key_conditions(struct req *req, struct expr_set *set) MUST_CHECK;

/* AttributesToGet of `in`: set->projection. */
enum err legacy_projection(struct req *req, struct yyjson_val *in, struct expr_set *set) MUST_CHECK;
