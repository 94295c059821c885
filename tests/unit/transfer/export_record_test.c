/* export_record_test.c - what was written is read again, however large it is. */
#include "transfer/export_record.h"
#include "unit.h"

TEST(export_record_holds_a_large_filter)
{
    struct export_record record = {.arn = BYTES("arn:x"), .status = EXPORT_FAILED}, again;
    size_t size = (size_t)4 << 20;
    struct arena arena;
    uint8_t *filter;

    arena_init(&arena);
    filter = arena_alloc(&arena, size);
    memset(filter, '"', size);
    record.filter = bytes_make(filter, size);
    CHECK_OK(export_record_read(export_record_write(&record, &arena), &arena, &again));
    CHECK(bytes_equal(again.filter, record.filter));
    CHECK_TEXT(again.arn, "arn:x");
    CHECK_U64(again.status, EXPORT_FAILED);
    arena_fini(&arena);
}
