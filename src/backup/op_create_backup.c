/* op_create_backup.c - CreateBackup. Contract backup-export-import.md 1, observed 4.
 * Several backups of a table may be under way: each has its own moment.
 */
#include "api/reply.h"
#include "api/table_params.h"
#include "backup/backup_params.h"
#include "backup/recovery_params.h"

enum err op_create_backup(struct req *req)
{
    struct backup backup;
    struct table *table;
    struct bytes name;
    enum err err;

    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* until it cannot be lost */
    err = recovery_params_find_named(req, &table);
    if (err != OK)
        return err;
    input_string(req->input, "BackupName", &name);
    err = backup_create(req->api->backups, table, name, req->arena, &backup);
    if (err == ERR_LIMIT_EXCEEDED)
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        TABLE_LIMIT "Only %u backups can be created simultaneously",
                        BACKUP_UNFINISHED_MAX);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, '{');
    reply_member(req->reply, "BackupDetails");
    backup_params_details(req, &backup);
    buf_append_byte(req->reply, '}');
    return OK;
}
