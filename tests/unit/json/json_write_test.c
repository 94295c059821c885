/* json_write_test.c - strings, doubles and times, and what yyjson reads back. */
#include "json/json_write.h"
#include "unit.h"

#include <yyjson.h>

#define OUT_BYTES_MAX 65536

static struct bytes string_json(struct buf *buf, struct bytes text)
{
    buf_reset(buf, OUT_BYTES_MAX);
    json_append_string(buf, text);
    return buf_bytes(buf);
}

static struct bytes double_json(struct buf *buf, double value)
{
    buf_reset(buf, OUT_BYTES_MAX);
    json_append_double(buf, value);
    return buf_bytes(buf);
}

static struct bytes time_json(struct buf *buf, uint64_t time_ms)
{
    buf_reset(buf, OUT_BYTES_MAX);
    json_append_time(buf, time_ms);
    return buf_bytes(buf);
}

TEST(json_string_escapes_only_what_json_requires)
{
    struct buf buf;

    buf_init(&buf, OUT_BYTES_MAX);
    CHECK_TEXT(string_json(&buf, BYTES("")), "\"\"");
    CHECK_TEXT(string_json(&buf, BYTES("plain")), "\"plain\"");
    CHECK_TEXT(string_json(&buf, BYTES("a longer one without any escape")),
               "\"a longer one without any escape\"");
    CHECK_TEXT(string_json(&buf, BYTES("\b\t\n\f\r\"\\/<>&'\x7f")),
               "\"\\b\\t\\n\\f\\r\\\"\\\\/<>&'\x7f\"");
    CHECK_TEXT(string_json(&buf, BYTES("\0\x01\x1f ")), "\"\\u0000\\u0001\\u001f \"");
    CHECK_TEXT(string_json(&buf, BYTES("12345678\n12345678\x1f"
                                       "1234567")),
               "\"12345678\\n12345678\\u001f1234567\"");
    CHECK_TEXT(string_json(&buf, BYTES("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8")),
               "\"h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8\"");
    buf_fini(&buf);
}

TEST(json_string_reads_back_wherever_the_escape_is)
{
    uint8_t text[72], copy[72];
    struct buf buf;

    buf_init(&buf, OUT_BYTES_MAX);
    for (unsigned byte = 0; byte < 0x80; byte++) {
        for (size_t size = 1; size <= sizeof(text); size++) {
            for (size_t at = 0; at < size; at++) {
                yyjson_doc *doc;
                struct bytes json;

                memset(text, 'x', sizeof(text));
                text[at] = (uint8_t)byte;
                json = string_json(&buf, bytes_make(text, size));
                doc = yyjson_read((const char *)json.data, json.size, 0);
                CHECK(json_copy_plain(copy, bytes_make(text, size)) == (json.size == size + 2));
                CHECK(json.size != size + 2 || memcmp(copy, text, size) == 0);
                CHECK(doc != NULL &&
                      bytes_equal(bytes_make(text, size),
                                  bytes_make(yyjson_get_str(yyjson_doc_get_root(doc)),
                                             yyjson_get_len(yyjson_doc_get_root(doc)))));
                yyjson_doc_free(doc);
            }
        }
    }
    buf_fini(&buf);
}

TEST(json_string_grows_the_buffer_for_escapes_and_respects_its_maximum)
{
    uint8_t text[1000];
    struct buf buf;

    memset(text, 1, sizeof(text));
    buf_init(&buf, 6002);
    json_append_string(&buf, bytes_make(text, sizeof(text)));
    CHECK(!buf.overflowed);
    CHECK_U64(buf.size, 6002);
    buf_fini(&buf);
    buf_init(&buf, 6001);
    json_append_string(&buf, bytes_make(text, sizeof(text)));
    CHECK(buf.overflowed);
    CHECK(buf.size <= 6001);
    buf_fini(&buf);
}

TEST(json_double_shows_a_fraction_and_reads_back)
{
    static const double values[] = {0.1,     1.0 / 3, 1e15, 123456789012345678.0,
                                    1.5e300, 5e-324,  -2.5};
    struct buf buf;

    buf_init(&buf, OUT_BYTES_MAX);
    CHECK_TEXT(double_json(&buf, 0), "0.0");
    CHECK_TEXT(double_json(&buf, 0.5), "0.5");
    CHECK_TEXT(double_json(&buf, 1), "1.0");
    CHECK_TEXT(double_json(&buf, 128.5), "128.5");
    CHECK_TEXT(double_json(&buf, 0.25), "0.25");
    CHECK_TEXT(double_json(&buf, -1), "-1.0");
    CHECK_TEXT(double_json(&buf, 1e300), "1e+300");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct bytes json = double_json(&buf, values[i]);
        yyjson_doc *doc = yyjson_read((const char *)json.data, json.size, 0);

        CHECK(doc != NULL && yyjson_is_real(yyjson_doc_get_root(doc)) &&
              yyjson_get_real(yyjson_doc_get_root(doc)) == values[i]);
        yyjson_doc_free(doc);
    }
    buf_fini(&buf);
}

TEST(json_time_is_seconds_with_up_to_three_decimals)
{
    struct buf buf;

    buf_init(&buf, OUT_BYTES_MAX);
    CHECK_TEXT(time_json(&buf, 0), "0");
    CHECK_TEXT(time_json(&buf, 1700000000000), "1700000000");
    CHECK_TEXT(time_json(&buf, 1700000000007), "1700000000.007");
    CHECK_TEXT(time_json(&buf, 1700000000250), "1700000000.25");
    CHECK_TEXT(time_json(&buf, 1700000000999), "1700000000.999");
    buf_fini(&buf);
}
