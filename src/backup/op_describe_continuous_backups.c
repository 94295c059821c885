/* op_describe_continuous_backups.c - DescribeContinuousBackups. Contract backup-export-import.md 2;
 * backups need no preparation here, so their status is ENABLED from the beginning.
 */
#include "backup/recovery_params.h"

enum err op_describe_continuous_backups(struct req *req)
{
    struct table *table;
    enum err err = recovery_params_find_named(req, &table);

    if (err == OK)
        recovery_params_reply(req, &table->definition);
    return err;
}
