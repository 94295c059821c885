/* http_reader.h - requests out of received bytes: no sockets, clocks or threads.
 * Feed:  put bytes where http_reader_room says, tell http_reader_received how many, and take steps
 *        until one says MORE. After REQUEST, http_reader_next goes on with the bytes behind it.
 * Place: a head, and a body that fits behind it, is read in place: request fields point into the
 *        receive buffer. A larger or chunked body is gathered in a buffer that grows with what has
 *        come, not with what was announced.
 * Ownership: request fields live until http_reader_next.
 * Bounds: http_reader_limits. The receive buffer is head_bytes_max + HTTP_READER_ROOM_BYTES.
 */
#pragma once

#include "base/buf.h"
#include "net/http_coding.h"
#include "net/http_server.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At least so much can be received at once into the receive buffer. */
#define HTTP_READER_ROOM_BYTES ((size_t)16 << 10)

struct http_reader_limits {
    size_t head_bytes_max;
    size_t body_bytes_max; /* as sent, without chunking, and decoded */
    unsigned header_count_max;
};

enum http_reader_phase {
    HTTP_READING_HEAD,
    HTTP_READING_PLACED,   /* a body of known size that fits behind the head */
    HTTP_READING_GATHERED, /* a larger one */
    HTTP_READING_CHUNKED,
    HTTP_READ,
};

enum http_reader_step {
    HTTP_READER_MORE,    /* all that has been received is used up */
    HTTP_READER_REQUEST, /* http_reader.request is complete */
    HTTP_READER_REFUSED, /* http_reader.refusal is the status to answer; nothing more is read */
};

struct http_reader {
    const struct http_reader_limits *limits;
    enum http_reader_phase phase;
    unsigned refusal;

    /* The receive buffer: [start, next) is the request so far, [next, size) not looked at yet. */
    uint8_t *in;
    size_t in_capacity, in_size, in_start, in_next;

    llhttp_t parser;
    struct http_header *headers; /* room for header_count_max */
    unsigned header_count;
    bool in_value;         /* the last piece was a header value */
    uint64_t body_left;    /* of a sized body */
    uint64_t chunked_left; /* bytes that chunks and their framing may still take */
    struct buf body;       /* what was not read in place */
    struct buf decoded;

    struct http_request request;
    enum http_coding coding;
    bool keep_alive;
    bool head_only;      /* HEAD: the reply has no body */
    bool accepts_gzip;   /* the client, for the reply */
    bool wants_continue; /* Expect: 100-continue, and the body has not come; the caller clears it */
};

void http_reader_init(struct http_reader *reader, const struct http_reader_limits *limits);
void http_reader_fini(struct http_reader *reader);

/* Where to put what comes next, and how much may come: never 0 after a step that said MORE. */
struct http_reader_room {
    uint8_t *at;
    size_t size;
};
struct http_reader_room http_reader_room(struct http_reader *reader);
void http_reader_received(struct http_reader *reader, size_t size);
enum http_reader_step http_reader_step(struct http_reader *reader);

/* Decodes the body of a request that left it coded. ERR_TOO_LARGE. */
enum err http_reader_decode(struct http_reader *reader) MUST_CHECK;

/* Forgets the request, keeps what came behind it. */
void http_reader_next(struct http_reader *reader);
/* Forgets everything: for another connection. */
void http_reader_clear(struct http_reader *reader);
/* Nothing has come of the next request. */
static inline bool http_reader_is_empty(const struct http_reader *reader)
{
    return reader->phase == HTTP_READING_HEAD && reader->in_start == reader->in_size;
}
