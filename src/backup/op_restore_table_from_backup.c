/* op_restore_table_from_backup.c - RestoreTableFromBackup. Contract backup-export-import.md 3. */
#include "backup/backup_params.h"
#include "backup/restore_params.h"

enum err op_restore_table_from_backup(struct req *req)
{
    struct restore_source source = {.job_kind = BACKUP_RESTORE_KIND};
    struct backup backup;
    struct bytes target;
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* a catalog change waits for its commit */
    err = restore_params_check(req);
    if (err == OK)
        err = backup_params_find(req, RESTORE_INVALID "BackupArn is not valid", true, &backup);
    if (err == OK)
        err = backup_params_check_made(req, &backup);
    if (err != OK)
        return err;
    input_string(req->input, "TargetTableName", &target);
    source.definition = &backup.table;
    source.backup_arn = backup_arn(&backup, req->arena);
    source.time_ms = backup.created_ms;
    source.job_text = backup_restore_text(target, req->arena);
    return restore_begin(req, &source);
}
