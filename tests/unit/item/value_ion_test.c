/* value_ion_test.c - values to Ion text. */
#include "item_fixture.h"

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
