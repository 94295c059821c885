/* value_test.c - values: from JSON and back, the service's words, sizes, stored bytes. */
#include "item_fixture.h"

#define INVALID "One or more parameter values were invalid: "
#define EMPTY_VALUE \
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define SEVERAL                                                                                 \
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the " \
    "supported datatypes"
#define NOT_NUMERIC "The parameter cannot be converted to a numeric value"
#define NULL_FALSE  INVALID "Null attribute value types must have the value of true"
#define EMPTY_SS    INVALID "An string set  may not be empty"
#define EMPTY_NS    INVALID "An number set  may not be empty"
#define EMPTY_BS    INVALID "Binary sets should not be empty"
#define TOO_DEEP    VALUE_DEPTH_MESSAGE

TEST(value_json_is_canonical)
{
    static const struct {
        const char *sent, *reply; /* NULL: as sent */
    } rows[] = {
        {"{\"S\":\"\"}", NULL},
        {"{\"S\":\"a\\\"b\\\\c\\n\\u0001\\u00e9/\"}", "{\"S\":\"a\\\"b\\\\c\\n\\u0001\xc3\xa9/\"}"},
        {"{\"S\":\"\\u0000x\"}", NULL},
        {"{\"N\":\"1.50\"}", "{\"N\":\"1.5\"}"},
        {"{\"N\":\"-0\"}", "{\"N\":\"0\"}"},
        {"{\"B\":\"\"}", NULL},
        {"{\"B\":\"YQ==\"}", NULL},
        {"{\"B\":\"YWI=\"}", NULL},
        {"{\"B\":\"YWJj\"}", NULL},
        {"{\"B\":\"AP+/\"}", NULL},
        {"{\"BOOL\":true}", NULL},
        {"{\"BOOL\":false}", NULL},
        {"{\"BOOL\":\"Yes\"}", "{\"BOOL\":true}"},
        {"{\"BOOL\":\"1\"}", "{\"BOOL\":true}"},
        {"{\"BOOL\":\"FALSE\"}", "{\"BOOL\":false}"},
        {"{\"BOOL\":\"no\"}", "{\"BOOL\":false}"},
        {"{\"NULL\":true}", NULL},
        {"{\"NULL\":\"true\"}", "{\"NULL\":true}"},
        {"{\"SS\":[\"b\",\"\",\"a\",\"ab\"]}", "{\"SS\":[\"\",\"a\",\"ab\",\"b\"]}"},
        {"{\"NS\":[\"10\",\"-1\",\"2.0\"]}", "{\"NS\":[\"-1\",\"2\",\"10\"]}"},
        {"{\"BS\":[\"Yg==\",\"YQ==\",\"\"]}", "{\"BS\":[\"\",\"YQ==\",\"Yg==\"]}"},
        {"{\"L\":[]}", NULL},
        {"{\"L\":[{\"S\":\"b\"},{\"N\":\"1\"},{\"S\":\"b\"},{\"L\":[]}]}", NULL},
        {"{\"M\":{}}", NULL},
        {"{\"M\":{\"b\":{\"S\":\"1\"},\"a\":{\"M\":{\"z\":{\"NULL\":true},\"\":{\"L\":[]}}}}}",
         "{\"M\":{\"a\":{\"M\":{\"\":{\"L\":[]},\"z\":{\"NULL\":true}}},\"b\":{\"S\":\"1\"}}}"},
        /* The last of equal names counts; unknown members and nulls are absent. */
        {"{\"M\":{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"},\"a\":{\"S\":\"3\"}}}",
         "{\"M\":{\"a\":{\"S\":\"3\"},\"b\":{\"S\":\"2\"}}}"},
        {"{\"S\":\"1\",\"S\":\"2\"}", "{\"S\":\"2\"}"},
        {"{\"X\":1,\"S\":\"a\",\"Y\":{}}", "{\"S\":\"a\"}"},
        {"{\"N\":null,\"S\":\"a\",\"L\":null}", "{\"S\":\"a\"}"},
        {"{\"M\":{\"b\":null,\"a\":{\"S\":\"1\"}}}", "{\"M\":{\"a\":{\"S\":\"1\"}}}"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value value = value_make(rows[i].sent, &arena);

        CHECK(value_check(value));
        CHECK_TEXT(json_of(value, &arena), rows[i].reply == NULL ? rows[i].sent : rows[i].reply);
    }
    arena_fini(&arena);
}

TEST(value_faults_in_the_services_words)
{
    static const struct {
        const char *sent, *message;
        bool wrapped;
    } rows[] = {
        {"{}", EMPTY_VALUE, false},
        {"{\"X\":\"1\"}", EMPTY_VALUE, false},
        {"{\"S\":null}", EMPTY_VALUE, false},
        {"{\"S\":\"a\",\"N\":\"1\"}", SEVERAL, false},
        {"{\"NULL\":false}", NULL_FALSE, true},
        {"{\"NULL\":\"no\"}", NULL_FALSE, true},
        {"{\"SS\":[]}", EMPTY_SS, true},
        {"{\"NS\":[]}", EMPTY_NS, true},
        {"{\"BS\":[]}", EMPTY_BS, true},
        {"{\"SS\":[\"a\",\"b\",\"a\"]}", INVALID "Input collection [a, b, a] contains duplicates.",
         true},
        {"{\"NS\":[\"1\",\"2\",\"1.0\"]}", "Input collection contains duplicates", true},
        {"{\"BS\":[\"YQ==\",\"YQ==\"]}",
         INVALID "Input collection [YQ==, YQ==]of type BS contains duplicates.", true},
        {"{\"N\":\"\"}", NOT_NUMERIC, false},
        {"{\"N\":\"x\"}", NOT_NUMERIC ": x", false},
        {"{\"NS\":[\"1\",\"y\",\"1\"]}", NOT_NUMERIC ": y", false},
        {"{\"N\":\"1e126\"}",
         "Number overflow. Attempting to store a number with magnitude larger than supported range",
         false},
        {"{\"L\":[{\"S\":\"a\"},{}]}", EMPTY_VALUE, false},
        {"{\"L\":[null]}", EMPTY_VALUE, false},
        {"{\"M\":{\"b\":{\"SS\":[]},\"a\":{\"NS\":[]}}}", EMPTY_SS, true},

        /* Order in one value: N, NULL, empty sets, NS members, duplicates, M, L, several. */
        {"{\"NULL\":false,\"N\":\"x\"}", NOT_NUMERIC ": x", false},
        {"{\"SS\":[],\"NULL\":false}", NULL_FALSE, true},
        {"{\"BS\":[],\"NS\":[],\"SS\":[]}", EMPTY_SS, true},
        {"{\"BS\":[],\"NS\":[],\"SS\":[\"a\",\"a\"]}", EMPTY_NS, true},
        {"{\"BS\":[],\"NS\":[\"x\"]}", EMPTY_BS, true},
        {"{\"SS\":[\"a\",\"a\"],\"NS\":[\"x\"]}", NOT_NUMERIC ": x", false},
        {"{\"BS\":[\"\",\"\"],\"NS\":[\"1\",\"1\"]}", "Input collection contains duplicates", true},
        {"{\"NS\":[\"1\",\"1\"],\"SS\":[\"a\",\"a\"]}",
         INVALID "Input collection [a, a] contains duplicates.", true},
        {"{\"L\":[{\"SS\":[]}],\"M\":{\"a\":{}}}", EMPTY_VALUE, false},
        {"{\"L\":[{\"SS\":[]}],\"S\":\"a\"}", EMPTY_SS, true},
        {"{\"M\":{},\"L\":[]}", SEVERAL, false},
        {"{\"BOOL\":true,\"NULL\":true,\"B\":\"\"}", SEVERAL, false},

        /* JSON types were checked before; whatever else comes is an empty value. */
        {"1", EMPTY_VALUE, false},
        {"[]", EMPTY_VALUE, false},
        {"null", EMPTY_VALUE, false},
        {"{\"S\":1}", EMPTY_VALUE, false},
        {"{\"N\":1}", EMPTY_VALUE, false},
        {"{\"B\":[]}", EMPTY_VALUE, false},
        {"{\"B\":\"YQ\"}", EMPTY_VALUE, false},
        {"{\"B\":\"=\"}", EMPTY_VALUE, false},
        {"{\"B\":\"====\"}", EMPTY_VALUE, false},
        {"{\"B\":\"Y Q=\"}", EMPTY_VALUE, false},
        {"{\"BOOL\":\"on\"}", EMPTY_VALUE, false},
        {"{\"BOOL\":{}}", EMPTY_VALUE, false},
        {"{\"NULL\":1}", EMPTY_VALUE, false},
        {"{\"SS\":\"a\"}", EMPTY_VALUE, false},
        {"{\"SS\":[null]}", EMPTY_VALUE, false},
        {"{\"NS\":[1]}", EMPTY_VALUE, false},
        {"{\"BS\":[\"a\"]}", EMPTY_VALUE, false},
        {"{\"L\":{}}", EMPTY_VALUE, false},
        {"{\"M\":[]}", EMPTY_VALUE, false},
        {"{\"M\":{\"a\":1}}", EMPTY_VALUE, false},
        {"{\"NS\":{},\"SS\":1}", EMPTY_SS, true},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value value = {VALUE_NULL, BYTES("untouched")};
        struct fault fault;

        CHECK_ERR(value_of_text(bytes_of_string(rows[i].sent), false, &arena, &fault, &value),
                  ERR_VALIDATION);
        if (!bytes_equal_string(fault.message, rows[i].message) || fault.wrapped != rows[i].wrapped)
            unit_failed(__FILE__, __LINE__, "%s:\n    %.*s (%s)\n  expected\n    %s", rows[i].sent,
                        BYTES_ARGS(fault.message), fault.wrapped ? "wrapped" : "bare",
                        rows[i].message);
        CHECK_TEXT(value.payload, "untouched");
    }
    arena_fini(&arena);
}

TEST(value_map_reports_the_first_fault_in_the_order_sent)
{
    struct value map = {VALUE_M, BYTES("untouched")};
    struct fault fault;
    struct arena arena;

    arena_init(&arena);
    CHECK_ERR(value_of_text(BYTES("{\"z\":{\"N\":\"z\"},\"a\":{\"N\":\"a\"}}"), true, &arena,
                            &fault, &map),
              ERR_VALIDATION);
    CHECK_TEXT(fault.message, NOT_NUMERIC ": z");
    CHECK_ERR(value_of_text(BYTES("{\"z\":{\"S\":\"\"},\"m\":{},\"a\":{\"N\":\"a\"}}"), true,
                            &arena, &fault, &map),
              ERR_VALIDATION);
    CHECK_TEXT(fault.message, EMPTY_VALUE);
    CHECK_ERR(value_of_text(BYTES("[]"), true, &arena, &fault, &map), ERR_VALIDATION);
    CHECK_TEXT(map.payload, "untouched");
    CHECK_ERR(value_of_text(BYTES("{\"SS\":{\"SS\":[\"a\\u0000\",\"a\\u0000\"]}}"), true, &arena,
                            &fault, &map),
              ERR_VALIDATION);
    CHECK(bytes_equal(fault.message,
                      BYTES(INVALID "Input collection [a\0, a\0] contains duplicates.")));
    arena_fini(&arena);
}

/* `containers` lists or maps around an innermost value. */
static struct bytes nested_json(unsigned containers, bool lists, const char *inner,
                                struct arena *arena)
{
    struct buf json;

    buf_init_arena(&json, arena, SIZE_MAX);
    for (unsigned i = 0; i < containers; i++)
        buf_append_string(&json, lists ? "{\"L\":[" : "{\"M\":{\"a\":");
    buf_append_string(&json, inner);
    for (unsigned i = 0; i < containers; i++)
        buf_append_string(&json, lists ? "]}" : "}}");
    return buf_finish_arena(&json);
}

TEST(value_depth_is_bounded)
{
    static const struct {
        unsigned containers;
        const char *inner;
        bool fits;
    } rows[] = {
        {30, "{\"S\":\"a\"}", true},    {31, "{\"S\":\"a\"}", true},
        {32, "{\"S\":\"a\"}", false},   {31, "{\"L\":[]}", true},
        {31, "{\"M\":{}}", true},       {32, "{\"L\":[]}", false},
        {31, "{\"SS\":[\"a\"]}", true}, {20000, "{\"S\":\"a\"}", false},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int lists = 0; lists < 2; lists++) {
            struct bytes json = nested_json(rows[i].containers, lists != 0, rows[i].inner, &arena);
            struct value value;
            struct fault fault;
            enum err err = value_of_text(json, false, &arena, &fault, &value);

            CHECK_ERR(err, rows[i].fits ? OK : ERR_VALIDATION);
            if (err != OK) {
                CHECK_TEXT(fault.message, TOO_DEEP);
                CHECK(!fault.wrapped);
                continue;
            }
            CHECK(value_check(value));
            CHECK_U64(value_depth(value), rows[i].containers + 1);
            CHECK(bytes_equal(json_of(value, &arena), json));
        }
    }
    arena_fini(&arena);
}

TEST(value_depth_of_attributes_is_that_of_values)
{
    struct arena arena;
    struct fault fault;
    struct value map;

    arena_init(&arena);
    for (unsigned containers = 31; containers <= 32; containers++) {
        struct bytes attribute = nested_json(containers, false, "{\"S\":\"a\"}", &arena);
        struct bytes item = arena_format(&arena, "{\"a\":%.*s}", BYTES_ARGS(attribute));

        CHECK_ERR(value_of_text(item, true, &arena, &fault, &map),
                  containers == 31 ? OK : ERR_VALIDATION);
    }
    CHECK(value_check(map));
    CHECK_U64(value_depth(map), 33);
    arena_fini(&arena);
}

TEST(value_readers_stop_below_their_depth)
{
    struct value value = {VALUE_L, BYTES("\0")};
    struct arena arena;

    arena_init(&arena);
    for (unsigned i = 1; i < 5000; i++) {
        struct value_builder list;
        struct buf payload;

        buf_init_arena(&payload, &arena, SIZE_MAX);
        value_build_begin_payload(&list, &payload, VALUE_L);
        value_build_element(&list, value);
        value_build_end(&list);
        value = (struct value){VALUE_L, buf_finish_arena(&payload)};
        if (i == VALUE_DEPTH_MAX) {
            CHECK(value_check(value));
            CHECK_U64(value_depth(value), VALUE_DEPTH_MAX + 1);
        }
        if (i == VALUE_DEPTH_MAX + 1)
            CHECK(!value_check(value));
    }
    CHECK(!value_check(value));
    CHECK_U64(value_depth(value), VALUE_READ_DEPTH_MAX);
    CHECK_U64(value_size_bytes(value), 3 + 4 * (VALUE_READ_DEPTH_MAX - 1));
    CHECK_U64(json_of(value, &arena).size, strlen("{\"L\":[]}") * VALUE_READ_DEPTH_MAX);
    CHECK(value_text(value, &arena).size < 1000);
    arena_fini(&arena);
}

TEST(value_sizes_as_the_service_counts)
{
    static const struct {
        const char *json;
        size_t size;
    } rows[] = {
        {"{\"S\":\"\"}", 0},
        {"{\"S\":\"h\\u00e9\"}", 3},
        {"{\"B\":\"YWJj\"}", 3},
        {"{\"N\":\"12345\"}", 4},
        {"{\"BOOL\":false}", 1},
        {"{\"NULL\":true}", 1},
        {"{\"SS\":[\"ab\",\"c\",\"\"]}", 3},
        {"{\"NS\":[\"1\",\"-1\"]}", 5},
        {"{\"BS\":[\"YQ==\",\"YWI=\"]}", 3},
        {"{\"L\":[]}", 3},
        {"{\"L\":[{\"S\":\"ab\"},{\"N\":\"0\"}]}", 3 + (1 + 2) + (1 + 1)},
        {"{\"M\":{}}", 3},
        {"{\"M\":{\"key\":{\"S\":\"ab\"},\"k\":{\"L\":[]}}}", 3 + (1 + 3 + 2) + (1 + 1 + 3)},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_U64(value_size_bytes(value_make(rows[i].json, &arena)), rows[i].size);
    CHECK_U64(value_item_size_bytes(value_make_map("{}", &arena)), 0);
    CHECK_U64(value_item_size_bytes(value_make_map(
                  "{\"pk\":{\"S\":\"abc\"},\"n\":{\"N\":\"1\"},\"l\":{\"L\":[]}}", &arena)),
              2 + 3 + 1 + 2 + 1 + 3);
    arena_fini(&arena);
}

/* Stored formats: these rows must never change. */
TEST(value_golden_bytes)
{
    static const struct {
        const char *json, *hex;
    } rows[] = {
        {"{\"S\":\"abc\"}", "01 03 616263"},
        {"{\"S\":\"\"}", "01 00"},
        {"{\"N\":\"12345\"}", "02 06 034302182e00"},
        {"{\"B\":\"AP8=\"}", "03 02 00ff"},
        {"{\"BOOL\":false}", "04 01 00"},
        {"{\"BOOL\":true}", "04 01 01"},
        {"{\"NULL\":true}", "05 00"},
        {"{\"SS\":[\"b\",\"aa\",\"\"]}", "06 07 03 00 02 6161 01 62"},
        {"{\"NS\":[\"10\",\"-1\",\"0\"]}", "07 0d 03 04 01befdff 01 02 04 03410b00"},
        {"{\"BS\":[\"/w==\",\"AA==\"]}", "08 05 02 01 00 01 ff"},
        {"{\"L\":[]}", "09 01 00"},
        {"{\"L\":[{\"S\":\"b\"},{\"NULL\":true}]}", "09 06 02 01 01 62 05 00"},
        {"{\"M\":{}}", "0a 01 00"},
        {"{\"M\":{\"b\":{\"BOOL\":true},\"a\":{\"M\":{\"\":{\"S\":\"x\"}}}}}",
         "0a 0f 02 01 61 0a 05 01 00 01 01 78 01 62 04 01 01"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out;

        buf_init_arena(&out, &arena, SIZE_MAX);
        value_append(&out, value_make(rows[i].json, &arena));
        CHECK_HEX(buf_finish_arena(&out), rows[i].hex);
    }
    arena_fini(&arena);
}

TEST(value_check_refuses_what_is_not_canonical)
{
    static const char *const rows[] = {
        "",
        "00 00",
        "0b 00",
        "01",                        /* no size */
        "01 02 61",                  /* cut off */
        "01 81 00 61",               /* size not minimal */
        "01 ffffffffffffffffffff01", /* size of more than 64 bits */
        "01 ffffffffffffffffff01",   /* size of 64 bits */
        "02 00",                     /* N */
        "02 04 03410100",
        "04 00", /* BOOL */
        "04 01 02",
        "04 02 0101",
        "05 01 00",                         /* NULL */
        "06 01 00",                         /* empty set */
        "06 05 02 01 62 01 61",             /* order */
        "06 05 02 01 61 01 61",             /* twice */
        "06 03 02 01 61",                   /* too few */
        "06 06 02 01 61 01 62 00",          /* too many */
        "06 04 8100 01 61",                 /* count not minimal */
        "07 03 01 01 03",                   /* not a number in NS */
        "09 00",                            /* no count */
        "09 03 02 05 00",                   /* too few */
        "09 04 01 05 00 00",                /* too many */
        "09 04 01 04 01 02",                /* damage inside */
        "0a 09 02 01 62 05 00 01 61 05 00", /* order */
        "0a 09 02 01 61 05 00 01 61 05 00", /* twice */
        "0a 03 01 01 61",                   /* no value */
        "0a 09 01 01 61 0a 04 01 01 62 05", /* damage inside */
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes at = bytes_of_hex(rows[i], &arena);
        struct value value;

        if (value_read(&at, &value) && value_check(value) && at.size == 0)
            unit_failed(__FILE__, __LINE__, "well formed: %s", rows[i]);
    }
    arena_fini(&arena);
}

TEST(value_walk_find_and_at)
{
    struct arena arena;
    struct value map, list, set, found = {VALUE_NULL, BYTES("untouched")};
    struct value_walk walk;

    arena_init(&arena);
    map = value_make_map("{\"b\":{\"S\":\"1\"},\"a\":{\"L\":[]},\"ab\":{\"N\":\"2\"}}", &arena);
    list = value_make("{\"L\":[{\"S\":\"x\"},{\"N\":\"7\"}]}", &arena);
    set = value_make("{\"NS\":[\"2\",\"1\"]}", &arena);
    CHECK_U64(value_count(map), 3);
    CHECK(value_find(map, BYTES("b"), &found));
    CHECK(value_equal(found, value_make("{\"S\":\"1\"}", &arena)));
    CHECK(value_find(map, BYTES("ab"), &found));
    CHECK(found.type == VALUE_N);
    CHECK(!value_find(map, BYTES("aa"), &found));
    CHECK(!value_find(map, BYTES("c"), &found));
    CHECK(!value_find(map, BYTES(""), &found));
    CHECK(!value_find(list, BYTES(""), &found));
    CHECK(!value_find(found, BYTES(""), &found));

    CHECK_U64(value_count(list), 2);
    CHECK(value_at(list, 0, &found));
    CHECK_TEXT(found.payload, "x");
    CHECK(value_at(list, 1, &found));
    CHECK(found.type == VALUE_N);
    CHECK(!value_at(list, 2, &found));
    CHECK(!value_at(list, UINT64_MAX, &found));
    CHECK(!value_at(map, 0, &found));
    CHECK(!value_at(set, 0, &found));

    walk = value_walk_begin(set);
    CHECK(value_walk_next(&walk));
    CHECK(value_equal(walk.value, value_make("{\"N\":\"1\"}", &arena)));
    CHECK(value_walk_next(&walk));
    CHECK(value_compare(walk.value, value_make("{\"N\":\"1\"}", &arena)) > 0);
    CHECK(!value_walk_next(&walk));
    CHECK(!value_walk_next(&walk));
    /* Scalars have no members; a count that cannot be is no count. */
    CHECK_U64(value_count(value_make("{\"S\":\"\\u0001x\"}", &arena)), 0);
    CHECK_U64(value_count((struct value){VALUE_L, BYTES("\x05\x05\0")}), 0);
    arena_fini(&arena);
}

TEST(value_names_of_types)
{
    for (unsigned i = VALUE_S; i <= VALUE_M; i++) {
        enum value_type type = VALUE_S;

        CHECK(value_type_parse(bytes_of_string(value_type_name(i)), &type));
        CHECK_U64(type, i);
    }
    CHECK(!value_type_parse(BYTES(""), &(enum value_type){0}));
    CHECK(!value_type_parse(BYTES("s"), &(enum value_type){0}));
    CHECK(!value_type_parse(BYTES("SSS"), &(enum value_type){0}));
}

TEST(value_text_as_in_messages)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"{\"S\":\"a\"}", "{S:a}"},
        {"{\"N\":\"1.0\"}", "{N:1}"},
        {"{\"B\":\"YQ==\"}", "{B:YQ==}"},
        {"{\"BOOL\":false}", "{BOOL:false}"},
        {"{\"NULL\":true}", "{NULL:true}"},
        {"{\"SS\":[\"b\",\"a\"]}", "{SS:[a, b]}"},
        {"{\"L\":[{\"N\":\"1\"},{\"L\":[]}]}", "{L:[{N:1}, {L:[]}]}"},
        {"{\"M\":{\"b\":{\"N\":\"1\"},\"a\":{\"S\":\"x\"}}}", "{M:{a={S:x}, b={N:1}}}"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_TEXT(value_text(value_make(rows[i].json, &arena), &arena), rows[i].text);
    arena_fini(&arena);
}

/* Counts and sizes that take one, two and three bytes, in every kind of container. */
TEST(value_builder_makes_room_for_counts_and_sizes)
{
    static const size_t counts[] = {0, 1, 2, 127, 128, 129, 16383, 16384, 20000};
    static const enum value_type types[] = {VALUE_SS, VALUE_L, VALUE_M};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        for (size_t t = 0; t < COUNT_OF(types); t++) {
            struct value_builder builder, outer;
            struct value value, inner;
            struct bytes written;
            struct buf out;

            if (types[t] == VALUE_SS && counts[i] == 0)
                continue;
            buf_init_arena(&out, &arena, SIZE_MAX);
            value_build_begin(&outer, &out, VALUE_M);
            value_build_entry(&outer, BYTES("a"), (struct value){VALUE_NULL, BYTES("")});
            value_build_next_entry(&outer, BYTES("b"));
            value_build_begin(&builder, &out, types[t]);
            for (unsigned n = 0; n < counts[i]; n++) {
                uint8_t key[4];
                struct value member = {VALUE_S, bytes_make(key, sizeof(key))};

                bytes_put_u32(key, n);
                if (types[t] == VALUE_M)
                    value_build_entry(&builder, member.payload, member);
                else
                    value_build_element(&builder, member);
            }
            value_build_end(&builder);
            value_build_entry(&outer, BYTES("c"), (struct value){VALUE_BOOL, BYTES("\1")});
            value_build_end(&outer);
            written = buf_finish_arena(&out);
            CHECK(value_read(&written, &value));
            CHECK_U64(written.size, 0);
            CHECK(value_check(value));
            CHECK_U64(value_count(value), 3);
            CHECK(value_find(value, BYTES("b"), &inner));
            CHECK(inner.type == types[t]);
            CHECK_U64(value_count(inner), counts[i]);
            CHECK(value_find(value, BYTES("c"), &inner));
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

TEST(value_builder_survives_a_full_buffer)
{
    for (size_t size_max = 0; size_max < 200; size_max++) {
        struct value_builder map;
        struct buf out;

        buf_init(&out, size_max);
        value_build_begin(&map, &out, VALUE_M);
        for (char name = 'a'; name <= 'z'; name++)
            value_build_entry(&map, bytes_make(&name, 1), (struct value){VALUE_S, BYTES("1234")});
        value_build_end(&map);
        CHECK(out.overflowed || out.size == 1 + 2 + 1 + 26 * 8);
        CHECK(out.size <= size_max);
        buf_fini(&out);
    }
}
