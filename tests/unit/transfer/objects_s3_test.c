/* objects_s3_test.c - where requests to S3 go. */
#include "transfer/objects_s3_request.h"
#include "unit.h"

static void check_place(const char *place, enum objects_style style, const char *key,
                        const char *query, const char *host, const char *path, const char *url)
{
    struct objects_options options = {.place = place, .style = style, .region = "eu-west-1"};
    struct s3_place got;
    struct arena arena;
    struct fault fault;
    struct s3 *s3;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(s3_open(&options, &fault, &s3));
    got = s3_place_of(s3, BYTES("b.x"), bytes_of_string(key), bytes_of_string(query), &arena);
    CHECK_TEXT(got.host, host);
    CHECK_TEXT(got.path, path);
    CHECK_TEXT(got.url, url);
    s3_close(&s3);
    arena_fini(&arena);
}

TEST(objects_s3_places)
{
    check_place("s3:https://h", OBJECTS_STYLE_PATH, "a/b", "", "h", "/b.x/a/b",
                "https://h/b.x/a/b");
    check_place("s3:http://h:9000/", OBJECTS_STYLE_PATH, "", "list-type=2", "h:9000", "/b.x",
                "http://h:9000/b.x?list-type=2");
    check_place("s3:https://h:443", OBJECTS_STYLE_VIRTUAL, "a", "", "b.x.h", "/a",
                "https://b.x.h/a");
    check_place("s3:http://h:80", OBJECTS_STYLE_VIRTUAL, "", "x", "b.x.h", "/", "http://b.x.h/?x");
    check_place("s3:http://h:443", OBJECTS_STYLE_PATH, "", "", "h:443", "/b.x", "http://h:443/b.x");
    check_place("s3:", OBJECTS_STYLE_PATH, "a//../b c+%\xc3\xa9", "", "s3.eu-west-1.amazonaws.com",
                "/b.x/a//../b%20c%2B%25%C3%A9",
                "https://s3.eu-west-1.amazonaws.com/b.x/a//../b%20c%2B%25%C3%A9");
}

TEST(objects_s3_parameters_are_encoded)
{
    struct arena arena;

    arena_init(&arena);
    CHECK_TEXT(s3_parameter("prefix", BYTES("a/b c&d"), &arena), "prefix=a%2Fb%20c%26d");
    arena_fini(&arena);
}

TEST(objects_s3_places_that_are_none)
{
    static const char *const bad[] = {
        "s3:https://",    "s3:http://",     "s3:https:///x", "s3:https://h/path",
        "s3:https://u@h", "s3:https://h?x", "s3://h",        "s3:h"};
    struct arena arena;
    struct fault fault;
    struct s3 *s3;

    arena_init(&arena);
    fault_init(&fault, &arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_ERR(s3_open(&(struct objects_options){.place = bad[i]}, &fault, &s3), ERR_CONFIG);
    arena_fini(&arena);
}
