/* http_exchange.c - a request and its reply, as handlers see them.
 * Exchanges are kept for reuse with their buffers, the last used one first.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "net/http_priv.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define SPARES_MAX 64

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->reader.request;
}

const struct bytes *http_request_header(const struct http_request *request, const char *name)
{
    struct bytes wanted = bytes_of_string(name);

    for (size_t i = 0; i < request->header_count; i++)
        if (bytes_equal_no_case(request->headers[i].name, wanted))
            return &request->headers[i].value;
    return NULL;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

struct loop *http_exchange_loop(struct http_exchange *exchange)
{
    return exchange->home->loop;
}

struct buf *http_exchange_body(struct http_exchange *exchange)
{
    return &exchange->body;
}

void http_exchange_add_header(struct http_exchange *exchange, const char *name, struct bytes value)
{
    ASSERT(exchange->header_count < HTTP_REPLY_HEADERS_MAX);
    /* A line break would let the value's author write headers. The reader lets none through. */
    ASSERT_SLOW(memchr(value.data, '\r', value.size) == NULL);
    ASSERT_SLOW(memchr(value.data, '\n', value.size) == NULL);
    exchange->headers[exchange->header_count++] =
        (struct http_reply_header){bytes_of_string(name), value};
}

void http_exchange_set_data(struct http_exchange *exchange, void *data)
{
    exchange->data = data;
}

void *http_exchange_data(const struct http_exchange *exchange)
{
    return exchange->data;
}

const char *http_exchange_peer(struct http_exchange *exchange)
{
    const struct http_conn *conn = exchange->conn;
    char *text = arena_alloc(&exchange->arena, INET6_ADDRSTRLEN);
    const void *address = &conn->peer.v4.sin_addr;
    int family = conn->peer.any.sa_family;

    if (family == AF_INET6) {
        address = &conn->peer.v6.sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&conn->peer.v6.sin6_addr)) { /* ::ffff:192.0.2.1 */
            address = &conn->peer.v6.sin6_addr.s6_addr[12];
            family = AF_INET;
        }
    }
    return inet_ntop(family, address, text, INET6_ADDRSTRLEN) != NULL ? text : "";
}

void http_exchange_acquire(struct http_conn *conn)
{
    struct http_loop *home = conn->home;
    struct http_exchange *exchange = home->spare;

    if (exchange != NULL) {
        home->spare = exchange->next_spare;
        home->spare_count--;
    } else {
        exchange = mem_zalloc(sizeof(*exchange));
        exchange->home = home;
        http_reader_init(&exchange->reader, &home->server->limits);
        arena_init(&exchange->arena);
        buf_init(&exchange->body, HTTP_REPLY_BYTES_MAX);
        buf_init(&exchange->body_gzip, HTTP_REPLY_BYTES_MAX);
    }
    exchange->conn = conn;
    conn->exchange = exchange;
}

void http_exchange_next(struct http_exchange *exchange)
{
    http_reader_next(&exchange->reader);
    arena_reset(&exchange->arena);
    buf_reset(&exchange->body, HTTP_BUFFER_KEEP_BYTES);
    buf_reset(&exchange->body_gzip, HTTP_BUFFER_KEEP_BYTES);
    exchange->data = NULL;
    exchange->header_count = 0;
    exchange->compressed = false;
    exchange->handler_bytes = 0;
    exchange->partial_bytes = 0;
    if (exchange->held_bytes != 0)
        http_exchange_count_held(exchange);
}

bool http_exchange_count_held(struct http_exchange *exchange)
{
    struct http_server *server = exchange->home->server;
    size_t held = http_held_bytes(exchange->reader.body.capacity) +
                  http_held_bytes(exchange->reader.decoded.capacity) +
                  http_held_bytes(exchange->body.capacity) +
                  http_held_bytes(exchange->body_gzip.capacity) +
                  (exchange->arena.bytes > ARENA_KEEP_BYTES ? exchange->arena.bytes : 0) +
                  exchange->handler_bytes + exchange->partial_bytes;
    size_t more = held - exchange->held_bytes, total; /* may wrap, and wrap back */

    if (more == 0)
        return true;
    exchange->held_bytes = held;
    total = atomic_fetch_add_explicit(&server->held_bytes, more, memory_order_relaxed) + more;
    return server->options.held_bytes_max == 0 || total <= server->options.held_bytes_max;
}

bool http_exchange_hold(struct http_exchange *exchange, size_t bytes)
{
    exchange->handler_bytes = bytes;
    return http_exchange_count_held(exchange);
}

enum err http_exchange_decode(struct http_exchange *exchange)
{
    enum err err = http_reader_decode(&exchange->reader);

    return err == OK && !http_exchange_count_held(exchange) ? ERR_BUSY : err;
}

static void free_exchange(struct http_exchange *exchange)
{
    http_reader_fini(&exchange->reader);
    arena_fini(&exchange->arena);
    buf_fini(&exchange->body);
    buf_fini(&exchange->body_gzip);
    free(exchange);
}

void http_exchange_release(struct http_exchange *exchange)
{
    struct http_loop *home = exchange->home;

    ASSERT(http_reader_is_empty(&exchange->reader));
    exchange->conn->exchange = NULL;
    exchange->conn = NULL;
    if (home->spare_count == SPARES_MAX) {
        free_exchange(exchange);
        return;
    }
    exchange->next_spare = home->spare;
    home->spare = exchange;
    home->spare_count++;
}

void http_exchange_drop(struct http_conn *conn)
{
    if (conn->exchange == NULL)
        return;
    http_reader_clear(&conn->exchange->reader);
    http_exchange_next(conn->exchange);
    http_exchange_release(conn->exchange);
}

void http_exchange_free_spares(struct http_loop *home)
{
    while (home->spare != NULL) {
        struct http_exchange *exchange = home->spare;

        home->spare = exchange->next_spare;
        free_exchange(exchange);
    }
    home->spare_count = 0;
}
