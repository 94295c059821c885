/* export_params.c - the rules between the parameters of exports. */
#include "transfer/export_params.h"

#include "api/item_params.h"
#include "api/query_key.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "table/recovery.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_INVALID "Invalid Request: "
#define WINDOW_MS_MIN   (UINT64_C(15) * 60 * 1000)
#define WINDOW_MS_MAX   (UINT64_C(24) * 3600 * 1000)
#define TIME_MS_MAX     ((double)((uint64_t)1 << 47))
#define TEXT_BYTES_MAX  (8 * API_BODY_BYTES_MAX) /* of the parameters, as a digest takes them */

const struct transfer_kind export_kind = {BYTES(EXPORT_KIND), "Export", ERR_EXPORT_NOT_FOUND};

static const struct item_params filter_params = {
    .expressions = {"KeyConditionExpression", "ProjectionExpression", "FilterExpression"},
};

static enum err check_type(struct req *req, struct export_record *record);
static enum err read_filter(struct req *req, struct export_record *record);
static void read_digest(struct req *req, struct export_record *record);
static bool read_time(yyjson_val *in, const char *name, uint64_t *time_ms);
static enum err full_time(struct req *req, const struct table_definition *table, uint64_t now_ms,
                          struct export_record *record);
static enum err window(struct req *req, const struct table_definition *table, uint64_t now_ms,
                       struct export_record *record);

enum err export_params_read(struct req *req, struct export_record *record)
{
    struct bytes text = {0};
    enum err err;

    input_string(req->input, "S3Bucket", &record->bucket);
    input_string(req->input, "S3BucketOwner", &record->owner);
    input_string(req->input, "S3Prefix", &record->prefix);
    input_string(req->input, "S3SseAlgorithm", &record->encryption);
    input_string(req->input, "S3SseKmsKeyId", &record->kms_key_id);
    input_string(req->input, "ClientToken", &record->token);
    record->is_ion = input_string(req->input, "ExportFormat", &text) && text.data[0] == 'I';
    if (record->kms_key_id.size != 0 && !bytes_equal_string(record->encryption, "KMS"))
        return req_fail(req, ERR_VALIDATION,
                        REQUEST_INVALID "KMS Key Id is not supported for this encryption type");
    err = check_type(req, record);
    if (err == OK)
        err = read_filter(req, record);
    if (err == OK)
        read_digest(req, record);
    return err;
}

/* The texts about parameters of the other type of export are ours. */
static enum err check_type(struct req *req, struct export_record *record)
{
    yyjson_val *in = input_member(req->input, "IncrementalExportSpecification");
    struct bytes type = BYTES("FULL_EXPORT"), view = {0};

    record->has_type = input_string(req->input, "ExportType", &type);
    record->is_incremental = type.data[0] == 'I';
    if (!record->is_incremental) {
        if (in == NULL)
            return OK;
        return req_fail(req, ERR_VALIDATION,
                        REQUEST_INVALID "IncrementalExportSpecification can only be provided for "
                                        "ExportType INCREMENTAL_EXPORT");
    }
    if (input_member(in, "ExportFromTime") == NULL)
        return req_fail(req, ERR_VALIDATION,
                        REQUEST_INVALID
                        "ExportFromTime must be provided in IncrementalExportSpecification");
    if (input_member(req->input, "ExportTime") != NULL)
        return req_fail(req, ERR_VALIDATION,
                        REQUEST_INVALID "ExportTime can only be provided for ExportType "
                                        "FULL_EXPORT");
    record->only_new =
        input_string(in, "ExportViewType", &view) && bytes_equal_string(view, "NEW_IMAGE");
    return OK;
}

static enum err read_filter(struct req *req, struct export_record *record)
{
    yyjson_val *in = input_member(req->input, "FilterSpecification");
    struct expr_set set = {0};
    size_t size;
    char *text;
    enum err err;

    if (in == NULL)
        return OK;
    err = item_params_check(req, in, &filter_params);
    if (err == OK)
        err = item_params_expressions(req, in, &filter_params, &set);
    if (err != OK)
        return err;
    text = yyjson_val_write(in, YYJSON_WRITE_NOFLAG, &size);
    if (text == NULL)
        return ERR_CORRUPT;
    record->filter = arena_copy(req->arena, bytes_make(text, size));
    free(text);
    return OK;
}

static void read_digest(struct req *req, struct export_record *record)
{
    static const char *const members[] = {
        "TableArn",
        "ExportTime",
        "S3Bucket",
        "S3BucketOwner",
        "S3Prefix",
        "S3SseAlgorithm",
        "S3SseKmsKeyId",
        "ExportFormat",
        "ExportType",
        "IncrementalExportSpecification",
        "FilterSpecification",
    };
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct buf text;

    buf_init(&text, TEXT_BYTES_MAX);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        yyjson_val *value = input_member(req->input, members[i]);
        char *json = value == NULL ? NULL : yyjson_val_write(value, YYJSON_WRITE_NOFLAG, NULL);

        buf_append_format(&text, "%s=%s\n", members[i], json != NULL ? json : "");
        free(json);
    }
    sha256(buf_bytes(&text), digest);
    buf_fini(&text);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    record->digest = arena_copy(req->arena, bytes_of_string(hex));
}

enum err export_params_table(struct req *req, struct bytes arn, struct bytes *name)
{
    struct input_resource named;

    if (!input_table_arn(arn, &named) || !bytes_equal(named.arn.partition, req->place.partition) ||
        !bytes_equal_string(named.arn.service, "dynamodb"))
        return req_fail(req, ERR_VALIDATION, REQUEST_INVALID "Table ARN is invalid.");
    if (!bytes_equal(named.arn.account, req->place.account))
        return req_fail(req, ERR_ACCESS_DENIED, "Access is denied");
    if (!bytes_equal(named.arn.region, req->place.region))
        return req_fail(req, ERR_TABLE_NOT_FOUND, "Table not found: %.*s", BYTES_ARGS(arn));
    *name = named.table;
    return OK;
}

enum err export_params_times(struct req *req, const struct table_definition *table,
                             struct export_record *record)
{
    uint64_t now_ms = recovery_begin_ms(req->api->store);

    return record->is_incremental ? window(req, table, now_ms, record)
                                  : full_time(req, table, now_ms, record);
}

/* The present is a time that can be exported: nothing has to be archived before. */
static enum err full_time(struct req *req, const struct table_definition *table, uint64_t now_ms,
                          struct export_record *record)
{
    uint64_t time_ms = now_ms;

    if ((input_member(req->input, "ExportTime") != NULL &&
         !read_time(req->input, "ExportTime", &time_ms)) ||
        !recovery_clamp(table, now_ms, 0, &time_ms))
        return req_fail(
            req, ERR_INVALID_EXPORT_TIME,
            "ExportTime must be between EarliestRestorableDateTime %.*s and the present %.*s",
            BYTES_ARGS(clock_text_in(req->arena, recovery_earliest_ms(table, now_ms))),
            BYTES_ARGS(clock_text_in(req->arena, now_ms)));
    record->time_ms = time_ms;
    return OK;
}

static enum err window(struct req *req, const struct table_definition *table, uint64_t now_ms,
                       struct export_record *record)
{
    yyjson_val *in = input_member(req->input, "IncrementalExportSpecification");
    uint64_t earliest_ms = recovery_earliest_ms(table, now_ms);
    uint64_t from_ms = 0, to_ms = now_ms;
    bool is_time =
        read_time(in, "ExportFromTime", &from_ms) &&
        (input_member(in, "ExportToTime") == NULL || read_time(in, "ExportToTime", &to_ms));

    if (!is_time || from_ms / 1000 < earliest_ms / 1000 || to_ms > now_ms)
        return req_fail(req, ERR_INVALID_EXPORT_TIME,
                        "ExportFromTime and ExportToTime must be between "
                        "EarliestRestorableDateTime %.*s and the present %.*s",
                        BYTES_ARGS(clock_text_in(req->arena, earliest_ms)),
                        BYTES_ARGS(clock_text_in(req->arena, now_ms)));
    if (to_ms < from_ms || to_ms - from_ms < WINDOW_MS_MIN || to_ms - from_ms > WINDOW_MS_MAX)
        return req_fail(req, ERR_INVALID_EXPORT_TIME,
                        "The time between ExportFromTime and ExportToTime must be at least 15 "
                        "minutes and at most 24 hours");
    record->from_ms = from_ms < earliest_ms ? earliest_ms : from_ms;
    record->to_ms = to_ms;
    return OK;
}

static bool read_time(yyjson_val *in, const char *name, uint64_t *time_ms)
{
    double ms = yyjson_get_num(input_member(in, name)) * 1000;

    if (!(ms >= 0 && ms < TIME_MS_MAX))
        return false;
    *time_ms = (uint64_t)llround(ms);
    return true;
}

enum err export_params_check_filter(struct req *req, const struct table *table)
{
    yyjson_val *in = input_member(req->input, "FilterSpecification");
    struct expr_set set = {0};
    struct start_key none = {0};
    struct query_key key;
    enum err err;

    if (in == NULL)
        return OK;
    err = item_params_expressions(req, in, &filter_params, &set);
    if (err == OK && input_member(in, "KeyConditionExpression") != NULL)
        err = query_key_read(req, &set, &table->definition.schema, BYTES(""), &none, &key);
    return err;
}
