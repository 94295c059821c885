/* restore_time_test.c - the record of a restore to a point in time. */
#include "backup/restore_time.h"
#include "unit.h"

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(restore_time_text_golden)
{
    static const char golden[] =
        "{\"target\":\"Copy\",\"region\":\"eu-west-1\",\"source\":\"From\","
        "\"tableId\":7,\"timeMs\":1700000000123}";
    struct restore_time restore = {
        .target = BYTES("Copy"),
        .region = BYTES("eu-west-1"),
        .source = BYTES("From"),
        .table_id = 7,
        .time_ms = 1700000000123,
    };
    struct restore_time read;
    struct arena arena;

    arena_init(&arena);
    CHECK_TEXT(restore_time_text(&restore, &arena), golden);
    CHECK_OK(restore_time_read(bytes_of_string(golden), &arena, &read));
    CHECK_TEXT(read.target, "Copy");
    CHECK_TEXT(read.region, "eu-west-1");
    CHECK_TEXT(read.source, "From");
    CHECK_U64(read.table_id, 7);
    CHECK_U64(read.time_ms, 1700000000123);
    CHECK_ERR(restore_time_read(BYTES("{}"), &arena, &read), ERR_CORRUPT);
    CHECK_ERR(restore_time_read(BYTES("nonsense"), &arena, &read), ERR_CORRUPT);
    arena_fini(&arena);
}
