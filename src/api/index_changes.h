/* index_changes.h - what an UpdateTable request does to the indexes of its table.
 * Order: index_changes_check_state against what is under way; then, each rule when its turn comes
 *        among those of the table, check_modes, read, units; apply makes the next list.
 * Source: contract core-api-tables.md 5; observed-control-plane.md 1, 3.2 and 4.
 */
#pragma once

#include "api/update_params.h"
#include "table/index.h"

/* Rows 15 and 15b as far as indexes are concerned. ERR_RESOURCE_IN_USE, ERR_LIMIT_EXCEEDED. */
enum err index_changes_check_state(struct req *req, const struct table_update *update,
                                   const struct table *table) MUST_CHECK;

/* The table's indexes as they are now, to be changed; those whose update is over are ACTIVE. There
 * is room for those that the request creates. */
struct table_index *index_changes_begin(struct req *req, const struct table_update *update,
                                        const struct table *table);

/* Rows 16 and 18: units against the billing mode that the table will have. */
enum err index_changes_check_modes(struct req *req, const struct table_update *update,
                                   const struct table_definition *before,
                                   enum table_billing billing) MUST_CHECK;

/* Rows 17, 19 to 22, 24, 25, 28 and 29: makes the changes in next->indexes, which
 * index_changes_begin gave. New and going indexes, and new units, take until_ms to be there. */
enum err index_changes_apply(struct req *req, const struct table_update *update,
                             const struct table_definition *before, struct table_definition *next,
                             struct table_index *indexes, uint64_t until_ms) MUST_CHECK;
