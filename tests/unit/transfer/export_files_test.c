/* export_files_test.c - what an export writes, to the byte: lines, manifests, names, records. */
#include "base/buf.h"
#include "transfer/export_files.h"
#include "transfer/export_lines.h"
#include "transfer/export_record.h"
#include "unit.h"

#include <yyjson.h>

static struct value item_of(const char *json, struct arena *arena)
{
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    struct value item = {0};
    struct fault fault;

    fault_init(&fault, arena);
    CHECK_OK(value_map_from_json(yyjson_doc_get_root(doc), arena, &fault, &item));
    yyjson_doc_free(doc);
    return item;
}

static struct export_record full(void)
{
    return (struct export_record){
        .arn = BYTES("arn:aws:dynamodb:us-east-1:123456789012:table/Music/export/"
                     "01604474914028-73d8d5bc"),
        .table_name = BYTES("Music"),
        .table_arn = BYTES("arn:aws:dynamodb:us-east-1:123456789012:table/Music"),
        .table_uuid = BYTES("518d0ed3-56cf-442f-80de-25bdec0e35cd"),
        .bucket = BYTES("b"),
        .prefix = BYTES("p"),
        .table_id = 7,
        .start_ms = 1604474914028,
        .end_ms = 1604475223897,
        .time_ms = 1604474914028,
        .item_count = 8,
    };
}

/* The form of contract 5.2; it is what other readers look for. */
TEST(export_summary_of_a_full_export)
{
    struct export_record record = full();
    struct arena arena;

    arena_init(&arena);
    CHECK_TEXT(
        export_summary(&record, BYTES("p/AWSDynamoDB/x/manifest-files.json"), &arena),
        "{\"version\":\"2020-06-30\",\"exportArn\":\"arn:aws:dynamodb:us-east-1:123456789012:"
        "table/Music/export/01604474914028-73d8d5bc\",\"startTime\":\"2020-11-04T07:28:34.028Z\","
        "\"endTime\":\"2020-11-04T07:33:43.897Z\",\"tableArn\":\"arn:aws:dynamodb:us-east-1:"
        "123456789012:table/Music\",\"tableId\":\"518d0ed3-56cf-442f-80de-25bdec0e35cd\","
        "\"exportTime\":\"2020-11-04T07:28:34.028Z\",\"s3Bucket\":\"b\",\"s3Prefix\":\"p\","
        "\"s3SseAlgorithm\":\"AES256\",\"s3SseKmsKeyId\":null,\"manifestFilesS3Key\":"
        "\"p/AWSDynamoDB/x/manifest-files.json\",\"billedSizeBytes\":0,\"itemCount\":8,"
        "\"outputFormat\":\"DYNAMODB_JSON\"}");
    arena_fini(&arena);
}

TEST(export_summary_of_an_incremental_export)
{
    struct export_record record = full();
    struct arena arena;

    arena_init(&arena);
    record.time_ms = 0;
    record.is_incremental = 1;
    record.is_ion = 1;
    record.from_ms = 1604470000000;
    record.to_ms = 1604474000000;
    record.prefix = BYTES("");
    record.encryption = BYTES("KMS");
    record.kms_key_id = BYTES("k");
    CHECK_TEXT(
        export_summary(&record, BYTES("f"), &arena),
        "{\"version\":\"2023-08-01\",\"exportArn\":\"arn:aws:dynamodb:us-east-1:123456789012:"
        "table/Music/export/01604474914028-73d8d5bc\",\"startTime\":\"2020-11-04T07:28:34.028Z\","
        "\"endTime\":\"2020-11-04T07:33:43.897Z\",\"tableArn\":\"arn:aws:dynamodb:us-east-1:"
        "123456789012:table/Music\",\"tableId\":\"518d0ed3-56cf-442f-80de-25bdec0e35cd\","
        "\"exportFromTime\":\"2020-11-04T06:06:40.000Z\",\"exportToTime\":"
        "\"2020-11-04T07:13:20.000Z\",\"s3Bucket\":\"b\",\"s3Prefix\":null,\"s3SseAlgorithm\":"
        "\"KMS\",\"s3SseKmsKeyId\":\"k\",\"manifestFilesS3Key\":\"f\",\"billedSizeBytes\":0,"
        "\"itemCount\":8,\"outputFormat\":\"ION\",\"outputView\":\"NEW_AND_OLD_IMAGES\","
        "\"exportType\":\"INCREMENTAL_EXPORT\"}");
    arena_fini(&arena);
}

/* Names decide whether a second try writes over the first: they never change. */
TEST(export_file_names)
{
    char name[EXPORT_NAME_SIZE], other[EXPORT_NAME_SIZE];

    export_file_name(BYTES("01604474914028-73d8d5bc"), 0, name);
    CHECK_TEXT(bytes_of_string(name), "akrpkhp6gkzcw3f3otbnzvvgwr");
    export_file_name(BYTES("01604474914028-73d8d5bc"), 1, other);
    CHECK(strcmp(name, other) != 0);
}

TEST(export_folders)
{
    static const char *const rows[][2] = {
        {"", "AWSDynamoDB/"},
        {"p", "p/AWSDynamoDB/"},
        {"p/", "p/AWSDynamoDB/"},
        {"p/q", "p/q/AWSDynamoDB/"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct export_record record = {.prefix = bytes_of_string(rows[i][0])};

        CHECK_TEXT(export_folder(&record, &arena), rows[i][1]);
    }
    arena_fini(&arena);
}

TEST(export_record_golden_text_and_back)
{
    struct export_record record = full(), back;
    struct arena arena;
    struct bytes text;

    arena_init(&arena);
    record.token = BYTES("a\"b");
    record.status = EXPORT_FAILED;
    record.failure_code = BYTES("S3NoSuchBucket");
    text = export_record_write(&record, &arena);
    CHECK_TEXT(text,
               "{\"format\":1,\"arn\":\"arn:aws:dynamodb:us-east-1:123456789012:table/Music/"
               "export/01604474914028-73d8d5bc\",\"table_name\":\"Music\",\"table_arn\":"
               "\"arn:aws:dynamodb:us-east-1:123456789012:table/Music\",\"table_uuid\":"
               "\"518d0ed3-56cf-442f-80de-25bdec0e35cd\",\"token\":\"a\\\"b\",\"bucket\":\"b\","
               "\"prefix\":\"p\",\"failure_code\":\"S3NoSuchBucket\",\"table_id\":7,"
               "\"start_ms\":1604474914028,\"end_ms\":1604475223897,"
               "\"time_ms\":1604474914028,\"status\":2,\"item_count\":8}");
    CHECK_OK(export_record_read(text, &arena, &back));
    CHECK(bytes_equal(export_record_write(&back, &arena), text));
    CHECK_TEXT(export_id(&back), "01604474914028-73d8d5bc");
    CHECK_ERR(export_record_read(BYTES("{\"format\":2}"), &arena, &back), ERR_NEWER_FORMAT);
    CHECK_ERR(export_record_read(BYTES("{}"), &arena, &back), ERR_CORRUPT);
    CHECK_ERR(export_record_read(BYTES("x"), &arena, &back), ERR_CORRUPT);
    arena_fini(&arena);
}

TEST(export_lines_of_items_and_changes)
{
    struct value item, keys;
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    item = item_of("{\"Id\":{\"N\":\"103\"},\"Authors\":{\"SS\":[\"A\",\"B\"]},"
                   "\"InPublication\":{\"BOOL\":false}}",
                   &arena);
    keys = item_of("{\"Id\":{\"N\":\"103\"}}", &arena);
    buf_init_arena(&out, &arena, 1 << 20);
    export_line_item(&out, false, item);
    CHECK_TEXT(buf_bytes(&out),
               "{\"Item\":{\"Authors\":{\"SS\":[\"A\",\"B\"]},\"Id\":{\"N\":\"103\"},"
               "\"InPublication\":{\"BOOL\":false}}}\n");
    buf_init_arena(&out, &arena, 1 << 20);
    export_line_item(&out, true, item);
    CHECK_TEXT(
        buf_bytes(&out),
        "$ion_1_0 {Item:{Authors:$dynamodb_SS::[\"A\",\"B\"],Id:103.,InPublication:false}}\n");
    buf_init_arena(&out, &arena, 1 << 20);
    export_line_change(&out, false, 1680109764000000, keys, &keys, NULL);
    CHECK_TEXT(buf_bytes(&out),
               "{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1680109764000000\"}},"
               "\"Keys\":{\"Id\":{\"N\":\"103\"}},"
               "\"OldImage\":{\"Id\":{\"N\":\"103\"}}}\n");
    buf_init_arena(&out, &arena, 1 << 20);
    export_line_change(&out, true, 1680109764000000, keys, NULL, &keys);
    CHECK_TEXT(buf_bytes(&out),
               "$ion_1_0 {Record:{Metadata:{WriteTimestampMicros:1680109764000000.},"
               "Keys:{Id:103.},NewImage:{Id:103.}}}\n");
    arena_fini(&arena);
}

TEST(export_filter_key_conditions)
{
    static const struct {
        const char *expression, *item;
        bool holds;
    } rows[] = {
        {"pk = :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"ab\"}}", true},
        {"pk = :a", "{\"pk\":{\"S\":\"b\"},\"sk\":{\"S\":\"ab\"}}", false},
        {"pk = :a AND begins_with(sk, :a)", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"ab\"}}", true},
        {"pk = :a AND begins_with(sk, :a)", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"b\"}}", false},
        {"pk = :a AND sk BETWEEN :a AND :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"a\"}}", true},
        {"pk = :a AND sk BETWEEN :a AND :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"ab\"}}", false},
        {"pk = :a AND sk > :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"ab\"}}", true},
        {"pk = :a AND sk >= :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"a\"}}", true},
        {"pk = :a AND sk < :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"a\"}}", false},
        {"pk = :a AND sk <= :a", "{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"a\"}}", true},
        {"pk = :a", "{\"pk\":{\"N\":\"1\"}}", false},
    };
    struct export_filter filter;
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes json = arena_format(
            &arena,
            "{\"KeyConditionExpression\":\"%s\",\"ExpressionAttributeValues\":{\":a\":{\"S\":"
            "\"a\"}}}",
            rows[i].expression);

        CHECK_OK(export_filter_read(json, &arena, &filter));
        if (export_filter_holds(&filter, item_of(rows[i].item, &arena)) != rows[i].holds)
            unit_failed(__FILE__, __LINE__, "%s on %s", rows[i].expression, rows[i].item);
    }
    CHECK_ERR(export_filter_read(BYTES("{"), &arena, &filter), ERR_CORRUPT);
    CHECK_OK(export_filter_read(BYTES(""), &arena, &filter));
    CHECK(export_filter_holds(&filter, item_of("{\"x\":{\"S\":\"a\"}}", &arena)));
    arena_fini(&arena);
}
