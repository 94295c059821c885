/* restore_params.h - a new table from what an older one was, for both operations that restore.
 * The operation finds the source and says what its job has to know; the rest is here: overrides,
 * the target's name, limits, the new table's definition, and the table with its job, CREATING. The
 * job fills it (table/table_fill.h).
 * Source: contract backup-export-import.md 3; observed-control-plane.md 2 and 3.
 */
#pragma once

#include "api/req.h"
#include "table/table.h"

#define RESTORES_MAX 50 /* of an account, at a time */

#define RESTORE_INVALID "Invalid Request: "

struct restore_source {
    const struct table_definition *definition; /* the table as it was; settings as they were */
    struct bytes backup_arn;                   /* empty: restored from continuous backups */
    uint64_t time_ms;                          /* that it is restored to */
    uint32_t table_id;                         /* whose history is read; 0: of none */
    const char *job_kind;
    struct bytes job_text; /* the kind's own; with the target's name, which the job asks for */
};

/* Overrides that contradict each other, whatever the source: before it is looked for. */
enum err restore_params_check(struct req *req) MUST_CHECK;

/* The rest of the request, between catalog_change_begin and _end, in which the source was found, so
 * that nobody takes it away: the whole reply, or ERR_VALIDATION, ERR_BACKUP_IN_USE (another restore
 * reads it), ERR_TABLE_ALREADY_EXISTS, ERR_TABLE_IN_USE (it is being restored), ERR_LIMIT_EXCEEDED,
 * ERR_NO_SPACE, ERR_BUSY. May wait. */
enum err restore_begin(struct req *req, const struct restore_source *source) MUST_CHECK;
