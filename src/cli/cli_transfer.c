/* cli_transfer.c - stele export and stele import. */
#include "base/rng.h"
#include "cli/cli_priv.h"
#include "json/json_write.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

static const struct cli_watched watched_export = {
    .what = "export",
    .operation = "DescribeExport",
    .member = "ExportArn",
    .object = "ExportDescription",
    .status = "ExportStatus",
    .count = "ItemCount",
    .unit = "items",
};
static const struct cli_watched watched_import = {
    .what = "import",
    .operation = "DescribeImport",
    .member = "ImportArn",
    .object = "ImportTableDescription",
    .status = "ImportStatus",
    .count = "ProcessedItemCount",
    .unit = "items",
};

/* "bucket/prefix" */
struct place {
    const char *bucket;
    const char *prefix; /* NULL: none */
};

static struct place place_of(struct cli *cli, const char *word);
static enum err list_exports(struct cli *cli);
static enum err table_arn(struct cli *cli, const char *table, struct bytes *arn);
static enum err export_body(struct cli *cli, struct bytes arn, struct bytes *body);
static enum err export_times(struct cli *cli, struct buf *body);
static enum err wait_for(struct cli *cli, const struct cli_watched *watched, struct bytes arn,
                         yyjson_val **last);
static enum err import_body(struct cli *cli, struct bytes *body);
static enum err read_keys(struct cli *cli, const char *text, struct buf *keys, struct buf *types);
static enum err name_of(struct cli *cli, const char *option, const char *given,
                        const char *const words[][2], const char **name);
static void new_token(struct buf *body);

static const char *const formats[][2] = {
    {"json", "DYNAMODB_JSON"}, {"ion", "ION"}, {"csv", "CSV"}, {NULL, NULL}};
static const char *const compressions[][2] = {
    {"none", "NONE"}, {"gzip", "GZIP"}, {"zstd", "ZSTD"}, {NULL, NULL}};

enum err cli_export(struct cli *cli)
{
    struct bytes arn, body;
    yyjson_val *reply;
    enum err err;

    if (cli->options.list != NULL)
        return list_exports(cli);
    if (cli->options.word_count != 2)
        return fault_set(&cli->fault, ERR_CONFIG, "it wants TABLE and BUCKET[/PREFIX]");
    err = table_arn(cli, cli->options.words[0], &arn);
    if (err == OK)
        err = export_body(cli, arn, &body);
    if (err == OK)
        err = cli_call(cli, "ExportTableToPointInTime", body, &reply);
    if (err != OK)
        return err;
    arn = cli_text(reply, "ExportDescription.ExportArn");
    if (cli->options.no_wait != NULL) {
        printf("%.*s\n", BYTES_ARGS(arn));
        return OK;
    }
    err = wait_for(cli, &watched_export, arn, &reply);
    if (err == OK)
        printf("%.*s\n", BYTES_ARGS(cli_text(reply, "ExportManifest")));
    return err;
}

static struct place place_of(struct cli *cli, const char *word)
{
    const char *slash;

    if (strncmp(word, "s3://", 5) == 0)
        word += 5;
    slash = strchr(word, '/');
    if (slash == NULL)
        return (struct place){word, NULL};
    return (struct place){
        (const char *)arena_format(&cli->arena, "%.*s", (int)(slash - word), word).data,
        slash[1] != 0 ? slash + 1 : NULL};
}

static enum err table_arn(struct cli *cli, const char *table, struct bytes *arn)
{
    yyjson_val *reply;
    struct buf body;
    enum err err;

    if (strncmp(table, "arn:", 4) == 0) {
        *arn = bytes_of_string(table);
        return OK;
    }
    cli_body_begin(cli, &body);
    cli_body_text(&body, "TableName", table);
    err = cli_call(cli, "DescribeTable", cli_body_end(&body), &reply);
    if (err == OK)
        *arn = arena_copy(&cli->arena, cli_text(reply, "Table.TableArn"));
    return err;
}

static enum err export_body(struct cli *cli, struct bytes arn, struct bytes *body)
{
    struct place place = place_of(cli, cli->options.words[1]);
    const char *format = NULL;
    struct buf out;
    enum err err = name_of(cli, "--format", cli->options.format, formats, &format);

    if (err != OK)
        return err;
    cli_body_begin(cli, &out);
    cli_body_text(&out, "TableArn", cli_string(cli, arn));
    cli_body_text(&out, "S3Bucket", place.bucket);
    cli_body_text(&out, "S3Prefix", place.prefix);
    cli_body_text(&out, "ExportFormat", format);
    new_token(&out);
    err = export_times(cli, &out);
    if (err == OK)
        *body = cli_body_end(&out);
    return err;
}

static enum err export_times(struct cli *cli, struct buf *body)
{
    const struct cli_options *o = &cli->options;
    struct bytes time = {0}, from = {0}, to = {0};
    enum err err = OK;

    if (o->from == NULL && (o->to != NULL || o->new_images != NULL))
        return fault_set(&cli->fault, ERR_CONFIG, "--to and --new-images go with --from");
    if (o->from != NULL && o->time != NULL)
        return fault_set(&cli->fault, ERR_CONFIG, "--time and --from exclude each other");
    if (o->time != NULL && strcmp(o->time, "latest") != 0)
        err = cli_time(cli, o->time, &time);
    if (err == OK && o->from != NULL)
        err = cli_time(cli, o->from, &from);
    if (err == OK && o->to != NULL)
        err = cli_time(cli, o->to, &to);
    if (err != OK)
        return err;
    if (time.size != 0)
        cli_body_raw(body, "ExportTime", time);
    if (from.size == 0)
        return OK;
    cli_body_text(body, "ExportType", "INCREMENTAL_EXPORT");
    cli_body_raw(body, "IncrementalExportSpecification", BYTES("{"));
    cli_body_raw(body, "ExportFromTime", from);
    if (to.size != 0)
        cli_body_raw(body, "ExportToTime", to);
    cli_body_text(body, "ExportViewType", o->new_images != NULL ? "NEW_IMAGE" : NULL);
    buf_append_byte(body, '}');
    return OK;
}

/* A line for each: ARN, status, type. */
static enum err list_exports(struct cli *cli)
{
    struct bytes arn = {0}, next = {0};
    yyjson_val *reply, *each;
    struct buf body;
    size_t i, max;
    enum err err = OK;

    if (cli->options.word_count != 0)
        err = table_arn(cli, cli->options.words[0], &arn);
    if (err != OK)
        return err;
    do {
        cli_body_begin(cli, &body);
        if (arn.size != 0)
            cli_body_text(&body, "TableArn", cli_string(cli, arn));
        if (next.size != 0)
            cli_body_text(&body, "NextToken", cli_string(cli, next));
        err = cli_call(cli, "ListExports", cli_body_end(&body), &reply);
        if (err != OK)
            return err;
        yyjson_arr_foreach(yyjson_obj_get(reply, "ExportSummaries"), i, max, each) printf(
            "%.*s\t%.*s\t%.*s\n", BYTES_ARGS(cli_text(each, "ExportArn")),
            BYTES_ARGS(cli_text(each, "ExportStatus")), BYTES_ARGS(cli_text(each, "ExportType")));
        next = cli_text(reply, "NextToken");
    } while (next.size != 0);
    return OK;
}

static enum err wait_for(struct cli *cli, const struct cli_watched *watched, struct bytes arn,
                         yyjson_val **last)
{
    struct bytes status, code;
    enum err err = cli_watch(cli, watched, cli_string(cli, arn), last);

    if (err != OK)
        return err;
    status = cli_text(*last, watched->status);
    code = cli_text(*last, "FailureCode");
    if (bytes_equal_string(status, "COMPLETED"))
        return OK;
    return fault_set(&cli->fault, ERR_IO, "%.*s: %.*s (%.*s)",
                     BYTES_ARGS(code.size != 0 ? code : status),
                     BYTES_ARGS(cli_text(*last, "FailureMessage")), BYTES_ARGS(arn));
}

enum err cli_import(struct cli *cli)
{
    struct bytes body, arn, table;
    yyjson_val *reply;
    enum err err = import_body(cli, &body);

    if (err == OK)
        err = cli_call(cli, "ImportTable", body, &reply);
    if (err != OK)
        return err;
    arn = cli_text(reply, "ImportTableDescription.ImportArn");
    table = cli_text(reply, "ImportTableDescription.TableArn");
    if (cli->options.no_wait == NULL)
        err = wait_for(cli, &watched_import, arn, &reply);
    if (err == OK)
        printf("%.*s\n", BYTES_ARGS(cli->options.no_wait == NULL ? table : arn));
    return err;
}

static enum err import_body(struct cli *cli, struct bytes *body)
{
    const struct cli_options *o = &cli->options;
    struct place place = place_of(cli, o->words[0]);
    const char *format = "DYNAMODB_JSON", *compression = NULL;
    struct buf out, keys, types, index;
    enum err err;

    if (o->key == NULL)
        return fault_set(&cli->fault, ERR_CONFIG,
                         "--key says what the table's keys are: --key pk:S or --key pk:S,sk:N");
    buf_init_arena(&types, &cli->arena, SIZE_MAX);
    buf_init_arena(&keys, &cli->arena, SIZE_MAX);
    buf_init_arena(&index, &cli->arena, SIZE_MAX);
    err = read_keys(cli, o->key, &keys, &types);
    if (err == OK && o->index != NULL) {
        const char *equals = strchr(o->index, '=');

        if (equals == NULL)
            err = fault_set(&cli->fault, ERR_CONFIG, "'%s' is no index such as ByYear=year:N",
                            o->index);
        else
            err = read_keys(cli, equals + 1, &index, &types);
    }
    if (err == OK)
        err = name_of(cli, "--format", o->format, formats, &format);
    if (err == OK)
        err = name_of(cli, "--compression", o->compression, compressions, &compression);
    if (err != OK)
        return err;
    cli_body_begin(cli, &out);
    cli_body_raw(&out, "S3BucketSource", BYTES("{"));
    cli_body_text(&out, "S3Bucket", place.bucket);
    cli_body_text(&out, "S3KeyPrefix", place.prefix);
    buf_append_byte(&out, '}');
    cli_body_text(&out, "InputFormat", format);
    cli_body_text(&out, "InputCompressionType", compression);
    new_token(&out);
    cli_body_raw(&out, "TableCreationParameters", BYTES("{"));
    cli_body_text(&out, "TableName", o->words[1]);
    cli_body_text(&out, "BillingMode", "PAY_PER_REQUEST");
    buf_append_format(&out, ",\"AttributeDefinitions\":[%.*s],\"KeySchema\":[%.*s]",
                      BYTES_ARGS(buf_bytes(&types)), BYTES_ARGS(buf_bytes(&keys)));
    if (o->index != NULL) {
        buf_append_lit(&out, ",\"GlobalSecondaryIndexes\":[{\"IndexName\":");
        json_append_string(&out, bytes_make(o->index, strcspn(o->index, "=")));
        buf_append_format(&out,
                          ",\"KeySchema\":[%.*s],\"Projection\":{\"ProjectionType\":\"ALL\"}}]",
                          BYTES_ARGS(buf_bytes(&index)));
    }
    buf_append_byte(&out, '}');
    *body = cli_body_end(&out);
    return OK;
}

/* "a:S,b:N" as members of a KeySchema, and of AttributeDefinitions if they are not there yet. */
static enum err read_keys(struct cli *cli, const char *text, struct buf *keys, struct buf *types)
{
    const char *at = text;

    for (unsigned i = 0; i < 2 && *at != 0; i++) {
        size_t size = strcspn(at, ",");
        size_t name = size < 3 || at[size - 2] != ':' ? 0 : size - 2;
        struct bytes definition;
        struct buf part;

        if (name == 0 || strchr("SNB", at[size - 1]) == NULL)
            break;
        buf_init_arena(&part, &cli->arena, SIZE_MAX);
        buf_append_lit(&part, "{\"AttributeName\":");
        json_append_string(&part, bytes_make(at, name));
        buf_append_format(keys, "%s%.*s,\"KeyType\":\"%s\"}", i == 0 ? "" : ",",
                          BYTES_ARGS(buf_bytes(&part)), i == 0 ? "HASH" : "RANGE");
        buf_append_format(&part, ",\"AttributeType\":\"%c\"}", at[size - 1]);
        definition = arena_copy(&cli->arena, buf_bytes(&part));
        if (types->size == 0 ||
            memmem(types->data, types->size, definition.data, definition.size) == NULL)
            buf_append_format(types, "%s%.*s", types->size == 0 ? "" : ",", BYTES_ARGS(definition));
        at += size;
        if (*at == ',' && i == 0)
            at++;
        else if (*at == 0)
            return OK;
    }
    return fault_set(&cli->fault, ERR_CONFIG, "'%s' are no keys such as pk:S or pk:S,sk:N", text);
}

/* Untouched if nothing was given. */
static enum err name_of(struct cli *cli, const char *option, const char *given,
                        const char *const words[][2], const char **name)
{
    if (given == NULL)
        return OK;
    for (size_t i = 0; words[i][0] != NULL; i++) {
        if (strcmp(words[i][0], given) == 0) {
            *name = words[i][1];
            return OK;
        }
    }
    return fault_set(&cli->fault, ERR_CONFIG, "%s does not know '%s'", option, given);
}

/* What is sent twice on the way is done once. */
static void new_token(struct buf *body)
{
    char token[RNG_UUID_SIZE];

    rng_uuid(token);
    cli_body_text(body, "ClientToken", token);
}
