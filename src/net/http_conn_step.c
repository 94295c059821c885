/* http_conn_step.c - what a connection does next: receive, handle, send, again, and how it ends.
 * For a small request it makes one recv and one send: a short read is taken as proof that the
 * socket is empty, and writability is only waited for when the socket was full.
 */
#include "net/http_priv.h"

#include <errno.h>

/* A client that is still sending when we refuse may go on for so much, and for as long as the limit
 * says (http_conn.c), while it reads our answer: were the socket closed with bytes unread, the
 * kernel would send a reset that overtakes the answer. */
#define LINGER_BYTES_MAX    ((size_t)64 << 20)
#define LINGER_BYTES_A_READ ((size_t)256 << 10)

static bool receive(struct http_conn *conn, unsigned *reads_left);
static bool fill(struct http_conn *conn);
static void handle(struct http_conn *conn);
static void end_exchange(struct http_conn *conn);
static bool begin_linger(struct http_conn *conn);
static bool linger(struct http_conn *conn, unsigned *reads_left);
static bool give_way(struct http_conn *conn);

bool http_conn_step(struct http_conn *conn, unsigned *reads_left)
{
    if (http_output_is_blocked(conn)) {
        http_output_flush(conn);
        if (conn->output.body.size != 0 && !http_exchange_count_held(conn->exchange) &&
            !http_room_find(conn))
            conn->over = true;
        return !http_output_is_blocked(conn);
    }
    switch (conn->state) {
    case CONN_RECEIVING:
        return receive(conn, reads_left);
    case CONN_HANDLING:
        http_output_flush(conn); /* replies to requests before this one */
        return false;
    case CONN_SENDING:
        end_exchange(conn);
        return true;
    case CONN_ENDING:
        http_output_flush(conn);
        return !http_output_is_blocked(conn) && begin_linger(conn);
    case CONN_LINGERING:
        return linger(conn, reads_left);
    case CONN_GONE:
        break;
    }
    return false;
}

void http_conn_reply(struct http_conn *conn, unsigned status)
{
    struct http_exchange *exchange = conn->exchange;

    if (exchange->body.overflowed) {
        buf_fini(&exchange->body);
        exchange->header_count = 0;
        status = 500;
    }
    if (http_is_draining(conn->home))
        conn->keep_alive = false;
    http_reply_write(exchange, status, conn->keep_alive, http_output_begin(conn),
                     &conn->output.body);
    if (conn->output.body.size != 0)
        conn->state = CONN_SENDING;
    else
        end_exchange(conn);
}

void http_conn_refuse(struct http_conn *conn, unsigned status)
{
    http_reply_write_refusal(conn->home, status, http_output_begin(conn));
    http_exchange_drop(conn);
    conn->state = CONN_ENDING;
    conn->lingers = true;
}

static bool receive(struct http_conn *conn, unsigned *reads_left)
{
    struct http_reader *reader;
    enum http_reader_step read;

    if (conn->exchange == NULL) {
        if (!conn->read_ready)
            return false;
        http_exchange_acquire(conn);
    }
    reader = &conn->exchange->reader;
    read = http_reader_step(reader);
    conn->exchange->partial_bytes =
        read == HTTP_READER_MORE && !http_reader_is_empty(reader) ? reader->in_capacity : 0;
    if (read != HTTP_READER_REFUSED && !http_exchange_count_held(conn->exchange) &&
        !http_room_find(conn)) {
        http_conn_refuse(conn, 503);
        return true;
    }
    switch (read) {
    case HTTP_READER_REQUEST:
        handle(conn);
        http_output_flush_much(conn);
        return true;
    case HTTP_READER_REFUSED:
        http_conn_refuse(conn, reader->refusal);
        return true;
    case HTTP_READER_MORE:
        break;
    }
    if (reader->wants_continue) {
        reader->wants_continue = false;
        buf_append_lit(http_output_begin(conn), "HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (!conn->read_ready) {
        http_output_defer(conn);
        return false;
    }
    http_output_flush(conn);
    if (http_output_is_blocked(conn))
        return false;
    if ((*reads_left)-- == 0)
        return give_way(conn);
    return fill(conn);
}

static bool fill(struct http_conn *conn)
{
    struct http_reader_room room = http_reader_room(&conn->exchange->reader);
    ssize_t got = transport_read(&conn->transport, room.at, room.size);

    if (got > 0) {
        http_reader_received(&conn->exchange->reader, (size_t)got);
        conn->moved = true;
        conn->read_ready = !conn->transport.drained || conn->peer_done;
        return true;
    }
    if (got < 0 && errno == EAGAIN)
        conn->read_ready = false;
    else
        conn->over = true; /* the end, in the middle of a request or not; or an error */
    return false;
}

static void handle(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->home->server->options;

    conn->state = CONN_HANDLING;
    conn->limit = LIMIT_NONE;
    conn->keep_alive = conn->exchange->reader.keep_alive;
    options->handler(options->handler_ctx, conn->exchange);
}

static void end_exchange(struct http_conn *conn)
{
    http_exchange_next(conn->exchange);
    conn->state = CONN_RECEIVING;
    if (!conn->keep_alive) {
        /* Requests behind the last one will not be served, but must not harm its reply. */
        conn->lingers = conn->read_ready || !http_reader_is_empty(&conn->exchange->reader);
        conn->state = CONN_ENDING;
        http_exchange_drop(conn);
    }
}

static bool begin_linger(struct http_conn *conn)
{
    if (!conn->lingers) {
        conn->over = true;
        return false;
    }
    transport_end_writing(&conn->transport);
    conn->linger_bytes = LINGER_BYTES_MAX;
    conn->state = CONN_LINGERING;
    return true;
}

static bool linger(struct http_conn *conn, unsigned *reads_left)
{
    size_t size =
        conn->linger_bytes < LINGER_BYTES_A_READ ? conn->linger_bytes : LINGER_BYTES_A_READ;
    ssize_t got;

    if (!conn->read_ready)
        return false;
    if ((*reads_left)-- == 0)
        return give_way(conn);
    got = transport_discard(&conn->transport, size);
    if (got < 0 && errno == EAGAIN) {
        conn->read_ready = false;
        return false;
    }
    if (got <= 0 || (size_t)got == conn->linger_bytes) {
        conn->over = true;
        return false;
    }
    conn->linger_bytes -= (size_t)got;
    conn->read_ready = !conn->transport.drained || conn->peer_done;
    return true;
}

static bool give_way(struct http_conn *conn)
{
    loop_timer_set(conn->home->loop, &conn->turn, 0);
    return false;
}
