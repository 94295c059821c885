/* journal_test.c - journal records: bytes, what is read back, what is refused. */
#include "item/journal.h"
#include "item_fixture.h"

/* Stored formats: these rows must never change. `old` and `new` are flagged by being there. */
static const struct {
    enum journal_kind kind;
    uint8_t flags;
    uint16_t region;
    uint64_t version;
    const char *keys, *old, *new, *hex;
} golden[] = {
    {JOURNAL_INSERT, 0, 0, 1, "{\"pk\":{\"S\":\"a\"}}", NULL, NULL,
     "01 00 01 00 0000 0000 0000000000000001 07 01 02706b 01 01 61"},
    {JOURNAL_INSERT, 0, 0, 0x0102030405060708, "{\"pk\":{\"S\":\"a\"}}", NULL,
     "{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"-1\"}}",
     "01 08 01 00 0000 0000 0102030405060708 07 01 02706b 01 01 61"
     "0f 02 016e 02 04 01befdff 02706b 01 01 61"},
    {JOURNAL_MODIFY, 0, 0x0203, 2, "{\"pk\":{\"S\":\"a\"}}", "{\"pk\":{\"S\":\"a\"}}",
     "{\"pk\":{\"S\":\"a\"},\"x\":{\"NULL\":true}}",
     "01 0c 02 00 0203 0000 0000000000000002 07 01 02706b 01 01 61"
     "07 01 02706b 01 01 61 0b 02 02706b 01 01 61 0178 05 00"},
    {JOURNAL_REMOVE, JOURNAL_BY_SERVICE, 0, 3, "{\"pk\":{\"S\":\"a\"}}", "{\"pk\":{\"S\":\"a\"}}",
     NULL, "01 14 03 00 0000 0000 0000000000000003 07 01 02706b 01 01 61 07 01 02706b 01 01 61"},
    {JOURNAL_SETTINGS, 0, 0, 4, NULL, NULL, NULL,
     "01 00 04 00 0000 0000 0000000000000004 07 7b2261223a317d"},
};

static struct journal_record golden_record(size_t row, struct arena *arena)
{
    struct journal_record record = {
        .kind = golden[row].kind,
        .flags = golden[row].flags,
        .region = golden[row].region,
        .version = golden[row].version,
    };

    if (golden[row].keys != NULL)
        record.keys = value_make_map(golden[row].keys, arena);
    else
        record.settings = BYTES("{\"a\":1}");
    if (golden[row].old != NULL) {
        record.flags |= JOURNAL_HAS_OLD;
        record.old = value_make_map(golden[row].old, arena);
    }
    if (golden[row].new != NULL) {
        record.flags |= JOURNAL_HAS_NEW;
        record.new = value_make_map(golden[row].new, arena);
    }
    return record;
}

TEST(journal_golden_bytes_and_back)
{
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(golden); i++) {
        struct journal_record record = golden_record(i, &arena), read;
        struct bytes stored;
        struct buf out;

        buf_init_arena(&out, &arena, SIZE_MAX);
        journal_record_append(&out, &record);
        stored = buf_finish_arena(&out);
        CHECK_HEX(stored, golden[i].hex);

        CHECK_OK(journal_record_check(stored));
        CHECK_OK(journal_record_open(stored, &read));
        CHECK_U64(read.kind, record.kind);
        CHECK_U64(read.flags, record.flags);
        CHECK_U64(read.region, record.region);
        CHECK_U64(read.version, record.version);
        CHECK(bytes_equal(read.settings, record.settings));
        CHECK(value_equal(read.keys, record.keys));
        CHECK(value_equal(read.old, record.old));
        CHECK(value_equal(read.new, record.new));
        CHECK_U64(bytes_get_u64(stored.data + JOURNAL_VERSION_OFFSET), record.version);
    }
    arena_fini(&arena);
}

TEST(journal_refuses_records_cut_off_anywhere)
{
    struct arena arena;
    struct journal_record read = {.version = 42};

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(golden); i++) {
        struct bytes stored = bytes_of_hex(golden[i].hex, &arena);

        for (size_t size = 0; size < stored.size; size++)
            CHECK_ERR(journal_record_open(bytes_make(stored.data, size), &read), ERR_CORRUPT);
    }
    CHECK_U64(read.version, 42); /* untouched */
    arena_fini(&arena);
}

TEST(journal_refuses_what_it_cannot_read)
{
    static const struct {
        const char *hex;
        enum err err;
    } rows[] = {
        {"00 00 01 00 0000 0000 0000000000000001 01 00", ERR_CORRUPT},
        {"01 00 00 00 0000 0000 0000000000000001 01 00", ERR_CORRUPT},    /* kind */
        {"01 00 01 00 0000 0000 0000000000000001 01 00 00", ERR_CORRUPT}, /* longer */
        {"01 00 01 00 0000 0000 0000000000000001 8100 00", ERR_CORRUPT},  /* size */
        {"02", ERR_NEWER_FORMAT},
        {"01 00 05 00 0000 0000 0000000000000001 01 00", ERR_NEWER_FORMAT}, /* kind */
        {"01 01 01 00 0000 0000 0000000000000001 01 00", ERR_NEWER_FORMAT}, /* sealed */
        {"01 02 01 00 0000 0000 0000000000000001 01 00", ERR_NEWER_FORMAT}, /* compressed */
        {"01 20 01 00 0000 0000 0000000000000001 01 00", ERR_NEWER_FORMAT},
        {"01 80 01 00 0000 0000 0000000000000001 01 00", ERR_NEWER_FORMAT},
        {"01 00 01 01 0000 0000 0000000000000001 01 00", ERR_NEWER_FORMAT},
        {"01 00 01 00 0000 0001 0000000000000001 01 00", ERR_NEWER_FORMAT},
    };
    struct journal_record record;
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_ERR(journal_record_open(bytes_of_hex(rows[i].hex, &arena), &record), rows[i].err);
    arena_fini(&arena);
}

TEST(journal_check_walks_keys_and_images)
{
    static const char *const rows[] = {
        "01 00 01 00 0000 0000 0000000000000001 00",
        "01 00 01 00 0000 0000 0000000000000001 02 01 00",
        "01 04 02 00 0000 0000 0000000000000001 01 00 02 01 00",
        "01 08 02 00 0000 0000 0000000000000001 01 00 02 01 00",
    };
    struct journal_record record;
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes stored = bytes_of_hex(rows[i], &arena);

        CHECK_OK(journal_record_open(stored, &record));
        CHECK_ERR(journal_record_check(stored), ERR_CORRUPT);
    }
    arena_fini(&arena);
}
