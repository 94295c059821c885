/* op_restore_table_from_backup.c - RestoreTableFromBackup. Contract backup-export-import.md 3. */
#include "backup/backup_params.h"
#include "backup/restore_params.h"

static enum err restore_from(struct req *req);

enum err op_restore_table_from_backup(struct req *req)
{
    enum err err = restore_params_check(req);

    return err == OK ? restore_from(req) : err;
}

/* Nobody deletes the backup meanwhile: that is a change too. */
static enum err restore_from(struct req *req)
{
    struct restore_source source = {.job_kind = BACKUP_RESTORE_KIND};
    struct bytes target = {0};
    struct backup backup;
    enum err err = backup_params_find(req, RESTORE_INVALID "BackupArn is not valid", true, &backup);

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
