/* objects_xml_test.c - elements and entities, of good and of other XML. */
#include "base/buf.h"
#include "transfer/objects_xml.h"
#include "unit.h"

TEST(objects_xml_text_finds_and_decodes)
{
    static const struct {
        const char *xml, *text;
    } rows[] = {
        {"<a>x</a>", "x"},
        {"<?xml version=\"1.0\"?><r xmlns=\"u\"><ab>1</ab><a>2</a></r>", "2"},
        {"<a b=\"c\">x</a >", "x"},
        {"<a/>", ""},
        {"<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#xe9;&#x20ac;&#x1f600;</a>",
         "&<>\"'AB\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"<a>&unknown;&#;&#x;&#0;&#x110000;&</a>", "&unknown;&#;&#x;&#0;&#x110000;&"},
        {"<a>x", ""},
        {"<a", ""},
        {"<", ""},
        {"</a>", ""},
        {"", ""},
        {"<aa>x</aa>", ""},
        {"<a>x<b>y</b></a>", "x<b>y</b>"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_TEXT(objects_xml_text(bytes_of_string(rows[i].xml), "a", &arena), rows[i].text);
    arena_fini(&arena);
}

TEST(objects_xml_next_walks_over_elements)
{
    struct bytes rest = BYTES("<l><c><k>1</k></c><cc/><c/><c><k>3</k></c>"), inner;

    CHECK(objects_xml_next(&rest, "c", &inner));
    CHECK_TEXT(inner, "<k>1</k>");
    CHECK(objects_xml_next(&rest, "c", &inner));
    CHECK_TEXT(inner, "");
    CHECK(objects_xml_next(&rest, "c", &inner));
    CHECK_TEXT(inner, "<k>3</k>");
    CHECK(!objects_xml_next(&rest, "c", &inner));
}

TEST(objects_xml_append_escapes)
{
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    buf_init_arena(&out, &arena, 100);
    objects_xml_append(&out, BYTES("\"a<b>&c\""));
    CHECK_TEXT(buf_finish_arena(&out), "\"a&lt;b&gt;&amp;c\"");
    arena_fini(&arena);
}
