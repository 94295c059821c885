/* op_describe_backup.c - DescribeBackup. Contract backup-export-import.md 1. */
#include "backup/backup_params.h"

enum err op_describe_backup(struct req *req)
{
    struct backup backup;
    enum err err = backup_params_find(req, "Invalid Backup ARN", false, &backup);

    if (err == OK)
        backup_params_reply(req, &backup);
    return err;
}
