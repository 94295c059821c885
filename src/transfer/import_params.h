/* import_params.h - what ImportTable, DescribeImport and ListImports take.
 * Source: contract backup-export-import.md 6.1; observed-control-plane.md 2, "Export / import".
 */
#pragma once

#include "api/table_creation.h"
#include "transfer/import_record.h"
#include "transfer/transfer_params.h"

extern const struct transfer_kind import_kind;

/* The request's parameters as a record, and the table that it is to make. ERR_VALIDATION: they do
 * not go together. The definition may point into *doc, which the caller frees after its use. */
enum err import_params_read(struct req *req, struct import_record *record,
                            struct table_creation *creation, yyjson_doc **doc) MUST_CHECK;

/* The ARN of an import, and that of its table. */
struct bytes import_params_make_arn(const struct table_definition *table, struct bytes id,
                                    struct arena *arena);

/* Which import a page of a list ended with, as a NextToken, and back. ERR_VALIDATION. */
struct bytes import_params_make_token(struct bytes id, struct arena *arena);
enum err import_params_token(struct req *req, struct bytes token, struct bytes *id) MUST_CHECK;

/* What clients are shown: an import that is IN_PROGRESS as CANCELLING once its table is gone, one
 * that is over as IN_PROGRESS as long as its table cannot be used. */
enum err import_params_refresh(struct req *req, const struct job_name *name,
                               struct import_record *record) MUST_CHECK;
