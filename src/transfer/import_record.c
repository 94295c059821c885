/* import_record.c - records of imports as text, and as clients see them. */
#include "transfer/import_record.h"

#include "api/reply.h"
#include "base/buf.h"
#include "transfer/record_text.h"

#include <stddef.h>

static void describe_source(struct buf *out, const struct import_record *r);
static struct bytes status_name(uint64_t status);

static const struct record_field fields[] = {
#define TEXT(name)   {#name, offsetof(struct import_record, name), true},
#define NUMBER(name) {#name, offsetof(struct import_record, name), false},
    IMPORT_TEXTS(TEXT) IMPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
};

static const struct record_form form = {
    .version_name = "version",
    .version = IMPORT_FORMAT,
    .size = sizeof(struct import_record),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
};

struct bytes import_record_write(const struct import_record *record, struct arena *arena)
{
    return record_text_write(&form, record, arena);
}

enum err import_record_read(struct bytes text, struct arena *arena, struct import_record *record)
{
    return record_text_read(&form, text, arena, record);
}

bool import_record_same(const struct import_record *a, const struct import_record *b)
{
    return bytes_equal(a->bucket, b->bucket) && bytes_equal(a->owner, b->owner) &&
           bytes_equal(a->prefix, b->prefix) && bytes_equal(a->format, b->format) &&
           bytes_equal(a->options, b->options) && bytes_equal(a->compression, b->compression) &&
           bytes_equal(a->parameters, b->parameters);
}

void import_reply(struct buf *out, const struct import_record *r)
{
    buf_append_lit(out, "{\"ImportTableDescription\":{");
    reply_string_if_set(out, "ImportArn", r->arn);
    reply_string_if_set(out, "ImportStatus", status_name(r->status));
    reply_string_if_set(out, "TableArn", r->table_arn);
    reply_string_if_set(out, "TableId", r->table_uuid);
    reply_string_if_set(out, "ClientToken", r->token);
    describe_source(out, r);
    reply_number(out, "ErrorCount", r->errors);
    reply_string_if_set(out, "CloudWatchLogGroupArn", r->log_arn);
    reply_string_if_set(out, "InputFormat", r->format);
    reply_json_if_set(out, "InputFormatOptions", r->options);
    reply_string_if_set(out, "InputCompressionType", r->compression);
    reply_json_if_set(out, "TableCreationParameters", r->parameters);
    reply_time_if_set(out, "StartTime", r->start_ms);
    reply_time_if_set(out, "EndTime", r->end_ms);
    reply_number(out, "ProcessedSizeBytes", r->processed_bytes);
    reply_number(out, "ProcessedItemCount", r->processed_items);
    reply_number(out, "ImportedItemCount", r->imported_items);
    reply_string_if_set(out, "FailureCode", r->failure_code);
    reply_string_if_set(out, "FailureMessage", r->failure_message);
    buf_append_lit(out, "}}");
}

void import_summarise(struct buf *out, const struct import_record *r)
{
    buf_append_byte(out, '{');
    reply_string_if_set(out, "ImportArn", r->arn);
    reply_string_if_set(out, "ImportStatus", status_name(r->status));
    reply_string_if_set(out, "TableArn", r->table_arn);
    describe_source(out, r);
    reply_string_if_set(out, "CloudWatchLogGroupArn", r->log_arn);
    reply_string_if_set(out, "InputFormat", r->format);
    reply_time_if_set(out, "StartTime", r->start_ms);
    reply_time_if_set(out, "EndTime", r->end_ms);
    buf_append_byte(out, '}');
}

static void describe_source(struct buf *out, const struct import_record *r)
{
    reply_member(out, "S3BucketSource");
    buf_append_byte(out, '{');
    reply_string_if_set(out, "S3BucketOwner", r->owner);
    reply_string_if_set(out, "S3Bucket", r->bucket);
    reply_string_if_set(out, "S3KeyPrefix", r->prefix);
    buf_append_byte(out, '}');
}

static struct bytes status_name(uint64_t status)
{
    static const char *const names[] = {"IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED",
                                        "CANCELLING"};

    return bytes_of_string(status <= IMPORT_CANCELLING ? names[status] : "FAILED");
}
