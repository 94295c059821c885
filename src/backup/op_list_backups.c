/* op_list_backups.c - ListBackups: by their time, of one table or all. Contract
 * backup-export-import.md 1. Whether the table is there is not asked: backups outlive tables.
 */
#include "api/reply.h"
#include "api/table_params.h"
#include "backup/backup_params.h"
#include "base/clock.h"

#include <math.h>

#define LIMIT_DEFAULT 100

/* Which of the backups are asked for. */
struct wanted {
    struct bytes table; /* empty: of any */
    bool user, system;
    double from_s, to_s; /* seconds since 1970; to_s is not included */
    unsigned limit;
    struct job_query query;
};

static enum err read_wanted(struct req *req, struct wanted *wanted);
static enum err append_page(struct req *req, const struct wanted *wanted, bool *more,
                            struct bytes *last);
static bool is_wanted(const struct wanted *wanted, const struct backup *backup);
static void append_summary(struct req *req, const struct backup *backup);

enum err op_list_backups(struct req *req)
{
    struct wanted wanted;
    struct bytes last;
    bool more;
    enum err err = read_wanted(req, &wanted);

    if (err != OK)
        return err;
    if (!req->may_wait)
        return ERR_WOULD_BLOCK; /* there may be many records of other tables */
    buf_append_lit(req->reply, "{\"BackupSummaries\":[");
    err = append_page(req, &wanted, &more, &last);
    if (err != OK)
        return err;
    buf_append_byte(req->reply, ']');
    if (more)
        reply_string(req->reply, "LastEvaluatedBackupArn", last);
    buf_append_byte(req->reply, '}');
    return OK;
}

static double read_time(struct req *req, const char *member, double if_absent)
{
    yyjson_val *time = input_member(req->input, member);

    return time != NULL ? yyjson_get_num(time) : if_absent;
}

static enum err read_after(struct req *req, struct wanted *wanted)
{
    struct input_resource named;
    struct bytes arn;

    if (!input_string(req->input, "ExclusiveStartBackupArn", &arn))
        return OK;
    if (!backup_params_split(arn, &named))
        return req_fail(req, ERR_VALIDATION, "Invalid Request: BackupArn is not valid");
    if (!bytes_equal(named.arn.region, req->place.region))
        return req_fail(req, ERR_VALIDATION,
                        "Invalid Request: The supplied ExclusiveStartBackupArn does not match the "
                        "region");
    if (!input_arn_is_ours(&named.arn, &req->place))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    wanted->query.after = named.label;
    return OK;
}

static enum err read_wanted(struct req *req, struct wanted *wanted)
{
    struct bytes type = BYTES("USER"), table;
    struct input_table name = {0};
    enum err err = OK;

    *wanted = (struct wanted){
        .from_s = read_time(req, "TimeRangeLowerBound", -INFINITY),
        .to_s = read_time(req, "TimeRangeUpperBound", INFINITY),
        .limit = (unsigned)input_integer(req->input, "Limit", LIMIT_DEFAULT),
        .query.account = req->place.account,
        .query.region = req->place.region,
        .query.kind = BYTES(BACKUP_KIND),
    };
    if (input_string(req->input, "TableName", &table))
        err = input_table(table, &req->place, &req->fault, &name);
    if (err != OK)
        return err;
    wanted->table = name.name;
    input_string(req->input, "BackupType", &type);
    wanted->user = bytes_equal_string(type, "USER") || bytes_equal_string(type, "ALL");
    wanted->system = bytes_equal_string(type, "SYSTEM") || bytes_equal_string(type, "ALL");
    if (wanted->from_s > wanted->to_s)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "Time range lower bound must be less than or equal to upper bound");
    return read_after(req, wanted);
}

/* last: of the backups on it, the ARN, in the request's arena. */
static enum err append_page(struct req *req, const struct wanted *wanted, bool *more,
                            struct bytes *last)
{
    struct job_cursor *jobs = job_cursor_open(req->api->jobs, &wanted->query, true);
    struct job_record job;
    struct backup backup;
    struct arena scratch; /* there may be many that are not wanted */
    unsigned count = 0;
    enum err err;

    *more = false;
    arena_init(&scratch);
    while ((err = job_cursor_next(jobs, &scratch, &job)) == OK &&
           (err = backup_read(job.text, &scratch, &backup)) == OK) {
        if (is_wanted(wanted, &backup)) {
            *more = count == wanted->limit;
            if (*more)
                break;
            if (count++ > 0)
                buf_append_byte(req->reply, ',');
            append_summary(req, &backup);
            *last = backup_arn(&backup, req->arena);
        }
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    job_cursor_close(&jobs);
    return err == ERR_ABSENT ? OK : err;
}

static bool is_wanted(const struct wanted *wanted, const struct backup *backup)
{
    double created_s = (double)backup->created_ms / 1000;

    return backup_is_there(backup, clock_wall_ms()) &&
           (wanted->table.size == 0 || bytes_equal(wanted->table, backup->table.name)) &&
           (backup->type == BACKUP_USER ? wanted->user : wanted->system) &&
           created_s >= wanted->from_s && created_s < wanted->to_s;
}

static void append_summary(struct req *req, const struct backup *backup)
{
    struct buf *reply = req->reply;

    buf_append_byte(reply, '{');
    reply_string(reply, "TableName", backup->table.name);
    reply_string(reply, "TableId", bytes_of_string(backup->table.uuid));
    reply_string(reply, "TableArn", table_arn(&backup->table, req->arena));
    reply_string(reply, "BackupArn", backup_arn(backup, req->arena));
    reply_string(reply, "BackupName", backup->name);
    reply_time(reply, "BackupCreationDateTime", backup->created_ms);
    if (backup->expires_ms != 0)
        reply_time(reply, "BackupExpiryDateTime", backup->expires_ms);
    reply_string(reply, "BackupStatus", bytes_of_string(backup_params_status(backup)));
    reply_string(reply, "BackupType", bytes_of_string(backup_params_type(backup)));
    reply_number(reply, "BackupSizeBytes", backup->count.bytes);
    buf_append_byte(reply, '}');
}
