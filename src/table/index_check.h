/* index_check.h - index keys in what clients write.
 * An item without a key attribute of an index is not in it; one whose attribute could be no key is
 * refused. Source: contract core-api-data.md 3, core-api-items.md 5.
 */
#pragma once

#include "base/err.h"
#include "table/table.h"

/* A Put's item against all indexes: type, emptiness, length. ERR_VALIDATION. */
enum err index_check_item(const struct table_definition *table, struct value attributes,
                          struct fault *fault) MUST_CHECK;

/* Of that, only emptiness: what refuses a transaction as a whole. */
enum err index_check_empty(const struct table_definition *table, struct value attributes,
                           struct fault *fault) MUST_CHECK;

/* The value that an update gives an attribute, as far as the request shows it: its type. */
enum err index_check_literal(const struct table_definition *table, struct bytes attribute,
                             struct value literal, struct fault *fault) MUST_CHECK;

/* An item after an update: those index keys that the update changed. */
enum err index_check_updated(const struct table_definition *table, struct value before,
                             struct value after, struct fault *fault) MUST_CHECK;

/* Whether an attribute is a key of an index. */
bool index_is_key(const struct table_definition *table, struct bytes attribute);
