/* index_entry_test.c - entries of indexes: bytes, who has one, and what changes of items do. */
#include "item/item_fixture.h"
#include "table/index_entry.h"

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15};

static const struct table_definition music = {
    .id = 7,
    .schema = {.hash_count = 1,
               .range_count = 1,
               .attributes = {{BYTES("pk"), VALUE_S}, {BYTES("sk"), VALUE_N}}},
};
static const struct table_index by_year = {
    .id = 1,
    .definition = {.kind = INDEX_LOCAL,
                   .schema = {.hash_count = 1,
                              .range_count = 1,
                              .attributes = {{BYTES("pk"), VALUE_S}, {BYTES("year"), VALUE_N}}},
                   .projection = INDEX_PROJECTS_KEYS},
};
static struct bytes included[] = {BYTES("label"), BYTES("title")};
static const struct table_index by_genre = {
    .id = 2,
    .definition = {.kind = INDEX_GLOBAL,
                   .schema = {.hash_count = 1, .attributes = {{BYTES("genre"), VALUE_S}}},
                   .projection = INDEX_PROJECTS_INCLUDED,
                   .included = included,
                   .included_count = 2},
};
static const struct table_index by_place = {
    .id = 3,
    .definition = {.kind = INDEX_GLOBAL,
                   .schema = {.hash_count = 2,
                              .range_count = 2,
                              .attributes = {{BYTES("country"), VALUE_S},
                                             {BYTES("zip"), VALUE_N},
                                             {BYTES("street"), VALUE_S},
                                             {BYTES("id"), VALUE_B}}},
                   .projection = INDEX_PROJECTS_ALL},
};

static const char item[] =
    "{\"pk\":{\"S\":\"abc\"},\"sk\":{\"N\":\"-1\"},\"year\":{\"N\":\"0\"},\"genre\":{\"S\":\"x\"},"
    "\"title\":{\"S\":\"t\"},\"rest\":{\"BOOL\":true}}";

/* Stored formats: these rows must never change. */
TEST(index_entry_golden_bytes)
{
    static const struct {
        const struct table_index *index;
        const char *item, *key, *value;
    } rows[] = {
        {&by_year, item, "00000007 02 0001 4c942ec2ad190de5 616263 0001 02 01befdff",
         "01 00 0000 0000000000000000 0000000f 03 02 706b 01 03 616263 02 736b 02 04 01befdff"
         "04 79656172 02 01 02"},
        {&by_genre, item, "00000007 03 0002 b0f4186ac0a14a3f 78 0001 616263 0001 01befdff",
         "01 00 0000 0000000000000000 00000016 04 05 67656e7265 01 01 78 02 706b 01 03 616263"
         "02 736b 02 04 01befdff 05 7469746c65 01 01 74"},
        {&by_place,
         "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"0\"},\"country\":{\"S\":\"a\"},\"zip\":"
         "{\"N\":\"0\"},\"street\":{\"S\":\"z\"},\"id\":{\"B\":\"AP8A\"}}",
         "00000007 03 0003 99515b10ae589206 61 0001 02 7a 0001 00ffff00ff 0001 61 0001 02",
         "01 00 0000 0000000000000000 0000001e 06 07 636f756e747279 01 01 61 02 6964 03 03 00ff00"
         "02 706b 01 01 61 02 736b 02 01 02 06 737472656574 01 01 7a 03 7a6970 02 01 02"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value new = value_make_map(rows[i].item, &arena);
        struct index_diff diff;

        index_diff(&music, rows[i].index, hash_key, item_absent().attributes, new, &arena, &diff);
        CHECK_U64(diff.change, INDEX_CHANGE_ADD);
        CHECK_HEX(diff.new_key, rows[i].key);
        CHECK_HEX(diff.new_value, rows[i].value);
        CHECK_OK(item_check(diff.new_value));
    }
    arena_fini(&arena);
}

TEST(index_entry_only_of_items_with_all_keys)
{
    static const struct {
        const char *item;
        bool has;
    } rows[] = {
        {"{\"country\":{\"S\":\"a\"},\"zip\":{\"N\":\"0\"},\"street\":{\"S\":\"z\"},\"id\":{\"B\":"
         "\"AQ==\"}}",
         true},
        {"{\"country\":{\"S\":\"a\"},\"zip\":{\"N\":\"0\"},\"street\":{\"S\":\"z\"}}", false},
        {"{\"country\":{\"S\":\"a\"},\"zip\":{\"S\":\"0\"},\"street\":{\"S\":\"z\"},\"id\":{\"B\":"
         "\"AQ==\"}}",
         false},
        {"{\"country\":{\"S\":\"a\"},\"zip\":{\"N\":\"0\"},\"street\":{\"S\":\"\"},\"id\":{\"B\":"
         "\"AQ==\"}}",
         false},
        {"{\"country\":{\"NULL\":true},\"zip\":{\"N\":\"0\"},\"street\":{\"S\":\"z\"},\"id\":"
         "{\"B\":\"AQ==\"}}",
         false},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK(index_has(&by_place, value_make_map(rows[i].item, &arena)) == rows[i].has);
    CHECK(!index_has(&by_place, item_absent().attributes));
    arena_fini(&arena);
}

TEST(index_diff_of_changes)
{
#define KEYS "\"pk\":{\"S\":\"abc\"},\"sk\":{\"N\":\"1\"}"
    static const struct {
        const char *old, *new; /* of an item in by_genre; NULL: there is none */
        enum index_change change;
        uint32_t old_bytes, new_bytes;
    } rows[] = {
        {NULL, "{" KEYS "}", INDEX_CHANGE_NONE, 0, 0},
        {NULL, "{" KEYS ",\"genre\":{\"S\":\"x\"}}", INDEX_CHANGE_ADD, 0, 15},
        {"{" KEYS "}", "{" KEYS ",\"genre\":{\"S\":\"x\"}}", INDEX_CHANGE_ADD, 0, 15},
        {"{" KEYS ",\"genre\":{\"S\":\"x\"}}", NULL, INDEX_CHANGE_REMOVE, 15, 0},
        {"{" KEYS ",\"genre\":{\"S\":\"x\"}}", "{" KEYS ",\"genre\":{\"NULL\":true}}",
         INDEX_CHANGE_REMOVE, 15, 0},
        {"{" KEYS ",\"genre\":{\"S\":\"x\"}}",
         "{" KEYS ",\"genre\":{\"S\":\"x\"},\"rest\":{\"S\":\"not projected\"}}", INDEX_CHANGE_NONE,
         15, 15},
        {"{" KEYS ",\"genre\":{\"S\":\"x\"}}",
         "{" KEYS ",\"genre\":{\"S\":\"x\"},\"title\":{\"SS\":[\"a\",\"b\"]}}", INDEX_CHANGE_UPDATE,
         15, 22},
        {"{" KEYS ",\"genre\":{\"S\":\"x\"},\"title\":{\"SS\":[\"b\",\"a\"]}}",
         "{" KEYS ",\"genre\":{\"S\":\"x\"},\"title\":{\"SS\":[\"a\",\"b\"]}}", INDEX_CHANGE_NONE,
         22, 22},
        {"{" KEYS ",\"genre\":{\"S\":\"x\"}}",
         "{" KEYS ",\"genre\":{\"S\":\"yy\"},\"label\":{\"N\":\"1\"}}", INDEX_CHANGE_MOVE, 15, 23},
    };
#undef KEYS
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value none = item_absent().attributes;
        struct value old = rows[i].old != NULL ? value_make_map(rows[i].old, &arena) : none;
        struct value new = rows[i].new != NULL ? value_make_map(rows[i].new, &arena) : none;
        struct index_diff diff;

        index_diff(&music, &by_genre, hash_key, old, new, &arena, &diff);
        CHECK_U64(diff.change, rows[i].change);
        CHECK_U64(diff.old_bytes, rows[i].old_bytes);
        CHECK_U64(diff.new_bytes, rows[i].new_bytes);
        CHECK((diff.old_key.size != 0) == (diff.change > INDEX_CHANGE_ADD));
        CHECK((diff.new_key.size != 0) ==
              (diff.change != INDEX_CHANGE_NONE && diff.change != INDEX_CHANGE_REMOVE));
        if (diff.old_key.size != 0 && diff.new_key.size != 0)
            CHECK(bytes_equal(diff.old_key, diff.new_key) == (diff.change == INDEX_CHANGE_UPDATE));
    }
    arena_fini(&arena);
}

TEST(index_ranges_hold_their_entries_and_no_others)
{
    struct value value, values[2];
    struct store_range whole, other;
    struct bytes key, prefix;
    struct arena arena;
    unsigned in_segments = 0;

    arena_init(&arena);
    value = value_make_map(
        "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"0\"},\"country\":{\"S\":\"a\"},\"zip\":"
        "{\"N\":\"0\"},\"street\":{\"S\":\"z\"},\"id\":{\"B\":\"AP8A\"}}",
        &arena);
    key = index_entry_key(&music, &by_place, hash_key, value, &arena);
    whole = index_whole_range(music.id, &by_place, &arena);
    CHECK(bytes_compare(whole.from, key) <= 0 && bytes_compare(key, whole.to) < 0);
    other = index_whole_range(music.id, &by_genre, &arena);
    CHECK(bytes_compare(other.to, key) <= 0);
    for (uint32_t segment = 0; segment < 5; segment++) {
        struct store_range range = index_segment_range(music.id, &by_place, segment, 5, &arena);

        in_segments += bytes_compare(range.from, key) <= 0 && bytes_compare(key, range.to) < 0;
    }
    CHECK_U64(in_segments, 1);
    values[0] = value_make("{\"S\":\"a\"}", &arena);
    values[1] = value_make("{\"N\":\"0\"}", &arena);
    prefix = index_partition_prefix(music.id, &by_place, hash_key, values, &arena);
    CHECK(bytes_start_with(key, prefix));
    arena_fini(&arena);
}
