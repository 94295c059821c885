/* recovery_params.c - finding tables, times of restores, and the description of recovery. */
#include "backup/recovery_params.h"

#include "api/reply.h"
#include "base/clock.h"

#include <math.h>

#define REQUEST_INVALID "Invalid Request: "

/* A table on its way out is found that long; observed-control-plane.md 4, DELETING. */
#define DELETING_FOUND_MS 1600

#define TIME_MS_MAX ((double)((uint64_t)1 << 47))

static bool is_found(const struct req *req, const struct table *table);
static enum err read_time(struct req *req, uint64_t *time_ms);

enum err recovery_params_find_named(struct req *req, struct table **table)
{
    struct input_table name;
    enum err err = req_table_name(req, &name);

    return err == OK ? recovery_params_find(req, name.name, table) : err;
}

enum err recovery_params_find(struct req *req, struct bytes name, struct table **table)
{
    struct table *found =
        catalog_acquire(req->api->catalog, req->place.account, req->place.region, name);

    if (found != NULL && !is_found(req, found))
        table_release(&found);
    if (found == NULL)
        return req_fail(req, ERR_TABLE_NOT_FOUND, "Table not found: %.*s", BYTES_ARGS(name));
    req_take_table(req, found);
    *table = found;
    return OK;
}

static bool is_found(const struct req *req, const struct table *table)
{
    uint64_t now_ms = clock_wall_ms();
    enum table_status status = table_status_now(table, now_ms);

    if (status == TABLE_DELETING)
        return now_ms + req->api->table_delay_ms <
               table->definition.status_until_ms + DELETING_FOUND_MS;
    return status != TABLE_CREATING;
}

enum err recovery_params_check_time(struct req *req)
{
    bool latest = input_bool(req->input, "UseLatestRestorableTime", false);

    if (latest == (input_member(req->input, "RestoreDateTime") != NULL))
        return req_fail(req, ERR_VALIDATION,
                        REQUEST_INVALID "Either one of RestoreDateTime or UseLatestRestorableTime "
                                        "must be specified, but not both");
    return OK;
}

enum err recovery_params_time(struct req *req, const struct table *table, uint64_t *time_ms)
{
    const struct table_definition *d = &table->definition;
    uint64_t now_ms = clock_wall_ms(), lag_ms = req->api->recovery_lag_ms, asked_ms;
    enum err err = recovery_params_check_time(req);

    if (err != OK)
        return err;
    if (d->recovery.period_days == 0)
        return req_fail(req, ERR_POINT_IN_TIME_RECOVERY_UNAVAILABLE,
                        "Point in time recovery is not enabled for table '%.*s'",
                        BYTES_ARGS(d->name));
    asked_ms = recovery_latest_ms(d, now_ms, lag_ms);
    err = read_time(req, &asked_ms);
    if (err == OK && !recovery_clamp(d, now_ms, lag_ms, &asked_ms))
        err = ERR_INVALID_RESTORE_TIME;
    if (err != OK)
        return req_fail(
            req, ERR_INVALID_RESTORE_TIME,
            "RestoreDateTime must be between EarliestRestorableDateTime %.*s and "
            "LatestRestorableDateTime %.*s",
            BYTES_ARGS(clock_text_in(req->arena, recovery_earliest_ms(d, now_ms))),
            BYTES_ARGS(clock_text_in(req->arena, recovery_latest_ms(d, now_ms, lag_ms))));
    *time_ms = asked_ms;
    return OK;
}

/* Untouched where the latest time is asked for. ERR_INVALID_RESTORE_TIME: at no time of ours. */
static enum err read_time(struct req *req, uint64_t *time_ms)
{
    yyjson_val *asked = input_member(req->input, "RestoreDateTime");
    double ms;

    if (asked == NULL)
        return OK;
    ms = yyjson_get_num(asked) * 1000;
    if (!(ms >= 0 && ms < TIME_MS_MAX))
        return ERR_INVALID_RESTORE_TIME;
    *time_ms = (uint64_t)llround(ms);
    return OK;
}

void recovery_params_reply(struct req *req, const struct table_definition *d)
{
    uint64_t now_ms = clock_wall_ms();
    struct buf *reply = req->reply;
    bool is_on = d->recovery.period_days != 0;

    buf_append_lit(reply, "{\"ContinuousBackupsDescription\":{\"ContinuousBackupsStatus\":"
                          "\"ENABLED\",\"PointInTimeRecoveryDescription\":{");
    reply_member(reply, "PointInTimeRecoveryStatus");
    buf_append_string(reply, is_on ? "\"ENABLED\"" : "\"DISABLED\"");
    if (is_on) {
        reply_number(reply, "RecoveryPeriodInDays", d->recovery.period_days);
        reply_time(reply, "EarliestRestorableDateTime", recovery_earliest_ms(d, now_ms));
        reply_time(reply, "LatestRestorableDateTime",
                   recovery_latest_ms(d, now_ms, req->api->recovery_lag_ms));
    }
    buf_append_lit(reply, "}}}");
}
