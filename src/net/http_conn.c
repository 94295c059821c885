/* http_conn.c - one connection: its life, its deadlines, and what moves it.
 * advance() is the heart: it takes steps (http_conn_step.c) until the connection must wait for the
 * socket, for the handler or for its turn. Whatever happens (an event, a timer, a reply) leads
 * there.
 */
#include "base/assert.h"
#include "base/container.h"
#include "base/mem.h"
#include "net/http_priv.h"

#include <stdlib.h>

/* A connection that always has something to read gives way after so many reads. */
#define READS_PER_TURN 4
/* What a client has to read our last answer, while it is still sending. */
#define LINGER_MS 5000

static void on_ready(struct loop_watch *watch, unsigned events);
static void on_timer(struct loop_timer *timer);
static void on_turn(struct loop_timer *timer);
static bool take_back(struct http_exchange *exchange);
static void go_on(struct http_conn *conn);
static void advance(struct http_conn *conn);
static bool is_idle(const struct http_conn *conn);
static void set_limits(struct http_conn *conn);
static bool waits_with_memory(const struct http_conn *conn);
static void set_limit(struct http_conn *conn, enum http_conn_limit limit, uint64_t delay_ms);
static void hang_up(struct http_conn *conn);
static void free_conn(struct http_conn *conn);

void http_conn_open(struct http_loop *home, int fd, const struct sockaddr *peer, size_t peer_size)
{
    struct tls_context *tls = home->server->options.tls;
    struct http_conn *conn = mem_zalloc(sizeof(*conn));

    conn->home = home;
    conn->watch = (struct loop_watch){.fd = fd, .ready = on_ready};
    conn->timer.fire = on_timer;
    conn->turn.fire = on_turn;
    conn->secure = tls != NULL;
    http_output_init(conn);
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

void http_conn_give_up(struct http_conn *conn)
{
    ASSERT(!conn->advancing);
    if (http_output_is_blocked(conn)) {
        hang_up(conn);
        return;
    }
    ASSERT(conn->state == CONN_RECEIVING);
    http_queue_leave(conn);
    http_conn_refuse(conn, 408);
    conn->limit = LIMIT_NONE;
    loop_timer_set(conn->home->loop, &conn->turn, 0);
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
    struct http_conn *conn = exchange->conn;

    if (!take_back(exchange))
        return;
    http_conn_reply(conn, status);
    go_on(conn);
}

void http_exchange_refuse(struct http_exchange *exchange, unsigned status)
{
    struct http_conn *conn = exchange->conn;

    if (!take_back(exchange))
        return;
    http_conn_refuse(conn, status);
    go_on(conn);
}

/* From the handler. False: the connection was closed meanwhile, and both are gone. */
static bool take_back(struct http_exchange *exchange)
{
    struct http_conn *conn = exchange->conn;

    ASSERT(loop_is_current(exchange->home->loop));
    if (conn->state == CONN_GONE) {
        free_conn(conn);
        return false;
    }
    ASSERT(conn->state == CONN_HANDLING);
    return true;
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
        http_conn_refuse(conn, 408);
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
    while (!conn->over && http_conn_step(conn, &reads_left))
        ;
    conn->advancing = conn->home->advancing = false;
    if (conn->over) {
        hang_up(conn);
        return;
    }
    if (conn->exchange != NULL && conn->state == CONN_RECEIVING &&
        http_reader_is_empty(&conn->exchange->reader))
        http_exchange_release(conn->exchange);
    if (is_idle(conn) && http_is_draining(conn->home))
        hang_up(conn);
    else
        set_limits(conn);
}

static bool is_idle(const struct http_conn *conn)
{
    return conn->state == CONN_RECEIVING && conn->exchange == NULL && http_output_is_empty(conn);
}

/* What the connection now waits for, and how long. */
static void set_limits(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->home->server->options;

    if (waits_with_memory(conn))
        http_queue_enter(conn, conn->moved);
    else
        http_queue_leave(conn);
    if (http_output_is_blocked(conn)) {
        if (conn->limit != LIMIT_SEND || conn->moved)
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
    conn->moved = false;
}

/* For its client, to send the rest of a request or to take more of a reply. */
static bool waits_with_memory(const struct http_conn *conn)
{
    return conn->exchange != NULL && conn->state != CONN_HANDLING &&
           conn->exchange->held_bytes != 0;
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

    http_queue_leave(conn);
    loop_watch_remove(loop, &conn->watch);
    loop_timer_cancel(loop, &conn->timer);
    loop_timer_cancel(loop, &conn->turn);
    http_output_drop(conn);
    transport_close(&conn->transport);
    if (conn->state == CONN_HANDLING)
        conn->state = CONN_GONE;
    else
        free_conn(conn);
}

static void free_conn(struct http_conn *conn)
{
    struct http_server *server = conn->home->server;

    http_exchange_drop(conn);
    *conn->link = conn->next;
    if (conn->next != NULL)
        conn->next->link = conn->link;
    free(conn);
    atomic_fetch_sub_explicit(&server->connection_count, 1, memory_order_release);
}
