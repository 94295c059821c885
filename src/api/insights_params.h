/* insights_params.h - what the contributor insights operations share.
 * Source: contract core-api-tables.md 6, capacity-metrics.md 8.
 */
#pragma once

#include "api/req.h"

/* After the request's table was found: an IndexName that the table does not have is
 * ERR_RESOURCE_NOT_FOUND. There are no secondary indexes yet, so that any is. */
enum err insights_params_check_index(struct req *req, const struct table *table) MUST_CHECK;

/* Whether a change is not older than the delay that the server gives its table changes. */
bool insights_params_changing(struct req *req, const struct table_insights *insights);

/* Members of the object that is being written: TableName and ContributorInsightsStatus. */
void insights_params_append_status(struct req *req, struct bytes table_name,
                                   const struct table_insights *insights, bool changing);
/* Another one: ContributorInsightsMode. */
void insights_params_append_mode(struct req *req, const struct table_insights *insights);
