/* value_ion_test.c - values to Ion text, and from it. */
#include "ion/ion_read.h"
#include "item_fixture.h"

#define INVALID_ION "One or more parameter values were invalid: "

static struct bytes ion_of(struct value value, struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    value_append_ion(&out, value);
    return buf_finish_arena(&out);
}

TEST(value_ion_of_each_type)
{
    static const char *const rows[][2] = {
        {"{\"S\":\"\"}", "\"\""},
        {"{\"S\":\"a\\\"b\\n\"}", "\"a\\\"b\\n\""},
        {"{\"B\":\"\"}", "{{}}"},
        {"{\"B\":\"YQ==\"}", "{{YQ==}}"},
        {"{\"BOOL\":true}", "true"},
        {"{\"BOOL\":false}", "false"},
        {"{\"NULL\":true}", "null"},
        {"{\"SS\":[\"b\",\"a\"]}", "$dynamodb_SS::[\"a\",\"b\"]"},
        {"{\"NS\":[\"10\",\"-1\"]}", "$dynamodb_NS::[-1.,1d1]"},
        {"{\"BS\":[\"YQ==\",\"\"]}", "$dynamodb_BS::[{{}},{{YQ==}}]"},
        {"{\"L\":[]}", "[]"},
        {"{\"L\":[{\"S\":\"a\"},{\"L\":[{\"N\":\"1\"}]}]}", "[\"a\",[1.]]"},
        {"{\"M\":{}}", "{}"},
        {"{\"M\":{\"it's\":{\"NULL\":true},\"a\":{\"M\":{\"\":{\"N\":\"0\"}}}}}",
         "{a:{'':0.},'it\\'s':null}"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_TEXT(ion_of(value_make(rows[i][0], &arena), &arena), rows[i][1]);
    arena_fini(&arena);
}

TEST(value_ion_numbers_are_decimals)
{
    static const char *const rows[][2] = {
        {"0", "0."},
        {"103", "103."},
        {"600", "6d2"},
        {"2000", "2d3"},
        {"-1.5", "-1.5"},
        {"0.5", "5d-1"},
        {"0.15", "1.5d-1"},
        {"0.012345", "1.2345d-2"},
        {"120.5", "120.5"},
        {"-7", "-7."},
        {"1E125", "1d125"},
        {"-9.9E125", "-99d124"},
        {"1E-130", "1d-130"},
        {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678."},
        {"0.12345678901234567890123456789012345678", "1.2345678901234567890123456789012345678d-1"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes json = arena_format(&arena, "{\"N\":\"%s\"}", rows[i][0]);

        CHECK_TEXT(ion_of(value_make((const char *)json.data, &arena), &arena), rows[i][1]);
    }
    arena_fini(&arena);
}

/* The guide's own item. */
TEST(value_ion_of_an_item)
{
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    buf_init_arena(&out, &arena, SIZE_MAX);
    value_map_append_ion(
        &out, value_make_map("{\"Title\":{\"S\":\"x\"},\"Id\":{\"N\":\"103\"},"
                             "\"Authors\":{\"SS\":[\"B\",\"A\"]},\"Price\":{\"N\":\"2000\"},"
                             "\"InPublication\":{\"BOOL\":false},\"PageCount\":{\"N\":\"600\"}}",
                             &arena));
    CHECK_TEXT(buf_finish_arena(&out), "{Authors:$dynamodb_SS::[\"A\",\"B\"],Id:103.,"
                                       "InPublication:false,PageCount:6d2,Price:2d3,Title:\"x\"}");
    arena_fini(&arena);
}

static enum err map_of_ion(const char *text, struct arena *arena, struct fault *fault,
                           struct value *map)
{
    struct ion_reader reader;
    struct ion_event event;
    enum err err;

    fault_init(fault, arena);
    ion_reader_init(&reader, bytes_of_string(text), true, arena, fault);
    CHECK_OK(ion_next(&reader, &event));
    CHECK_U64(event.type, ION_STRUCT);
    err = value_map_from_ion(&reader, arena, fault, map);
    if (err != ERR_CORRUPT) {
        CHECK_OK(ion_leave(&reader, 0));
        CHECK_OK(ion_next(&reader, &event));
        CHECK_U64(event.type, ION_END);
    }
    return err;
}

TEST(value_ion_is_read)
{
    static const char *const rows[][2] = {
        {"{}", "{}"},
        {"{a:\"x\",b:\'\'\'y\'\'\' \'\'\'z\'\'\'}", "{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"yz\"}}"},
        {"{a:6d2,b:-1.5e1,c:7,d:0x10,e:1_000.5}",
         "{\"a\":{\"N\":\"600\"},\"b\":{\"N\":\"-15\"},\"c\":{\"N\":\"7\"},\"d\":{\"N\":\"16\"},"
         "\"e\":{\"N\":\"1000.5\"}}"},
        {"{a:{{YWI=}},b:true,c:false,d:null,e:null.string}",
         "{\"a\":{\"B\":\"YWI=\"},\"b\":{\"BOOL\":true},\"c\":{\"BOOL\":false},"
         "\"d\":{\"NULL\":true},\"e\":{\"NULL\":true}}"},
        {"{s:$dynamodb_SS::[\"b\",\"a\"],n:$dynamodb_NS::[2.,1],"
         "b:$dynamodb_BS::[{{Yg==}},{{YQ==}}]}",
         "{\"b\":{\"BS\":[\"YQ==\",\"Yg==\"]},\"n\":{\"NS\":[\"1\",\"2\"]},"
         "\"s\":{\"SS\":[\"a\",\"b\"]}}"},
        {"{l:[1,[\"a\"],{}],m:{z:1,\'a b\':{x:[]}}}",
         "{\"l\":{\"L\":[{\"N\":\"1\"},{\"L\":[{\"S\":\"a\"}]},{\"M\":{}}]},"
         "\"m\":{\"M\":{\"a b\":{\"M\":{\"x\":{\"L\":[]}}},\"z\":{\"N\":\"1\"}}}}"},
        {"{b:1,a:2,b:3}", "{\"a\":{\"N\":\"2\"},\"b\":{\"N\":\"3\"}}"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value map = {VALUE_M, BYTES("\0")};
        struct fault fault;
        struct buf json;

        CHECK_OK(map_of_ion(rows[i][0], &arena, &fault, &map));
        CHECK(value_check(map));
        buf_init_arena(&json, &arena, SIZE_MAX);
        value_map_append_json(&json, map);
        CHECK_TEXT(buf_finish_arena(&json), rows[i][1]);
    }
    arena_fini(&arena);
}

TEST(value_ion_faults)
{
    static const char *const rows[][2] = {
        {"{a:x}", "Ion value of type symbol is not supported, there is no attribute value of it"},
        {"{a:{{\"x\"}}}",
         "Ion value of type clob is not supported, there is no attribute value of it"},
        {"{a:(x (y))}",
         "Ion value of type sexp is not supported, there is no attribute value of it"},
        {"{a:2026-01-31}",
         "Ion value of type timestamp is not supported, there is no attribute value of it"},
        {"{a:nan}", "The parameter cannot be converted to a numeric value: nan"},
        {"{a:-inf}", "The parameter cannot be converted to a numeric value: -inf"},
        {"{a:1d126}",
         "Number overflow. Attempting to store a number with magnitude larger than supported "
         "range"},
        {"{a:$dynamodb_SS::[]}", INVALID_ION "An string set  may not be empty"},
        {"{a:$dynamodb_SS::[\"b\",\"a\",\"b\"]}",
         INVALID_ION "Input collection [b, a, b] contains duplicates."},
        {"{a:$dynamodb_BS::[{{YQ==}},{{YQ==}}]}",
         INVALID_ION "Input collection [YQ==, YQ==]of type BS contains duplicates."},
        {"{a:$dynamodb_NS::[1,1.0]}", "Input collection contains duplicates"},
        {"{a:$dynamodb_NS::[1,\"a\"],b:[[[1]]]}",
         "Ion value of type string cannot be a member of a set of type NS"},
        {"{a:$dynamodb_SS::[[\"a\"]]}",
         "Ion value of type list cannot be a member of a set of type SS"},
        {"{a:$dynamodb_L::[1]}",
         "Ion annotation $dynamodb_L is not supported on a value of type list"},
        {"{a:usd::1}", "Ion annotation usd is not supported on a value of type number"},
        {"{a:[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
         VALUE_DEPTH_MESSAGE},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault fault;
        struct value map;

        CHECK_ERR(map_of_ion(rows[i][0], &arena, &fault, &map), ERR_VALIDATION);
        CHECK_TEXT(fault.message, rows[i][1]);
    }
    arena_fini(&arena);
}
