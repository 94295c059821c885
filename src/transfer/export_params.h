/* export_params.h - what ExportTableToPointInTime, DescribeExport and ListExports take.
 * Source: contract backup-export-import.md 5.1; observed-control-plane.md 2, "Export / import".
 */
#pragma once

#include "api/req.h"
#include "transfer/export_record.h"
#include "transfer/transfer_params.h"

extern const struct transfer_kind export_kind;

/* The request's parameters as a record, but for the table and the times; no table is looked for.
 * ERR_VALIDATION: they do not go together. */
enum err export_params_read(struct req *req, struct export_record *record) MUST_CHECK;

/* The table of a TableArn member: its name. ERR_VALIDATION: it is no table's ARN;
 * ERR_ACCESS_DENIED: of another account; ERR_TABLE_NOT_FOUND: of another Region. */
enum err export_params_table(struct req *req, struct bytes arn, struct bytes *name) MUST_CHECK;

/* Which time or window is exported, of a table with recovery. ERR_INVALID_EXPORT_TIME. */
enum err export_params_times(struct req *req, const struct table_definition *table,
                             struct export_record *record) MUST_CHECK;

/* That the filter's key condition is one of this table. */
enum err export_params_check_filter(struct req *req, const struct table *table) MUST_CHECK;
