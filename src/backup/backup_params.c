/* backup_params.c - ARNs of backups, and BackupDescription. */
#include "backup/backup_params.h"

#include "api/encryption_params.h"
#include "api/reply.h"
#include "api/stream_params.h"
#include "api/table_params.h"
#include "json/json_write.h"

static void append_source(struct req *req, const struct backup *backup);
static void append_features(struct req *req, const struct table_definition *d);

/* --- which backup ---------------------------------------------------------------------------- */

bool backup_params_split(struct bytes text, struct input_resource *named)
{
    uint64_t ms;

    return input_part_arn(text, "backup", named) && job_id_read(named->label, &ms);
}

enum err backup_params_find(struct req *req, const char *invalid, bool any_region,
                            struct backup *backup)
{
    struct input_resource named;
    struct bytes arn;
    enum err err;

    input_string(req->input, "BackupArn", &arn);
    if (!backup_params_split(arn, &named))
        return req_fail(req, ERR_VALIDATION, "%s", invalid);
    if (any_region ? !input_arn_is_ours(&named.arn, &req->place)
                   : !input_arn_is_here(&named.arn, &req->place))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    err = backup_find(req->api->backups, req->place.account, named.arn.region, named.label,
                      req->may_wait, req->arena, backup);
    if (err == ERR_ABSENT || (err == OK && !bytes_equal(backup->table.name, named.table)))
        return req_fail(req, ERR_BACKUP_NOT_FOUND, "Backup not found: %.*s", BYTES_ARGS(arn));
    return err;
}

enum err backup_params_check_made(struct req *req, const struct backup *backup)
{
    if (backup->status != BACKUP_CREATING)
        return OK;
    return req_fail(req, ERR_BACKUP_IN_USE, "Backup is being created: %.*s",
                    BYTES_ARGS(backup_arn(backup, req->arena)));
}

/* --- descriptions ---------------------------------------------------------------------------- */

const char *backup_params_status(const struct backup *backup)
{
    return (const char *const[]){"CREATING", "AVAILABLE", "DELETED"}[backup->status];
}

const char *backup_params_type(const struct backup *backup)
{
    return backup->type == BACKUP_USER ? "USER" : "SYSTEM";
}

void backup_params_details(struct req *req, const struct backup *backup)
{
    struct buf *reply = req->reply;

    buf_append_byte(reply, '{');
    reply_string(reply, "BackupArn", backup_arn(backup, req->arena));
    reply_string(reply, "BackupName", backup->name);
    reply_number(reply, "BackupSizeBytes", backup->count.bytes);
    reply_string(reply, "BackupStatus", bytes_of_string(backup_params_status(backup)));
    reply_string(reply, "BackupType", bytes_of_string(backup_params_type(backup)));
    reply_time(reply, "BackupCreationDateTime", backup->created_ms);
    if (backup->expires_ms != 0)
        reply_time(reply, "BackupExpiryDateTime", backup->expires_ms);
    buf_append_byte(reply, '}');
}

void backup_params_reply(struct req *req, const struct backup *backup)
{
    buf_append_lit(req->reply, "{\"BackupDescription\":{");
    reply_member(req->reply, "BackupDetails");
    backup_params_details(req, backup);
    reply_member(req->reply, "SourceTableDetails");
    append_source(req, backup);
    reply_member(req->reply, "SourceTableFeatureDetails");
    buf_append_byte(req->reply, '{');
    if (backup->type == BACKUP_USER) /* observed: a system backup shows none */
        append_features(req, &backup->table);
    buf_append_lit(req->reply, "}}}");
}

static void append_throughput(struct buf *reply, const struct table_capacity *capacity)
{
    reply_member(reply, "ProvisionedThroughput");
    buf_append_byte(reply, '{');
    reply_number(reply, "ReadCapacityUnits", capacity->throughput.read_units);
    reply_number(reply, "WriteCapacityUnits", capacity->throughput.write_units);
    buf_append_byte(reply, '}');
}

/* Maxima that are set. */
static void append_on_demand(struct buf *reply, const struct table_capacity *capacity)
{
    if (capacity->on_demand_read_max < 0 && capacity->on_demand_write_max < 0)
        return;
    reply_member(reply, "OnDemandThroughput");
    buf_append_byte(reply, '{');
    if (capacity->on_demand_read_max >= 0)
        reply_number(reply, "MaxReadRequestUnits", (uint64_t)capacity->on_demand_read_max);
    if (capacity->on_demand_write_max >= 0)
        reply_number(reply, "MaxWriteRequestUnits", (uint64_t)capacity->on_demand_write_max);
    buf_append_byte(reply, '}');
}

static void append_source(struct req *req, const struct backup *backup)
{
    const struct table_definition *d = &backup->table;
    struct buf *reply = req->reply;

    buf_append_byte(reply, '{');
    reply_string(reply, "TableName", d->name);
    reply_string(reply, "TableId", bytes_of_string(d->uuid));
    reply_string(reply, "TableArn", table_arn(d, req->arena));
    reply_number(reply, "TableSizeBytes", backup->count.bytes);
    table_params_append_key_schema(reply, &d->schema);
    reply_time(reply, "TableCreationDateTime", d->created_ms);
    append_throughput(reply, &d->settings.capacity);
    append_on_demand(reply, &d->settings.capacity);
    reply_number(reply, "ItemCount", backup->count.items);
    reply_member(reply, "BillingMode");
    buf_append_string(reply, d->settings.billing == TABLE_PROVISIONED ? "\"PROVISIONED\""
                                                                      : "\"PAY_PER_REQUEST\"");
    buf_append_byte(reply, '}');
}

/* Absent if there is none of the kind. */
static void append_indexes(struct req *req, const struct table_definition *d, enum index_kind kind)
{
    struct buf *reply = req->reply;
    bool first = true;

    for (unsigned i = 0; i < d->index_count; i++) {
        const struct index_definition *index = &d->indexes[i].definition;

        if (index->kind != kind)
            continue;
        if (first)
            reply_member(reply,
                         kind == INDEX_LOCAL ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
        buf_append_string(reply, first ? "[{" : ",{");
        first = false;
        reply_string(reply, "IndexName", index->name);
        table_params_append_key_schema(reply, &index->schema);
        table_params_append_projection(reply, index);
        if (kind == INDEX_GLOBAL) {
            append_throughput(reply, &index->capacity);
            append_on_demand(reply, &index->capacity);
        }
        buf_append_byte(reply, '}');
    }
    if (!first)
        buf_append_byte(reply, ']');
}

static void append_features(struct req *req, const struct table_definition *d)
{
    struct buf *reply = req->reply;

    append_indexes(req, d, INDEX_LOCAL);
    append_indexes(req, d, INDEX_GLOBAL);
    if (d->stream.view != TABLE_STREAM_OFF) {
        reply_member(reply, "StreamDescription");
        buf_append_lit(reply, "{\"StreamEnabled\":true,\"StreamViewType\":");
        json_append_string(reply, bytes_of_string(stream_params_view_name(d->stream.view)));
        buf_append_byte(reply, '}');
    }
    if (d->ttl_attribute.size != 0) {
        reply_member(reply, "TimeToLiveDescription");
        buf_append_lit(reply, "{\"TimeToLiveStatus\":\"ENABLED\",\"AttributeName\":");
        json_append_string(reply, d->ttl_attribute);
        buf_append_byte(reply, '}');
    }
    encryption_params_describe(req, d, false);
}
