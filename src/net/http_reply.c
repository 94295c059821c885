/* http_reply.c - writes replies: status line, our headers, the handler's, the body.
 * The part that changes once a second only is kept ready; the rest is copied behind it by hand.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/crc32.h"
#include "base/format.h"
#include "net/http_priv.h"

#include <stdio.h>
#include <time.h>

/* A body up to this size is copied behind its head: one more copy is cheaper than one more part
 * for the kernel, and lets replies to pipelined requests leave together. */
#define COPIED_BODY_BYTES_MAX ((size_t)16 << 10)

#define STATUS_MAX 599

/* What our own headers take: status line, Server, Date, Connection, Content-Encoding,
 * Content-Length and a CRC header of a sensible name. */
#define OWN_HEADERS_BYTES_MAX 1024

#define KEEP_ALIVE_LINE "Connection: keep-alive\r\n"
#define CLOSE_LINE      "Connection: close\r\n"

static const struct bytes status_lines[STATUS_MAX + 1] = {
#define STATUS(code, reason) [code] = BYTES("HTTP/1.1 " #code " " reason "\r\n"),
#include "net/http_status.def"
};

static void compress(struct http_exchange *exchange, struct http_gzip **gzip);
static struct bytes code_body(struct http_exchange *exchange);
static bool has_header(const struct http_exchange *exchange, struct bytes name);
static uint8_t *put(uint8_t *at, struct bytes bytes);
static uint8_t *put_u64(uint8_t *at, uint64_t value);
static uint8_t *put_start(uint8_t *at, struct http_loop *home, unsigned status);
static void refresh(struct http_loop *home);

void http_reply_write(struct http_exchange *exchange, unsigned status, bool keep_alive,
                      struct buf *out, struct bytes *body_left)
{
    struct http_loop *home = exchange->home;
    const struct http_server_options *options = &home->server->options;
    struct bytes body = buf_bytes(&exchange->body), coded;
    size_t size_max = OWN_HEADERS_BYTES_MAX + COPIED_BODY_BYTES_MAX;
    bool has_body = status != 204 && status != 304;
    uint8_t *start, *at;

    ASSERT(status <= STATUS_MAX);
    ASSERT(status_lines[status].size != 0);
    ASSERT(has_body || body.size == 0);
    coded = code_body(exchange);
    for (unsigned i = 0; i < exchange->header_count; i++)
        size_max += exchange->headers[i].name.size + exchange->headers[i].value.size + 4;
    at = start = buf_reserve(out, size_max);
    ASSERT(at != NULL);

    at = put_start(at, home, status);
    at = keep_alive ? put(at, BYTES(KEEP_ALIVE_LINE)) : put(at, BYTES(CLOSE_LINE));
    for (unsigned i = 0; i < exchange->header_count; i++) {
        at = put(at, exchange->headers[i].name);
        at = put(at, BYTES(": "));
        at = put(at, exchange->headers[i].value);
        at = put(at, BYTES("\r\n"));
    }
    if (coded.data != body.data)
        at = put(at, BYTES("Content-Encoding: gzip\r\n"));
    if (options->crc32_header != NULL) {
        at = put(at, bytes_of_string(options->crc32_header));
        at = put(at, BYTES(": "));
        at = put_u64(at, crc32_bytes(coded));
        at = put(at, BYTES("\r\n"));
    }
    if (has_body) {
        at = put(at, BYTES("Content-Length: "));
        at = put_u64(at, coded.size);
        at = put(at, BYTES("\r\n"));
    }
    at = put(at, BYTES("\r\n"));
    *body_left = bytes_make(NULL, 0);
    if (exchange->reader.head_only)
        ; /* RFC 9110, 9.3.2: as for GET, but no body */
    else if (coded.size <= COPIED_BODY_BYTES_MAX)
        at = put(at, coded);
    else
        *body_left = coded;
    buf_commit(out, (size_t)(at - start));
}

/* API contract, 1.3: 413 has an empty body in chunks and no request id. The other refusals have
 * no body either. All of them close the connection. */
void http_reply_write_refusal(struct http_loop *home, unsigned status, struct buf *out)
{
    uint8_t *start = buf_reserve(out, OWN_HEADERS_BYTES_MAX), *at = start;

    ASSERT(at != NULL);
    at = put_start(at, home, status);
    at = put(at, BYTES(CLOSE_LINE));
    if (status == 413)
        at = put(at, BYTES("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    else
        at = put(at, BYTES("Content-Length: 0\r\n\r\n"));
    buf_commit(out, (size_t)(at - start));
}

bool http_exchange_compresses(const struct http_exchange *exchange)
{
    size_t size_min = exchange->home->server->options.compress_bytes_min;

    return size_min != 0 && exchange->body.size >= size_min && !exchange->body.overflowed &&
           exchange->reader.accepts_gzip && exchange->conn->state != CONN_GONE &&
           !exchange->compressed && !has_header(exchange, BYTES("Content-Encoding"));
}

void http_exchange_compress(struct http_exchange *exchange)
{
    struct http_gzip *gzip = NULL; /* not the loop's: this may be another thread */

    compress(exchange, &gzip);
    http_gzip_destroy(&gzip);
}

static void compress(struct http_exchange *exchange, struct http_gzip **gzip)
{
    ASSERT(!exchange->compressed);
    exchange->compressed = true;
    if (http_gzip_encode(gzip, buf_bytes(&exchange->body), &exchange->body_gzip) != OK)
        buf_reset(&exchange->body_gzip, HTTP_BUFFER_KEEP_BYTES); /* it would be no smaller */
}

/* The body as it will be sent: itself, or its gzip form in body_gzip. */
static struct bytes code_body(struct http_exchange *exchange)
{
    if (http_exchange_compresses(exchange))
        compress(exchange, &exchange->home->gzip);
    return buf_bytes(exchange->body_gzip.size != 0 ? &exchange->body_gzip : &exchange->body);
}

static bool has_header(const struct http_exchange *exchange, struct bytes name)
{
    for (unsigned i = 0; i < exchange->header_count; i++)
        if (bytes_equal_no_case(exchange->headers[i].name, name))
            return true;
    return false;
}

static uint8_t *put(uint8_t *at, struct bytes bytes)
{
    if (bytes.size != 0)
        memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

static uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    uint8_t text[FORMAT_U64_BYTES_MAX];

    return put(at, format_u64(value, text));
}

static uint8_t *put_start(uint8_t *at, struct http_loop *home, unsigned status)
{
    struct http_reply_start *start = &home->reply_start;

    if (loop_now_ms(home->loop) >= start->until_ms)
        refresh(home);
    if (status == 200)
        return put(at, start->text);
    at = put(at, status_lines[status]);
    return put(at, bytes_skip(start->text, start->status_line_size));
}

/* RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT, in English whatever the locale. */
static void refresh(struct http_loop *home)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct http_reply_start *start = &home->reply_start;
    uint64_t wall_ms = clock_wall_ms();
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    int size;

    gmtime_r(&seconds, &utc);
    size = snprintf(start->space, sizeof(start->space),
                    "%.*sServer: %s\r\nDate: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                    BYTES_ARGS(status_lines[200]), home->server->options.server_name,
                    days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900,
                    utc.tm_hour, utc.tm_min, utc.tm_sec);
    ASSERT(size > 0);
    ASSERT((size_t)size < sizeof(start->space));
    start->text = bytes_make(start->space, (size_t)size);
    start->status_line_size = status_lines[200].size;
    start->until_ms = loop_now_ms(home->loop) + (1000 - wall_ms % 1000);
}
