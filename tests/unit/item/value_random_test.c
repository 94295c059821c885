/* value_random_test.c - random values read back from their bytes; damaged bytes do no harm. */
#include "item_fixture.h"

#define NESTING_MAX 6

static void random_json(uint64_t *chance, struct buf *out, unsigned nesting);

/* Contents of a JSON string, without quotes. */
static void random_text(uint64_t *chance, struct buf *out)
{
    static const char *const pieces[] = {
        "a",    "b",       "key",     "\\n",      "\\\"",
        "\\\\", "\\u0000", "\\u001f", "\xc3\xa9", "\xf0\x9f\x98\x80",
        "/",    " "};

    for (unsigned i = chance_below(chance, 12); i > 0; i--)
        buf_append_string(out, pieces[chance_below(chance, COUNT_OF(pieces))]);
}

/* Canonical, so that the reply's text is what was sent. */
static void random_number(uint64_t *chance, struct buf *out)
{
    buf_append_i64(out, (int64_t)chance_next(chance) >> chance_below(chance, 63));
    if (chance_below(chance, 3) == 0)
        buf_append_format(out, ".%u%u", chance_below(chance, 1000), 1 + chance_below(chance, 9));
}

/* Members are told apart by their number, and come in any order. */
static void random_set(uint64_t *chance, struct buf *out)
{
    unsigned count = 1 + chance_below(chance, chance_below(chance, 4) == 0 ? 300 : 6);
    unsigned step = 2 * chance_below(chance, 500) + 1;
    unsigned kind = chance_below(chance, 3);

    buf_append_string(out, kind == 0 ? "{\"SS\":[" : kind == 1 ? "{\"NS\":[" : "{\"BS\":[");
    for (unsigned i = 0; i < count; i++) {
        unsigned member = i * step % 1024; /* an odd step meets each of 1024 once */

        if (kind == 2) /* base64 of three bytes */
            buf_append_format(out, "%s\"%04u\"", i == 0 ? "" : ",", member);
        else
            buf_append_format(out, kind == 0 ? "%s\"x%u\"" : "%s\"%u\"", i == 0 ? "" : ",", member);
    }
    buf_append_lit(out, "]}");
}

static void random_list(uint64_t *chance, struct buf *out, unsigned nesting)
{
    unsigned count = chance_below(chance, 6);

    buf_append_lit(out, "{\"L\":[");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_append_lit(out, ",");
        random_json(chance, out, nesting);
    }
    buf_append_lit(out, "]}");
}

static void random_map(uint64_t *chance, struct buf *out, unsigned nesting)
{
    unsigned count = chance_below(chance, chance_below(chance, 8) == 0 ? 200 : 6);
    unsigned step = 2 * chance_below(chance, 500) + 1;

    buf_append_lit(out, "{");
    for (unsigned i = 0; i < count; i++) {
        buf_append_string(out, i == 0 ? "\"" : ",\"");
        random_text(chance, out);
        buf_append_format(out, "%u\":", 1024 + i * step % 1024);
        random_json(chance, out, count > 6 ? 0 : nesting);
    }
    buf_append_lit(out, "}");
}

static void random_json(uint64_t *chance, struct buf *out, unsigned nesting)
{
    switch (chance_below(chance, nesting == 0 ? 6 : 9)) {
    case 0:
    case 1:
        buf_append_lit(out, "{\"S\":\"");
        random_text(chance, out);
        buf_append_lit(out, "\"}");
        break;
    case 2:
        buf_append_lit(out, "{\"N\":\"");
        random_number(chance, out);
        buf_append_lit(out, "\"}");
        break;
    case 3:
        buf_append_string(out,
                          chance_below(chance, 2) == 0 ? "{\"B\":\"AAEC/w==\"}" : "{\"B\":\"\"}");
        break;
    case 4:
        buf_append_string(out,
                          chance_below(chance, 2) == 0 ? "{\"BOOL\":true}" : "{\"NULL\":true}");
        break;
    case 5:
        random_set(chance, out);
        break;
    case 6:
        random_list(chance, out, nesting - 1);
        break;
    default:
        buf_append_lit(out, "{\"M\":");
        random_map(chance, out, nesting - 1);
        buf_append_lit(out, "}");
        break;
    }
}

static bool in_array(yyjson_val *array, yyjson_val *wanted)
{
    yyjson_val *element;
    size_t i, n;

    yyjson_arr_foreach(array, i, n, element)
    {
        if (yyjson_equals(element, wanted))
            return true;
    }
    return false;
}

/* Equal, but for the order of names and of a set's members. */
static bool same_json(yyjson_val *a, yyjson_val *b, bool set)
{
    yyjson_val *name, *element, *other;
    size_t i, n;

    if (yyjson_get_type(a) != yyjson_get_type(b) || yyjson_get_len(a) != yyjson_get_len(b))
        return false;
    if (yyjson_is_obj(a)) {
        yyjson_obj_foreach(a, i, n, name, element)
        {
            const char *text = yyjson_get_str(name);

            other = yyjson_obj_getn(b, text, yyjson_get_len(name));
            if (other == NULL || !same_json(element, other, text[0] != 'L' && text[0] != 'M'))
                return false;
        }
        return true;
    }
    if (!yyjson_is_arr(a))
        return yyjson_equals(a, b);
    yyjson_arr_foreach(a, i, n, element)
    {
        if (set ? !in_array(b, element) : !same_json(element, yyjson_arr_get(b, i), false))
            return false;
    }
    return true;
}

TEST(value_random_items_read_back)
{
    uint64_t chance = 0xd1b54a32d192ed03;
    struct arena arena;

    arena_init(&arena);
    for (unsigned i = 0; i < 1500; i++) {
        struct buf sent, reply;
        struct value map, again;
        struct fault fault;
        yyjson_doc *sent_doc, *reply_doc;

        buf_init_arena(&sent, &arena, SIZE_MAX);
        random_map(&chance, &sent, NESTING_MAX);
        CHECK_OK(value_of_text(buf_bytes(&sent), true, &arena, &fault, &map));
        CHECK(value_check(map));

        buf_init_arena(&reply, &arena, SIZE_MAX);
        value_map_append_json(&reply, map);
        sent_doc = yyjson_read((const char *)sent.data, sent.size, 0);
        reply_doc = yyjson_read((const char *)reply.data, reply.size, 0);
        CHECK(same_json(yyjson_doc_get_root(sent_doc), yyjson_doc_get_root(reply_doc), false));
        yyjson_doc_free(sent_doc);
        yyjson_doc_free(reply_doc);

        /* What was canonical stays as it is. */
        CHECK_OK(value_of_text(buf_bytes(&reply), true, &arena, &fault, &again));
        CHECK(value_equal(again, map));
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

/* Reads all there is, in memory of exactly its size. */
static void read_all(struct bytes payload, struct arena *arena)
{
    uint8_t *exact = malloc(payload.size + (payload.size == 0));
    struct value map = {VALUE_M, bytes_make(exact, payload.size)};

    memcpy(exact, payload.data, payload.size);
    if (value_check(map))
        CHECK(value_depth(map) <= VALUE_DEPTH_MAX + 1);
    CHECK(value_count(map) <= payload.size);
    CHECK(value_item_size_bytes(map) <= 2 * payload.size); /* no more than is there */
    CHECK(value_size_bytes(map) >= 3);
    CHECK(json_of(map, arena).size >= strlen("{\"M\":{}}"));
    free(exact);
}

TEST(value_readers_stay_inside_damaged_bytes)
{
    uint64_t chance = 0x94d049bb133111eb;
    struct arena arena;

    arena_init(&arena);
    for (unsigned i = 0; i < 300; i++) {
        struct value map;
        struct fault fault;
        struct buf sent;
        uint8_t *bytes;

        buf_init_arena(&sent, &arena, SIZE_MAX);
        random_map(&chance, &sent, NESTING_MAX);
        CHECK_OK(value_of_text(buf_bytes(&sent), true, &arena, &fault, &map));
        bytes = (uint8_t *)map.payload.data;
        for (unsigned change = 0; change < 10; change++) {
            size_t at = chance_below(&chance, (unsigned)map.payload.size);
            uint8_t before = bytes[at];

            bytes[at] = (uint8_t)chance_next(&chance);
            read_all(map.payload, &arena);
            bytes[at] = before;
            read_all(bytes_make(bytes, at), &arena);
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

/* Names and members in the worst order, and many of them: sorted in one go. */
TEST(value_sorts_many_entries)
{
    enum { COUNT = 50000 };
    struct value map, set, found;
    struct fault fault;
    struct arena arena;
    struct buf json;

    arena_init(&arena);
    buf_init_arena(&json, &arena, SIZE_MAX);
    buf_append_lit(&json, "{");
    for (unsigned i = 0; i < COUNT; i++)
        buf_append_format(&json, "%s\"%05u\":{\"N\":\"%u\"}", i == 0 ? "" : ",",
                          COUNT - 1 - i % (COUNT / 2), i);
    buf_append_lit(&json, "}");
    CHECK_OK(value_of_text(buf_bytes(&json), true, &arena, &fault, &map));
    CHECK(value_check(map));
    CHECK_U64(value_count(map), COUNT / 2);
    CHECK(value_find(map, BYTES("25000"), &found));
    CHECK(value_equal(found, value_make("{\"N\":\"49999\"}", &arena))); /* the last one sent */
    CHECK(!value_find(map, BYTES("24999"), &found));

    buf_reset(&json, SIZE_MAX);
    buf_append_lit(&json, "{\"NS\":[");
    for (unsigned i = 0; i < COUNT; i++)
        buf_append_format(&json, "%s\"%d\"", i == 0 ? "" : ",",
                          (int)(i * 7919 % COUNT) - COUNT / 2);
    buf_append_lit(&json, "]}");
    CHECK_OK(value_of_text(buf_bytes(&json), false, &arena, &fault, &set));
    CHECK(value_check(set));
    CHECK_U64(value_count(set), COUNT);
    arena_fini(&arena);
}
