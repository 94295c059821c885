/* import_record.c - records of imports as text, and as clients see them. */
#include "transfer/import_record.h"

#include "api/api.h"
#include "api/reply.h"
#include "base/assert.h"
#include "base/buf.h"

#include <yyjson.h>

/* A request's parameters are the most of it, and as text no part is five times as long as it was: a
 * quote is escaped once more, 1e20 is written out. */
#define RECORD_BYTES_MAX (8 * API_BODY_BYTES_MAX)

static void describe_source(struct buf *out, const struct import_record *r);
static void member_text(struct buf *out, const char *name, struct bytes text);
static void member_json(struct buf *out, const char *name, struct bytes json);
static void member_time(struct buf *out, const char *name, uint64_t time_ms);
static void member_count(struct buf *out, const char *name, uint64_t count);
static struct bytes status_name(uint64_t status);

struct bytes import_record_write(const struct import_record *record, struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, RECORD_BYTES_MAX);
    buf_append_format(&out, "{\"version\":%d", IMPORT_FORMAT);
#define TEXT(name) member_text(&out, #name, record->name);
#define NUMBER(name)       \
    if (record->name != 0) \
        member_count(&out, #name, record->name);
    IMPORT_TEXTS(TEXT)
    IMPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
    buf_append_byte(&out, '}');
    ASSERT(!out.overflowed);
    return buf_finish_arena(&out);
}

enum err import_record_read(struct bytes text, struct arena *arena, struct import_record *record)
{
    yyjson_doc *doc = yyjson_read((const char *)text.data, text.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *value;
    uint64_t version = yyjson_get_uint(yyjson_obj_get(root, "version"));

    if (version != IMPORT_FORMAT) {
        yyjson_doc_free(doc);
        return version > IMPORT_FORMAT ? ERR_NEWER_FORMAT : ERR_CORRUPT;
    }
    *record = (struct import_record){.status = 0};
#define TEXT(name)                       \
    value = yyjson_obj_get(root, #name); \
    if (yyjson_is_str(value))            \
        record->name = arena_copy(       \
            arena, bytes_make(unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)));
#define NUMBER(name) record->name = yyjson_get_uint(yyjson_obj_get(root, #name));
    IMPORT_TEXTS(TEXT)
    IMPORT_NUMBERS(NUMBER)
#undef TEXT
#undef NUMBER
    yyjson_doc_free(doc);
    return OK;
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
    member_text(out, "ImportArn", r->arn);
    member_text(out, "ImportStatus", status_name(r->status));
    member_text(out, "TableArn", r->table_arn);
    member_text(out, "TableId", r->table_uuid);
    member_text(out, "ClientToken", r->token);
    describe_source(out, r);
    member_count(out, "ErrorCount", r->errors);
    member_text(out, "CloudWatchLogGroupArn", r->log_arn);
    member_text(out, "InputFormat", r->format);
    member_json(out, "InputFormatOptions", r->options);
    member_text(out, "InputCompressionType", r->compression);
    member_json(out, "TableCreationParameters", r->parameters);
    member_time(out, "StartTime", r->start_ms);
    member_time(out, "EndTime", r->end_ms);
    member_count(out, "ProcessedSizeBytes", r->processed_bytes);
    member_count(out, "ProcessedItemCount", r->processed_items);
    member_count(out, "ImportedItemCount", r->imported_items);
    member_text(out, "FailureCode", r->failure_code);
    member_text(out, "FailureMessage", r->failure_message);
    buf_append_lit(out, "}}");
}

void import_summarise(struct buf *out, const struct import_record *r)
{
    buf_append_byte(out, '{');
    member_text(out, "ImportArn", r->arn);
    member_text(out, "ImportStatus", status_name(r->status));
    member_text(out, "TableArn", r->table_arn);
    describe_source(out, r);
    member_text(out, "CloudWatchLogGroupArn", r->log_arn);
    member_text(out, "InputFormat", r->format);
    member_time(out, "StartTime", r->start_ms);
    member_time(out, "EndTime", r->end_ms);
    buf_append_byte(out, '}');
}

static void describe_source(struct buf *out, const struct import_record *r)
{
    reply_member(out, "S3BucketSource");
    buf_append_byte(out, '{');
    member_text(out, "S3BucketOwner", r->owner);
    member_text(out, "S3Bucket", r->bucket);
    member_text(out, "S3KeyPrefix", r->prefix);
    buf_append_byte(out, '}');
}

static void member_text(struct buf *out, const char *name, struct bytes text)
{
    if (text.size == 0)
        return;
    reply_string(out, name, text);
}

static void member_json(struct buf *out, const char *name, struct bytes json)
{
    if (json.size == 0)
        return;
    reply_member(out, name);
    buf_append_bytes(out, json);
}

static void member_time(struct buf *out, const char *name, uint64_t time_ms)
{
    if (time_ms == 0)
        return;
    reply_time(out, name, time_ms);
}

static void member_count(struct buf *out, const char *name, uint64_t count)
{
    reply_number(out, name, count);
}

static struct bytes status_name(uint64_t status)
{
    static const char *const names[] = {"IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED",
                                        "CANCELLING"};

    return bytes_of_string(status <= IMPORT_CANCELLING ? names[status] : "FAILED");
}
