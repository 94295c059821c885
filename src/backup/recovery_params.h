/* recovery_params.h - what the operations on backups and points in time share.
 * Source: contract backup-export-import.md 1 to 3; observed-control-plane.md 3.5 and 4.
 */
#pragma once

#include "api/req.h"
#include "table/catalog.h"
#include "table/recovery.h"

/* The table of this name, held until the reply. ERR_TABLE_NOT_FOUND: there is none, it is still
 * being created, or it has been deleted for longer than a moment. */
enum err recovery_params_find(struct req *req, struct bytes name, struct table **table) MUST_CHECK;
/* The same for the request's TableName, a name or an ARN. */
enum err recovery_params_find_named(struct req *req, struct table **table) MUST_CHECK;

/* Where a table is to be restored to, from UseLatestRestorableTime and RestoreDateTime.
 * ERR_VALIDATION: not exactly one of them; ERR_POINT_IN_TIME_RECOVERY_UNAVAILABLE: recovery is off;
 * ERR_INVALID_RESTORE_TIME: outside what can be restored. */
enum err recovery_params_time(struct req *req, const struct table *table,
                              uint64_t *time_ms) MUST_CHECK;
/* The first of these alone, for before the table is looked for. */
enum err recovery_params_check_time(struct req *req) MUST_CHECK;

/* {"ContinuousBackupsDescription":...}: a whole reply. */
void recovery_params_reply(struct req *req, const struct table_definition *definition);
