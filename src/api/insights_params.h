/* insights_params.h - what the contributor insights operations share.
 * Source: contract core-api-tables.md 6, capacity-metrics.md 8.
 */
#pragma once

#include "api/req.h"

/* What insights are of: a table, or one of its global indexes. */
struct insights_target {
    const struct table *table;
    const struct table_index *index; /* NULL: the table */
    const struct table_insights *insights;
};

/* The one that the request names. An IndexName that the table has no global index of is
 * ERR_RESOURCE_NOT_FOUND. */
enum err insights_params_find(struct req *req, struct insights_target *target) MUST_CHECK;
struct insights_target insights_params_target(const struct table *table,
                                              const struct table_index *index);

/* Whether a change is not older than the delay that the server gives its table changes. */
bool insights_params_changing(struct req *req, const struct table_insights *insights);

/* Members of the object that is being written: TableName, IndexName and ContributorInsightsStatus;
 * `insights` are those to be shown. */
void insights_params_append_status(struct req *req, const struct insights_target *target,
                                   const struct table_insights *insights, bool changing);
/* Another one: ContributorInsightsMode. */
void insights_params_append_mode(struct req *req, const struct table_insights *insights);
