/* item_test.c - the stored item: header, refusals, deep check. */
#include "item/item.h"
#include "item_fixture.h"

static struct bytes stored_of(const char *json, uint16_t region, struct arena *arena)
{
    return item_store(value_make_map(json, arena), region, arena);
}

/* Stored formats: these rows must never change. */
TEST(item_golden_bytes)
{
    static const struct {
        uint16_t region;
        const char *json, *hex;
    } rows[] = {
        {0, "{}", "01 00 0000 0000000000000000 00000000 00"},
        {0, "{\"pk\":{\"S\":\"abc\"}}",
         "01 00 0000 0000000000000000 00000005 01 02706b 01 03 616263"},
        {0x0102, "{\"pk\":{\"N\":\"-1\"},\"l\":{\"L\":[{\"BOOL\":true}]}}",
         "01 00 0102 0000000000000000 0000000b 02 016c 09 04 01 04 01 01 02706b 02 04 01befdff"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_HEX(stored_of(rows[i].json, rows[i].region, &arena), rows[i].hex);
    arena_fini(&arena);
}

TEST(item_opens_what_was_stored)
{
    struct arena arena;
    struct bytes stored;
    struct item item;
    uint8_t *data;

    arena_init(&arena);
    stored = stored_of("{\"pk\":{\"S\":\"abc\"},\"n\":{\"N\":\"12\"}}", 0x0203, &arena);
    data = (uint8_t *)stored.data;
    bytes_put_u64(data + ITEM_VERSION_OFFSET, 0x0102030405060708);
    CHECK_OK(item_open(stored, &item));
    CHECK_U64(item.version, 0x0102030405060708);
    CHECK_U64(item.region, 0x0203);
    CHECK_U64(item.size_bytes, 2 + 3 + 1 + 2);
    CHECK(value_equal(item.attributes,
                      value_make_map("{\"pk\":{\"S\":\"abc\"},\"n\":{\"N\":\"12\"}}", &arena)));
    CHECK_OK(item_check(stored));
    arena_fini(&arena);
}

TEST(item_absent_has_no_attributes)
{
    struct item item = item_absent();
    struct value found;

    CHECK(value_check(item.attributes));
    CHECK_U64(value_count(item.attributes), 0);
    CHECK(!value_find(item.attributes, BYTES("pk"), &found));
    CHECK_U64(item.size_bytes, 0);
}

TEST(item_refuses_what_it_cannot_read)
{
    static const struct {
        const char *hex;
        enum err err;
    } rows[] = {
        {"", ERR_CORRUPT},
        {"00 00 0000 0000000000000000 00000000 00", ERR_CORRUPT},
        {"01", ERR_CORRUPT},
        {"01 00 0000 0000000000000000 00000000", ERR_CORRUPT},
        {"02", ERR_NEWER_FORMAT},
        {"02 00 0000 0000000000000000 00000000 00", ERR_NEWER_FORMAT},
        {"01 01 0000 0000000000000000 00000000 00", ERR_NEWER_FORMAT}, /* sealed */
        {"01 02 0000 0000000000000000 00000000 00", ERR_NEWER_FORMAT}, /* compressed */
        {"01 80 0000 0000000000000000 00000000 00", ERR_NEWER_FORMAT},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct item item = {.version = 42};

        CHECK_ERR(item_open(bytes_of_hex(rows[i].hex, &arena), &item), rows[i].err);
        CHECK_U64(item.version, 42); /* untouched */
    }
    arena_fini(&arena);
}

TEST(item_check_walks_the_attributes_and_the_size)
{
    static const char *const rows[] = {
        "01 00 0000 0000000000000000 00000004 01 02706b 01 03 616263",    /* size */
        "01 00 0000 0000000000000000 00000005 01 02706b 01 03 6162",      /* cut off */
        "01 00 0000 0000000000000000 00000005 01 02706b 01 03 616263 00", /* more */
        "01 00 0000 0000000000000000 00000002 02 0162 05 00 0161 05 00",  /* order */
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_ERR(item_check(bytes_of_hex(rows[i], &arena)), ERR_CORRUPT);
    arena_fini(&arena);
}
