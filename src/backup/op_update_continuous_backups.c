/* op_update_continuous_backups.c - UpdateContinuousBackups. Contract backup-export-import.md 2; no
 * time has to pass between two changes.
 */
#include "backup/recovery_params.h"
#include "base/clock.h"

enum err op_update_continuous_backups(struct req *req)
{
    yyjson_val *in = input_member(req->input, "PointInTimeRecoverySpecification");
    bool enable = input_bool(in, "PointInTimeRecoveryEnabled", false);
    struct table_definition next;
    struct table *table, *published;
    enum err err;

    if (!enable && input_member(in, "RecoveryPeriodInDays") != NULL)
        return req_fail(req, ERR_VALIDATION,
                        "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling "
                        "point-in-time recovery.");
    err = recovery_params_find_named(req, &table);
    if (err != OK)
        return err;
    next = table->definition;
    recovery_set(
        &next, enable ? (unsigned)input_integer(in, "RecoveryPeriodInDays", RECOVERY_DAYS_MAX) : 0,
        clock_wall_ms());
    if (next.status != TABLE_DELETING && /* observed: accepted then too, and soon nobody sees it */
        next.recovery.period_days != table->definition.recovery.period_days) {
        err = req_publish(req, &next, &published);
        if (err != OK)
            return err;
        next = published->definition;
    }
    recovery_params_reply(req, &next);
    return OK;
}
