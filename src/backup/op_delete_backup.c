/* op_delete_backup.c - DeleteBackup. Contract backup-export-import.md 1. */
#include "backup/backup_params.h"
#include "base/clock.h"
#include "table/catalog.h"

/* It counts as a change of the catalog, so that no restore from the backup begins meanwhile. */
enum err op_delete_backup(struct req *req)
{
    struct backup backup;
    struct bytes arn;
    enum err err = backup_params_find(req, "Invalid Backup ARN", false, &backup);

    if (err != OK)
        return err;
    if (backup.type == BACKUP_SYSTEM)
        return req_fail(req, ERR_VALIDATION,
                        "Invalid Request: User is not allowed to delete the system backup with arn "
                        "%.*s. It will automatically expire on %.*s",
                        BYTES_ARGS(backup_arn(&backup, req->arena)),
                        BYTES_ARGS(clock_text_in(req->arena, backup.expires_ms)));
    err = backup_params_check_made(req, &backup);
    if (err != OK)
        return err;
    arn = backup_arn(&backup, req->arena);
    if (catalog_is_restoring_from(req->api->catalog, arn))
        return req_fail(req, ERR_BACKUP_IN_USE, "Backup is being restored: %.*s", BYTES_ARGS(arn));
    err = backup_delete(req->api->backups, &backup);
    if (err != OK)
        return err;
    backup.status = BACKUP_DELETED;
    backup_params_reply(req, &backup);
    return OK;
}
