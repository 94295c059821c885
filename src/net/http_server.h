/* http_server.h - HTTP/1.1 for our protocols: requests with whole bodies in, whole replies out.
 * A listener's connections are spread over the loops (SO_REUSEPORT); a connection and its exchange
 * live on one loop. One exchange at a time on a connection: pipelined requests wait their turn.
 * The server itself answers what is not a request (malformed: 400; too large: 413 or 431; too
 * slow: 408 or a close), so a handler sees complete, bounded requests only.
 * Ownership: an exchange, its request, arena and reply belong to the server; the handler borrows
 *            them from its call until http_exchange_send. They stay valid if the client goes away.
 * Threads:   handlers run on the connection's loop. Between the handler's return and the send, one
 *            other thread at a time may read the request and fill the reply; sending is the loop's.
 * Bounds:    http_server_options: connections, sizes, times, and memory for all of them together.
 * Source:    RFC 9110, RFC 9112
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct http_exchange;
struct loop;
struct tls_context;

struct http_header {
    struct bytes name;  /* as sent */
    struct bytes value; /* without the white space around it */
};

struct http_request {
    struct bytes method;
    struct bytes target; /* as sent: path and query, "*", or a whole URL */
    struct bytes path;   /* of the target, up to '?'; never empty */
    struct bytes query;  /* behind '?', or empty */
    const struct http_header *headers;
    size_t header_count;
    struct bytes body_sent; /* chunking removed, content encoding not: what a signature covers */
    struct bytes body;      /* decoded from gzip or deflate */
    bool body_undecodable;  /* unknown or corrupt Content-Encoding; body is empty */
    bool body_coded;        /* so is body, until http_exchange_decode: it is a large one */
};

/* A body that decodes to more is left coded: decoding would hold up the loop. */
#define HTTP_DECODED_BYTES_MAX ((size_t)64 << 10)

typedef void http_handler_fn(void *ctx, struct http_exchange *exchange);

struct http_server_options {
    const char *address; /* numeric, IPv4 or IPv6 */
    uint16_t port;       /* 0: any free one, see http_server_port */
    struct loop *const *loops;
    unsigned loop_count;
    struct tls_context *tls; /* NULL: clear text */
    http_handler_fn *handler;
    void *handler_ctx;
    size_t body_bytes_max; /* sent and decoded alike; over it: 413 */
    size_t head_bytes_max; /* request line and headers; over it: 431 */
    unsigned header_count_max;
    unsigned connection_count_max; /* beyond it a new one is accepted and closed at once */
    /* Large bodies, arenas and replies, and requests that have begun to come, in memory, all
     * connections together; 0: no limit. What would go over it is answered 503, or closed if it is
     * a reply that its client has not read yet. */
    size_t held_bytes_max;
    /* But first room is made by those whose clients have neither taken nor sent anything for so
     * long (longest first, until an eighth is free): a reply that waits is closed, a request that
     * has not come whole is answered 408. A loop makes its own give way only: at once where it
     * finds no room itself, and whenever so long has passed and less than an eighth is free, for
     * the other loops. That a client takes something is seen when its socket reports room: Linux
     * does that when a third of the socket's buffer is free, which may be 1.5 MB. 0: nobody gives
     * way. */
    uint32_t stall_ms;
    uint32_t idle_timeout_ms;    /* between requests */
    uint32_t receive_timeout_ms; /* for a whole request, once begun */
    uint32_t send_timeout_ms;    /* without progress */
    size_t compress_bytes_min;   /* gzip replies this large for clients that accept it; 0: never */
    const char *crc32_header;    /* header with the CRC-32 of the body as sent, or NULL */
    const char *server_name;     /* Server header */
};

/* A reply's body; an append beyond it is refused (buf.h), and 500 is sent instead. */
#define HTTP_REPLY_BYTES_MAX   ((size_t)64 << 20)
#define HTTP_REPLY_HEADERS_MAX 24

/* Listens and begins to serve on the loops, which may run already. The options are copied, what
 * they point to is borrowed until the close. ERR_IO: cannot listen, ERR_CONFIG: no such address;
 * fault says which and why. */
enum err http_server_open(const struct http_server_options *options, struct fault *fault,
                          struct http_server **server) MUST_CHECK;
/* The port that is listened on. */
uint16_t http_server_port(const struct http_server *server);
/* What is held now, of what held_bytes_max bounds. Any thread. */
size_t http_server_held(const struct http_server *server);
/* Stops accepting and closes idle connections; the others close after the reply under way. Any
 * thread. http_server_idle is then true as soon as none is left. */
void http_server_drain(struct http_server *server);
bool http_server_idle(const struct http_server *server);
/* Closes every connection at once. What handlers still have is theirs until they send it, which
 * then goes nowhere. When this returns the handler is called no more, so what it relies on can be
 * ended. The loops must run; not on one of them. */
void http_server_cut(struct http_server *server);
/* Closes what is left, exchanges that were never sent included; only after the loops have
 * stopped. */
void http_server_close(struct http_server **server);

const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/* First header of that name (ASCII case ignored), or NULL. */
const struct bytes *http_request_header(const struct http_request *request, const char *name);

/* Dropped after the reply; for whatever the handler needs meanwhile. */
struct arena *http_exchange_arena(struct http_exchange *exchange);
struct loop *http_exchange_loop(struct http_exchange *exchange);
/* The reply's body; append to it. */
struct buf *http_exchange_body(struct http_exchange *exchange);
/* Adds a reply header, at most HTTP_REPLY_HEADERS_MAX; name and value are borrowed until the send.
 * Date, Server, Connection, Content-Length and the CRC header are the server's. */
void http_exchange_add_header(struct http_exchange *exchange, const char *name, struct bytes value);
/* Ends the exchange: sends status (a row of http_status.def), headers and body; 204 and 304 have
 * no body. Loop thread only, once. The exchange and its arena are gone afterwards; the handler may
 * be called for the connection's next request before this returns. */
void http_exchange_send(struct http_exchange *exchange, unsigned status);
/* Instead of sending: refuses the request as the server itself does, without a body, and closes the
 * connection. Loop thread only, once. */
void http_exchange_refuse(struct http_exchange *exchange, unsigned status);

/* How much memory of its own the handler has for this exchange: it counts into what all connections
 * hold, until the send, as the arena does as far as it has grown by this call. False: that is more
 * than held_bytes_max. By whoever has the exchange. */
bool http_exchange_hold(struct http_exchange *exchange, size_t bytes) MUST_CHECK;

/* Decodes a body that was left coded. ERR_TOO_LARGE: beyond body_bytes_max, to be refused with 413;
 * ERR_BUSY: beyond held_bytes_max. By whoever has the exchange, where it may take its time. */
enum err http_exchange_decode(struct http_exchange *exchange) MUST_CHECK;
/* Whether the send is going to compress the body, and doing so before: by whoever has the
 * exchange, where it may take its time. The first is asked on the loop. */
bool http_exchange_compresses(const struct http_exchange *exchange);
void http_exchange_compress(struct http_exchange *exchange);

/* The handler's own data, NULL at first. */
void http_exchange_set_data(struct http_exchange *exchange, void *data);
void *http_exchange_data(const struct http_exchange *exchange);
/* For logs and audit. Textual address of the peer, without the port; lives in the arena. */
const char *http_exchange_peer(struct http_exchange *exchange);
