/* key_test.c - storage keys: bytes, order, decoding, and the checks of key attributes. */
#include "item/key.h"
#include "item_fixture.h"

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15};

static const struct key_schema schema_s = {
    .hash_count = 1,
    .attributes = {{BYTES("pk"), VALUE_S}},
};
static const struct key_schema schema_sn = {
    .hash_count = 1,
    .range_count = 1,
    .attributes = {{BYTES("pk"), VALUE_S}, {BYTES("a"), VALUE_N}},
};
static const struct key_schema schema_bb = {
    .hash_count = 1,
    .range_count = 1,
    .attributes = {{BYTES("pk"), VALUE_B}, {BYTES("sk"), VALUE_B}},
};
static const struct key_schema schema_many = {
    .hash_count = 2,
    .range_count = 2,
    .attributes = {{BYTES("h1"), VALUE_S},
                   {BYTES("h2"), VALUE_N},
                   {BYTES("r1"), VALUE_B},
                   {BYTES("r2"), VALUE_S}},
};

static struct bytes component_of(struct value value, struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    key_append_component(&out, value);
    return buf_finish_arena(&out);
}

/* Stored formats: these rows must never change. */
TEST(key_golden_bytes)
{
    static const struct {
        const struct key_schema *schema;
        const char *item, *hex;
    } rows[] = {
        {&schema_s, "{\"pk\":{\"S\":\"abc\"}}", "00000007 01 0000 4c942ec2ad190de5 616263 0001"},
        {&schema_sn, "{\"a\":{\"N\":\"-1\"},\"pk\":{\"S\":\"abc\"},\"z\":{\"NULL\":true}}",
         "00000007 01 0000 4c942ec2ad190de5 616263 0001 01befdff"},
        {&schema_bb, "{\"pk\":{\"B\":\"AP8A\"},\"sk\":{\"B\":\"AQ==\"}}",
         "00000007 01 0000 38d8ccc5f7d464ae 00ff ff 00ff 0001 01 0001"},
        {&schema_many,
         "{\"h1\":{\"S\":\"a\"},\"h2\":{\"N\":\"0\"},\"r1\":{\"B\":\"\"},\"r2\":{\"S\":\"z\"}}",
         "00000007 01 0000 99515b10ae589206 61 0001 02 0001 7a 0001"},
    };
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_HEX(
            key_of_item(rows[i].schema, 7, hash_key, value_make_map(rows[i].item, &arena), &arena),
            rows[i].hex);
    buf_init_arena(&out, &arena, SIZE_MAX);
    key_append_prefix(&out, 0x01020304, KEY_SPACE_META, 0x0506, 0x0708090a0b0c0d0e);
    CHECK_HEX(buf_finish_arena(&out), "01020304 08 0506 0708090a0b0c0d0e");
    arena_fini(&arena);
}

TEST(key_slot_is_of_the_partition_key_alone)
{
    struct arena arena;
    struct bytes a, b, c;

    arena_init(&arena);
    a = key_of_item(&schema_sn, 7, hash_key,
                    value_make_map("{\"pk\":{\"S\":\"x\"},\"a\":{\"N\":\"1\"}}", &arena), &arena);
    b = key_of_item(&schema_sn, 7, hash_key,
                    value_make_map("{\"pk\":{\"S\":\"x\"},\"a\":{\"N\":\"2\"}}", &arena), &arena);
    c = key_of_item(&schema_sn, 7, hash_key,
                    value_make_map("{\"pk\":{\"S\":\"y\"},\"a\":{\"N\":\"1\"}}", &arena), &arena);
    CHECK(memcmp(a.data, b.data, KEY_PREFIX_BYTES + 3) == 0);
    CHECK(memcmp(a.data, c.data, KEY_PREFIX_BYTES) != 0);
    CHECK_U64(bytes_get_u64(a.data + 7), key_slot(hash_key, BYTES("x\0\1")));
    arena_fini(&arena);
}

/* Strings of few different bytes, so that 00, 01 and ff meet often. */
static struct value random_string(uint64_t *chance, struct arena *arena)
{
    static const uint8_t letters[] = {0x00, 0x00, 0x01, 0x02, 0xfe, 0xff, 'a'};
    size_t size = chance_below(chance, 6);
    uint8_t *data = arena_alloc(arena, size);

    for (size_t i = 0; i < size; i++)
        data[i] = letters[chance_below(chance, COUNT_OF(letters))];
    return (struct value){VALUE_B, bytes_make(data, size)};
}

TEST(key_components_keep_the_order_and_read_back)
{
    uint64_t chance = 0x9e3779b97f4a7c15;
    struct arena arena;

    arena_init(&arena);
    for (unsigned i = 0; i < 20000; i++) {
        struct value a = random_string(&chance, &arena), b = random_string(&chance, &arena), read;
        struct bytes key_a = component_of(a, &arena), key_b = component_of(b, &arena);
        struct bytes beginning, rest;
        struct buf both;
        int order = bytes_compare(key_a, key_b), wanted = value_compare(a, b);

        CHECK((order > 0) == (wanted > 0) && (order < 0) == (wanted < 0));
        CHECK(wanted == 0 || !bytes_start_with(key_a, key_b));

        buf_init_arena(&both, &arena, SIZE_MAX);
        key_append_begins_with(&both, b.payload);
        beginning = buf_finish_arena(&both);
        CHECK(bytes_start_with(key_a, beginning) == bytes_start_with(a.payload, b.payload));

        buf_init_arena(&both, &arena, SIZE_MAX);
        key_append_component(&both, a);
        key_append_component(&both, b);
        rest = buf_finish_arena(&both);
        CHECK_OK(key_read_component(&rest, VALUE_B, &arena, &read));
        CHECK(value_equal(read, a));
        CHECK_OK(key_read_component(&rest, VALUE_B, &arena, &read));
        CHECK(value_equal(read, b));
        CHECK_U64(rest.size, 0);
        CHECK_ERR(key_read_component(&rest, VALUE_B, &arena, &read), ERR_CORRUPT);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

TEST(key_components_of_numbers_read_back)
{
    static const char *const rows[] = {"0",
                                       "1",
                                       "-1",
                                       "12345",
                                       "-0.00012345",
                                       "1e125",
                                       "-1e-130",
                                       "99999999999999999999999999999999999999",
                                       "-9.9999999999999999999999999999999999999"};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value value =
            value_make((const char *)arena_format(&arena, "{\"N\":\"%s\"}", rows[i]).data, &arena);
        struct value read;
        struct buf both;
        struct bytes rest;

        buf_init_arena(&both, &arena, SIZE_MAX);
        key_append_component(&both, value);
        buf_append_lit(&both, "\x02\x03");
        rest = buf_finish_arena(&both);
        CHECK_OK(key_read_component(&rest, VALUE_N, &arena, &read));
        CHECK(value_equal(read, value));
        CHECK_OK(key_read_component(&rest, VALUE_N, &arena, &read));
        CHECK_HEX(read.payload, "02");
        CHECK_ERR(key_read_component(&rest, VALUE_N, &arena, &read), ERR_CORRUPT);
        CHECK_U64(rest.size, 1);
    }
    arena_fini(&arena);
}

TEST(key_components_damaged)
{
    static const struct {
        enum value_type type;
        const char *hex;
    } rows[] = {
        {VALUE_S, ""},
        {VALUE_S, "00"},
        {VALUE_S, "61"},
        {VALUE_S, "6100"},
        {VALUE_S, "610002"},
        {VALUE_S, "6100ff"},
        {VALUE_S, "00000001"},
        {VALUE_N, ""},
        {VALUE_N, "03"},
        {VALUE_N, "0341"},
        {VALUE_N, "034102"},
        {VALUE_N, "03410100"},
        {VALUE_N, "00"},
        {VALUE_N, "01befd00"},
        {VALUE_N, "03410202020202020202020202020202020202020202020202020202"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes at = bytes_of_hex(rows[i].hex, &arena);
        size_t size = at.size;
        struct value value;

        if (key_read_component(&at, rows[i].type, &arena, &value) != ERR_CORRUPT || at.size != size)
            unit_failed(__FILE__, __LINE__, "read: %s", rows[i].hex);
    }
    arena_fini(&arena);
}

TEST(key_after_prefix_is_the_next_key_that_does_not_begin_so)
{
    struct arena arena;

    arena_init(&arena);
    CHECK_HEX(key_after_prefix(BYTES("a"), &arena), "62");
    CHECK_HEX(key_after_prefix(BYTES("a\0"), &arena), "6101");
    CHECK_HEX(key_after_prefix(BYTES("a\xff\xff"), &arena), "62");
    CHECK_HEX(key_after_prefix(BYTES("\xff\xff"), &arena), "");
    CHECK_HEX(key_after_prefix(BYTES(""), &arena), "");
    arena_fini(&arena);
}

TEST(key_attributes_alone)
{
    struct arena arena;
    struct value item, keys;

    arena_init(&arena);
    item = value_make_map(
        "{\"z\":{\"S\":\"1\"},\"pk\":{\"S\":\"x\"},\"b\":{\"L\":[]},\"a\":{\"N\":\"2\"}}", &arena);
    keys = key_attributes_of(&schema_sn, item, &arena);
    CHECK(value_equal(keys, value_make_map("{\"a\":{\"N\":\"2\"},\"pk\":{\"S\":\"x\"}}", &arena)));
    keys = key_attributes_of(&schema_s, item, &arena);
    CHECK(value_equal(keys, value_make_map("{\"pk\":{\"S\":\"x\"}}", &arena)));
    CHECK_U64(key_schema_find(&schema_sn, BYTES("a")), 1);
    CHECK(key_schema_find(&schema_sn, BYTES("b")) == -1);
    CHECK(key_schema_find(&schema_s, BYTES("a")) == -1);
    arena_fini(&arena);
}

#define INVALID "One or more parameter values were invalid: "
#define EMPTY_STRING                                                                             \
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot " \
    "contain an empty string value. Key: "
#define EMPTY_BINARY                                                                             \
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot " \
    "contain an empty binary value. Key: "
#define NO_MATCH      "The provided key element does not match the schema"
#define HASH_TOO_LONG INVALID "Size of hashkey has exceeded the maximum size limit of2048 bytes"
#define RANGE_TOO_LONG \
    INVALID "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"

TEST(key_checks_of_an_item)
{
    static const struct {
        const struct key_schema *schema;
        const char *item, *message;
    } rows[] = {
        {&schema_sn, "{}", INVALID "Missing the key pk in the item"},
        {&schema_sn, "{\"a\":{\"S\":\"\"}}", INVALID "Missing the key pk in the item"},
        {&schema_sn, "{\"pk\":{\"N\":\"1\"}}",
         INVALID "Type mismatch for key pk expected: S actual: N"},
        {&schema_sn, "{\"pk\":{\"S\":\"\"}}", EMPTY_STRING "pk"},
        {&schema_sn, "{\"pk\":{\"S\":\"x\"}}", INVALID "Missing the key a in the item"},
        {&schema_sn, "{\"pk\":{\"S\":\"x\"},\"a\":{\"NULL\":true}}",
         INVALID "Type mismatch for key a expected: N actual: NULL"},
        {&schema_sn, "{\"pk\":{\"S\":\"x\"},\"a\":{\"SS\":[\"1\"]}}",
         INVALID "Type mismatch for key a expected: N actual: SS"},
        {&schema_sn, "{\"pk\":{\"S\":\"x\"},\"a\":{\"N\":\"0\"},\"b\":{\"S\":\"\"}}", NULL},
        {&schema_bb, "{\"pk\":{\"B\":\"\"},\"sk\":{\"B\":\"\"}}", EMPTY_BINARY "pk"},
        {&schema_bb, "{\"pk\":{\"B\":\"AA==\"},\"sk\":{\"B\":\"\"}}", EMPTY_BINARY "sk"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value item = value_make_map(rows[i].item, &arena);
        struct fault fault;

        fault_init(&fault, &arena);
        CHECK_ERR(key_check_item(rows[i].schema, item, &fault),
                  rows[i].message == NULL ? OK : ERR_VALIDATION);
        CHECK_TEXT(fault.message, rows[i].message == NULL ? "" : rows[i].message);
        CHECK(!fault.wrapped);
    }
    arena_fini(&arena);
}

TEST(key_checks_of_a_key)
{
    static const struct {
        const struct key_schema *schema;
        const char *key, *message;
    } rows[] = {
        {&schema_s, "{\"pk\":{\"S\":\"x\"}}", NULL},
        {&schema_s, "{}", NO_MATCH},
        {&schema_s, "{\"x\":{\"S\":\"x\"}}", NO_MATCH},
        {&schema_s, "{\"pk\":{\"N\":\"1\"}}", NO_MATCH},
        {&schema_s, "{\"pk\":{\"S\":\"x\"},\"a\":{\"N\":\"1\"}}", NO_MATCH},
        {&schema_s, "{\"pk\":{\"S\":\"\"}}", EMPTY_STRING "pk"},
        {&schema_sn, "{\"pk\":{\"S\":\"x\"}}", NO_MATCH},
        {&schema_sn, "{\"pk\":{\"S\":\"\"},\"a\":{\"S\":\"1\"}}", NO_MATCH},
        {&schema_sn, "{\"pk\":{\"S\":\"x\"},\"a\":{\"N\":\"1\"}}", NULL},
        {&schema_bb, "{\"pk\":{\"B\":\"\"},\"sk\":{\"B\":\"\"}}", EMPTY_BINARY "pk"},
        {&schema_bb, "{\"pk\":{\"B\":\"AA==\"},\"sk\":{\"B\":\"\"}}", EMPTY_BINARY "sk"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value key = value_make_map(rows[i].key, &arena);
        struct fault fault;

        fault_init(&fault, &arena);
        CHECK_ERR(key_check_key(rows[i].schema, key, &fault),
                  rows[i].message == NULL ? OK : ERR_VALIDATION);
        CHECK_TEXT(fault.message, rows[i].message == NULL ? "" : rows[i].message);
    }
    arena_fini(&arena);
}

TEST(key_values_have_a_largest_length)
{
    static const struct {
        size_t size;
        bool hash;
        const char *message;
    } rows[] = {
        {1, true, NULL},  {2048, true, NULL},  {2049, true, HASH_TOO_LONG},
        {1, false, NULL}, {1024, false, NULL}, {1025, false, RANGE_TOO_LONG},
    };
    uint8_t data[2049] = {0};
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (enum value_type type = VALUE_S; type <= VALUE_B; type += 2) {
            struct value value = {type, bytes_make(data, rows[i].size)};

            fault_init(&fault, &arena);
            CHECK_ERR(key_check_value(BYTES("k"), value, rows[i].hash, &fault),
                      rows[i].message == NULL ? OK : ERR_VALIDATION);
            CHECK_TEXT(fault.message, rows[i].message == NULL ? "" : rows[i].message);
        }
    }
    /* The first attribute's length comes before the second one's emptiness. */
    {
        struct value_builder map;
        struct buf payload;

        buf_init_arena(&payload, &arena, SIZE_MAX);
        value_build_begin_payload(&map, &payload, VALUE_M);
        value_build_entry(&map, BYTES("pk"), (struct value){VALUE_B, bytes_make(data, 2049)});
        value_build_entry(&map, BYTES("sk"), (struct value){VALUE_B, BYTES("")});
        value_build_end(&map);
        CHECK_ERR(
            key_check_key(&schema_bb, (struct value){VALUE_M, buf_finish_arena(&payload)}, &fault),
            ERR_VALIDATION);
        CHECK_TEXT(fault.message, HASH_TOO_LONG);
    }
    arena_fini(&arena);
}
