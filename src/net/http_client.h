/* http_client.h - requests to other servers, through libcurl: one at a time for each caller, whole
 * bodies both ways. Connections are kept and used again.
 * Threads: any; every call waits, so never on a loop.
 * Bounds:  reply_bytes_max for a body, HTTP_CLIENT_HEAD_BYTES_MAX for a reply's headers; a transfer
 *          without a byte for idle_ms_max ends, a GET or PUT also if it has less than
 *          HTTP_CLIENT_SPEED_MIN for so long; every one ends after whole_ms_max, and one whose
 *          caller is stopping within a second.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "net/http_server.h"

#define HTTP_CLIENT_HEAD_BYTES_MAX    ((size_t)64 << 10)
#define HTTP_CLIENT_REPLY_HEADERS_MAX 64
#define HTTP_CLIENT_SPEED_MIN         1024 /* bytes a second */

struct http_client;

struct http_client_request {
    const char *method; /* GET, HEAD, PUT, POST, DELETE */
    const char *url;    /* http or https; its path is sent as it is */
    const struct http_header *headers;
    size_t header_count;
    struct bytes body;
    struct buf *reply; /* the reply's body is appended; its maximum holds */
    uint32_t idle_ms_max;
    uint32_t whole_ms_max; /* 0: ten minutes, and as long as the bodies may take at 16 KiB/s */
    bool (*stopping)(void *ctx); /* NULL: never */
    void *stopping_ctx;
};

struct http_client_reply {
    unsigned status;
    struct http_header headers[HTTP_CLIENT_REPLY_HEADERS_MAX]; /* further ones are dropped */
    size_t header_count;
};

/* ca_file: certificates to trust instead of the system's; NULL: those. Copied. */
struct http_client *http_client_open(const char *ca_file);
void http_client_close(struct http_client **client);

/* ERR_IO: not reached, or broken off; ERR_TIMEOUT; ERR_CONFIG: no such URL, a header with a control
 * character or too many of them, a certificate that is not to be trusted, or no libcurl;
 * ERR_CANCELLED: stopping; ERR_TOO_LARGE. The fault says more. Headers are in the arena. */
enum err http_client_send(struct http_client *client, const struct http_client_request *request,
                          struct arena *arena, struct fault *fault,
                          struct http_client_reply *reply) MUST_CHECK;

/* The host of "http://HOST[:PORT]..." or "https://...", as it is sent: without a port that is the
 * scheme's own. For signatures. Points into the URL. */
struct bytes http_client_host(const char *url);

/* Without bytes if there is none. */
struct bytes http_client_header(const struct http_client_reply *reply, const char *name);
