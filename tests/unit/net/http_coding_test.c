/* http_coding_test.c - content codings: what we read, what we refuse, what we write. */
#include "net/http_coding.h"
#include "unit.h"

#include <stdlib.h>
#include <zlib.h>

#define WINDOW_ZLIB 15
#define WINDOW_GZIP 31
#define WINDOW_RAW  (-15)

static void deflate_all(int window, struct bytes plain, struct buf *out)
{
    z_stream stream = {.next_in = (Bytef *)plain.data, .avail_in = (uInt)plain.size};
    size_t bound = plain.size + plain.size / 100 + 100;

    CHECK(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_out = buf_reserve(out, bound);
    stream.avail_out = (uInt)bound;
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    buf_commit(out, bound - stream.avail_out);
    deflateEnd(&stream);
}

TEST(http_coding_knows_the_names)
{
    CHECK_U64(http_coding_of(BYTES("gzip")), HTTP_CODING_GZIP);
    CHECK_U64(http_coding_of(BYTES(" X-GZip ")), HTTP_CODING_GZIP);
    CHECK_U64(http_coding_of(BYTES("deflate")), HTTP_CODING_DEFLATE);
    CHECK_U64(http_coding_of(BYTES("identity")), HTTP_CODING_NONE);
    CHECK_U64(http_coding_of(BYTES("")), HTTP_CODING_NONE);
    CHECK_U64(http_coding_of(BYTES("br")), HTTP_CODING_UNKNOWN);
    CHECK_U64(http_coding_of(BYTES("gzip, gzip")), HTTP_CODING_UNKNOWN);
    CHECK_U64(http_coding_of(BYTES("gzipped")), HTTP_CODING_UNKNOWN);
}

TEST(http_coding_reads_accept_encoding)
{
    static const struct {
        const char *header;
        bool gzip;
    } cases[] = {
        {"gzip", true},
        {"GZIP", true},
        {"deflate, gzip, br", true},
        {"gzip;q=1.0", true},
        {"gzip; q=0.001", true},
        {"gzip;q=0", false},
        {"gzip ; q=0.000", false},
        {"gzip;Q=0", false},
        {"deflate;q=0, gzip", true},
        {"*", true},
        {"*;q=0", false},
        {"*, gzip;q=0", false},
        {"gzip;q=0, *", false},
        {"identity", false},
        {"", false},
        {",,", false},
        {"gzipper", false},
        {"x-gzip", true},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (http_coding_accepts_gzip(bytes_of_string(cases[i].header)) != cases[i].gzip)
            unit_failed(__FILE__, __LINE__, "\"%s\" should %saccept gzip", cases[i].header,
                        cases[i].gzip ? "" : "not ");
}

static struct bytes sample(size_t size)
{
    static uint8_t data[200000];

    srandom(4);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)("{\"name\": [1234567890]}"[(size_t)random() % 22]);
    return bytes_make(data, size);
}

TEST(http_coding_decodes_all_forms_at_all_sizes)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 150000, 200000};
    static const struct {
        int window;
        enum http_coding coding;
    } forms[] = {
        {WINDOW_GZIP, HTTP_CODING_GZIP},
        {WINDOW_ZLIB, HTTP_CODING_DEFLATE},
        {WINDOW_RAW, HTTP_CODING_DEFLATE},
    };

    for (unsigned f = 0; f < sizeof(forms) / sizeof(forms[0]); f++)
        for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            struct bytes plain = sample(sizes[s]);

            /* a limit that just fits, and one too small */
            for (size_t limit = sizes[s]; limit + 1 >= sizes[s] && limit != SIZE_MAX; limit--) {
                struct buf packed, out;

                buf_init(&packed, SIZE_MAX / 2);
                buf_init(&out, limit);
                deflate_all(forms[f].window, plain, &packed);
                CHECK_ERR(http_coding_decode(forms[f].coding, buf_bytes(&packed), &out),
                          limit == sizes[s] ? OK : ERR_TOO_LARGE);
                if (limit == sizes[s])
                    CHECK(bytes_equal(buf_bytes(&out), plain));
                buf_fini(&packed);
                buf_fini(&out);
            }
        }
}

TEST(http_coding_decodes_gzip_of_several_members)
{
    struct buf packed, out;

    buf_init(&packed, 1000);
    buf_init(&out, 1000);
    deflate_all(WINDOW_GZIP, BYTES("one, "), &packed);
    deflate_all(WINDOW_GZIP, BYTES("two"), &packed);
    CHECK_OK(http_coding_decode(HTTP_CODING_GZIP, buf_bytes(&packed), &out));
    CHECK_TEXT(buf_bytes(&out), "one, two");
    buf_fini(&packed);
    buf_fini(&out);
}

TEST(http_coding_tells_damage)
{
    struct bytes plain = sample(5000);
    struct buf packed, out;

    buf_init(&packed, SIZE_MAX / 2);
    deflate_all(WINDOW_GZIP, plain, &packed);
    for (size_t cut = 0; cut < packed.size; cut += 1 + packed.size / 40) {
        buf_init(&out, 10000);
        CHECK_ERR(http_coding_decode(HTTP_CODING_GZIP, bytes_make(packed.data, cut), &out),
                  ERR_CORRUPT);
        buf_fini(&out);
    }
    packed.data[packed.size - 5] ^= 1; /* in the checksum */
    buf_init(&out, 10000);
    CHECK_ERR(http_coding_decode(HTTP_CODING_GZIP, buf_bytes(&packed), &out), ERR_CORRUPT);
    buf_fini(&out);
    packed.data[packed.size - 5] ^= 1;
    buf_append_lit(&packed, "x");
    buf_init(&out, 10000);
    CHECK_ERR(http_coding_decode(HTTP_CODING_GZIP, buf_bytes(&packed), &out), ERR_CORRUPT);
    buf_fini(&out);
    buf_fini(&packed);
    buf_init(&out, 10000);
    CHECK_ERR(http_coding_decode(HTTP_CODING_DEFLATE, BYTES("{\"plain\":1}"), &out), ERR_CORRUPT);
    buf_fini(&out);
}

/* A gigabyte of zeros is a megabyte on the wire, and must not become memory. */
TEST(http_coding_stops_a_bomb_at_the_limit)
{
    static uint8_t zeros[1 << 20];
    struct buf packed, out;

    buf_init(&packed, SIZE_MAX / 2);
    deflate_all(WINDOW_GZIP, bytes_make(zeros, sizeof(zeros)), &packed);
    CHECK(packed.size < 2000);
    buf_init(&out, 65536);
    CHECK_ERR(http_coding_decode(HTTP_CODING_GZIP, buf_bytes(&packed), &out), ERR_TOO_LARGE);
    CHECK(out.capacity <= 65536);
    buf_fini(&out);
    buf_fini(&packed);
}

TEST(http_gzip_is_read_back_reply_after_reply)
{
    struct http_gzip *gzip = NULL;
    struct buf packed, out;

    for (size_t size = 1000; size <= 64000; size *= 2) {
        struct bytes plain = sample(size);

        buf_init(&packed, SIZE_MAX / 2);
        buf_init(&out, SIZE_MAX / 2);
        CHECK_OK(http_gzip_encode(&gzip, plain, &packed));
        CHECK(packed.size < size);
        CHECK_OK(http_coding_decode(HTTP_CODING_GZIP, buf_bytes(&packed), &out));
        CHECK(bytes_equal(buf_bytes(&out), plain));
        buf_fini(&packed);
        buf_fini(&out);
        /* what does not shrink is left alone, and spoils nothing */
        buf_init(&packed, SIZE_MAX / 2);
        CHECK_ERR(http_gzip_encode(&gzip, BYTES("abc"), &packed), ERR_TOO_LARGE);
        buf_fini(&packed);
    }
    http_gzip_destroy(&gzip);
    CHECK(gzip == NULL);
}
