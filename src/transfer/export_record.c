/* export_record.c - records of exports as text, and as clients see them. */
#include "transfer/export_record.h"

#include "api/api.h"
#include "api/reply.h"
#include "base/assert.h"
#include "base/buf.h"

#include <yyjson.h>

/* A filter is as large as its request lets it be, and as text it may be larger still: a quote is
 * escaped once more, 1e20 is written out. No part becomes five times as long. */
#define RECORD_BYTES_MAX (8 * API_BODY_BYTES_MAX)

static void member_text(struct buf *out, const char *name, struct bytes text);
static void member_time(struct buf *out, const char *name, uint64_t time_ms);
static void describe_end(struct buf *out, const struct export_record *record);

struct bytes export_record_write(const struct export_record *record, struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, RECORD_BYTES_MAX);
    buf_append_format(&out, "{\"format\":%d", EXPORT_FORMAT);
#define TEXT(name)              \
    if (record->name.size != 0) \
        member_text(&out, #name, record->name);
#define NUMBER(name)       \
    if (record->name != 0) \
        buf_append_format(&out, ",\"" #name "\":%llu", (unsigned long long)record->name);
    EXPORT_TEXTS(TEXT)
    EXPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
    buf_append_byte(&out, '}');
    ASSERT(!out.overflowed); /* or nobody could read it, nor any list that it is in */
    return buf_finish_arena(&out);
}

enum err export_record_read(struct bytes text, struct arena *arena, struct export_record *record)
{
    yyjson_doc *doc = yyjson_read((const char *)text.data, text.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    uint64_t format = yyjson_get_uint(yyjson_obj_get(root, "format"));

    if (format != EXPORT_FORMAT) {
        yyjson_doc_free(doc);
        return format > EXPORT_FORMAT ? ERR_NEWER_FORMAT : ERR_CORRUPT;
    }
    *record = (struct export_record){.status = 0};
#define TEXT(name)                                                                           \
    {                                                                                        \
        yyjson_val *value = yyjson_obj_get(root, #name);                                     \
        if (yyjson_is_str(value))                                                            \
            record->name =                                                                   \
                arena_copy(arena, bytes_make(yyjson_get_str(value), yyjson_get_len(value))); \
    }
#define NUMBER(name) record->name = yyjson_get_uint(yyjson_obj_get(root, #name));
    EXPORT_TEXTS(TEXT)
    EXPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
    yyjson_doc_free(doc);
    return OK;
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
    member_text(out, "ExportArn", r->arn);
    member_text(out, "ExportStatus",
                r->status == EXPORT_IN_PROGRESS ? BYTES("IN_PROGRESS")
                : r->status == EXPORT_COMPLETED ? BYTES("COMPLETED")
                                                : BYTES("FAILED"));
    member_time(out, "StartTime", r->start_ms);
    member_text(out, "TableArn", r->table_arn);
    member_text(out, "TableId", r->table_uuid);
    member_time(out, "ExportTime", r->time_ms);
    member_text(out, "ClientToken", r->token);
    member_text(out, "S3Bucket", r->bucket);
    member_text(out, "S3BucketOwner", r->owner);
    member_text(out, "S3Prefix", r->prefix);
    member_text(out, "S3SseAlgorithm", r->encryption.size != 0 ? r->encryption : BYTES("AES256"));
    member_text(out, "S3SseKmsKeyId", r->kms_key_id);
    member_text(out, "ExportFormat", r->is_ion ? BYTES("ION") : BYTES("DYNAMODB_JSON"));
    if (r->has_type)
        member_text(out, "ExportType",
                    r->is_incremental ? BYTES("INCREMENTAL_EXPORT") : BYTES("FULL_EXPORT"));
    if (r->is_incremental) {
        reply_member(out, "IncrementalExportSpecification");
        buf_append_byte(out, '{');
        member_time(out, "ExportFromTime", r->from_ms);
        member_time(out, "ExportToTime", r->to_ms);
        member_text(out, "ExportViewType",
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
    member_time(out, "EndTime", r->end_ms);
    member_text(out, "ExportManifest", r->manifest);
    if (r->status == EXPORT_COMPLETED) {
        reply_number(out, "BilledSizeBytes", r->billed_bytes);
        reply_number(out, "ItemCount", r->item_count);
    }
    member_text(out, "FailureCode", r->failure_code);
    member_text(out, "FailureMessage", r->failure_message);
}

static void member_text(struct buf *out, const char *name, struct bytes text)
{
    if (text.size == 0)
        return;
    reply_string(out, name, text);
}

static void member_time(struct buf *out, const char *name, uint64_t time_ms)
{
    if (time_ms == 0)
        return;
    reply_time(out, name, time_ms);
}
