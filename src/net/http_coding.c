/* http_coding.c - zlib at work. */
#include "net/http_coding.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <zlib.h>

#define WINDOW_ZLIB  15
#define WINDOW_GZIP  (15 + 16) /* zlib's way to say: gzip framing */
#define WINDOW_RAW   (-15)
#define MEMORY_LEVEL 8 /* zlib's default */
/* Smaller replies are compressed on the loop, while others wait: speed counts more than size. */
#define LEVEL                  Z_BEST_SPEED
#define INFLATE_STEP_BYTES_MIN ((size_t)4 << 10)

struct http_gzip {
    z_stream stream;
};

static struct bytes trim(struct bytes text);
static struct bytes cut(struct bytes *rest, uint8_t separator);
static bool weight_is_zero(struct bytes parameters);
static int window_of(enum http_coding coding, struct bytes body);

enum http_coding http_coding_of(struct bytes content_encoding)
{
    struct bytes name = trim(content_encoding);

    if (name.size == 0 || bytes_equal_no_case(name, BYTES("identity")))
        return HTTP_CODING_NONE;
    if (bytes_equal_no_case(name, BYTES("gzip")) || bytes_equal_no_case(name, BYTES("x-gzip")))
        return HTTP_CODING_GZIP;
    if (bytes_equal_no_case(name, BYTES("deflate")))
        return HTTP_CODING_DEFLATE;
    return HTTP_CODING_UNKNOWN; /* also a list of them: nobody stacks codings */
}

bool http_coding_accepts_gzip(struct bytes accept_encoding)
{
    bool any = false;

    while (accept_encoding.size != 0) {
        struct bytes parameters = cut(&accept_encoding, ',');
        struct bytes name = trim(cut(&parameters, ';'));

        if (bytes_equal_no_case(name, BYTES("gzip")) || bytes_equal_no_case(name, BYTES("x-gzip")))
            return !weight_is_zero(parameters);
        if (bytes_equal_no_case(name, BYTES("*")))
            any = !weight_is_zero(parameters);
    }
    return any;
}

enum err http_coding_decode(enum http_coding coding, struct bytes body, struct buf *out)
{
    z_stream stream = {.next_in = (Bytef *)body.data, .avail_in = (uInt)body.size};
    enum err err = OK;
    int result;

    ASSERT(body.size <= UINT32_MAX);
    result = inflateInit2(&stream, window_of(coding, body));
    ASSERT(result == Z_OK);
    for (;;) {
        size_t step = out->size < INFLATE_STEP_BYTES_MIN ? INFLATE_STEP_BYTES_MIN : out->size;
        size_t room = out->size_max - out->size;
        uint8_t past_the_end, *at = &past_the_end;

        if (step > room)
            step = room;
        if (step != 0) {
            at = buf_reserve(out, step);
            ASSERT(at != NULL);
        }
        /* With the output full, one more byte tells a body that ends here from one that does not.
         */
        stream.next_out = at;
        stream.avail_out = step != 0 ? (uInt)step : 1;
        result = inflate(&stream, Z_NO_FLUSH);
        if (step == 0 && stream.avail_out == 0) {
            err = ERR_TOO_LARGE;
            break;
        }
        if (step != 0)
            buf_commit(out, step - stream.avail_out);
        if (result == Z_STREAM_END) {
            if (stream.avail_in == 0)
                break;
            /* RFC 1952, 2.2: a gzip file may have several members, one after the other. */
            if (coding == HTTP_CODING_GZIP && inflateReset(&stream) == Z_OK)
                continue;
            err = ERR_CORRUPT;
            break;
        }
        if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) {
            err = ERR_CORRUPT; /* or truncated */
            break;
        }
    }
    inflateEnd(&stream);
    return err;
}

void http_gzip_destroy(struct http_gzip **gzip)
{
    if (*gzip == NULL)
        return;
    deflateEnd(&(*gzip)->stream);
    free(*gzip);
    *gzip = NULL;
}

enum err http_gzip_encode(struct http_gzip **gzip, struct bytes body, struct buf *out)
{
    z_stream *stream;
    uint8_t *at;
    int result;

    if (*gzip == NULL) {
        *gzip = mem_zalloc(sizeof(**gzip));
        result = deflateInit2(&(*gzip)->stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL,
                              Z_DEFAULT_STRATEGY);
        ASSERT(result == Z_OK);
    }
    stream = &(*gzip)->stream;
    at = buf_reserve(out, body.size);
    if (at == NULL)
        return ERR_TOO_LARGE;
    stream->next_in = (Bytef *)body.data;
    stream->avail_in = (uInt)body.size;
    stream->next_out = at;
    stream->avail_out = (uInt)body.size;
    result = deflate(stream, Z_FINISH);
    if (result == Z_STREAM_END)
        buf_commit(out, body.size - stream->avail_out);
    deflateReset(stream);
    return result == Z_STREAM_END ? OK : ERR_TOO_LARGE;
}

static struct bytes trim(struct bytes text)
{
    while (text.size != 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_skip(text, 1);
    while (text.size != 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* What comes before the separator; *rest becomes what comes behind it. */
static struct bytes cut(struct bytes *rest, uint8_t separator)
{
    const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, separator, rest->size);
    struct bytes before = *rest;

    if (at == NULL) {
        *rest = bytes_make(NULL, 0);
        return before;
    }
    before.size = (size_t)(at - rest->data);
    *rest = bytes_skip(*rest, before.size + 1);
    return before;
}

/* True for ";q=0", ";q=0.000": never send this. */
static bool weight_is_zero(struct bytes parameters)
{
    while (parameters.size != 0) {
        struct bytes value = cut(&parameters, ';');
        struct bytes name = trim(cut(&value, '='));

        if (!bytes_equal_no_case(name, BYTES("q")))
            continue;
        value = trim(value);
        for (size_t i = 0; i < value.size; i++)
            if (value.data[i] != '0' && value.data[i] != '.')
                return false;
        return value.size != 0;
    }
    return false;
}

/* "deflate" means zlib's framing (RFC 9110, 8.4.1.2), but some send none: the first two bytes of
 * zlib's are a multiple of 31 with method 8 (RFC 1950, 2.2). */
static int window_of(enum http_coding coding, struct bytes body)
{
    if (coding == HTTP_CODING_GZIP)
        return WINDOW_GZIP;
    ASSERT(coding == HTTP_CODING_DEFLATE);
    if (body.size >= 2 && (body.data[0] & 15) == 8 && bytes_get_u16(body.data) % 31 == 0)
        return WINDOW_ZLIB;
    return WINDOW_RAW;
}
