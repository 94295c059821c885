/* op_restore_table_from_backup.c - RestoreTableFromBackup. Contract backup-export-import.md 3. */
#include "backup/backup_params.h"
#include "backup/restore_params.h"
#include "table/catalog.h"

static enum err restore_from(struct req *req);

enum err op_restore_table_from_backup(struct req *req)
{
    enum err err;

    if (!req_may_change(req))
        return ERR_WOULD_BLOCK; /* a catalog change waits for its commit */
    err = restore_params_check(req);
    if (err != OK)
        return err;
    catalog_change_begin(req->api->catalog); /* so that nobody deletes the backup meanwhile */
    err = restore_from(req);
    catalog_change_end(req->api->catalog);
    return err;
}

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
