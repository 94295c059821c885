/* export_record.c - records of exports as text, and as clients see them. */
#include "transfer/export_record.h"

#include "api/reply.h"
#include "base/buf.h"
#include "transfer/record_text.h"

#include <stddef.h>

static void describe_end(struct buf *out, const struct export_record *record);

static const struct record_field fields[] = {
#define TEXT(name)   {#name, offsetof(struct export_record, name), true},
#define NUMBER(name) {#name, offsetof(struct export_record, name), false},
    EXPORT_TEXTS(TEXT) EXPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
};

static const struct record_form form = {
    .version_name = "format",
    .version = EXPORT_FORMAT,
    .size = sizeof(struct export_record),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
};

struct bytes export_record_write(const struct export_record *record, struct arena *arena)
{
    return record_text_write(&form, record, arena);
}

enum err export_record_read(struct bytes text, struct arena *arena, struct export_record *record)
{
    return record_text_read(&form, text, arena, record);
}

struct bytes export_folder(const struct export_record *record, struct arena *arena)
{
    struct bytes prefix = record->prefix;
    bool needs_slash = prefix.size != 0 && prefix.data[prefix.size - 1] != '/';

    return arena_concat(
        arena,
        (struct bytes[]){prefix, needs_slash ? BYTES("/") : BYTES(""), BYTES("AWSDynamoDB/")}, 3);
}

struct bytes export_id(const struct export_record *record)
{
    return bytes_skip(record->arn, record->arn.size - (JOB_ID_SIZE - 1));
}

void export_reply(struct buf *out, const struct export_record *r)
{
    buf_append_lit(out, "{\"ExportDescription\":{");
    reply_string_if_set(out, "ExportArn", r->arn);
    reply_string_if_set(out, "ExportStatus",
                        r->status == EXPORT_IN_PROGRESS ? BYTES("IN_PROGRESS")
                        : r->status == EXPORT_COMPLETED ? BYTES("COMPLETED")
                                                        : BYTES("FAILED"));
    reply_time_if_set(out, "StartTime", r->start_ms);
    reply_string_if_set(out, "TableArn", r->table_arn);
    reply_string_if_set(out, "TableId", r->table_uuid);
    reply_time_if_set(out, "ExportTime", r->time_ms);
    reply_string_if_set(out, "ClientToken", r->token);
    reply_string_if_set(out, "S3Bucket", r->bucket);
    reply_string_if_set(out, "S3BucketOwner", r->owner);
    reply_string_if_set(out, "S3Prefix", r->prefix);
    reply_string_if_set(out, "S3SseAlgorithm",
                        r->encryption.size != 0 ? r->encryption : BYTES("AES256"));
    reply_string_if_set(out, "S3SseKmsKeyId", r->kms_key_id);
    reply_string_if_set(out, "ExportFormat", r->is_ion ? BYTES("ION") : BYTES("DYNAMODB_JSON"));
    if (r->has_type)
        reply_string_if_set(out, "ExportType",
                            r->is_incremental ? BYTES("INCREMENTAL_EXPORT") : BYTES("FULL_EXPORT"));
    if (r->is_incremental) {
        reply_member(out, "IncrementalExportSpecification");
        buf_append_byte(out, '{');
        reply_time_if_set(out, "ExportFromTime", r->from_ms);
        reply_time_if_set(out, "ExportToTime", r->to_ms);
        reply_string_if_set(out, "ExportViewType",
                            r->only_new ? BYTES("NEW_IMAGE") : BYTES("NEW_AND_OLD_IMAGES"));
        buf_append_byte(out, '}');
    }
    if (r->filter.size != 0) {
        reply_member(out, "FilterSpecification");
        buf_append_bytes(out, r->filter);
    }
    describe_end(out, r);
    buf_append_lit(out, "}}");
}

/* Contract backup-export-import.md 5.1, "Field visibility". */
static void describe_end(struct buf *out, const struct export_record *r)
{
    if (r->status == EXPORT_IN_PROGRESS)
        return;
    reply_time_if_set(out, "EndTime", r->end_ms);
    reply_string_if_set(out, "ExportManifest", r->manifest);
    if (r->status == EXPORT_COMPLETED) {
        reply_number(out, "BilledSizeBytes", r->billed_bytes);
        reply_number(out, "ItemCount", r->item_count);
    }
    reply_string_if_set(out, "FailureCode", r->failure_code);
    reply_string_if_set(out, "FailureMessage", r->failure_message);
}
