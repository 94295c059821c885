/* name_list_test.c - lists of names: order, repetition, their text. */
#include "api/name_list.h"
#include "unit.h"

#include <stdio.h>
#include <yyjson.h>

/* Reads a JSON array of strings; the document lives as long as the test needs it. */
static struct name_list list_of(const char *json, yyjson_doc **doc, struct arena *arena)
{
    *doc = yyjson_read(json, strlen(json), 0);
    return name_list_read(yyjson_doc_get_root(*doc), NULL, arena);
}

TEST(name_list_reads_members_and_elements)
{
    static const char json[] = "[{\"A\":\"x\",\"B\":\"1\"},{\"B\":\"2\"},{\"A\":\"\"}]";
    struct arena arena;
    struct name_list list;
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);

    arena_init(&arena);
    list = name_list_read(yyjson_doc_get_root(doc), "A", &arena);
    CHECK_U64(list.count, 3);
    CHECK_TEXT(list.names[0], "x");
    CHECK(list.names[1].data == NULL);
    CHECK(list.names[2].data != NULL && list.names[2].size == 0);
    list = name_list_read(NULL, "A", &arena);
    CHECK_U64(list.count, 0);
    CHECK_TEXT(name_list_text(&list, &arena), "[]");
    yyjson_doc_free(doc);
    arena_fini(&arena);
}

TEST(name_list_keeps_the_first_of_each_name)
{
    static const struct {
        const char *names, *distinct, *repeats;
    } rows[] = {
        {"[]", "[]", NULL},
        {"[\"b\",\"a\"]", "[b, a]", NULL},
        {"[\"b\",\"a\",\"b\"]", "[b, a]", "b"},
        {"[\"c\",\"b\",\"a\",\"a\",\"b\"]", "[c, b, a]", "a"},
        {"[\"a\",\"A\",\"\",\"a \",\"\"]", "[a, A, , a ]", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct name_list list, distinct;
        struct bytes repeated;
        struct arena arena;
        yyjson_doc *doc;

        arena_init(&arena);
        list = list_of(rows[i].names, &doc, &arena);
        distinct = name_list_distinct(&list, &arena);
        CHECK_TEXT(name_list_text(&distinct, &arena), rows[i].distinct);
        CHECK(name_list_repeats(&list, &arena, &repeated) == (rows[i].repeats != NULL));
        if (rows[i].repeats != NULL)
            CHECK_TEXT(repeated, rows[i].repeats);
        yyjson_doc_free(doc);
        arena_fini(&arena);
    }
}

/* A body of 16 MB has room for this many; comparing each with each would take minutes. */
TEST(name_list_is_quick_with_many_names)
{
    struct name_list list = {.count = 300000}, distinct;
    struct bytes repeated;
    struct arena arena;

    arena_init(&arena);
    list.names = arena_new_array(&arena, struct bytes, list.count);
    for (size_t i = 0; i < list.count; i++)
        list.names[i] = arena_format(&arena, "%zu", (i * 7919) % (list.count - 1));
    distinct = name_list_distinct(&list, &arena);
    CHECK_U64(distinct.count, list.count - 1);
    CHECK(name_list_repeats(&list, &arena, &repeated));
    CHECK_TEXT(repeated, "0");
    CHECK(name_list_text(&list, &arena).size < NAME_LIST_TEXT_BYTES_MAX + 16);
    arena_fini(&arena);
}
