/* http_conn.c - one connection: receive, handle, send, again.
 * advance() is the heart: it goes on until the connection must wait for the socket, for
 * the handler or for its turn. Whatever happens (an event, a timer, a reply) leads there. For a
 * small request it makes one recv and one send: a short read is taken as proof that the socket is
 * empty, and writability is only waited for when the socket was full.
 */
#include "base/assert.h"
#include "base/container.h"
#include "base/mem.h"
#include "net/http_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A connection that always has something to read gives way after so many reads. */
#define READS_PER_TURN 4
/* Replies to one connection's pipelined requests that gather before they are sent. */
#define GATHERED_BYTES_MAX ((size_t)64 << 10)
/* Replies to different connections that do: what is sent alone wakes a client that had gone to
 * sleep, which costs more than all else that sending does. But the first should not wait for long,
 * what is sent should still be in a near cache, and a large reply is worth a wake of its own. */
#define GATHERED_CONNS_MAX       32
#define GATHERED_CONNS_BYTES_MAX ((size_t)128 << 10)
#define GATHERED_REPLY_BYTES_MAX ((size_t)8 << 10)
#define OUT_KEEP_BYTES           ((size_t)256 << 10)
/* A client that is still sending when we refuse gets so much time to read our answer: were the
 * socket closed with bytes unread, the kernel would send a reset that overtakes the answer. */
#define LINGER_MS           5000
#define LINGER_BYTES_MAX    ((size_t)64 << 20)
#define LINGER_BYTES_A_READ ((size_t)256 << 10)

static void on_ready(struct loop_watch *watch, unsigned events);
static void on_timer(struct loop_timer *timer);
static void on_turn(struct loop_timer *timer);
static void go_on(struct http_conn *conn);
static void advance(struct http_conn *conn);
static bool step(struct http_conn *conn, unsigned *reads_left);
static bool receive(struct http_conn *conn, unsigned *reads_left);
static bool fill(struct http_conn *conn);
static void handle(struct http_conn *conn);
static void refuse(struct http_conn *conn, unsigned status);
static void begin_output(struct http_conn *conn);
static struct bytes end_output(struct http_conn *conn);
static void on_send(struct loop_task *task);
static void send_all(struct http_loop *home);
static void flush(struct http_conn *conn);
static size_t take_off(size_t *count, size_t available);
static void end_exchange(struct http_conn *conn);
static void drop_exchange(struct http_conn *conn);
static bool begin_linger(struct http_conn *conn);
static bool linger(struct http_conn *conn, unsigned *reads_left);
static bool give_way(struct http_conn *conn);
static void set_limits(struct http_conn *conn);
static void set_limit(struct http_conn *conn, enum http_conn_limit limit, uint64_t delay_ms);
static void hang_up(struct http_conn *conn);
static void free_conn(struct http_conn *conn);

static inline bool is_blocked(const struct http_conn *conn)
{
    return conn->unsent.size != 0 || conn->body_unsent.size != 0;
}

static inline bool has_output(const struct http_conn *conn)
{
    return conn->out_link != NULL;
}

static inline size_t output_bytes(const struct http_conn *conn)
{
    return conn->home->out_conn == conn ? conn->home->out.size - conn->out_at : conn->out_size;
}

static inline bool is_idle(const struct http_conn *conn)
{
    return conn->state == CONN_RECEIVING && conn->exchange == NULL && !has_output(conn) &&
           !is_blocked(conn);
}

void http_conn_init_output(struct http_loop *home)
{
    home->send.run = on_send;
}

void http_conn_open(struct http_loop *home, int fd, const struct sockaddr *peer, size_t peer_size)
{
    struct tls_context *tls = home->server->options.tls;
    struct http_conn *conn = mem_zalloc(sizeof(*conn));

    conn->home = home;
    conn->watch = (struct loop_watch){.fd = fd, .ready = on_ready};
    conn->timer.fire = on_timer;
    conn->turn.fire = on_turn;
    conn->secure = tls != NULL;
    buf_init(&conn->unsent, SIZE_MAX / 2);
    ASSERT(peer_size <= sizeof(conn->peer));
    memcpy(&conn->peer, peer, peer_size);
    transport_open(&conn->transport, fd, tls);
    conn->next = home->conns;
    conn->link = &home->conns;
    if (conn->next != NULL)
        conn->next->link = &conn->next;
    home->conns = conn;
    if (loop_watch_add(home->loop, &conn->watch) != OK) {
        transport_close(&conn->transport);
        free_conn(conn);
        return;
    }
    set_limits(conn);
}

void http_conn_drain(struct http_conn *conn)
{
    if (is_idle(conn))
        hang_up(conn);
}

void http_conn_cut(struct http_conn *conn)
{
    if (conn->state != CONN_GONE)
        hang_up(conn);
}

void http_conn_abandon(struct http_conn *conn)
{
    bool handling = conn->state == CONN_HANDLING || conn->state == CONN_GONE;

    http_conn_cut(conn);
    if (handling)
        free_conn(conn);
}

void http_exchange_send(struct http_exchange *exchange, unsigned status)
{
    struct http_loop *home = exchange->home;
    struct http_conn *conn = exchange->conn;

    ASSERT(loop_is_current(home->loop));
    if (conn->state == CONN_GONE) {
        free_conn(conn);
        return;
    }
    ASSERT(conn->state == CONN_HANDLING);
    if (exchange->body.overflowed) {
        buf_fini(&exchange->body);
        exchange->header_count = 0;
        status = 500;
    }
    if (atomic_load_explicit(&home->server->draining, memory_order_relaxed))
        conn->keep_alive = false;
    begin_output(conn);
    http_reply_write(exchange, status, conn->keep_alive, &conn->body_unsent);
    if (conn->body_unsent.size != 0)
        conn->state = CONN_SENDING;
    else
        end_exchange(conn);
    go_on(conn);
}

void http_exchange_refuse(struct http_exchange *exchange, unsigned status)
{
    struct http_conn *conn = exchange->conn;

    ASSERT(loop_is_current(exchange->home->loop));
    if (conn->state == CONN_GONE) {
        free_conn(conn);
        return;
    }
    ASSERT(conn->state == CONN_HANDLING);
    refuse(conn, status);
    go_on(conn);
}

/* When the handler is done with its exchange, wherever that happened. */
static void go_on(struct http_conn *conn)
{
    struct http_loop *home = conn->home;

    if (conn->advancing)
        return;
    if (home->advancing) { /* called from another connection's handler: do not nest */
        loop_timer_set(home->loop, &conn->turn, 0);
        return;
    }
    advance(conn);
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
    struct http_conn *conn = CONTAINER_OF(watch, struct http_conn, watch);

    if (events & LOOP_BROKEN) { /* there is nobody to answer */
        hang_up(conn);
        return;
    }
    if (events & LOOP_PEER_DONE)
        conn->peer_done = true;
    /* TLS may have to write before it can read. */
    if ((events & (LOOP_READABLE | LOOP_PEER_DONE)) || conn->secure)
        conn->read_ready = true;
    advance(conn);
}

static void on_timer(struct loop_timer *timer)
{
    struct http_conn *conn = CONTAINER_OF(timer, struct http_conn, timer);

    switch (conn->limit) {
    case LIMIT_NONE: /* the request came in time; the timer was left to run */
        break;
    case LIMIT_RECEIVE:
        refuse(conn, 408);
        advance(conn);
        break;
    case LIMIT_HANDSHAKE:
    case LIMIT_IDLE:
    case LIMIT_SEND:
    case LIMIT_LINGER:
        hang_up(conn);
        break;
    }
}

static void on_turn(struct loop_timer *timer)
{
    advance(CONTAINER_OF(timer, struct http_conn, turn));
}

static void advance(struct http_conn *conn)
{
    unsigned reads_left = READS_PER_TURN;

    conn->advancing = conn->home->advancing = true;
    while (!conn->over && step(conn, &reads_left))
        ;
    conn->advancing = conn->home->advancing = false;
    if (conn->over) {
        hang_up(conn);
        return;
    }
    if (conn->exchange != NULL && conn->state == CONN_RECEIVING &&
        http_reader_is_empty(&conn->exchange->reader)) {
        http_exchange_release(conn->exchange);
        conn->exchange = NULL;
    }
    if (is_idle(conn) && atomic_load_explicit(&conn->home->server->draining, memory_order_relaxed))
        hang_up(conn);
    else
        set_limits(conn);
}

/* True: there may be more to do at once. */
static bool step(struct http_conn *conn, unsigned *reads_left)
{
    if (is_blocked(conn)) {
        flush(conn);
        if (conn->body_unsent.size != 0 && !http_exchange_count_held(conn->exchange))
            conn->over = true;
        return !is_blocked(conn);
    }
    switch (conn->state) {
    case CONN_RECEIVING:
        return receive(conn, reads_left);
    case CONN_HANDLING:
        flush(conn); /* replies to requests before this one */
        return false;
    case CONN_SENDING:
        end_exchange(conn);
        return true;
    case CONN_ENDING:
        flush(conn);
        return !is_blocked(conn) && begin_linger(conn);
    case CONN_LINGERING:
        return linger(conn, reads_left);
    case CONN_GONE:
        break;
    }
    return false;
}

static bool receive(struct http_conn *conn, unsigned *reads_left)
{
    struct http_reader *reader;
    enum http_reader_step read;

    if (conn->exchange == NULL) {
        if (!conn->read_ready)
            return false;
        conn->exchange = http_exchange_acquire(conn);
    }
    reader = &conn->exchange->reader;
    read = http_reader_step(reader);
    conn->exchange->partial_bytes =
        read == HTTP_READER_MORE && !http_reader_is_empty(reader) ? reader->in_capacity : 0;
    if (read != HTTP_READER_REFUSED && !http_exchange_count_held(conn->exchange)) {
        refuse(conn, 503);
        return true;
    }
    switch (read) {
    case HTTP_READER_REQUEST:
        handle(conn);
        if (output_bytes(conn) >= GATHERED_BYTES_MAX)
            flush(conn);
        return true;
    case HTTP_READER_REFUSED:
        refuse(conn, reader->refusal);
        return true;
    case HTTP_READER_MORE:
        break;
    }
    if (reader->wants_continue) {
        reader->wants_continue = false;
        begin_output(conn);
        buf_append_lit(&conn->home->out, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (!conn->read_ready) { /* what it has to send can wait for the round's end */
        if (output_bytes(conn) > GATHERED_REPLY_BYTES_MAX)
            flush(conn);
        else if (conn->home->out_conn_count >= GATHERED_CONNS_MAX ||
                 conn->home->out.size >= GATHERED_CONNS_BYTES_MAX)
            send_all(conn->home);
        return false;
    }
    flush(conn);
    if (is_blocked(conn))
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

static void refuse(struct http_conn *conn, unsigned status)
{
    begin_output(conn);
    http_reply_write_refusal(conn->home, status);
    drop_exchange(conn);
    conn->state = CONN_ENDING;
    conn->lingers = true;
}

/* What is appended to home->out from here on is conn's. */
static void begin_output(struct http_conn *conn)
{
    struct http_loop *home = conn->home;

    if (home->out_conn == conn)
        return;
    if (has_output(conn)) /* others follow its piece already */
        buf_append_bytes(&conn->unsent, end_output(conn));
    if (home->out_conn != NULL)
        home->out_conn->out_size = output_bytes(home->out_conn);
    if (!home->sends)
        loop_at_round_end(home->loop, &home->send);
    home->sends = true;
    home->out_conn = conn;
    conn->out_at = home->out.size;
    conn->out_next = home->out_conns;
    conn->out_link = &home->out_conns;
    if (conn->out_next != NULL)
        conn->out_next->out_link = &conn->out_next;
    home->out_conns = conn;
    home->out_conn_count++;
}

/* What it had gathered; good until the next begin_output. */
static struct bytes end_output(struct http_conn *conn)
{
    struct http_loop *home = conn->home;
    struct bytes piece;

    if (!has_output(conn))
        return BYTES("");
    conn->out_size = output_bytes(conn);
    if (home->out_conn == conn)
        home->out_conn = NULL;
    piece = bytes_make(home->out.data + conn->out_at, conn->out_size);
    *conn->out_link = conn->out_next;
    if (conn->out_next != NULL)
        conn->out_next->out_link = conn->out_link;
    conn->out_link = NULL;
    conn->out_size = 0;
    home->out_conn_count--;
    return piece;
}

static void on_send(struct loop_task *task)
{
    struct http_loop *home = CONTAINER_OF(task, struct http_loop, send);

    home->sends = false;
    send_all(home);
}

/* Not from within advance() of one of them: what must follow is left to their turns. */
static void send_all(struct http_loop *home)
{
    bool draining = atomic_load_explicit(&home->server->draining, memory_order_relaxed);

    while (home->out_conns != NULL) {
        struct http_conn *conn = home->out_conns;

        flush(conn);
        if (conn->over || is_blocked(conn) || draining)
            loop_timer_set(home->loop, &conn->turn, 0);
    }
}

/* Sends what there is. What the socket does not take makes the connection blocked. */
static void flush(struct http_conn *conn)
{
    struct http_loop *home = conn->home;
    struct bytes out = end_output(conn);
    struct iovec parts[3];
    int part_count = 0;
    ssize_t sent;
    size_t left;

    if (conn->unsent.size != 0)
        parts[part_count++] = (struct iovec){conn->unsent.data + conn->unsent_at,
                                             conn->unsent.size - conn->unsent_at};
    if (out.size != 0)
        parts[part_count++] = (struct iovec){(void *)out.data, out.size};
    if (conn->body_unsent.size != 0)
        parts[part_count++] =
            (struct iovec){(void *)conn->body_unsent.data, conn->body_unsent.size};
    if (part_count == 0)
        return;
    sent = transport_write(&conn->transport, parts, part_count);
    if (sent < 0) {
        if (errno != EAGAIN)
            conn->over = true;
        sent = 0;
    }
    conn->sent_some |= sent != 0;

    left = (size_t)sent;
    if (conn->unsent.size != 0) {
        conn->unsent_at += take_off(&left, conn->unsent.size - conn->unsent_at);
        if (conn->unsent_at == conn->unsent.size) {
            buf_fini(&conn->unsent);
            conn->unsent_at = 0;
        }
    }
    out = bytes_skip(out, take_off(&left, out.size));
    if (out.size != 0)
        buf_append_bytes(&conn->unsent, out);
    if (home->out_conns == NULL)
        buf_reset(&home->out, OUT_KEEP_BYTES);
    if (conn->body_unsent.size != 0)
        conn->body_unsent = bytes_skip(conn->body_unsent, take_off(&left, conn->body_unsent.size));
}

/* Moves as much as there is from count to what is returned. */
static size_t take_off(size_t *count, size_t available)
{
    size_t taken = *count < available ? *count : available;

    *count -= taken;
    return taken;
}

static void end_exchange(struct http_conn *conn)
{
    http_exchange_next(conn->exchange);
    conn->state = CONN_RECEIVING;
    if (!conn->keep_alive) {
        /* Requests behind the last one will not be served, but must not harm its reply. */
        conn->lingers = conn->read_ready || !http_reader_is_empty(&conn->exchange->reader);
        conn->state = CONN_ENDING;
        drop_exchange(conn);
    }
}

static void drop_exchange(struct http_conn *conn)
{
    if (conn->exchange != NULL) {
        http_exchange_clear(conn->exchange);
        http_exchange_release(conn->exchange);
    }
    conn->exchange = NULL;
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

/* What the connection now waits for, and how long. */
static void set_limits(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->home->server->options;

    if (is_blocked(conn)) {
        if (conn->limit != LIMIT_SEND || conn->sent_some)
            set_limit(conn, LIMIT_SEND, options->send_timeout_ms);
    } else if (conn->state == CONN_RECEIVING && !transport_is_ready(&conn->transport)) {
        if (conn->limit != LIMIT_HANDSHAKE)
            set_limit(conn, LIMIT_HANDSHAKE, options->receive_timeout_ms);
    } else if (conn->state == CONN_RECEIVING && conn->exchange == NULL) {
        if (conn->limit != LIMIT_IDLE)
            set_limit(conn, LIMIT_IDLE, options->idle_timeout_ms);
    } else if (conn->state == CONN_RECEIVING) {
        if (conn->limit != LIMIT_RECEIVE)
            set_limit(conn, LIMIT_RECEIVE, options->receive_timeout_ms);
    } else if (conn->state == CONN_LINGERING) {
        if (conn->limit != LIMIT_LINGER)
            set_limit(conn, LIMIT_LINGER, LINGER_MS);
    } else {
        conn->limit = LIMIT_NONE;
    }
    conn->sent_some = false;
}

static void set_limit(struct http_conn *conn, enum http_conn_limit limit, uint64_t delay_ms)
{
    conn->limit = limit;
    loop_timer_set(conn->home->loop, &conn->timer, delay_ms);
}

/* Closes the socket. While the handler has the exchange, the rest stays until it is sent. */
static void hang_up(struct http_conn *conn)
{
    struct loop *loop = conn->home->loop;

    loop_watch_remove(loop, &conn->watch);
    loop_timer_cancel(loop, &conn->timer);
    loop_timer_cancel(loop, &conn->turn);
    (void)end_output(conn);
    transport_close(&conn->transport);
    if (conn->state == CONN_HANDLING)
        conn->state = CONN_GONE;
    else
        free_conn(conn);
}

static void free_conn(struct http_conn *conn)
{
    struct http_server *server = conn->home->server;

    drop_exchange(conn);
    buf_fini(&conn->unsent);
    *conn->link = conn->next;
    if (conn->next != NULL)
        conn->next->link = conn->link;
    free(conn);
    atomic_fetch_sub_explicit(&server->connection_count, 1, memory_order_release);
}
