/* import_params.c - the parameters of imports, and their places and tokens. */
#include "transfer/import_params.h"

#include "api/encryption_params.h"
#include "api/table_params.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crc32.h"
#include "table/table_fill.h"
#include "transfer/import_log.h"

#include <stdlib.h>

#define REQUEST_INVALID "Invalid Request: "

/* A token is a version, an id, a checksum and nothing else, as the service's pattern wants it:
 * blocks of 16 hexadecimal digits, seven of them or more. */
#define TOKEN_VERSION 1
#define TOKEN_BYTES   56
#define ID_BYTES      (JOB_ID_SIZE - 1)

const struct transfer_kind import_kind = {BYTES(IMPORT_KIND), "Import", ERR_IMPORT_NOT_FOUND};

static enum err read_format(struct req *req, struct import_record *record);
static enum err read_table(struct req *req, struct bytes parameters,
                           struct table_creation *creation, yyjson_doc **doc);
static struct bytes declared_parameters(struct req *req);
static struct bytes json_text(struct req *req, yyjson_val *value);
static bool is_filled_still(struct req *req, const struct job_name *name,
                            const struct import_record *record);
static bool shows_the_table(struct req *req, const struct import_record *record);

enum err import_params_read(struct req *req, struct import_record *record,
                            struct table_creation *creation, yyjson_doc **doc)
{
    yyjson_val *source = input_member(req->input, "S3BucketSource");
    enum err err;

    record->owner = req->place.account;
    record->compression = BYTES("NONE");
    input_string(source, "S3Bucket", &record->bucket);
    input_string(source, "S3BucketOwner", &record->owner);
    input_string(source, "S3KeyPrefix", &record->prefix);
    input_string(req->input, "InputCompressionType", &record->compression);
    input_string(req->input, "ClientToken", &record->token);
    err = read_format(req, record);
    if (err != OK)
        return err;
    record->log_arn =
        import_log_arn(req->place.partition, req->place.region, req->place.account, req->arena);
    record->parameters = declared_parameters(req);
    return read_table(req, record->parameters, creation, doc);
}

struct bytes import_params_make_arn(const struct table_definition *table, struct bytes id,
                                    struct arena *arena)
{
    return arena_format(arena, "%.*s/import/%.*s", BYTES_ARGS(table_arn(table, arena)),
                        BYTES_ARGS(id));
}

struct bytes import_params_make_token(struct bytes id, struct arena *arena)
{
    uint8_t token[TOKEN_BYTES] = {TOKEN_VERSION};
    struct buf text;

    memcpy(token + 1, id.data, ID_BYTES);
    bytes_put_u32(token + 1 + ID_BYTES, crc32_bytes(bytes_make(token, 1 + ID_BYTES)));
    buf_init_arena(&text, arena, SIZE_MAX);
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        buf_append_format(&text, "%02x", token[i]);
    return buf_finish_arena(&text);
}

enum err import_params_token(struct req *req, struct bytes token, struct bytes *id)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *data = arena_alloc(req->arena, TOKEN_BYTES);
    uint64_t ms;

    for (size_t i = 0; i < TOKEN_BYTES && 2 * i + 1 < token.size; i++) {
        /* The shape's pattern has seen to it that these are digits. */
        size_t high = (size_t)(strchr(digits, token.data[2 * i]) - digits);
        size_t low = (size_t)(strchr(digits, token.data[2 * i + 1]) - digits);

        data[i] = (uint8_t)(high << 4 | low);
    }
    *id = bytes_make(data + 1, ID_BYTES);
    if (token.size == (size_t)2 * TOKEN_BYTES && data[0] == TOKEN_VERSION &&
        bytes_get_u32(data + 1 + ID_BYTES) == crc32_bytes(bytes_make(data, 1 + ID_BYTES)) &&
        job_id_read(*id, &ms))
        return OK;
    return req_fail(req, ERR_VALIDATION, REQUEST_INVALID "Provided nextToken is invalid: %.*s",
                    BYTES_ARGS(token));
}

/* The record ends in the commit that ends the filling of its table, but it is read from the store
 * and the table from the catalog, which is told a moment later. So an import is not over before its
 * table can be used, and if the table is no more, what was read of the import may be old. */
enum err import_params_refresh(struct req *req, const struct job_name *name,
                               struct import_record *record)
{
    struct job_record job;
    enum err err;

    if (record->status != IMPORT_IN_PROGRESS && is_filled_still(req, name, record)) {
        record->status = IMPORT_IN_PROGRESS;
        record->end_ms = 0;
        record->failure_code = record->failure_message = BYTES("");
        return OK;
    }
    if (record->status != IMPORT_IN_PROGRESS || shows_the_table(req, record))
        return OK;
    err = jobs_find(req->api->jobs, name, req->may_wait, req->arena, &job);
    if (err == OK)
        err = import_record_read(job.text, req->arena, record);
    if (err == OK && record->status == IMPORT_IN_PROGRESS)
        record->status = IMPORT_CANCELLING;
    return err;
}

static bool is_filled_still(struct req *req, const struct job_name *name,
                            const struct import_record *record)
{
    struct table *table = table_fill_acquire(req->api->catalog, name->account, name->region,
                                             record->table_name, name->id);
    bool filled = table != NULL;

    table_release(&table);
    return filled;
}

static bool shows_the_table(struct req *req, const struct import_record *record)
{
    struct table *table = catalog_acquire(req->api->catalog, req->place.account, req->place.region,
                                          record->table_name);
    bool shows = table != NULL && table->definition.status != TABLE_DELETING &&
                 bytes_equal_string(record->table_uuid, table->definition.uuid);

    table_release(&table);
    return shows;
}

static enum err read_format(struct req *req, struct import_record *record)
{
    yyjson_val *options = input_member(req->input, "InputFormatOptions");

    input_string(req->input, "InputFormat", &record->format);
    if (options == NULL)
        return OK;
    if (input_member(options, "Csv") != NULL && !bytes_equal_string(record->format, "CSV"))
        return req_fail(req, ERR_VALIDATION,
                        REQUEST_INVALID
                        "Unsupported InputFormatOptions for the given input format: %.*s.",
                        BYTES_ARGS(record->format));
    record->options = json_text(req, options);
    return OK;
}

/* The rules of CreateTable, on what TableCreationParameters may have of its members: the others
 * were not looked at when the request was checked. */
static enum err read_table(struct req *req, struct bytes parameters,
                           struct table_creation *creation, yyjson_doc **doc)
{
    yyjson_val *whole = req->input;
    struct table_unserved unserved;
    enum err err;

    *doc = yyjson_read((const char *)parameters.data, parameters.size, 0);
    if (*doc == NULL)
        return ERR_CORRUPT;
    req->input = yyjson_doc_get_root(*doc);
    unserved = (struct table_unserved){
        "VectorIndexes", yyjson_arr_size(input_member(req->input, "VectorIndexes")) != 0};
    err = table_creation_read(req, creation);
    if (err == OK)
        err = encryption_params_read(req, input_member(req->input, "SSESpecification"),
                                     &creation->definition.encryption.key_arn);
    if (err == OK)
        err = table_params_refuse_unserved(req, &unserved, 1);
    req->input = whole;
    return err;
}

static struct bytes declared_parameters(struct req *req)
{
    static const char *const members[] = {
        "TableName",        "AttributeDefinitions",   "KeySchema",
        "BillingMode",      "ProvisionedThroughput",  "OnDemandThroughput",
        "SSESpecification", "GlobalSecondaryIndexes", "VectorIndexes",
    };
    yyjson_val *in = input_member(req->input, "TableCreationParameters");
    struct buf text;

    buf_init_arena(&text, req->arena, SIZE_MAX);
    buf_append_byte(&text, '{');
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        yyjson_val *value = input_member(in, members[i]);

        if (value == NULL)
            continue;
        buf_append_format(&text, "%s\"%s\":", text.size > 1 ? "," : "", members[i]);
        buf_append_bytes(&text, json_text(req, value));
    }
    buf_append_byte(&text, '}');
    return buf_finish_arena(&text);
}

static struct bytes json_text(struct req *req, yyjson_val *value)
{
    size_t size = 0;
    char *json = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &size);
    struct bytes text = arena_copy(req->arena, bytes_make(json, size));

    free(json);
    return text;
}
