/* op_restore_table_to_point_in_time.c - RestoreTableToPointInTime. Contract backup-export-import.md
 * 3; in the order that was observed: the request itself, recovery on, the time, the target.
 */
#include "api/item_params.h"
#include "backup/recovery_params.h"
#include "backup/restore_params.h"
#include "backup/restore_time.h"
#include "base/clock.h"
#include "table/table_journal.h"

static enum err check_source(struct req *req);
static enum err restore_from(struct req *req);
static enum err find_settings(struct req *req, const struct table *table, uint64_t time_ms,
                              struct table_definition *then);
static enum err find_source(struct req *req, struct table **table);
static enum err find_by_arn(struct req *req, struct bytes text, struct table **table);

enum err op_restore_table_to_point_in_time(struct req *req)
{
    enum err err = check_source(req);

    if (err == OK)
        err = recovery_params_check_time(req);
    if (err == OK)
        err = restore_params_check(req);
    return err == OK ? restore_from(req) : err;
}

static enum err restore_from(struct req *req)
{
    struct restore_source source = {.job_kind = RESTORE_TIME_KIND};
    struct restore_time restore = {0};
    struct table_definition then;
    struct table *table;
    enum err err = find_source(req, &table);

    if (err == OK)
        err = recovery_params_time(req, table, &source.time_ms);
    if (err == OK)
        err = find_settings(req, table, source.time_ms, &then);
    if (err != OK)
        return err;
    source.definition = &then;
    input_string(req->input, "TargetTableName", &restore.target);
    restore.region = table->definition.region;
    restore.source = table->definition.name;
    restore.table_id = source.table_id = table->definition.id;
    restore.time_ms = source.time_ms;
    source.job_text = restore_time_text(&restore, req->arena);
    return restore_begin(req, &source);
}

/* Those of now, if a change since was made before settings had records. */
static enum err find_settings(struct req *req, const struct table *table, uint64_t time_ms,
                              struct table_definition *then)
{
    enum err err =
        table_journal_settings_at(req->api->store, table->definition.id, recovery_version(time_ms),
                                  req->may_wait, req->arena, then);

    if (err != ERR_ABSENT)
        return err;
    *then = table->definition;
    return OK;
}

static enum err check_source(struct req *req)
{
    if ((input_member(req->input, "SourceTableArn") != NULL) !=
        (input_member(req->input, "SourceTableName") != NULL))
        return OK;
    return req_fail(req, ERR_VALIDATION,
                    "Must provide exactly one of: sourceTableArn, sourceTableName");
}

static enum err find_source(struct req *req, struct table **table)
{
    struct bytes text = {0};

    if (input_string(req->input, "SourceTableName", &text))
        return recovery_params_find(req, text, table);
    input_string(req->input, "SourceTableArn", &text);
    return find_by_arn(req, text, table);
}

/* It may be one of another Region: this server has all of them. */
static enum err find_by_arn(struct req *req, struct bytes text, struct table **table)
{
    struct bytes region = req->place.region;
    struct input_resource source;
    enum err err;

    if (!input_table_arn(text, &source) ||
        !bytes_equal(source.arn.partition, req->place.partition) ||
        !bytes_equal_string(source.arn.service, "dynamodb"))
        return req_fail(req, ERR_VALIDATION, "sourceTableArn is not a valid ARN");
    if (!bytes_equal(source.arn.account, req->place.account))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    req->place.region = source.arn.region;
    err = recovery_params_find(req, source.table, table);
    req->place.region = region;
    return err == ERR_TABLE_NOT_FOUND ? req_fail(req, err, "Table not found") : err;
}
