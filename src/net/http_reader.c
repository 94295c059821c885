/* http_reader.c - llhttp reads heads and chunks; sized bodies are only counted.
 * llhttp is paused behind the head, so that what the head says is judged in one place, and behind
 * the last chunk. It is lenient in nothing; what it lets pass and we do not is in judge_head.
 */
#include "net/http_reader.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

/* What chunk framing may cost: a byte a chunk ("1\r\nx\r\n") is six times the data. Extensions and
 * trailers are dropped, but a client must not feed us with them for ever. */
#define CHUNK_OVERHEAD_FACTOR 8
#define CHUNK_OVERHEAD_BYTES  ((uint64_t)64 << 10)

/* A body buffer larger than this is given back after the request. */
#define BODY_KEEP_BYTES ((size_t)64 << 10)

static int on_target(llhttp_t *parser, const char *at, size_t size);
static int on_header_name(llhttp_t *parser, const char *at, size_t size);
static int on_header_value(llhttp_t *parser, const char *at, size_t size);
static int on_body(llhttp_t *parser, const char *at, size_t size);
static int pause_here(llhttp_t *parser);
static size_t paused_at(const struct http_reader *reader);
static enum http_reader_step refuse(struct http_reader *reader, unsigned status);
static enum http_reader_step read_head(struct http_reader *reader);
static enum http_reader_step judge_head(struct http_reader *reader);
static unsigned judge_headers(struct http_reader *reader);
static unsigned judge_header(struct http_reader *reader, const struct http_header *header,
                             unsigned *host_count);
static void split_target(struct http_request *request);
static enum http_reader_step begin_body(struct http_reader *reader);
static enum http_reader_step read_placed(struct http_reader *reader);
static enum http_reader_step read_chunked(struct http_reader *reader);
static enum http_reader_step finish(struct http_reader *reader, struct bytes body);
static enum err decode(struct http_reader *reader, size_t size_max);
static void move_down(struct http_reader *reader);

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_header_name,
    .on_header_value = on_header_value,
    .on_headers_complete = pause_here,
    .on_body = on_body,
    .on_message_complete = pause_here,
};

void http_reader_init(struct http_reader *reader, const struct http_reader_limits *limits)
{
    *reader = (struct http_reader){.limits = limits};
    reader->in_capacity = limits->head_bytes_max + HTTP_READER_ROOM_BYTES;
    reader->in = mem_alloc(reader->in_capacity);
    reader->headers = mem_alloc(limits->header_count_max * sizeof(reader->headers[0]));
    buf_init(&reader->body, limits->body_bytes_max);
    buf_init(&reader->decoded, limits->body_bytes_max);
    http_reader_next(reader);
}

void http_reader_fini(struct http_reader *reader)
{
    free(reader->in);
    free(reader->headers);
    buf_fini(&reader->body);
    buf_fini(&reader->decoded);
}

struct http_reader_room http_reader_room(struct http_reader *reader)
{
    if (reader->phase == HTTP_READING_GATHERED) {
        /* Doubles what has come: a client that announces much and sends little gets little. */
        size_t size = reader->body.size;

        if (size < HTTP_READER_ROOM_BYTES)
            size = HTTP_READER_ROOM_BYTES;
        if (size > reader->body_left)
            size = (size_t)reader->body_left;
        return (struct http_reader_room){buf_reserve(&reader->body, size), size};
    }
    if (reader->phase == HTTP_READING_HEAD &&
        reader->in_capacity - reader->in_size < HTTP_READER_ROOM_BYTES)
        move_down(reader);
    return (struct http_reader_room){reader->in + reader->in_size,
                                     reader->in_capacity - reader->in_size};
}

void http_reader_received(struct http_reader *reader, size_t size)
{
    if (reader->phase == HTTP_READING_GATHERED) {
        buf_commit(&reader->body, size);
        reader->body_left -= size;
        return;
    }
    reader->in_size += size;
    ASSERT(reader->in_size <= reader->in_capacity);
}

enum http_reader_step http_reader_step(struct http_reader *reader)
{
    switch (reader->phase) {
    case HTTP_READING_HEAD:
        return read_head(reader);
    case HTTP_READING_PLACED:
        return read_placed(reader);
    case HTTP_READING_GATHERED:
        return reader->body_left != 0 ? HTTP_READER_MORE : finish(reader, buf_bytes(&reader->body));
    case HTTP_READING_CHUNKED:
        return read_chunked(reader);
    case HTTP_READ:
        break;
    }
    return reader->refusal != 0 ? HTTP_READER_REFUSED : HTTP_READER_REQUEST;
}

void http_reader_next(struct http_reader *reader)
{
    if (reader->in_next == reader->in_size)
        reader->in_next = reader->in_size = 0;
    reader->in_start = reader->in_next;
    reader->phase = HTTP_READING_HEAD;
    reader->refusal = 0;
    reader->header_count = 0;
    reader->in_value = true;
    reader->request.target = bytes_make(NULL, 0);
    reader->coding = HTTP_CODING_NONE;
    reader->accepts_gzip = false;
    reader->wants_continue = false;
    buf_reset(&reader->body, BODY_KEEP_BYTES);
    buf_reset(&reader->decoded, BODY_KEEP_BYTES);
    llhttp_init(&reader->parser, HTTP_REQUEST, &settings);
    reader->parser.data = reader;
}

void http_reader_clear(struct http_reader *reader)
{
    reader->in_next = reader->in_size;
    http_reader_next(reader);
}

static int on_target(llhttp_t *parser, const char *at, size_t size)
{
    struct bytes *target = &((struct http_reader *)parser->data)->request.target;

    if (target->size == 0)
        target->data = (const uint8_t *)at;
    target->size += size;
    return 0;
}

/* Pieces of one name or value follow each other in the receive buffer, so a later piece makes the
 * earlier one longer. An empty value may not be reported at all: then it is the gap that tells the
 * next name from more of this one. */
static int on_header_name(llhttp_t *parser, const char *at, size_t size)
{
    struct http_reader *reader = parser->data;
    struct http_header *header;

    if (parser->flags & F_TRAILING)
        return 0; /* RFC 9110, 6.5.1: trailers may be dropped, and must not become headers */
    if (!reader->in_value) {
        header = &reader->headers[reader->header_count - 1];
        if (header->name.data + header->name.size == (const uint8_t *)at) {
            header->name.size += size;
            return 0;
        }
    }
    if (reader->header_count == reader->limits->header_count_max) {
        reader->refusal = 431;
        return -1;
    }
    header = &reader->headers[reader->header_count++];
    header->name = bytes_make(at, size);
    header->value = bytes_make(at + size, 0);
    reader->in_value = false;
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t size)
{
    struct http_reader *reader = parser->data;
    struct http_header *header;

    if (parser->flags & F_TRAILING)
        return 0;
    ASSERT(reader->header_count != 0);
    header = &reader->headers[reader->header_count - 1];
    if (!reader->in_value)
        header->value.data = (const uint8_t *)at;
    header->value.size = (size_t)((const uint8_t *)at + size - header->value.data);
    reader->in_value = true;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    struct http_reader *reader = parser->data;

    buf_append(&reader->body, at, size);
    if (!reader->body.overflowed)
        return 0;
    reader->refusal = 413;
    return -1;
}

static int pause_here(llhttp_t *parser)
{
    return HPE_PAUSED;
}

/* Where in the receive buffer the parser stopped: behind what it has read. */
static size_t paused_at(const struct http_reader *reader)
{
    const uint8_t *at = (const uint8_t *)llhttp_get_error_pos(&reader->parser);

    ASSERT(at >= reader->in);
    ASSERT(at <= reader->in + reader->in_size);
    return (size_t)(at - reader->in);
}

static enum http_reader_step refuse(struct http_reader *reader, unsigned status)
{
    reader->phase = HTTP_READ;
    reader->refusal = status;
    return HTTP_READER_REFUSED;
}

static enum http_reader_step read_head(struct http_reader *reader)
{
    const char *from = (const char *)reader->in + reader->in_next;
    enum llhttp_errno result;

    if (reader->in_next == reader->in_size)
        return HTTP_READER_MORE;
    result = llhttp_execute(&reader->parser, from, reader->in_size - reader->in_next);
    switch (result) {
    case HPE_OK:
        reader->in_next = reader->in_size;
        break;
    case HPE_PAUSED:
        reader->in_next = paused_at(reader);
        break;
    case HPE_USER:
        return refuse(reader, reader->refusal);
    default:
        return refuse(reader, 400);
    }
    if (reader->in_next - reader->in_start > reader->limits->head_bytes_max)
        return refuse(reader, 431);
    return result == HPE_PAUSED ? judge_head(reader) : HTTP_READER_MORE;
}

static enum http_reader_step judge_head(struct http_reader *reader)
{
    const llhttp_t *parser = &reader->parser;
    unsigned refusal;

    if (parser->http_major != 1 || parser->http_minor > 1)
        return refuse(reader, 505);
    refusal = judge_headers(reader);
    if (refusal != 0)
        return refuse(reader, refusal);
    reader->keep_alive = parser->http_minor == 1 ? (parser->flags & F_CONNECTION_CLOSE) == 0
                                                 : (parser->flags & F_CONNECTION_KEEP_ALIVE) != 0;
    if (parser->flags & F_TRANSFER_ENCODING) {
        /* RFC 9112, 6.1 and 6.3: a length besides is an attack, and 1.0 has no chunks. */
        if ((parser->flags & F_CONTENT_LENGTH) || parser->http_minor == 0)
            return refuse(reader, 400);
    }
    reader->head_only = parser->method == HTTP_HEAD;
    return begin_body(reader);
}

/* 0, or the status of the refusal. */
static unsigned judge_headers(struct http_reader *reader)
{
    unsigned host_count = 0;

    for (unsigned i = 0; i < reader->header_count; i++) {
        struct bytes *value = &reader->headers[i].value;
        unsigned refusal;

        while (value->size != 0 &&
               (value->data[value->size - 1] == ' ' || value->data[value->size - 1] == '\t'))
            value->size--;
        refusal = judge_header(reader, &reader->headers[i], &host_count);
        if (refusal != 0)
            return refusal;
    }
    /* RFC 9112, 3.2 */
    return host_count == 1 || (host_count == 0 && reader->parser.http_minor == 0) ? 0 : 400;
}

static unsigned judge_header(struct http_reader *reader, const struct http_header *header,
                             unsigned *host_count)
{
    struct bytes name = header->name, value = header->value;

    switch (name.size) { /* most headers are told by their length alone */
    case 4:
        *host_count += bytes_equal_no_case(name, BYTES("Host"));
        break;
    case 6:
        if (bytes_equal_no_case(name, BYTES("Expect")) && reader->parser.http_minor == 1) {
            if (!bytes_equal_no_case(value, BYTES("100-continue")))
                return 417;
            reader->wants_continue = true;
        }
        break;
    case 15:
        if (bytes_equal_no_case(name, BYTES("Accept-Encoding")) && http_coding_accepts_gzip(value))
            reader->accepts_gzip = true;
        break;
    case 16:
        if (bytes_equal_no_case(name, BYTES("Content-Encoding")))
            reader->coding =
                reader->coding == HTTP_CODING_NONE ? http_coding_of(value) : HTTP_CODING_UNKNOWN;
        break;
    case 17:
        /* RFC 9112, 6.1. Only chunks; llhttp has seen to it that they come once and last. */
        if (bytes_equal_no_case(name, BYTES("Transfer-Encoding")) &&
            !bytes_equal_no_case(value, BYTES("chunked")))
            return 501;
        break;
    }
    return 0;
}

static void split_target(struct http_request *request)
{
    struct bytes path = request->target;
    const uint8_t *at;

    /* RFC 9112, 3.2.2: a server must understand http://host/path. */
    if (path.size != 0 && path.data[0] != '/' && (at = memmem(path.data, path.size, "://", 3))) {
        path = bytes_skip(path, (size_t)(at + 3 - path.data));
        at = path.size == 0 ? NULL : memchr(path.data, '/', path.size);
        path = at == NULL ? bytes_make(NULL, 0) : bytes_skip(path, (size_t)(at - path.data));
    }
    at = path.size == 0 ? NULL : memchr(path.data, '?', path.size);
    request->query = bytes_make(NULL, 0);
    if (at != NULL) {
        request->query = bytes_skip(path, (size_t)(at + 1 - path.data));
        path.size = (size_t)(at - path.data);
    }
    request->path = path.size == 0 ? BYTES("/") : path;
}

static enum http_reader_step begin_body(struct http_reader *reader)
{
    uint64_t size = reader->parser.content_length;

    if (reader->parser.flags & F_CHUNKED) {
        /* Chunks are received behind the head, over and over: make room for them. */
        if (reader->in_capacity - reader->in_next < HTTP_READER_ROOM_BYTES)
            move_down(reader);
        llhttp_resume(&reader->parser);
        reader->phase = HTTP_READING_CHUNKED;
        reader->chunked_left =
            CHUNK_OVERHEAD_BYTES + reader->limits->body_bytes_max * CHUNK_OVERHEAD_FACTOR;
        return read_chunked(reader);
    }
    if (size > reader->limits->body_bytes_max)
        return refuse(reader, 413);
    if (size > reader->in_capacity - reader->in_next)
        move_down(reader);
    reader->body_left = size;
    if (size <= reader->in_capacity - reader->in_next) {
        reader->phase = HTTP_READING_PLACED;
        return read_placed(reader);
    }
    reader->phase = HTTP_READING_GATHERED;
    buf_append(&reader->body, reader->in + reader->in_next, reader->in_size - reader->in_next);
    reader->body_left -= reader->in_size - reader->in_next;
    reader->in_next = reader->in_size;
    return HTTP_READER_MORE; /* it did not fit, so it cannot be complete */
}

static enum http_reader_step read_placed(struct http_reader *reader)
{
    struct bytes body = bytes_make(reader->in + reader->in_next, reader->body_left);

    if (reader->in_size - reader->in_next < body.size)
        return HTTP_READER_MORE;
    reader->in_next += body.size;
    return finish(reader, body);
}

static enum http_reader_step read_chunked(struct http_reader *reader)
{
    size_t head_end = reader->in_next, size = reader->in_size - reader->in_next;
    const char *from = (const char *)reader->in + reader->in_next;
    enum llhttp_errno result;

    if (size == 0)
        return HTTP_READER_MORE;
    result = llhttp_execute(&reader->parser, from, size);
    switch (result) {
    case HPE_OK: /* the data is in reader->body, the framing is done with */
        if (size > reader->chunked_left)
            return refuse(reader, 413);
        reader->chunked_left -= size;
        reader->in_size = head_end;
        return HTTP_READER_MORE;
    case HPE_PAUSED:
        reader->in_next = paused_at(reader);
        return finish(reader, buf_bytes(&reader->body));
    case HPE_USER:
        return refuse(reader, reader->refusal);
    default:
        return refuse(reader, 400);
    }
}

static enum http_reader_step finish(struct http_reader *reader, struct bytes body)
{
    struct http_request *request = &reader->request;

    reader->phase = HTTP_READ;
    reader->wants_continue = false;
    request->method = bytes_of_string(llhttp_method_name(reader->parser.method));
    split_target(request);
    request->headers = reader->headers;
    request->header_count = reader->header_count;
    request->body_sent = request->body = body;
    request->body_undecodable = request->body_coded = false;
    if (reader->coding == HTTP_CODING_NONE || body.size == 0)
        return HTTP_READER_REQUEST;
    if (decode(reader, HTTP_DECODED_BYTES_MAX) != ERR_TOO_LARGE)
        return HTTP_READER_REQUEST;
    if (reader->limits->body_bytes_max <= HTTP_DECODED_BYTES_MAX)
        return refuse(reader, 413);
    request->body = bytes_make(NULL, 0);
    request->body_coded = true;
    return HTTP_READER_REQUEST;
}

enum err http_reader_decode(struct http_reader *reader)
{
    enum err err;

    ASSERT(reader->request.body_coded);
    err = decode(reader, reader->limits->body_bytes_max);
    if (err == OK)
        reader->request.body_coded = false;
    return err;
}

/* ERR_TOO_LARGE: more than size_max, nothing is decided. OK: decoded, or known not to be. */
static enum err decode(struct http_reader *reader, size_t size_max)
{
    struct http_request *request = &reader->request;
    enum err err = ERR_CORRUPT;

    ASSERT(reader->decoded.size == 0);
    reader->decoded.size_max =
        size_max < reader->limits->body_bytes_max ? size_max : reader->limits->body_bytes_max;
    if (reader->coding != HTTP_CODING_UNKNOWN)
        err = http_coding_decode(reader->coding, request->body_sent, &reader->decoded);
    if (err == ERR_TOO_LARGE) {
        buf_fini(&reader->decoded);
        return err;
    }
    request->body = err == OK ? buf_bytes(&reader->decoded) : bytes_make(NULL, 0);
    request->body_undecodable = err != OK;
    return OK;
}

/* Moves the request so far to the start of the receive buffer, over requests already served. */
static void move_down(struct http_reader *reader)
{
    size_t distance = reader->in_start;

    if (distance == 0)
        return;
    memmove(reader->in, reader->in + distance, reader->in_size - distance);
    reader->in_start = 0;
    reader->in_next -= distance;
    reader->in_size -= distance;
    for (unsigned i = 0; i < reader->header_count; i++) {
        reader->headers[i].name.data -= distance;
        reader->headers[i].value.data -= distance;
    }
    if (reader->request.target.size != 0)
        reader->request.target.data -= distance;
}
