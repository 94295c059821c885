/* import_record_test.c - records of imports: golden text, there and back, what clients see. */
#include "base/buf.h"
#include "transfer/import_record.h"
#include "unit.h"

static const struct import_record full = {
    .arn = BYTES("arn:aws:dynamodb:us-east-1:000000000000:table/T/import/01489602797149-73d8d5bc"),
    .table_name = BYTES("T"),
    .table_arn = BYTES("arn:aws:dynamodb:us-east-1:000000000000:table/T"),
    .table_uuid = BYTES("9951ba6e-1a90-493c-ac6d-68084c0d6e94"),
    .token = BYTES("t"),
    .bucket = BYTES("b"),
    .owner = BYTES("000000000000"),
    .prefix = BYTES("p/\"x\""),
    .format = BYTES("CSV"),
    .options = BYTES("{\"Csv\":{\"Delimiter\":\"\\t\"}}"),
    .compression = BYTES("ZSTD"),
    .parameters = BYTES("{\"TableName\":\"T\"}"),
    .log_arn = BYTES("arn:aws:logs:us-east-1:000000000000:log-group:/aws-dynamodb/imports:*"),
    .failure_code = BYTES("ItemValidationError"),
    .failure_message = BYTES("Some"),
    .status = IMPORT_FAILED,
    .start_ms = 1489602797149,
    .end_ms = 1489602798000,
    .processed_bytes = 100,
    .processed_items = 3,
    .imported_items = 2,
    .errors = 1,
};

/* Frozen: what was written once is read for ever (decisions/0001-stored-formats.md). */
#define GOLDEN                                                                                   \
    "{\"version\":1,\"arn\":\"arn:aws:dynamodb:us-east-1:000000000000:table/T/import/"           \
    "01489602797149-73d8d5bc\",\"table_name\":\"T\",\"table_arn\":\"arn:aws:dynamodb:us-east-1:" \
    "000000000000:table/T\",\"table_uuid\":\"9951ba6e-1a90-493c-ac6d-68084c0d6e94\",\"token\":"  \
    "\"t\",\"bucket\":\"b\",\"owner\":\"000000000000\",\"prefix\":\"p/\\\"x\\\"\",\"format\":"   \
    "\"CSV\",\"options\":\"{\\\"Csv\\\":{\\\"Delimiter\\\":\\\"\\\\t\\\"}}\",\"compression\":"   \
    "\"ZSTD\",\"parameters\":\"{\\\"TableName\\\":\\\"T\\\"}\",\"log_arn\":\"arn:aws:logs:"      \
    "us-east-1:000000000000:log-group:/aws-dynamodb/imports:*\",\"failure_code\":"               \
    "\"ItemValidationError\",\"failure_message\":\"Some\",\"status\":2,\"start_ms\":"            \
    "1489602797149,\"end_ms\":1489602798000,\"processed_bytes\":100,\"processed_items\":3,"      \
    "\"imported_items\":2,\"errors\":1}"

TEST(import_record_is_written_as_ever)
{
    struct import_record again;
    struct arena arena;

    arena_init(&arena);
    CHECK_TEXT(import_record_write(&full, &arena), GOLDEN);
    CHECK_OK(import_record_read(BYTES(GOLDEN), &arena, &again));
    CHECK_TEXT(import_record_write(&again, &arena), GOLDEN);
    CHECK(import_record_same(&full, &again));
    again.prefix = BYTES("p");
    CHECK(!import_record_same(&full, &again));
    CHECK_TEXT(import_record_write(&(struct import_record){.status = 0}, &arena),
               "{\"version\":1}");
    CHECK_ERR(import_record_read(BYTES("{\"version\":2}"), &arena, &again), ERR_NEWER_FORMAT);
    CHECK_ERR(import_record_read(BYTES("{}"), &arena, &again), ERR_CORRUPT);
    CHECK_ERR(import_record_read(BYTES("{\"version\":1"), &arena, &again), ERR_CORRUPT);
    arena_fini(&arena);
}

TEST(import_record_is_shown)
{
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    buf_init_arena(&out, &arena, SIZE_MAX);
    import_reply(&out, &full);
    CHECK_TEXT(
        buf_finish_arena(&out),
        "{\"ImportTableDescription\":{"
        "\"ImportArn\":\"arn:aws:dynamodb:us-east-1:000000000000:table/T/import/"
        "01489602797149-73d8d5bc\",\"ImportStatus\":\"FAILED\",\"TableArn\":\"arn:aws:dynamodb:"
        "us-east-1:000000000000:table/T\",\"TableId\":\"9951ba6e-1a90-493c-ac6d-68084c0d6e94\","
        "\"ClientToken\":\"t\",\"S3BucketSource\":{\"S3BucketOwner\":\"000000000000\","
        "\"S3Bucket\":\"b\",\"S3KeyPrefix\":\"p/\\\"x\\\"\"},\"ErrorCount\":1,"
        "\"CloudWatchLogGroupArn\":\"arn:aws:logs:us-east-1:000000000000:log-group:"
        "/aws-dynamodb/imports:*\",\"InputFormat\":\"CSV\",\"InputFormatOptions\":{\"Csv\":"
        "{\"Delimiter\":\"\\t\"}},\"InputCompressionType\":\"ZSTD\",\"TableCreationParameters\":"
        "{\"TableName\":\"T\"},\"StartTime\":1489602797.149,\"EndTime\":1489602798,"
        "\"ProcessedSizeBytes\":100,\"ProcessedItemCount\":3,\"ImportedItemCount\":2,"
        "\"FailureCode\":\"ItemValidationError\",\"FailureMessage\":\"Some\"}}");
    arena_fini(&arena);
}
